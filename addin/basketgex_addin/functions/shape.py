"""The shape of a basket: by time to expiry with what rolls off, and by strike with its walls; max pain; expected move."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from basketgex_addin.cells import (
    Ask,
    BadInput,
    Block,
    CellError,
    CellValue,
    Problem,
    Question,
    Server,
    Table,
    ask,
    figure,
    headers,
    horizon,
    number,
    only,
    symbol,
)
from basketgex_addin.cells.shape import ExpectedMove, Expiries, MaxPain, Moves
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.record import (
    HEADERS,
    HORIZON,
    SYMBOL,
    Argument,
    Arguments,
    Function,
    Kind,
    Shape,
    no_option,
)

COST = "From option chains, as GEXSTRIKES. It costs what the basket's figures cost, and nothing where they are there already."
STEPS = (0.0001, 1.0)
EXPIRY_HEADINGS = ("days to expiry", "GEX", "DEX", "VEX", "CHEX", "share of gross GEX", "rolled off")
MOVE_HEADINGS = ("move", "call GEX", "put GEX", "net GEX", "DEX", "VEX", "CHEX", "wall")

BY = Argument(
    "by",
    "BUCKETS: 0DTE, 1-7, 8-30, 31-90, 91+ days; DAYS: every day on which something expires.",
    optional=True,
    default="BUCKETS",
)
WIDTH = Argument("width", "How wide a row is, as a part of spot.", optional=True, default="0.01")
EXPIRY = Argument(
    "expiry", "The day of expiry, a date or a text such as 2026-09-18.", optional=True, default="all"
)
CORRELATION = Argument(
    "correlation",
    "Of all pairs of names, from -1 to 1; or the ticker of an index whose implied correlation it is, with its weights. "
    "Left out: 1, the most that the move can be.",
    optional=True,
    default="1",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExpiriesOf(OfBasket[Expiries]):
    """The question for a basket by time to expiry."""

    each_day: bool

    def put_to(self, server: Server) -> Expiries | Problem:
        """Ask it."""
        return server.expiries(self.ask, each_day=self.each_day)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MovesOf(OfBasket[Moves]):
    """The question for a basket by the distance of strikes from spot."""

    step: float

    def put_to(self, server: Server) -> Moves | Problem:
        """Ask it."""
        return server.moves(self.ask, self.step)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MaxPainOf(Question[MaxPain]):
    """The question for one name's max pain, of all that is open or of one day."""

    symbol: str
    expiry: str

    def put_to(self, server: Server) -> MaxPain | Problem:
        """Ask it."""
        return server.max_pain(self.symbol, self.expiry)

    @property
    def about(self) -> Ask:
        """The underlying as a basket of its own."""
        return Ask((self.symbol,))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExpectedMoveOf(OfBasket[ExpectedMove]):
    """The question how far a basket is expected to move by a horizon in calendar days."""

    horizon: float
    correlation: float | None
    index: str

    def put_to(self, server: Server) -> ExpectedMove | Problem:
        """Ask it."""
        return server.expected_move(
            self.ask, horizon=self.horizon, correlation=self.correlation, index=self.index
        )


def _expiries_of(arguments: Arguments) -> Question[Expiries]:
    by = only(arguments[2])
    word = "BUCKETS" if by is None else by.strip().upper() if isinstance(by, str) else ""
    if word not in ("BUCKETS", "DAYS"):
        raise BadInput("invalid_by", "by must be BUCKETS or DAYS.", "by")
    return ExpiriesOf(ask(arguments[0], arguments[1]), word == "DAYS")


def _moves_of(arguments: Arguments) -> Question[Moves]:
    cell = only(arguments[2])
    step = 0.01 if cell is None else figure(cell)
    if not STEPS[0] <= step <= STEPS[1]:
        raise BadInput(
            "invalid_width", "width must be a part of spot from 0.0001 to 1: 0.01 is 1 %.", "width"
        )
    return MovesOf(ask(arguments[0], arguments[1]), step)


def _max_pain_of(arguments: Arguments) -> Question[MaxPain]:
    return MaxPainOf(symbol(arguments[0]), _day(arguments[1]))


def _day(block: Block | None) -> str:
    """Return a day as 2026-09-18, of a text or of a date as sheets count them; empty where none is given."""
    cell = only(block)
    if cell is None:
        return ""
    with suppress(ValueError, OverflowError):
        if isinstance(cell, str):
            return date.fromisoformat(cell.strip()).isoformat()
        if isinstance(cell, float | int) and not isinstance(cell, bool) and cell >= 1:
            return (date(1899, 12, 30) + timedelta(days=int(cell))).isoformat()
    raise BadInput("invalid_expiry", "expiry must be a date, or a text such as 2026-09-18.", "expiry")


