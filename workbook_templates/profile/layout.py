"""Where everything lies in the profile. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.columns import Columns
from workbook_templates.levels import FLIP as FLIP_ROW
from workbook_templates.levels import Levels, trusted
from workbook_templates.names import listed
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
"""The first column of the levels."""
FIRST_LEVEL = 16
FIRST_LARGEST = 29
FIRST_DETAIL = 5

LIST = listed("Profile", FIRST, SEATS)
FRONT = Columns(
    "Profile",
    HEADLINE,
    2,
    1,
    "label gex - regime price flip flip_move low_end high_end lowest lowest_at count coverage usable - missing as_of age",
)
"""The rows of the basket and of the one name; the range stands below their first two columns."""
LEVELED = Columns("Profile", FIRST_LEVEL, 8, PANEL, "level price distance")
"""One name's levels; below them its largest strikes."""
COLUMNS = Columns(
    "Detail",
    FIRST_DETAIL,
    POINTS,
    1,
    "move together together_gex together_above together_below - "
    "own own_gex own_above own_below - mark mark_move height shown - - "
    "strike calls puts net calls_oi puts_oi - place drawn chart drawn_calls drawn_puts drawn_net rank - "
    "asked answer doubts flips near -",
)
"""The two curves and their marks, the strikes, those that are drawn, and what is asked once; then the levels."""

NAMES, WEIGHTS = LIST.column("name"), LIST.column("weight")
OUTSIDE = outside(
    "Profile",
    LIST.across("name", "weight", BEYOND),
    f"COUNTA({NAMES})+COUNTA({WEIGHTS})",
    f"{SEATS} names",
)
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with."""
CHOSEN = FRONT.cell("label", ALONE - HEADLINE)
LOW, HIGH = (FRONT.cell("gex", BODY + row - HEADLINE) for row in (1, 2))
"""The range, as moves: −0.2 is 20 % down."""
PRICE = LEVELED.cell("price")

NAMED, IN_ORDER, LEAST, FLIP, FIRST_STATUS, SECOND_STATUS, ASKED, NO_STRIKES = (
    COLUMNS.cell("answer", row) for row in range(8)
)
"""How many names; whether the range is one; the least net GEX of a strike that is drawn; the basket's flip; two statuses;
1 once the baskets are asked for; why there are no strikes."""
LEVELS = Levels(FIRST_DETAIL, 1 + len(COLUMNS.names.split()), CHOSEN)
FLIP_DOUBTS, FLIPS, NEAR = (COLUMNS.cell(name, 3) for name in ("doubts", "flips", "near"))
"""Beside the basket's flip: "available", or what is against it; all flips; "near flip" or nothing."""
FIRST_STRIKE = COLUMNS.cell("strike")


def after_basket(value: str) -> str:
    """The formula for a value of the one name, asked for after the baskets: their one call of the source has that name too."""
    return f'=IF({ASKED}=1,{value},"")'


MOVES = COLUMNS.column("move")


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its row on Profile, what its four columns on Detail are called, the first of its three rows of marks."""

    row: int
    name: str
    marks: int
    title: int
    """The row above its chart."""

    def values(self, what: str = "gex", shift: int = 0) -> str:
        """Its net GEX, that "above" zero or that "below", or what lies some rows below it."""
        return COLUMNS.column(f"{self.name}_{what}", shift=shift)

    def point(self, place: int) -> str:
        """Net GEX at one of the moves, counted from 0."""
        return COLUMNS.cell(f"{self.name}_gex", place)

    def front(self, name: str) -> str:
        """A cell of its row on Profile."""
        return FRONT.cell(name, self.row - HEADLINE)

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
        return FLIP_DOUBTS if self is TOGETHER else LEVELS.cell(FLIP_ROW, "doubts")

    @property
    def flips(self) -> str:
        """All its flips."""
        return FLIPS if self is TOGETHER else LEVELS.cell(FLIP_ROW, "flips")

    @property
    def near(self) -> str:
        """Where it says that its regime is near the flip."""
        return NEAR if self is TOGETHER else LEVELS.cell(FLIP_ROW, "near")

    @property
    def arguments(self) -> str:
        """What our functions are called with."""
        return BASKET if self is TOGETHER else CHOSEN

    @property
    def absent(self) -> str:
        """The part of a formula that tells whether there is nothing to ask."""
        return f"{NAMED}=0" if self is TOGETHER else f"LEN(TRIM({CHOSEN}))=0"


TOGETHER = Curve(HEADLINE, "together", FIRST_DETAIL, BODY)
"""The basket, all of whose names move together."""
BY_ITSELF = Curve(ALONE, "own", FIRST_DETAIL + 4, SECOND_CURVE)
"""The one name."""
CURVES = (TOGETHER, BY_ITSELF)
