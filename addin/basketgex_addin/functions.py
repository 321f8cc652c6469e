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


@dataclass(frozen=True, slots=True)
class Function:
    """One worksheet function. A volatile one is recalculated every time and therefore never asks the server."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    shape: Shape = Shape.NUMBER
    volatile: bool = False

    @property
    def asks(self) -> bool:
        """Whether it asks the server for a basket."""
        return bool(self.arguments) and not self.volatile


SYMBOLS = Argument("symbols", "Tickers: a range in any orientation, or a text such as NVDA,AMD.")
WEIGHTS = Argument(
    "weights",
    "One weight a ticker, any scale, none negative. Left out: the names weigh equally.",
    optional=True,
    default="equal",
)
HEADERS = Argument("headers", "TRUE puts a row of headings on top.", optional=True, default="FALSE")

_BASKET = (SYMBOLS, WEIGHTS)


def _function(name: str, shape: Shape, summary: str) -> Function:
    return Function(name, summary, _BASKET, shape)


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "BASKETGEX",
        Shape.NUMBER,
        "Weighted net dealer gamma exposure of a basket, in USD of delta per 1 % move. Negative: dealers amplify moves.",
    ),
    _function("BASKETDEX", Shape.NUMBER, "Weighted net dealer delta exposure of a basket, in USD of delta."),
    _function(
        "BASKETVEX",
        Shape.NUMBER,
        "Weighted net dealer vanna exposure of a basket, in USD of delta per vol point.",
    ),
    _function(
        "BASKETCHEX",
        Shape.NUMBER,
        "Weighted net dealer charm exposure of a basket, in USD of delta per calendar day.",
    ),
    Function(
        "BASKET",
        "A row a name: symbol, weight, underlying price, GEX, DEX, VEX, CHEX, contribution %, regime, as of (New York). "
        "Names without data come last.",
        (SYMBOLS, WEIGHTS, HEADERS),
        Shape.TABLE,
    ),
    _function(
        "BASKETREGIME", Shape.TEXT, "positive_gamma or negative_gamma: the sign of the basket's net GEX."
    ),
    _function(
        "BASKETMISSING",
        Shape.TEXT,
        "The names without data, separated by commas; empty where none is missing.",
    ),
    _function("BASKETCOVERAGE", Shape.NUMBER, "Share of the requested weight that had data, from 0 to 1."),
    _function(
        "BASKETSTATUS",
        Shape.TEXT,
        "Source, moment, convention, coverage, what is missing.",
    ),
    _function("BASKETWHY", Shape.TEXT, "Why the basket has no value, and what to do; OK where it has one."),
    Function(
        "BASKETAGE",
        "Minutes since the basket's oldest figure, from what this program last received: it never asks the server.",
        _BASKET,
        Shape.NUMBER,
        volatile=True,
    ),
)

QUOTA = Function(
    "BASKETQUOTA",
    "A metered source's day in a row: plan, debits a day, used, left, when the count starts again (UTC), and what was saved "
    "against one call a cell.",
    (),
    Shape.TABLE,
)
FUNCTIONS += (QUOTA,)

BY_NAME = {function.name: function for function in FUNCTIONS}
