"""Between cells and baskets, pure: ranges → a question, answers → cell values, problems → cell errors."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import chain, islice, zip_longest
from typing import NamedTuple
from zoneinfo import ZoneInfo

MOST_LEVELS = 2_000  # of a profile
LONGEST = 3_650  # days of a horizon
MOST_CELLS = 20_000  # with a text in them: more is a pasted column, not a basket
STRIKE_HEADINGS = ("strike", "call GEX", "put GEX", "net GEX", "call open interest", "put open interest")
FLIP_REACH = (0.5, 1.5)  # of the present price: where BASKETFLIP looks
LASTING = 1e-4  # of the present price: two roots nearer each other are a needle, no level to trade at
HEADINGS = (
    "symbol",
    "weight",
    "underlying price",
    "GEX",
    "DEX",
    "VEX",
    "CHEX",
    "signed share of gross",
    "regime",
    "as of (New York)",
)

Scalar = float | str | bool | None
"""A cell as a host gives it: number, text, Boolean, or None for a blank one."""

MEASURES = ("GEX", "DEX", "VEX", "CHEX")
TOP = 3
BALANCED = 0.05
"""A balance smaller than this, either way, is near its flip."""
STALE_SPOT, THIN_QUOTES = "stale_spot", "thin_quotes"
PLAIN_SUM = "DEX, VEX, CHEX: open interest, plain sum"
ENOUGH = 0.9
"""Less usable open interest than this is flagged: what could not be computed is too much to trust the rest."""
LEVELS = {
    "gamma_flip": "gamma flip",
    "call_wall": "call wall",
    "put_wall": "put wall",
    "max_positive_gamma": "largest positive gamma",
    "max_negative_gamma": "largest negative gamma",
    "highest_oi_strike": "highest open interest",
    "zero_dte_magnet": "0DTE magnet",
}


NO_AGE = "These figures are of a fixed past moment, so they have no age: BASKETASOF gives the moment."
"""What BASKETWHY says where nothing but the age is lacking."""


class CellError(Enum):
    """The real error value that a cell shows."""

    VALUE = "#VALUE!"
    NOT_AVAILABLE = "#N/A"


InputCell = Scalar | CellError
Block = tuple[tuple[InputCell, ...], ...]
"""An argument: rows of cells. A scalar is a block of one; an omitted argument is None, not a block."""

CellValue = float | str | CellError | None
Table = tuple[tuple[CellValue, ...], ...]
Result = CellValue | Table


@dataclass(frozen=True, slots=True)
class Ask:
    """One basket a cell asks for: symbols as typed (trimmed, never blank), and their weights, or None: equal ones.

    Raises ValueError where there is not one weight a symbol: in a batch it would shift the others' weights.
    """

    symbols: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not pair."""
        if self.weights is not None and len(self.weights) != len(self.symbols):
            raise ValueError("one weight a symbol")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell has no value. ``bad_input``: the cell shows #VALUE!, otherwise #N/A."""

    code: str
    sentence: str
    argument: str = ""
    bad_input: bool = False

    @property
    def cell_error(self) -> CellError:
        """The error value that stands in the cell."""
        return CellError.VALUE if self.bad_input else CellError.NOT_AVAILABLE


class Row(NamedTuple):
    """One constituent of a reply; units as the functions' help says; ``as_of`` is Unix seconds."""

    symbol: str
    weight: float
    underlying_price: float
    gex: float
    dex: float
    vex: float
    chex: float
    contribution_pct: float
    as_of: float
    freshness: str
    unverified: bool = False
    spot_status: str = ""
    spot_correction: float = 0.0
    remark: str = ""
    gross_gex: float = 0.0

    @property
    def signed_share(self) -> float:
        """The name's share of the gross weighted GEX, from -1 to 1, with the sign of its GEX; 0 has no sign."""
        return math.copysign(self.contribution_pct / 100, self.gex) if self.contribution_pct else 0.0


class Quota(NamedTuple):
    """A metered source's day: ``limit`` and ``left`` None where unknown or unlimited, ``resets_at`` Unix seconds.

    ``saved`` is what one call a cell would have cost, less what was spent.
    """

    plan: str
    limit: float | None
    used: int
    left: float | None
    unlimited: bool
    resets_at: float
    saved: int


