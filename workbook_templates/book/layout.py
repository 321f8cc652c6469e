"""Where everything lies in the book. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.room import BEYOND, outside

SEATS = 100
"""Positions there is room for."""
SHOWN = 15
"""Names in the comparison on the sheet Book."""

BOOK_VALUE = "Positions!$C$4"
FIRST_POSITION = 7
FIRST_DETAIL = 5
FIRST_LEG = 6
FIRST_SHOWN = 15

KEY, FIRST, MONEY, NET, WEIGHTED, RANK, TYPED, STATUS = "L", "M", "N", "O", "P", "W", "X", "AA"
"""Columns of Detail: the name of a position that counts; 1 in its first row; the position's money; in that first row the money
of the name in all its rows, and |money| × GEX; the place of the name; how many cells are typed; the legs' status."""


def position(letter: str, seat: int | None = None) -> str:
    """A column of Positions, or one cell of it."""
    return _place("Positions", letter, FIRST_POSITION, seat)


def detail(letter: str, seat: int | None = None) -> str:
    """A column of Detail, or one cell of it."""
    return _place("Detail", letter, FIRST_DETAIL, seat)


def _place(sheet: str, letter: str, first: int, seat: int | None) -> str:
    if seat is not None:
        return f"{sheet}!${letter}${first + 1 + seat}"
    return f"{sheet}!${letter}${first + 1}:${letter}${first + SEATS}"


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: its columns of names and weights on Detail, and which money belongs to it."""

    index: int
    name: str
    names: str
    weights: str
    member: str

    @property
    def row(self) -> int:
        """Its row on Book."""
        return FIRST_LEG + self.index

    @property
    def arguments(self) -> str:
        """What each of our functions is called with."""
        return f"{detail(self.names)},{detail(self.weights)}"

    @property
    def status(self) -> str:
        """Where its status stands."""
        return detail(STATUS, self.index)


LEGS = (
    Leg(0, "Long", "Q", "R", "{net}>0"),
    Leg(1, "Short", "S", "T", "{net}<0"),
    Leg(2, "Gross", "U", "V", "{net}<>0"),
)
LONG, SHORT, GROSS = LEGS
NET_ROW = GROSS.row + 1
"""The row of long minus short on Book."""
OUTSIDE = outside(
    "Positions",
    f"Positions!$B${FIRST_POSITION + 1}:$D${FIRST_POSITION + BEYOND}",
    f"SUM({detail(TYPED)})",
    f"{SEATS} positions",
)
