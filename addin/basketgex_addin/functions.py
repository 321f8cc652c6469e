"""The one table of worksheet functions. Wizard texts, host bindings and the function reference come from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

CATEGORY = "Basket GEX"


class Shape(Enum):
    """What a cell gets."""

    NUMBER = "number"
    TEXT = "text"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as the function wizard shows it. ``default`` is shown where it is optional."""

    name: str
    help: str
    optional: bool = False
    default: str = ""


class Answer(Enum):
    """What a function is answered from."""

    BASKET = "basket"
    """A basket's reply: all such functions of a sheet share one call."""
    MEMORY = "memory"
    """What the client last received: recalculated every time, and therefore never asks."""
    REGIMES = "regimes"
    REFRESH = "refresh"
    LEVELS = "levels"
    STRIKES = "strikes"
    PROFILE = "profile"
    FLIP = "flip"
    DISPERSION = "dispersion"
    EXPLAIN = "explain"
    """What a cell's own formula is answered from: the host tells which functions it calls, and with what."""
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Function:
    """One worksheet function."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    shape: Shape = Shape.NUMBER
    answer: Answer = Answer.BASKET

    @property
    def volatile(self) -> bool:
        """Whether it is recalculated every time."""
        return self.answer is Answer.MEMORY

    @property
    def asks(self) -> bool:
        """Whether it asks the server for a basket, of its first argument and, where that is its second, the weights."""
        return self.answer in (Answer.BASKET, Answer.REGIMES)

    @property
    def weighs(self) -> bool:
        """Whether its second argument is the weights."""
        return self.arguments[1:2] == (WEIGHTS,)


SYMBOLS = Argument("symbols", "Tickers: a range in any orientation, or a text such as NVDA,AMD.")
WEIGHTS = Argument(
    "weights",
    "One weight a ticker, any scale, none negative. Left out: the names weigh equally.",
    optional=True,
    default="equal",
)
HEADERS = Argument("headers", "TRUE puts a row of headings on top.", optional=True, default="FALSE")
MEASURE = Argument(
    "measure", "GEX, DEX, VEX or CHEX; ALL: the four side by side.", optional=True, default="ALL"
)
TOP = Argument("n", "How many names, at most.", optional=True, default="3")
ZONE = Argument(
    "zone",
    "Time zone of the result, such as Europe/London or UTC.",
    optional=True,
    default="America/New_York",
)
TRIGGER = Argument("trigger", "Any cell. When its value changes, and only then, the source is asked again.")
SYMBOL = Argument("symbol", "One ticker.")
INDEX_WEIGHTS = Argument(
    "weights",
    "The members' weights in the index, per cent or shares of 1: what is missing of the whole is not covered. Left out: equal.",
    optional=True,
    default="equal",
)
INDEX = Argument("index", "The ticker of the index, such as SPX.")
HORIZON = Argument("horizon", "Calendar days ahead, above 0 and up to 3650.", optional=True, default="30")
ONE_MEASURE = Argument("measure", "GEX, DEX, VEX or CHEX.", optional=True, default="GEX")
LOW = Argument("low", "Where the range begins, in units of the present price.", optional=True, default="0.8")
HIGH = Argument("high", "Where the range ends.", optional=True, default="1.2")
POINTS = Argument("levels", "How many prices, 2 to 2000.", optional=True, default="60")
CELL = Argument("reference", "The cell that has no value: a reference to it, not its text.")
NAMED = Argument(
    "which",
    "The name of the function that has no value, such as GEXSTRIKES; symbols and weights are then that function's own.",
    optional=True,
    default="the basket's figures",
)
_CURVE = (ONE_MEASURE, LOW, HIGH, POINTS)

_BASKET = (SYMBOLS, WEIGHTS)


def _basket(
    name: str,
    shape: Shape,
    summary: str,
    *more: Argument,
    answer: Answer = Answer.BASKET,
) -> Function:
    return Function(name, summary, (*_BASKET, *more), shape, answer)


def _symbol(measure: str, what: str) -> Function:
    summary = (
        f"Net dealer {what} of one underlying."
        if measure == "GEX"
        else f"Net {what} of one underlying. {PLAIN}"
    )
    return Function(f"SYMBOL{measure}", summary, (SYMBOL,))


PLAIN = "Under the convention flashalpha the plain sum over all open interest, not the dealers'; theirs under dealer."
GEX, DEX = "gamma exposure, in USD of delta per 1 % move,", "delta exposure, in USD of delta,"
VEX, CHEX = (
    "vanna exposure, in USD of delta per vol point,",
    "charm exposure, in USD of delta per calendar day,",
)

FUNCTIONS: tuple[Function, ...] = (
    _basket(
        "BASKETGEX",
        Shape.NUMBER,
        f"Weighted net dealer {GEX} of a basket: a weighted mean, not a total. Negative: dealers amplify moves.",
    ),
    _basket("BASKETDEX", Shape.NUMBER, f"Weighted net {DEX} of a basket. {PLAIN}"),
    _basket("BASKETVEX", Shape.NUMBER, f"Weighted net {VEX} of a basket. {PLAIN}"),
    _basket("BASKETCHEX", Shape.NUMBER, f"Weighted net {CHEX} of a basket. {PLAIN}"),
    _basket(
        "BASKET",
        Shape.TABLE,
        "One row per name: symbol, weight, underlying price, GEX, DEX, VEX, CHEX, its share of the gross weighted GEX from -1 "
        "to 1 with the sign of its GEX, regime, as of (New York). Names without data come last.",
        HEADERS,
    ),
    _basket(
        "BASKETTOTAL",
        Shape.TABLE,
        "Plain sums of the names' own exposures, not weighted: one measure, or GEX, DEX, VEX and CHEX side by side. "
        "Names of weight 0 are left out.",
        MEASURE,
    ),
    _basket(
        "BASKETTOP",
        Shape.TABLE,
        "The names that drive the basket's GEX, one row per name: symbol, and its share of the gross weighted GEX, from -1 "
        "to 1, with the sign of its GEX.",
        TOP,
    ),
    _basket(
        "BASKETREGIME", Shape.TEXT, "positive_gamma or negative_gamma: the sign of the basket's net GEX."
    ),
    _basket(
        "BASKETSINCE",
        Shape.TABLE,
        "Side by side: the regime in words, since when (date and time, New York), and the regime before. Where the figures "
        "kept show no other regime: #N/A for the last two.",
        answer=Answer.REGIMES,
    ),
    _basket(
        "BASKETBREADTH",
        Shape.NUMBER,
        "Share of the names with data whose own net GEX is positive, from 0 to 1.",
    ),
    _basket("BASKETCOUNT", Shape.NUMBER, "How many names had data and were used."),
    _basket(
        "BASKETMISSING",
        Shape.TEXT,
        "The names without data, separated by commas; empty where none is missing.",
    ),
    _basket("BASKETCOVERAGE", Shape.NUMBER, "Share of the requested weight that had data, from 0 to 1."),
    _basket(
        "BASKETASOF",
        Shape.NUMBER,
        "Moment of the basket's oldest figure, as a date and time to be formatted as such.",
        ZONE,
    ),
    _basket("BASKETSTATUS", Shape.TEXT, "Source, moment, convention, coverage, what is missing."),
    _basket(
        "BASKETWHY",
        Shape.TEXT,
        "Why the basket, or a name of it, has no value, and what to do; OK where all is well. Of a cell with another "
        "function: its arguments, and the name of its function.",
        NAMED,
    ),
    Function(
        "BASKETEXPLAIN",
        "Why the formula in a cell has no value, whichever of these functions it calls, and what to do; OK where it has one.",
        (CELL,),
        Shape.TEXT,
        Answer.EXPLAIN,
    ),
    _basket(
        "BASKETAGE",
        Shape.NUMBER,
        "Minutes since the basket's oldest figure, from what this program last received: it never asks the server. #N/A for "
        "figures of a fixed past moment.",
        answer=Answer.MEMORY,
    ),
    Function(
        "BASKETREFRESH",
        "Asks the source again whenever the trigger changes, which may cost debits; the first time after opening it only "
        "looks. Moment of the oldest figure, as BASKETASOF.",
        (SYMBOLS, TRIGGER),
        answer=Answer.REFRESH,
    ),
    _symbol("GEX", GEX.rstrip(",")),
    _symbol("DEX", DEX.rstrip(",")),
    _symbol("VEX", VEX.rstrip(",")),
    _symbol("CHEX", CHEX.rstrip(",")),
    Function(
        "GEXLEVELS",
        "One row per level: name, price, distance (0.01 is 1 %): price, gamma flip, call wall, put wall, largest positive and "
        "negative strike, highest open interest, 0DTE magnet. Beside the flip: available, or what there is against it; all "
        "flips.",
        (SYMBOL,),
        Shape.TABLE,
        Answer.LEVELS,
    ),
    Function(
        "GEXSTRIKES",
        "A row a strike of one underlying: strike, GEX of calls, of puts, and net, open interest of calls and of puts.",
        (SYMBOL, HEADERS),
        Shape.TABLE,
        Answer.STRIKES,
    ),
    Function(
        "GEXPROFILE",
        "Net exposure of one underlying over a range of its price, a row a price: the price, and the exposure there, every "
        "contract repriced.",
        (SYMBOL, *_CURVE),
        Shape.TABLE,
        Answer.PROFILE,
    ),
    _basket(
        "BASKETPROFILE",
        Shape.TABLE,
        "Weighted net exposure of a basket whose names all move together, a row a move: the move, 1 being none and 1.05 "
        "being 5 % up, and the exposure there.",
        *_CURVE,
        answer=Answer.PROFILE,
    ),
    _basket(
        "BASKETFLIP",
        Shape.TABLE,
        "Side by side: the common move of all names at which the basket's net GEX changes its sign, nearest none, -0.03 being "
        "3 % down, #N/A where none is within 50 %; available, or what there is against it; all such moves.",
        answer=Answer.FLIP,
    ),
    Function(
        "DISPERSION",
        "An index against its members, one row per figure, name and value: implied correlation (a range where less than 90 % "
        "of the index is covered), volatilities at the money per 1.00, coverage, regimes, opposed names; then each weight "
        "times volatility.",
        (INDEX, SYMBOLS, INDEX_WEIGHTS, HORIZON),
        Shape.TABLE,
        Answer.DISPERSION,
    ),
    Function(
        "BASKETQUOTA",
        "A metered source's day in a row: plan, debits a day, used, left, when the count starts again (UTC), and what was "
        "saved against one call a cell.",
        (),
        Shape.TABLE,
        Answer.QUOTA,
    ),
)

BY_NAME = {function.name: function for function in FUNCTIONS}