class Reply(NamedTuple):
    """One answered basket, as the client hands it to the functions. Times are Unix seconds, ``client_ttl`` seconds.

    ``freshness`` is FRESH, STALE, EXPIRED or HISTORICAL. ``source`` is what a person reads.
    """

    gex: float
    dex: float
    vex: float
    chex: float
    net_to_gross: float
    covered_weight: float
    negative_names: int
    negative_weight: float
    usable_open_interest: float
    as_of: float
    as_of_newest: float
    fetched_at: float
    freshness: str
    client_ttl: float
    notice: str
    source: str
    synthetic: bool
    convention: str
    missing: tuple[str, ...]
    rows: Sequence[Row]
    chex_kind: str = "computed"
    settings_notice: str = ""
    """What a person should know of the server's settings, mostly nothing."""
    missing_reasons: tuple[str, ...] = ()
    """Beside the missing: why one that has data is left out; empty where no reason is known."""
    distant: bool = False
    """The oldest figure and the newest lie more than a trading day apart."""

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """The missing names, each with its reason or an empty text."""
        return tuple(zip_longest(self.missing, self.missing_reasons[: len(self.missing)], fillvalue=""))

    @property
    def attention(self) -> str:
        """What must be seen before the figures are used, mostly nothing."""
        if not self.distant:
            return ""
        between = f"{_time(self.as_of)} and {_time(self.as_of_newest)} New York"
        return f"ATTENTION: figures between {between}, more than a trading day apart, are added up"

    @property
    def balance(self) -> float | None:
        """Net GEX over gross GEX, contract by contract, in -1..1; None where a name has net figures only."""
        gross = [row.weight * row.gross_gex for row in self.rows if row.weight]
        return self.gex / math.fsum(gross) if gross and all(gross) else None

    @property
    def near_flip(self) -> bool:
        """Whether net GEX is less than 5 % of gross GEX: its sign then says next to nothing."""
        balance = self.balance
        return balance is not None and abs(balance) < BALANCED


class Since(NamedTuple):
    """A basket's regime: since when (Unix seconds, 0 where no other is known), and which it had before ("" likewise)."""

    regime: str
    since: float
    previous: str
    known_from: float = 0.0
    client_ttl: float = 2.0


class LevelFigures(NamedTuple):
    """The levels of one underlying: prices in USD, None where there is none. Times are Unix seconds."""

    underlying_price: float
    gamma_flip: float | None
    gamma_flip_status: str
    call_wall: float | None
    put_wall: float | None
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    highest_oi_strike: float | None
    zero_dte_magnet: float | None
    as_of: float
    client_ttl: float
    gamma_flip_doubts: tuple[str, ...] = ()
    gamma_flip_roots: tuple[float, ...] = ()


class RegimesOf(NamedTuple):
    """The question for a basket's ``Since``."""

    ask: Ask


class LevelsOf(NamedTuple):
    """The question for one underlying's ``LevelFigures``."""

    symbol: str


class QuotaOf(NamedTuple):
    """The question for the ``Quota``."""


class StrikesOf(NamedTuple):
    """The question for one underlying's ``Strikes``. Two fields, so that it is no ``LevelsOf``."""

    symbol: str
    per: str = "strike"


class ProfileOf(NamedTuple):
    """The question for a ``Profile``: a measure ("gex") between two prices in units of the present one."""

    ask: Ask
    measure: str
    between: tuple[float, float]
    levels: int


class Strikes(NamedTuple):
    """One underlying by strike: rows of strike, GEX of calls, of puts, and net, open interest of calls and puts."""

    rows: tuple[tuple[float, ...], ...]
    client_ttl: float


class Profile(NamedTuple):
    """Net exposure over ``moves`` (in units of the present price) and, of one underlying, ``spots`` in USD.

    ``flip`` is the move, nearest none, at which net GEX changes its sign; None where there is none in the range. ``roots`` are
    all of them, ``flip_status`` and ``flip_doubts`` what speaks against trusting the flip.
    """

    moves: tuple[float, ...]
    spots: tuple[float, ...]
    net: tuple[float, ...]
    flip: float | None
    client_ttl: float
    roots: tuple[float, ...] = ()
    flip_status: str = ""
    flip_doubts: tuple[str, ...] = ()


class DispersionOf(NamedTuple):
    """The question for a ``Dispersion``: an index, its members, and a horizon in calendar days."""

    index_symbol: str
    members: Ask
    horizon: float


