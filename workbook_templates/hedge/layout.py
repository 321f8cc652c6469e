"""Where everything lies in the template hedge. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates.columns import Columns
from workbook_templates.marks import signed_percent
from workbook_templates.room import BEYOND, outside
from workbook_templates.sheet import Heading

SEATS = 50
"""Names there is room for."""
RUNGS = 11
"""Moves of a ladder, from −5 % to +5 %."""
VOL_DOWN, VOL_UP, ONE_DAY, TO_CLOSE = range(RUNGS, RUNGS + 4)
"""Rows of BASKETLADDER below its moves."""
TICKS = 8
"""Rows of CHARMCLOCK at most: six hours, the close, a weekend."""
TENORS = 5
"""Rows of BASKETEXPIRIES."""
BUCKETS = 300
"""Rows of BASKETSTRIKES there is room for, 1 % each; SPX has about 170."""
NEAREST = 10
"""Per cent up and down that the chart of strikes shows."""

HEADLINE = 6
ALONE = 7
"""The row of the index."""
SENTENCES = 9
BODY = 13
"""The row of the titles below the sentences."""
FIRST = 20
"""The first of the names."""
LADDER = 6
"""The first column of the ladder; its charts lie beside it, the chart of strikes below it."""
CHARTS = 10
PANEL = 15
"""The first column of roll-off, walls and clock."""
FIRST_RUNG = 16
SECOND_CHART = 22
STRIKES_CHART = 34
FIRST_TENOR = 16
FIRST_WALL = 24
FIRST_TICK = 29
FIRST_DETAIL = 5

LIST = Columns("Hedge", FIRST, SEATS, 1, "name weight beta implied")
"""The names; all but the implied betas are typed."""
FRONT = Columns(
    "Hedge",
    HEADLINE,
    2,
    1,
    "label gex regime balance - down up to_close - weekend zero_dte week month - as_of age count coverage usable",
)
"""The rows of the basket and of the index; the size of the move stands below their first two columns."""
RUNG = Columns("Hedge", FIRST_RUNG, RUNGS + 4, LADDER, "rung basket index")
TENOR = Columns(
    "Hedge", FIRST_TENOR, TENORS, PANEL, "expires basket_gex basket_rolled index_gex index_rolled"
)
WALL = Columns("Hedge", FIRST_WALL, 2, PANEL, "wall basket_move basket_gex index_move index_gex")
TICK = Columns("Hedge", FIRST_TICK, TICKS, PANEL, "until hours basket index")

OF_A_SIDE: tuple[tuple[str, float, str, str, str], ...] = (
    ("move", 8, "MOVE", "", "right"),
    ("vol", 8, "VOL", "", "right"),
    ("days", 8, "DAYS", "", "right"),
    ("buy", 12, "BUY", "$ m", "right"),
    ("-", 2, "", "", "left"),
    ("rung", 8, "MOVE", "chart", "right"),
    ("plus", 12, "BUY", "$ m", "right"),
    ("minus", 12, "SELL", "$ m", "right"),
    ("-", 2, "", "", "left"),
    ("until", 17, "UNTIL", "New York", "left"),
    ("hours", 8, "HOURS", "", "right"),
    ("clock", 12, "BUY", "$ m", "right"),
    ("key", 17, "UNTIL", "as a text", "left"),
    ("-", 2, "", "", "left"),
    ("expires", 9, "EXPIRES", "in days", "left"),
    ("gex", 12, "GEX", "$ m per 1 %", "right"),
    ("dex", 10, "DEX", "$ bn", "right"),
    ("vex", 12, "VEX", "$ m per vol pt", "right"),
    ("chex", 12, "CHEX", "$ m per day", "right"),
    ("share", 9, "SHARE", "of gross", "right"),
    ("rolled", 12, "ROLLED OFF", "of gross", "right"),
    ("-", 2, "", "", "left"),
    ("strike", 9, "STRIKE", "move", "right"),
    ("calls", 12, "CALLS", "$ m per 1 %", "right"),
    ("puts", 12, "PUTS", "$ m per 1 %", "right"),
    ("net", 12, "NET GEX", "$ m per 1 %", "right"),
    ("strike_dex", 10, "DEX", "$ bn", "right"),
    ("strike_vex", 12, "VEX", "$ m per vol pt", "right"),
    ("strike_chex", 12, "CHEX", "$ m per day", "right"),
    ("wall", 18, "WALL", "", "left"),
    ("per_cent", 9, "STRIKE", "per cent", "right"),
    ("call_wall", 7, "CALL", "wall: 1", "center"),
    ("put_wall", 7, "PUT", "wall: 1", "center"),
    ("-", 2, "", "", "left"),
)
"""What Detail has of the basket, and again of the index: name, width, heading, unit, alignment."""
_ONCE = (
    ("beta", 8, "BETA", "used", "right"),
    ("implied", 8, "BETA", "implied", "right"),
    ("-", 2, "", "", "left"),
)
_LAST = (
    ("bucket", 9, "STRIKE", "chart", "right"),
    ("drawn_calls", 12, "CALLS", "$ m", "right"),
    ("drawn_puts", 12, "PUTS", "$ m", "right"),
    ("-", 2, "", "", "left"),
    ("asked", 22, "ASKED ONCE", "", "left"),
    ("answer", 60, "ANSWER", "", "left"),
)
SIDES = ("basket", "index")
_ALL = (
    *_ONCE,
    *(
        (head[0] if head[0] == "-" else f"{side}_{head[0]}", *head[1:])
        for side in SIDES
        for head in OF_A_SIDE
    ),
    *_LAST,
)
COLUMNS = Columns("Detail", FIRST_DETAIL, SEATS, 1, " ".join(head[0] for head in _ALL))
"""Betas; the two ladders, clocks, roll-offs and strikes; the strikes that are drawn; what is asked once."""
DETAIL_HEADINGS: tuple[Heading, ...] = tuple((1 + i, *head[1:]) for i, head in enumerate(_ALL))

NAMES, WEIGHTS = LIST.column("name"), LIST.column("weight")
BASKET = f"{NAMES},{WEIGHTS}"
"""What our functions are called with where weights count."""
BETAS = COLUMNS.column("beta")
OUTSIDE = outside(
    "Hedge", LIST.across("name", "beta", BEYOND), f"COUNTA({LIST.across('name', 'beta')})", f"{SEATS} names"
)
INDEX_NAME = FRONT.cell("label", ALONE - HEADLINE)
MOVE = FRONT.cell("gex", BODY + 1 - HEADLINE)
"""The size of the move in the sentence: 0.02 is 2 % down, and up."""
ONE = f"UPPER(TRIM({INDEX_NAME}))"

NAMED, IN_ORDER, WRONG_BETAS, _, _, ASKED = (COLUMNS.cell("answer", row) for row in range(6))
"""How many names; whether the size of the move is one; how many betas are no number; 1 once the baskets are asked for."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: its row on Hedge, what its columns are called, what our functions are called with."""

    row: int
    name: str
    whole: str
    """Its symbols: all their open interest counts, each name once."""
    weighted: str
    betas: str

    def cell(self, what: str, place: int = 0) -> str:
        """A cell of one of its columns on Detail."""
        return COLUMNS.cell(f"{self.name}_{what}", place)

    def column(self, what: str, rows: int) -> str:
        """One of its columns on Detail: so many rows."""
        return COLUMNS.column(f"{self.name}_{what}", rows)

    def at(self, what: str) -> int:
        """Where one of its columns on Detail is."""
        return COLUMNS.at(f"{self.name}_{what}")

    def front(self, what: str) -> str:
        """A cell of its row on Hedge."""
        return FRONT.cell(what, self.row - HEADLINE)

    @property
    def absent(self) -> str:
        """The part of a formula that tells whether there is nothing to ask."""
        return f"{NAMED}=0" if self is OF_BASKET else f"LEN(TRIM({INDEX_NAME}))=0"

    @property
    def status(self) -> str:
        """Where its status stands."""
        return COLUMNS.cell("answer", 3 if self is OF_BASKET else 4)

    @property
    def moved(self) -> tuple[str, str]:
        """What dealers buy where the market falls, and where it rises, by the size of the move."""
        first = 6 if self is OF_BASKET else 8
        return COLUMNS.cell("answer", first), COLUMNS.cell("answer", first + 1)


OF_BASKET = Side(HEADLINE, "basket", NAMES, BASKET, BETAS)
OF_INDEX = Side(ALONE, "index", INDEX_NAME, INDEX_NAME, "")
BOTH = (OF_BASKET, OF_INDEX)


def after_baskets(value: str) -> str:
    """The formula for what is made of chains, asked for after the baskets: their one call of the source has all names."""
    return f'=IF({ASKED}=1,{value},"")'


def move_in_words(cell: str) -> str:
    """The part of a formula that writes a move that is a number, with its sign."""
    return f'IF({cell}=0,"0 %",{signed_percent(cell)})'
