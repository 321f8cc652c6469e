"""Where everything lies: the sheets read each other, so the places are named once. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import xl_range_abs

from workbook_templates import days
from workbook_templates.block import LAST, Block
from workbook_templates.columns import Columns
from workbook_templates.room import BEYOND, outside
from workbook_templates.scanner.contents import SECTORS

ROOM = 24
"""Sectors there is room for."""
SEATS = 15
"""Names a sector may have; also the rows of its block on Detail."""
CHARTED = 12
"""Sectors in the charts: the first of the scanner's order."""

# Members: names and weights side by side, one row per sector.
FIRST_MEMBERS = 5
TITLE_COLUMN = 1
NAME_COLUMN = 2
WEIGHT_COLUMN = NAME_COLUMN + SEATS + 1
LAST_MEMBERS = WEIGHT_COLUMN + SEATS - 1

FIRST_DETAIL = 5
FIRST_SCANNER = 6
FRONT = Columns(
    "Scanner",
    FIRST_SCANNER,
    ROOM,
    1,
    "sector gex regime net_to_gross coverage usable age negative dex vex chex since today missing drivers",
)
"""One row per sector in the chosen order."""
ORDER = f"Scanner!{FRONT.fixed('drivers', 0)}"
"""The cell that says in which order."""

LINES = Columns(
    "Detail",
    FIRST_DETAIL,
    ROOM,
    LAST + 2,
    "sector names typed gex regime net_to_gross coverage usable age negative weight dex vex chex missing drivers "
    "was since before percentile z balance_percentile balance_z days bars "
    "status key rank fails gap place label one_sided other_sided in_negative in_positive",
)
"""The columns on Detail beside the blocks, one row per sector; after the gap one row per place of the order."""
DAYS = 180
"""Calendar days before that today is compared with."""
DRAWN = SEATS - 3
"""Calendar days before that are drawn: with those of both ends and the headings they have as many rows as a block."""


def line(what: str, row: int | None = None) -> str:
    """One of these columns, or its cell in a row of Detail."""
    return LINES.column(what) if row is None else LINES.cell(what, row - FIRST_DETAIL)


@dataclass(frozen=True, slots=True)
class Sector:
    """Where one sector lies on each sheet; without a name it is room for one. Rows count from 0."""

    index: int
    name: str = ""
    symbols: tuple[str, ...] = ()

    @property
    def members(self) -> int:
        """Its row on Members."""
        return FIRST_MEMBERS + self.index

    @property
    def title(self) -> str:
        """Where its name stands."""
        return f"Members!{_across(self.members, TITLE_COLUMN, width=1)}"

    @property
    def scanner(self) -> int:
        """Its row on Scanner, in the order in which they are typed."""
        return FIRST_SCANNER + self.index

    @property
    def block(self) -> Block:
        """Its block on Detail."""
        return Block(FIRST_DETAIL + SEATS * self.index, SEATS)

    @property
    def past(self) -> Columns:
        """Its days before, beside the lines on Detail."""
        return Columns(
            "Detail", self.block.first, SEATS, LINES.start + len(LINES.names.split()) + 1, days.NAMES
        )

    @property
    def line(self) -> int:
        """Its row on Detail beside the blocks."""
        return FIRST_DETAIL + self.index

    @property
    def names(self) -> str:
        """Its names."""
        return f"Members!{_across(self.members, NAME_COLUMN)}"

    @property
    def weights(self) -> str:
        """Their weights."""
        return f"Members!{_across(self.members, WEIGHT_COLUMN)}"

    @property
    def arguments(self) -> str:
        """What each of our functions is called with: the names, the weights."""
        return f"{self.names},{self.weights}"


def _across(row: int, column: int, rows: int = 1, width: int = SEATS) -> str:
    return str(xl_range_abs(row, column, row + rows - 1, column + width - 1))


ALL = tuple(
    Sector(index, *((SECTORS[index][0], tuple(SECTORS[index][1].split())) if index < len(SECTORS) else ()))
    for index in range(ROOM)
)
FILLED = ALL[: len(SECTORS)]
EVERYTHING = f"Members!{_across(FIRST_MEMBERS, NAME_COLUMN, ROOM)},Members!{_across(FIRST_MEMBERS, WEIGHT_COLUMN, ROOM)}"
"""All names and weights."""
OUTSIDE = outside(
    "Members",
    f"Members!{xl_range_abs(FIRST_MEMBERS, 1, FIRST_MEMBERS + BEYOND, LAST_MEMBERS + 20)}",
    f"SUM({line('typed')})",
    f"{ROOM} sectors of {SEATS} names",
)