class Dispersion(NamedTuple):
    """An index against its members: volatilities per 1.00 at the money and at the horizon, None where there is none.

    ``basket_volatility`` is Σ weight · volatility, ``independent_volatility`` √Σ (weight · volatility)²; ``contributions`` are
    symbol and weight · volatility, the largest first. ``missing`` have no volatility at the horizon; ``covered_weight`` is the
    share of the requested weight that had, ``index_covered`` that of the index. Where that is too little, the correlation is
    no number but lies between ``correlation_low`` and ``correlation_high``; ``correlation_status`` says so. Regimes are ""
    where there is no exposure; ``opposed`` are the names whose own regime is not the index's.
    """

    implied_correlation: float | None
    index_volatility: float | None
    basket_volatility: float | None
    independent_volatility: float | None
    contributions: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]
    covered_weight: float
    index_regime: str
    basket_regime: str
    net_to_gross: float | None
    opposed: tuple[str, ...]
    as_of: float
    client_ttl: float
    correlation_low: float | None = None
    correlation_high: float | None = None
    correlation_status: str = ""
    index_covered: float = math.nan


Question = Ask | RegimesOf | LevelsOf | QuotaOf | StrikesOf | ProfileOf | DispersionOf


def asked_about(question: Question) -> Ask | None:
    """Return the basket that BASKETWHY is called with for a question; None for the quota, which is nobody's."""
    if isinstance(question, LevelsOf | StrikesOf):
        return Ask((question.symbol,))
    if isinstance(question, DispersionOf):
        return question.members
    if isinstance(question, QuotaOf):
        return None
    return question if isinstance(question, Ask) else question.ask


Option = bool | int | str | ZoneInfo | None
"""What a function's last argument says: headers, number of names, measure, time zone."""


