"""Where everything lies in the dispersion sheet. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.block import LAST, Block
from workbook_templates.columns import Columns
from workbook_templates.room import BEYOND, outside

SEATS = 120
"""Members there is room for."""
SHOWN = 16
"""Members on the sheet Dispersion."""

FIRST_MEMBER = 7
TYPED = Columns("Members", FIRST_MEMBER, SEATS, 1, "member weight share note")
"""The list that people edit."""
INDEX_ROW = 3
INDEX = f"Members!{TYPED.fixed('weight', INDEX_ROW)}"
MEMBERS = f"{TYPED.column('member')},{TYPED.column('weight')}"
"""What our functions are called with: the names, the weights."""

OUTSIDE = outside(
    "Members",
    TYPED.across("member", "weight", BEYOND),
    f"COUNTA({TYPED.across('member', 'weight')})",
    f"{SEATS} members",
)

BLOCK = Block(5, SEATS)
BESIDE = Columns(
    "Detail",
    BLOCK.first,
    BLOCK.rows,
    LAST + 1,
    "against weight - chart plus minus - regime since before status - figure value member",
)
"""The columns beside the members' table."""
FIRST_ROW = 6
FRONT = Columns(
    "Dispersion",
    FIRST_ROW,
    3,
    1,
    "label gex dex vex chex regime since net_to_gross breadth count coverage usable age missing_or_why",
)
"""The rows of the index, of its members' weighted mean and of their plain sum."""
VOLATILITY = 17
"""The row of the implied correlation; two sentences below it."""
FIRST_SHOWN = 24

VOLATILITIES = Columns(
    "Dispersion",
    VOLATILITY,
    1,
    1,
    "label horizon correlation index together independent covered without",
)
SHOWN_COLUMNS = Columns(
    "Dispersion",
    FIRST_SHOWN,
    SHOWN,
    1,
    "member gex dex vex chex regime against signed weight volatility share",
)
"""The members on the sheet Dispersion."""

HORIZON = VOLATILITIES.cell("horizon")
"""Calendar days."""
FIGURES = 14
"""Rows of DISPERSION before the members' contributions."""
CORRELATION, INDEX_VOLATILITY, MEAN, INDEPENDENT, _, WITHOUT = (BESIDE.cell("value", row) for row in range(6))
"""The first of them: the members' volatility were they one, and were they independent; who has none."""
LOW, HIGH, COVERED = (BESIDE.cell("value", row) for row in range(11, 14))
"""The last: where the correlation is a range, and how much of the index is covered."""
CONTRIBUTORS, CONTRIBUTIONS = (BESIDE.column(name, SEATS, FIGURES) for name in ("member", "value"))
"""Members and their weight × volatility, the largest first."""
