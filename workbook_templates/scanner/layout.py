"""Where everything lies: the sheets read each other, so the places are named once. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from xlsxwriter.utility import xl_range_abs

from workbook_templates.block import Block
from workbook_templates.scanner.contents import SECTORS

SEATS = 10
"""Names a sector may have; also the rows of its block on Detail."""

# Members: names and weights side by side, a row a sector.
FIRST_MEMBERS = 5
NAME_COLUMN = 2
WEIGHT_COLUMN = NAME_COLUMN + SEATS + 1

FIRST_DETAIL = 5
FIRST_SCANNER = 6


@dataclass(frozen=True, slots=True)
class Sector:
    """Where one sector lies on each sheet. Rows count from 0."""

    index: int
    name: str
    symbols: tuple[str, ...]

    @property
    def members(self) -> int:
        """Its row on Members."""
        return FIRST_MEMBERS + self.index

    @property
    def scanner(self) -> int:
        """Its row on Scanner."""
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
    def arguments(self) -> str:
        """What each of our functions is called with: the names, the weights."""
        return arguments_of(self.members, self.members)


def arguments_of(first: int, last: int) -> str:
    """The names and weights of some rows of Members."""
    names = xl_range_abs(first, NAME_COLUMN, last, NAME_COLUMN + SEATS - 1)
    weights = xl_range_abs(first, WEIGHT_COLUMN, last, WEIGHT_COLUMN + SEATS - 1)
    return f"Members!{names},Members!{weights}"


ALL = tuple(Sector(index, name, tuple(symbols.split())) for index, (name, symbols) in enumerate(SECTORS))