class BadInput(Exception):
    """The cells do not make a basket; ``problem`` says why, and its ``bad_input`` is True."""

    def __init__(self, code: str, sentence: str, argument: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(code, sentence, argument, bad_input=True)


def ask(symbols: Block | None, weights: Block | None) -> Ask:
    """Return the basket that two arguments ask for. Raises BadInput.

    >>> ask((("NVDA, AMD",),), ((0.6,), (0.4,)))
    Ask(symbols=('NVDA', 'AMD'), weights=(0.6, 0.4))
    """
    if (plain := _plain(symbols, weights)) is not None:
        return plain
    names = _flat(symbols or (), "symbols")
    loads = None if weights is None else _flat(weights, "weights")
    _refuse_errors(names)
    if loads is not None:
        _refuse_errors(loads)
    texts = sum(not _is_blank(cell) for cell in names.cells)
    if not texts:
        raise BadInput("missing_symbols", "No symbols: give at least one ticker.", "symbols")
    if texts > MOST_CELLS:
        sentence = f"{texts:,} symbols are too many for one basket: split it or shorten the range."
        raise BadInput("too_many_symbols", sentence, "symbols")
    if loads is None:
        kept = (_symbol(cell, names.where(i)) for i, cell in enumerate(names.cells, 1) if not _is_blank(cell))
        return Ask(tuple(kept))
    _refuse_mismatch(names, loads)
    pairs: list[tuple[str, float]] = []
    for i, (cell, load) in enumerate(zip_longest(names.cells, loads.cells), 1):
        weight = _weight(load, loads.where(i))
        if not _is_blank(cell):
            pairs.append((_symbol(cell, names.where(i)), weight))
        elif weight:
            sentence = f"{names.unit} {i:,} has a weight but no symbol: write the ticker or clear the weight."
            raise BadInput("invalid_weights", sentence, "weights")
    if not any(weight for _, weight in pairs):
        sentence = "The weights are all zero: give at least one name a weight."
        raise BadInput("invalid_weights", sentence, "weights")
    return Ask(tuple(name for name, _ in pairs), tuple(weight for _, weight in pairs))


def symbol(block: Block | None, argument: str = "symbol") -> str:
    """Return the one ticker that an argument names. Raises BadInput.

    >>> symbol(((None, " nvda "),))
    'nvda'
    """
    names = ask(block, None).symbols
    if len(names) > 1:
        raise BadInput("one_symbol", f"{len(names):,} symbols: give one ticker.", argument)
    return names[0]


def option(name: str, block: Block | None) -> Option:
    """Return what the last argument of function ``name`` says, its default where it is left out or blank. Raises BadInput."""
    read = _OPTIONS.get(name)
    return None if read is None else read(_only(block))


def profile_of(ask: Ask, arguments: Sequence[Block | None]) -> ProfileOf:
    """Return the question of a profile: ``arguments`` are measure, low, high and levels. Raises BadInput."""
    measure, begin, end, levels = (_only(block) for block in (*arguments, None, None, None, None)[:4])
    found = "GEX" if measure is None else measure.strip().upper() if isinstance(measure, str) else ""
    if found not in MEASURES:
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX or CHEX.", "measure")
    between = _ratio(begin, 0.8, "low"), _ratio(end, 1.2, "high")
    if not between[0] < between[1]:
        raise BadInput("invalid_range", "low must be less than high: 0.8 and 1.2, say.", "low")
    points = 60.0 if levels is None else _figure(levels)
    if not 2 <= points <= MOST_LEVELS or points != int(points):
        raise BadInput("invalid_levels", "levels must be a whole number, 2 to 2000.", "levels")
    return ProfileOf(ask, found.lower(), between, int(points))


def flip_of(ask: Ask) -> ProfileOf:
    """Return the question whose answer has a basket's flip."""
    return ProfileOf(ask, "gex", FLIP_REACH, 2)


def dispersion_of(arguments: Sequence[Block | None]) -> DispersionOf:
    """Return the question of DISPERSION: ``arguments`` are index, symbols, weights and horizon. Raises BadInput."""
    index, symbols, weights, days = (*arguments, None, None, None, None)[:4]
    of, members, cell = symbol(index, "index"), ask(symbols, weights), _only(days)
    horizon = 30.0 if cell is None else _figure(cell)
    if not 0 < horizon <= LONGEST:
        sentence = "horizon must be a number of calendar days, above 0 and up to 3650."
        raise BadInput("invalid_horizon", sentence, "horizon")
    return DispersionOf(of, members, horizon)


def dispersion(found: Dispersion) -> Table:
    """Return DISPERSION's rows: name and value, #N/A where there is none; last each member's weight · volatility."""
    figures: tuple[tuple[str, float | str | None], ...] = (
        ("implied correlation", _correlation(found)),
        ("index volatility", found.index_volatility),
        ("mean member volatility", found.basket_volatility),
        ("volatility at correlation 0", found.independent_volatility),
        ("covered weight", found.covered_weight),
        ("no volatility", ", ".join(found.missing)),
        ("index regime", _in_words(found.index_regime) or None),
        ("basket regime", _in_words(found.basket_regime) or None),
        ("net to gross", found.net_to_gross),
        ("opposed to the index", ", ".join(found.opposed) if found.index_regime else None),
        ("correlation", found.correlation_status.replace("_", " ")),
        ("correlation at least", found.correlation_low),
        ("correlation at most", found.correlation_high),
        ("covered part of the index", found.index_covered),
        *((f"contribution {name}", value) for name, value in found.contributions),
    )
    return tuple(
        (name, value if isinstance(value, str) else _number(math.nan if value is None else value))
        for name, value in figures
    )


def _correlation(found: Dispersion) -> float | str | None:
    """Return the implied correlation, or the range that it lies in as a text: that is no number to calculate with."""
    low, high = found.correlation_low, found.correlation_high
    if found.implied_correlation is not None or low is None or high is None:
        return found.implied_correlation
    return f"{low:.2f} to {high:.2f}"


def strikes(found: Strikes, headers: Option = None) -> Table:
    """Return GEXSTRIKES' rows."""
    rows = tuple(tuple(map(_number, row)) for row in found.rows)
    return (STRIKE_HEADINGS, *rows) if headers else rows


def profile(found: Profile, *, moves: bool) -> Table:
    """Return the rows of a profile: the price of its one underlying, or the move of a basket; and the exposure there."""
    across = found.moves if moves else found.spots
    return tuple((_number(x), _number(y)) for x, y in zip(across, found.net, strict=True))


def flip(found: Profile) -> Table:
    """Return BASKETFLIP's row: the move at which a basket's regime changes, 0 being none; its doubts; all such moves."""
    move = CellError.NOT_AVAILABLE if found.flip is None else found.flip - 1
    doubts = doubts_in_words(found.flip_status, found.flip_doubts)
    return ((move, doubts, roots_in_words(found.roots, lambda root: f"{root - 1:+.2%}")),)


def convention_in_words(convention: str) -> str:
    """Return a convention, and whose figures DEX, VEX and CHEX are where they are not the dealers' of the GEX beside them."""
    return f"{convention} ({PLAIN_SUM})" if convention == "flashalpha" else convention


def doubts_in_words(status: str, doubts: Sequence[str]) -> str:
    """Return what there is against a flip, its status first: "sensitive root, several roots"; "available" where nothing is.

    >>> doubts_in_words("sensitive_root", ["several_roots", "sensitive_root"])
    'sensitive root, several roots'
    """
    return ", ".join(word.replace("_", " ") for word in dict.fromkeys((status, *doubts)) if word)


def lasting(roots: Sequence[float], spot: float = 1.0) -> list[float]:
    """Return the roots, ascending, without pairs of them that are nearer each other than LASTING."""
    left: list[float] = []
    for root in roots:
        if left and root - left[-1] < LASTING * spot:
            left.pop()
        else:
            left.append(root)
    return left


def roots_in_words(roots: Sequence[float], write: Callable[[float], str], spot: float = 1.0) -> str:
    """Return all prices, ascending, at which net GEX changes its sign; ``write`` puts one into words.

    >>> roots_in_words([0.9, 0.95, 0.95001, 1.1], lambda root: f"{root:.2f}")
    '0.90, 1.10 and one pair less than 0.01 % apart'
    """
    left = lasting(roots, spot)
    pairs = (len(roots) - len(left)) // 2
    needles = f"{'one pair' if pairs == 1 else f'{pairs} pairs'} less than 0.01 % apart" if pairs else ""
    return " and ".join(part for part in (", ".join(map(write, left)), needles) if part)


def trigger(block: Block | None) -> InputCell:
    """Return the cell whose change makes BASKETREFRESH ask; of a range, the first. An error is a value like others."""
    return block[0][0] if block and block[0] else None


def render(name: str, reply: Reply, option: Option = None) -> Result:
    """Return what the cell of function ``name`` shows for an answered basket; ``option`` is what ``option`` returned."""
    return _RENDERERS[name](reply, option)


def since(found: Since) -> Table:
    """Return BASKETSINCE's row: regime, since when (date serial, New York), the regime before."""
    na = CellError.NOT_AVAILABLE
    moment = serial(found.since, _new_york()) if found.since else na
    return ((_in_words(found.regime) or na, moment, _in_words(found.previous) or na),)


def levels(found: LevelFigures) -> Table:
    """Return GEXLEVELS' rows: name, price, distance from the underlying price as a share of it; #N/A where there is none.

    The flip's row goes on with what there is against it, and with all prices at which net GEX changes its sign.
    """
    spot = found.underlying_price
    named = [("underlying price", spot)]
    named += [(label, getattr(found, field)) for field, label in LEVELS.items()]
    na = CellError.NOT_AVAILABLE
    doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts)
    roots = roots_in_words(found.gamma_flip_roots, "{:,.2f}".format, spot)
    return tuple(
        (
            label,
            na if price is None else _number(price),
            na if price is None or not spot else _number(price / spot - 1),
            *((doubts, roots) if label == LEVELS["gamma_flip"] else (None, None)),
        )
        for label, price in named
    )