def _expected_move_of(arguments: Arguments) -> Question[ExpectedMove]:
    asked, days = ask(arguments[0], arguments[1]), horizon(arguments[2])
    told = only(arguments[3])
    if told is None:
        return ExpectedMoveOf(asked, days, None, "")
    correlation = figure(told)
    if math.isnan(correlation) and isinstance(told, str):
        return ExpectedMoveOf(asked, days, None, symbol(arguments[3], "correlation"))
    if not -1 <= correlation <= 1:
        sentence = "correlation must be a number from -1 to 1, or the ticker of an index."
        raise BadInput("invalid_correlation", sentence, "correlation")
    return ExpectedMoveOf(asked, days, correlation, "")


def expiries(found: Expiries, headings: bool) -> Table:
    """Return BASKETEXPIRIES' rows: which days, the four measures, the part of gross GEX, and what has rolled off by then."""
    rows = tuple(
        (days_in_words(b.first_day, b.last_day), *map(number, b[2:6]), number(b.share), number(b.rolled_off))
        for b in found.buckets
    )
    return (EXPIRY_HEADINGS, *rows) if headings else rows


def days_in_words(first: int, last: int | None) -> CellValue:
    """Return a bucket of days for a person; a single day but the first as its number.

    >>> days_in_words(0, 0), days_in_words(1, 7), days_in_words(91, None), days_in_words(33, 33)
    ('0DTE', '1-7', '91+', 33.0)
    """
    if last == 0:
        return "0DTE"
    if last is None:
        return f"{first}+"
    return float(first) if first == last else f"{first}-{last}"


def moves(found: Moves, headings: bool) -> Table:
    """Return BASKETSTRIKES' rows: the move, GEX of calls, of puts and net, the other measures, and which wall it is."""
    rows = tuple((*map(number, b), _wall(found, b.move)) for b in found.buckets)
    return (MOVE_HEADINGS, *rows) if headings else rows


def _wall(found: Moves, move: float) -> str:
    walls = (("call wall", found.call_wall), ("put wall", found.put_wall))
    return ", ".join(name for name, at in walls if at == move)


def expected_move(found: ExpectedMove) -> Table:
    """Return BASKETMOVE's row: the move, and were the names independent, and as one; the correlation; the weight covered.

    Where the correlation is only known to lie in a range it is one in words, and so is the move.
    """
    move = _or_range(found.value, found.low, found.high, "{:.2%}")
    correlation = _or_range(found.correlation, found.lowest, found.highest, "{:.2f}")
    zero, one = number(found.at_zero), number(found.at_one)
    return ((move, zero, one, correlation, number(found.standing.covered_weight)),)


def _or_range(value: float | None, low: float | None, high: float | None, form: str) -> CellValue:
    if value is not None:
        return number(value)
    if low is None or high is None:
        return CellError.NOT_AVAILABLE
    return f"{form.format(low)} to {form.format(high)}"


BASKETEXPIRIES = of_basket(
    "BASKETEXPIRIES",
    Shape.TABLE,
    "A basket by time to expiry, one row per bucket: days to expiry, GEX, DEX, VEX, CHEX, its share of gross GEX (of the row "
    "0DTE: the 0DTE share), and what has rolled off by then. The rows add up to the basket.",
    Kind(question=_expiries_of, option=lambda arguments: headers(arguments[3]), show=expiries, cost=COST),
    BY,
    HEADERS,
)
BASKETSTRIKES = of_basket(
    "BASKETSTRIKES",
    Shape.TABLE,
    "A basket by strike, one row per distance from each name's own spot: the move, GEX of calls, puts and net, DEX, VEX, "
    "CHEX, and call wall or put wall beside the basket's. The rows add up to the basket.",
    Kind(question=_moves_of, option=lambda arguments: headers(arguments[3]), show=moves, cost=COST),
    WIDTH,
    HEADERS,
)
BASKETMOVE = of_basket(
    "BASKETMOVE",
    Shape.TABLE,
    "Side by side: the basket's expected move by a horizon, one standard deviation, 0.05 being 5 %; the same at correlation "
    "0 and at 1; the correlation (a range where less than 90 % of the index is covered); the covered weight.",
    Kind(question=_expected_move_of, option=no_option, show=lambda found, _: expected_move(found), cost=COST),
    HORIZON,
    CORRELATION,
)
SYMBOLMAXPAIN = Function(
    "SYMBOLMAXPAIN",
    "The strike at which the options that are open on one underlying would be worth least to their holders, were its price "
    "to end there: of one day's expiry, or of all.",
    (SYMBOL, EXPIRY),
    Shape.NUMBER,
    Kind(question=_max_pain_of, option=no_option, show=lambda found, _: number(found.strike), cost=COST),
)
