"""Where everything lies in the dispersion sheet. Rows and columns count from 0."""

from __future__ import annotations

from workbook_templates.block import Block
from workbook_templates.room import BEYOND, outside

SEATS = 120
"""Members there is room for."""
SHOWN = 16
"""Members on the sheet Dispersion."""

INDEX = "Members!$C$4"
FIRST_MEMBER = 7
MEMBERS = ",".join(
    f"Members!${letter}${FIRST_MEMBER + 1}:${letter}${FIRST_MEMBER + SEATS}" for letter in "BC"
)
"""What our functions are called with: the names, the weights."""

LIST = f"Members!$B${FIRST_MEMBER + 1}:$C${FIRST_MEMBER + SEATS}"
OUTSIDE = outside(
    "Members",
    f"Members!$B${FIRST_MEMBER + 1}:$C${FIRST_MEMBER + BEYOND}",
    f"COUNTA({LIST})",
    f"{SEATS} members",
)

BLOCK = Block(5, SEATS)
FIRST_ROW = 6
VOLATILITY = 17
"""The row of the implied correlation; two sentences below it."""
FIRST_SHOWN = 24

HORIZON = f"Dispersion!$C${VOLATILITY + 1}"
"""Calendar days."""
FIGURES = 14
"""Rows of DISPERSION before the members' contributions."""
CORRELATION, INDEX_VOLATILITY, MEAN, INDEPENDENT, _, WITHOUT = (
    f"Detail!$AE${BLOCK.first + row}" for row in range(1, 7)
)
"""The first of them: the members' volatility were they one, and were they independent; who has none."""
LOW, HIGH, COVERED = (f"Detail!$AE${BLOCK.first + row}" for row in range(12, 15))
"""The last: where the correlation is a range, and how much of the index is covered."""
CONTRIBUTORS, CONTRIBUTIONS = (
    f"Detail!${letter}${BLOCK.first + FIGURES + 1}:${letter}${BLOCK.first + FIGURES + SEATS}"
    for letter in ("AF", "AE")
)
"""Members and their weight × volatility, the largest first."""