def serial(seconds: float, zone: ZoneInfo) -> float:
    """Return a moment as sheets count them: days since 1899-12-30, by the clock of ``zone``."""
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone).replace(tzinfo=None)
    return (local - _EPOCH).total_seconds() / 86_400


def quota(found: Quota) -> Table:
    """Return BASKETQUOTA's row: plan, debits a day, used, left, when the count starts again (UTC), saved."""
    limit: CellValue = "unlimited" if found.unlimited else found.limit
    left: CellValue = "unlimited" if found.unlimited else found.left
    resets = f"{datetime.fromtimestamp(found.resets_at, UTC):%Y-%m-%d %H:%M} UTC"
    return ((found.plan or "unknown", limit, float(found.used), left, resets, float(found.saved)),)


def age(reply: Reply, now: float) -> CellValue:
    """Return the minutes between the basket's oldest figure and ``now`` (Unix seconds); #N/A where they have no age."""
    return CellError.NOT_AVAILABLE if is_historical(reply) else max(0.0, now - reply.as_of) / 60


def is_historical(reply: Reply) -> bool:
    """Tell whether figures are of a fixed past moment, so that no clock applies: they have no age."""
    return reply.freshness == "HISTORICAL"


def _plain(symbols: Block | None, weights: Block | None) -> Ask | None:
    """Return the basket of what nearly every formula has, texts beside as many numbers; None where it takes a closer look."""
    if not symbols or len(symbols) * len(symbols[0]) < 2:
        return None
    if weights is not None and (len(weights) != len(symbols) or len(weights[0]) != len(symbols[0])):
        return None
    names = [cell.strip() for row in symbols for cell in row if type(cell) is str]
    if not all(names) or not len(names) == len(symbols) * len(symbols[0]) <= MOST_CELLS:
        return None
    if weights is None:
        return Ask(tuple(names))
    loads = [cell for row in weights for cell in row if type(cell) is float and math.isfinite(cell)]
    return Ask(tuple(names), tuple(loads)) if len(loads) == len(names) and any(loads) else None


