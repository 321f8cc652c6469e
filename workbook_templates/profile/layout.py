"""Where everything lies in the profile. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.levels import FLIP as FLIP_ROW
from workbook_templates.levels import Levels, trusted
from workbook_templates.room import BEYOND, outside

SEATS = 50
"""Names there is room for."""
POINTS = 81
"""Moves of a curve: every half per cent between −20 % and +20 %."""
STRIKES = 800
"""Strikes of one name there is room for; SPX has about 600."""
DRAWN = 24
LARGEST = 16
"""Strikes in the chart, and in the table beside it."""

HEADLINE = 6
ALONE = 7
"""The row of the one name."""
SENTENCES = 9
BODY = 13
"""The row of the titles below the sentences."""
FIRST = 20
"""The first of the names."""
SECOND_CURVE = 29
PANEL = 16
"""The column of the levels: Q, up to S."""
FIRST_LEVEL = 16
FIRST_LARGEST = 29
FIRST_DETAIL = 5

NAMES, WEIGHTS = (f"Profile!${letter}${FIRST + 1}:${letter}${FIRST + SEATS}" for letter in "BC")
OUTSIDE = outside(
    "Profile",
    f"Profile!$B${FIRST + 1}:$C${FIRST + BEYOND}",
    f"COUNTA({NAMES})+COUNTA({WEIGHTS})",
    f"{SEATS} names",
)
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with."""
CHOSEN = f"Profile!$B${ALONE + 1}"
LOW, HIGH = (f"Profile!$C${BODY + row}" for row in (2, 3))
"""The range, as moves: −0.2 is 20 % down."""
PRICE = f"Profile!$R${FIRST_LEVEL + 1}"

NAMED, IN_ORDER, LEAST, FLIP, FIRST_STATUS, SECOND_STATUS, ASKED, NO_STRIKES = (
    f"Detail!$AI${FIRST_DETAIL + row}" for row in range(1, 9)
)
"""How many names; whether the range is one; the least net GEX of a strike that is drawn; the basket's flip; two statuses;
1 once the baskets are asked for; why there are no strikes."""
LEVELS = Levels(FIRST_DETAIL, 38, CHOSEN)
FLIP_DOUBTS, FLIPS = (f"Detail!${letter}${FIRST_DETAIL + 4}" for letter in ("AJ", "AK"))
"""Beside the basket's flip: "available", or what is against it; and all flips."""
FIRST_STRIKE = f"Detail!$S${FIRST_DETAIL + 1}"


def detail(letter: str, rows: int = POINTS, shift: int = 0) -> str:
    """A column of Detail, or what lies some rows below it."""
    first = FIRST_DETAIL + 1 + shift
    return f"Detail!${letter}${first}:${letter}${first + rows - 1}"


def after_basket(value: str) -> str:
    """The formula for a value of the one name, asked for after the baskets: their one call of the source has that name too."""
    return f'=IF({ASKED}=1,{value},"")'


MOVES = detail("B")


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its row on Profile, the first of its four columns on Detail, the first of its three rows of marks."""

    row: int
    column: int
    marks: int
    title: int
    """The row above its chart."""

    def letter(self, place: int) -> str:
        """The letter of one of its columns: 0 the function's move or price, 1 net GEX, 2 that above zero, 3 that below."""
        return chr(ord("A") + self.column + place)

    def values(self, place: int = 1, shift: int = 0) -> str:
        """One of its columns, or what lies some rows below it."""
        return detail(self.letter(place), shift=shift)

    def point(self, place: int) -> str:
        """Net GEX at one of the moves, counted from 0."""
        return f"Detail!${self.letter(1)}${FIRST_DETAIL + 1 + place}"

    def front(self, letter: str) -> str:
        """A cell of its row on Profile."""
        return f"Profile!${letter}${self.row + 1}"

    @property
    def known(self) -> str:
        """The part of a formula that tells whether there is a curve."""
        return f"ISNUMBER({self.point(0)})"

    @property
    def status(self) -> str:
        """Where its status stands."""
        return FIRST_STATUS if self is TOGETHER else SECOND_STATUS

    @property
    def trusted(self) -> str:
        """The part of a formula that tells whether nothing is against its flip."""
        return trusted(self.doubts)

    @property
    def doubts(self) -> str:
        """What is against its flip."""
        return FLIP_DOUBTS if self is TOGETHER else LEVELS.cell(FLIP_ROW, 3)

    @property
    def flips(self) -> str:
        """All its flips."""
        return FLIPS if self is TOGETHER else LEVELS.cell(FLIP_ROW, 4)

    @property
    def arguments(self) -> str:
        """What our functions are called with."""
        return BASKET if self is TOGETHER else CHOSEN

    @property
    def absent(self) -> str:
        """The part of a formula that tells whether there is nothing to ask."""
        return f"{NAMED}=0" if self is TOGETHER else f"LEN(TRIM({CHOSEN}))=0"


TOGETHER = Curve(HEADLINE, 2, FIRST_DETAIL, BODY)
"""The basket, all of whose names move together."""
BY_ITSELF = Curve(ALONE, 7, FIRST_DETAIL + 4, SECOND_CURVE)
"""The one name."""
CURVES = (TOGETHER, BY_ITSELF)
