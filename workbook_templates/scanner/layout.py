"""Where everything lies: the sheets read each other, so the places are named once. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import xl_col_to_name, xl_range_abs

from workbook_templates.block import Block
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
NAME_COLUMN = 2
WEIGHT_COLUMN = NAME_COLUMN + SEATS + 1
LAST_MEMBERS = WEIGHT_COLUMN + SEATS - 1

FIRST_DETAIL = 5
FIRST_SCANNER = 6
ORDER = "Scanner!$O$1"
"""The cell that says in which order."""

LINE = 18
"""The first column on Detail beside the blocks: S."""
COLUMNS = (
    *("sector", "names", "typed", "gex", "regime", "net_to_gross", "coverage", "usable", "age", "negative", "weight"),
    *("dex", "vex", "chex", "missing", "drivers", "was", "since", "before", "status", "key", "rank", "fails"),
    *("gap", "place", "label", "one_sided", "other_sided", "in_negative", "in_positive"),
)  # fmt: skip
"""What stands there, one row per sector; after the gap one row per place of the order."""


def letter(what: str) -> str:
    """The letter of one of these columns."""
    return str(xl_col_to_name(LINE + COLUMNS.index(what)))


def line(what: str, row: int | None = None) -> str:
    """One of these columns, or its cell in a row of Detail."""
    if row is not None:
        return f"Detail!${letter(what)}${row + 1}"
    return f"Detail!${letter(what)}${FIRST_DETAIL + 1}:${letter(what)}${FIRST_DETAIL + ROOM}"


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
        return f"Members!$B${self.members + 1}"

    @property
    def scanner(self) -> int:
        """Its row on Scanner, in the order in which they are typed."""
        return FIRST_SCANNER + self.index

    @property
    def block(self) -> Block:
        """Its block on Detail."""
        return Block(FIRST_DETAIL + SEATS * self.index, SEATS)

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


def _across(row: int, column: int, rows: int = 1) -> str:
    return str(xl_range_abs(row, column, row + rows - 1, column + SEATS - 1))


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