@dataclass(frozen=True, slots=True)
class _Flat:
    """An argument row by row, up to its last used cell. ``count`` is that of all its cells."""

    argument: str
    cells: tuple[InputCell, ...]
    count: int
    rows: int
    columns: int
    unit: str

    def where(self, position: int) -> str:
        """Return how a sentence names a cell, counted from 1."""
        return f"{self.unit} {position:,} of the {self.argument}"


def _flat(block: Block, argument: str) -> _Flat:
    if len(block) == 1 and len(block[0]) == 1 and isinstance(text := block[0][0], str):
        parts = re.split("[,;]", text)
        while len(parts) > 1 and _is_blank(parts[-1]):
            parts.pop()
        return _Flat(argument, tuple(parts), len(parts), len(parts), 1, "Entry")
    columns = len(block[0]) if block else 0
    # A whole column is a million rows: find the last used one before building anything.
    used, blank = len(block), (None,) * columns
    for row in reversed(block):
        if row != blank and not all(map(_is_blank, row)):
            break
        used -= 1
    cells = tuple(islice(chain.from_iterable(block), used * columns))
    return _Flat(
        argument, cells, len(block) * columns, len(block), columns, "Row" if columns == 1 else "Cell"
    )


def _is_blank(cell: InputCell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _refuse_errors(flat: _Flat) -> None:
    for i, cell in enumerate(flat.cells, 1):
        if isinstance(cell, CellError):
            raise BadInput(
                "error_in_range", f"{flat.where(i)} holds an error: correct that cell first.", flat.argument
            )


def _refuse_mismatch(names: _Flat, loads: _Flat) -> None:
    if names.count != loads.count:
        sentence = (
            f"{names.count:,} symbols but {loads.count:,} weights: "
            "give one weight beside each symbol, or none at all."
        )
        raise BadInput("weight_count_mismatch", sentence, "weights")
    shapes = {(flat.rows, flat.columns) for flat in (names, loads)}
    if len(shapes) > 1 and all(min(shape) > 1 for shape in shapes):
        sentence = (
            f"The symbols are {names.rows:,} rows of {names.columns:,} but the weights {loads.rows:,} rows of "
            f"{loads.columns:,}: give both the same shape."
        )
        raise BadInput("weight_count_mismatch", sentence, "weights")


def _symbol(cell: InputCell, where: str) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if not isinstance(cell, str):
        raise BadInput("invalid_symbol", f"{where} is a number: write the ticker as text.", "symbols")
    return cell.strip()


_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?)\s*(%?)")


def _weight(cell: InputCell, where: str) -> float:
    if _is_blank(cell):
        return 0.0
    if isinstance(cell, bool):
        raise BadInput(
            "invalid_weights", f"{where} is {str(cell).upper()}: a weight must be a number.", "weights"
        )
    if isinstance(cell, str):
        found = _NUMBER.fullmatch(cell.strip())
        if found is None:
            raise BadInput(
                "invalid_weights", f"{where} is {_quoted(cell)}: a weight must be a number.", "weights"
            )
        weight = float(found[1]) / (100 if found[2] else 1)
    else:
        weight = float(cell) if isinstance(cell, int | float) else math.nan
    if not math.isfinite(weight):
        raise BadInput("invalid_weights", f"{where} is not a finite number.", "weights")
    return weight


def _quoted(text: str, most: int = 24) -> str:
    shown = "".join(c if c.isprintable() and c not in "\"'" else "?" for c in text[:most])
    return f'"{shown}{"…" if len(text) > most else ""}"'


def _number(value: float) -> CellValue:
    return value if math.isfinite(value) else CellError.NOT_AVAILABLE


def _regime(gex: float) -> str:
    return "positive_gamma" if gex >= 0 else "negative_gamma"


def _in_words(regime: str) -> str:
    """Return a regime as tables for people have it: "negative gamma"."""
    return regime.replace("_", " ")


@cache
def _new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(_new_york()):%Y-%m-%d %H:%M}" if seconds else ""


def _percent(share: float) -> str:
    # Cut, not rounded: 99.96 % must not read 100 %.
    return f"{math.floor(round(share * 1000, 6)) / 10:g} %"


def _table(reply: Reply, headers: bool) -> Table:
    found: list[tuple[CellValue, ...]] = [HEADINGS] if headers else []
    for row in reply.rows:
        figures = (
            row.weight,
            row.underlying_price,
            row.gex,
            row.dex,
            row.vex,
            row.chex,
            row.signed_share,
        )
        found.append((row.symbol, *map(_number, figures), _in_words(_regime(row.gex)), _time(row.as_of)))
    found.extend((symbol, *(None,) * 7, "no data", None) for symbol in reply.missing)
    return tuple(found)


def _status(reply: Reply) -> str:
    """Absolute times only: the text stays in the cell after the clock has moved on."""
    as_of = f"as of {_time(reply.as_of)}"
    if reply.as_of_newest - reply.as_of > _MIXED_AFTER:
        as_of += f" to {_time(reply.as_of_newest)} (mixed)"
    unweighted = ", ".join(row.symbol for row in reply.rows if row.weight == 0)
    unverified = ", ".join(row.symbol for row in reply.rows if row.unverified)
    thin = ", ".join(row.symbol for row in reply.rows if row.spot_status == THIN_QUOTES)
    stale = ", ".join(
        f"{row.symbol} put right by {row.spot_correction:+.2%}"
        for row in reply.rows
        if row.spot_status == STALE_SPOT
    )
    parts = (
        reply.attention,
        f"SYNTHETIC ({reply.source})" if reply.synthetic else reply.source,
        "historical" if is_historical(reply) else "",
        f"{as_of} New York",
        f"convention {convention_in_words(reply.convention)}",
        f"{len(reply.rows)} of {len(reply.rows) + len(reply.missing)} names",
        f"coverage {_percent(reply.covered_weight)}",
        f"no data: {', '.join(reply.missing)}" if reply.missing else "",
        f"no weight: {unweighted}" if unweighted else "",
        _usable(reply.usable_open_interest),
        "" if reply.chex_kind == "computed" else f"CHEX {reply.chex_kind}",
        f"entitlement unverified: {unverified}" if unverified else "",
        f"stale spot: {stale}" if stale else "",
        f"quotes too thin to tell spot's moment: {thin}" if thin else "",
        *dict.fromkeys(row.remark for row in reply.rows),
        reply.notice,
        reply.settings_notice,
    )
    return "; ".join(part for part in parts if part)


def _why(reply: Reply) -> str:
    """Return what keeps a value from being that of the whole basket; OK where nothing does but names without data."""
    left_out = [f"{symbol} is left out: {reason}" for symbol, reason in reply.left_out if reason]
    attention = [f"{reply.attention}."] if reply.attention else []
    return " ".join(attention + left_out) or "OK"


def _usable(share: float) -> str:
    """The share of the open interest that had figures, flagged where the rest is too much to trust them."""
    if share >= 1:
        return ""
    low = "" if share >= ENOUGH else f" (below {_percent(ENOUGH)})"
    return f"usable open interest {_percent(share)}{low}"


def _total(reply: Reply, measure: Option) -> Table:
    rows = [row for row in reply.rows if row.weight]
    sums = {name: _number(math.fsum(getattr(row, name.lower()) for row in rows)) for name in MEASURES}
    return ((sums[measure],),) if isinstance(measure, str) and measure in sums else (tuple(sums.values()),)


def _top(reply: Reply, count: Option) -> Table:
    """Signed shares; contributions that tie stay in the order of the names."""
    most = int(count) if isinstance(count, int) else TOP
    rows = sorted((row for row in reply.rows if row.weight), key=lambda row: -row.contribution_pct)[:most]
    return tuple((row.symbol, row.signed_share) for row in rows)


def _breadth(reply: Reply) -> CellValue:
    rows = len(reply.rows)
    return sum(row.gex >= 0 for row in reply.rows) / rows if rows else CellError.NOT_AVAILABLE


def _only(block: Block | None) -> InputCell:
    """Return the one cell of an argument that takes one; of a range, the first."""
    cell = block[0][0] if block and block[0] else None
    return None if _is_blank(cell) else cell


def _headers(cell: InputCell) -> bool:
    if isinstance(cell, str) and cell.strip().upper() in ("TRUE", "FALSE"):
        return cell.strip().upper() == "TRUE"
    if cell is None or isinstance(cell, bool | int | float):
        return bool(cell)
    raise BadInput("invalid_headers", "The headers argument must be TRUE or FALSE.", "headers")


def _measure(cell: InputCell) -> str:
    found = "ALL" if cell is None else cell.strip().upper() if isinstance(cell, str) else ""
    if found not in (*MEASURES, "ALL"):
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX, CHEX or ALL.", "measure")
    return found


def _count(cell: InputCell) -> int:
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) and not cell.strip().endswith("%"):
        cell = float(cell)
    found = TOP if cell is None else cell
    if isinstance(found, bool | str | CellError) or not 1 <= found <= MOST_CELLS or found != int(found):
        raise BadInput("invalid_n", "n must be a whole number, 1 or more.", "n")
    return int(found)


def _figure(cell: InputCell) -> float:
    """Return the number in a cell, NaN where there is none."""
    if isinstance(cell, str) and (match := _NUMBER.fullmatch(cell.strip())):
        return float(match[1]) / (100 if match[2] else 1)
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else math.nan


def _ratio(cell: InputCell, default: float, argument: str) -> float:
    found = default if cell is None else _figure(cell)
    if not 0 < found < math.inf:
        sentence = (
            f"{argument} must be a number above 0, in units of the present price: 0.9 is 10 % below it."
        )
        raise BadInput("invalid_range", sentence, argument)
    return found


def _zone(cell: InputCell) -> ZoneInfo:
    if cell is None:
        return _new_york()
    if isinstance(cell, str):
        with suppress(KeyError, ValueError, OSError):
            return ZoneInfo(cell.strip())
    raise BadInput("invalid_zone", "The zone is not known: write one such as Europe/London or UTC.", "zone")


def _net(field: str) -> Callable[[Reply, Option], Result]:
    return lambda reply, _: _number(getattr(reply, field))


_MIXED_AFTER = 15 * 60
_EPOCH = datetime(1899, 12, 30)
_OPTIONS: dict[str, Callable[[InputCell], Option]] = {
    "BASKET": _headers,
    "GEXSTRIKES": _headers,
    "BASKETTOTAL": _measure,
    "BASKETTOP": _count,
    "BASKETASOF": _zone,
}
_RENDERERS: dict[str, Callable[[Reply, Option], Result]] = {
    "BASKET": lambda reply, headers: _table(reply, bool(headers)),
    "BASKETTOTAL": _total,
    "BASKETTOP": _top,
    "BASKETASOF": lambda reply, zone: serial(
        reply.as_of, zone if isinstance(zone, ZoneInfo) else _new_york()
    ),
    "BASKETREFRESH": lambda reply, _: serial(reply.as_of, _new_york()),
    "BASKETREGIME": lambda reply, _: _regime(reply.gex),
    "BASKETBREADTH": lambda reply, _: _breadth(reply),
    "BASKETCOUNT": lambda reply, _: float(len(reply.rows)),
    "BASKETMISSING": lambda reply, _: ", ".join(
        f"{symbol} ({reason})" if reason else symbol for symbol, reason in reply.left_out
    ),
    "BASKETCOVERAGE": lambda reply, _: _number(reply.covered_weight),
    "BASKETSTATUS": lambda reply, _: _status(reply),
    "BASKETWHY": lambda reply, _: _why(reply),
}
_RENDERERS.update((f"{kind}{name}", _net(name.lower())) for kind in ("BASKET", "SYMBOL") for name in MEASURES)
