"""The values everything speaks in. Frozen; units in their docstrings.

Units throughout: GEX is USD of dealer delta per 1 % move of the underlying; DEX is USD of delta; VEX is USD of delta per
vol point; CHEX is USD of delta per calendar day. Times are Unix seconds, UTC. A convention says which sign the put side has:
under ``flashalpha`` DEX, VEX and CHEX are plain sums over all open interest, not the dealers' of the GEX beside them.

One file: whoever looks for a value's unit looks here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from basketgex_server.lazy_rows import LazyRows

Convention = Literal["flashalpha", "dealer"]
CONVENTIONS: tuple[Convention, ...] = ("flashalpha", "dealer")
Regime = Literal["positive_gamma", "negative_gamma"]
DayCount = Literal["act365", "bus262", "bus252"]
DAY_COUNTS: tuple[DayCount, ...] = ("act365", "bus262", "bus252")
DAY_COUNT: DayCount = "act365"
"""How years to expiry are counted: see ``Chain.years``."""
YEARS = range(1990, 2100)
"""Of any other year there is no chain: it is a mistake, or of another calendar, such as 1404 in Iran and 2568 in Thailand."""
SCHEMA_VERSION = 1
LEAST_PACE, LONGEST_PACE = 1.0, 3_600.0
"""Seconds between two messages of a watch: a client may ask for anything, and gets what lies between."""
EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""Nothing by name, where nobody needs a dict of their own."""
SKEW = 120.0
"""Seconds by which two clocks may differ: what lies further in the future never was, whoever wrote it down."""


class Measures(NamedTuple):
    """The four exposures, in USD: per 1 % move, of delta, per vol point, per calendar day."""

    gex: float
    dex: float
    vex: float
    chex: float


def regime(gex: float) -> Regime:
    """Return the regime that a net GEX means: zero counts as positive."""
    return "positive_gamma" if gex >= 0 else "negative_gamma"


BALANCED = 0.05
"""A balance smaller than this, either way, is near its flip."""


def near_flip(balance: float | None) -> bool:
    """Return whether a balance, net GEX over gross GEX, is so small that the regime says next to nothing; None: not known.

    >>> near_flip(-0.018), near_flip(0.364), near_flip(None)
    (True, False, False)
    """
    return balance is not None and abs(balance) < BALANCED


class Terms(NamedTuple):
    """What a chain's exposures are computed with; rate and dividend yield continuously compounded, per year."""

    convention: Convention
    rate: float
    dividend_yield: float
    day_count: DayCount = DAY_COUNT


IMPLIED = "q implied"
"""Dividend yields are those that put-call parity means, where it can be trusted."""


SPOT_AGREES = "agrees"
"""Spot is of the moment of the quotes, as far as put-call parity can tell."""
SPOT_STALE = "stale_spot"
"""It is not, and was put right by what all forwards together say."""
SPOT_THIN = "thin_quotes"
"""Too few expiries are quoted well enough to tell."""


class Freshness(IntEnum):
    """How old a figure is to its rules. The larger, the worse, but for HISTORICAL, to which no clock applies."""

    FRESH = 1
    STALE = 2
    EXPIRED = 3
    HISTORICAL = 4


class RowCounts(NamedTuple):
    """What became of a chain's contracts.

    ``used``: open interest, a volatility and time left; ``expired``: the expiry had passed; ``no_volatility``: open interest
    and time left, but no volatility; ``other_root``: an adjusted root, kept out. Of rows: ``repeated`` said again what another
    said, ``implausible`` had a volatility beyond any market (above 500 %), which counts as absent.
    """

    used: int
    expired: int
    no_volatility: int
    other_root: int = 0
    repeated: int = 0
    implausible: int = 0


class Forward(NamedTuple):
    """What put-call parity says of one expiry (Unix seconds): ``forward`` in USD and the dividend yield per year it means.

    ``pairs`` of a call and a put were used; ``spread`` is the distance between the quartiles of their forwards, relative to
    the median. ``trusted``: both are good enough to compute with.
    """

    expiry: float
    forward: float
    dividend_yield: float
    pairs: int
    spread: float
    trusted: bool


class StrikeRow(NamedTuple):
    """One strike's exposures, calls and puts apart and signed so that they add up to the net."""

    strike: float
    call: Measures
    put: Measures
    call_open_interest: float
    put_open_interest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> StrikeRow:
        """Return a row of its eleven figures: the strike, the call's measures, the put's, and their open interest."""
        return cls(figures[0], Measures(*figures[1:5]), Measures(*figures[5:9]), figures[9], figures[10])


class StrikeRows(LazyRows[StrikeRow]):
    """Rows by strike, of the figures of ``StrikeRow.of``."""

    __slots__ = ()
    WIDTH = 11
    row = staticmethod(StrikeRow.of)


class ExpiryRow(NamedTuple):
    """The exposures of what expires at one instant (Unix seconds), calls and puts apart as in StrikeRow.

    ``zero_dte``: that is on the chain's own day in New York. ``dividend_yield``: what it was computed with.
    """

    expiry: float
    zero_dte: bool
    call: Measures
    put: Measures
    call_open_interest: float
    put_open_interest: float
    dividend_yield: float = 0.0

    @classmethod
    def of(cls, figures: Sequence[float]) -> ExpiryRow:
        """Return a row of its thirteen figures: a StrikeRow's, the expiry for a strike; zero_dte as 1 or 0; the yield."""
        row = StrikeRow.of(figures)
        return cls(row.strike, bool(figures[11]), *row[1:], dividend_yield=figures[12])


class ExpiryRows(LazyRows[ExpiryRow]):
    """Rows by expiry, of the figures of ``ExpiryRow.of``."""

    __slots__ = ()
    WIDTH = 13
    row = staticmethod(ExpiryRow.of)


@dataclass(frozen=True, slots=True)
class SymbolExposure:
    """The exposure of one underlying.

    ``call`` and ``put`` are signed so that their sum is ``net``; None where the source gives net figures only. ``strikes``
    and ``expiries``, both ascending, are empty where the source gives none, or where the figure comes from the store.
    ``forwards`` are those of put-call parity, where dividend yields are implied; ``spot_status`` says then whether spot is
    of the quotes' moment (SPOT_AGREES, SPOT_STALE, SPOT_THIN) and ``spot_correction`` is the ln of what it was multiplied by.
    ``usable_open_interest`` is the share of the unexpired open interest that had a volatility. ``oi_as_of`` is 0 where unknown.
    ``unverified``: the source does not check whether the plan covers this name. ``remark``
    is what a person should know of the chain, mostly nothing.
    """

    symbol: str
    underlying_price: float
    net: Measures
    as_of: float
    oi_as_of: float = 0.0
    call: Measures | None = None
    put: Measures | None = None
    rows: RowCounts | None = None
    usable_open_interest: float = 1.0
    unverified: bool = False
    remark: str = ""
    strikes: Sequence[StrikeRow] = field(default=(), compare=False, repr=False)
    expiries: Sequence[ExpiryRow] = field(default=(), compare=False, repr=False)
    forwards: tuple[Forward, ...] = field(default=(), compare=False, repr=False)
    spot_status: str = ""
    spot_correction: float = 0.0

    @property
    def gross_gex(self) -> float | None:
        """GEX of calls and puts without their signs, contract by contract; None where the source gives net figures only."""
        return None if self.call is None or self.put is None else abs(self.call.gex) + abs(self.put.gex)

    @property
    def balance(self) -> float | None:
        """Net GEX over gross GEX, in -1..1; None where there is no gross GEX."""
        return self.net.gex / self.gross_gex if self.gross_gex else None

    @property
    def zero_dte(self) -> Measures:
        """The part of ``net`` that expires on the chain's own day in New York: of no meaning where ``expiries`` is empty."""
        today = [row for row in self.expiries if row.zero_dte]
        return Measures(*(sum(row.call[m] + row.put[m] for row in today) for m in range(4)))


class Snapshot(NamedTuple):
    """A figure as it was fetched. ``fetched_at`` is the server's clock, ``exposure.as_of`` the source's."""

    exposure: SymbolExposure
    fetched_at: float

    def by(self, now: float) -> Snapshot:
        """Return it by a clock that may be behind the fetching server's: it has come by ``now``."""
        return self if self.fetched_at <= now + SKEW else self._replace(fetched_at=now)


class Failure(NamedTuple):
    """What something ran into the last time it was asked for; times in Unix seconds.

    It happened at ``failed_at``, the ``failures``-th time in a row, and there is no other call for it before ``until``.
    ``tried``: an explicit request may not try either, or has tried in vain.
    """

    code: str
    reason: str
    sentence: str
    failures: int
    failed_at: float
    until: float
    tried: bool = False


class Origin(NamedTuple):
    """Where figures come from and how they were made. Figures of different origin are never mixed.

    ``source`` is the kind, ``location`` its folder or base URL (never shown), ``label`` what a person reads. ``rate`` and
    ``dividend_yield`` are continuously compounded, per year; single names have ``stock_dividend_yield``, None where there is
    no difference; ``by_symbol`` names the symbols that have others, and says IMPLIED where every expiry may have its own, in a
    text that differs where they do. ``chex`` as published: its unit and sign are not established.
    """

    source: str
    label: str
    location: str = ""
    convention: Convention = "flashalpha"
    rate: float = 0.0
    dividend_yield: float = 0.0
    stock_dividend_yield: float | None = None
    day_count: DayCount = DAY_COUNT
    synthetic: bool = False
    historical: bool = False
    chex: Literal["computed", "as published"] = "computed"
    by_symbol: str = ""

    @property
    def of_stocks(self) -> float:
        """The dividend yield of single names: that of all, where they have none of their own."""
        return self.dividend_yield if self.stock_dividend_yield is None else self.stock_dividend_yield

    @property
    def key(self) -> str:
        """The stored figures' key, all but the symbol."""
        return "|".join(
            (
                self.source,
                self.location,
                self.convention,
                repr(self.rate),
                repr(self.dividend_yield),
                self.day_count,
                f"v{SCHEMA_VERSION}",
                *(() if self.of_stocks == self.dividend_yield else (f"s{self.of_stocks!r}",)),
                *((self.by_symbol,) if self.by_symbol else ()),
            )
        )


class Basket(NamedTuple):
    """A question: distinct symbols in the order asked, each with its weight on the scale given (finite, ≥ 0, sum > 0)."""

    symbols: tuple[str, ...]
    weights: tuple[float, ...]

    @property
    def unweighted(self) -> tuple[str, ...]:
        """The symbols with weight 0."""
        return tuple(s for s, w in zip(self.symbols, self.weights, strict=True) if w == 0)


class Constituent(NamedTuple):
    """A name of an answered basket: its renormalised weight and its share, in per cent, of the gross weighted GEX."""

    exposure: SymbolExposure
    weight: float
    contribution_pct: float


class BasketExposure(NamedTuple):
    """An answered basket.

    ``net`` is Σ weight · exposure over the constituents (a weighted mean), ``net_to_gross`` is net GEX over
    Σ |weight · GEX| in -1..1 (0 where that is 0), ``covered_weight`` the share of the requested weight that had data,
    ``negative_names`` and ``negative_weight`` the breadth: how many constituents have negative GEX, and what they weigh.
    """

    constituents: tuple[Constituent, ...]
    missing: tuple[str, ...]
    net: Measures
    net_to_gross: float
    covered_weight: float
    negative_names: int
    negative_weight: float
    usable_open_interest: float

    @property
    def balance(self) -> float | None:
        """Net GEX over Σ weight · gross GEX, contract by contract, in -1..1; None where a name has no gross GEX.

        Where ``net_to_gross`` is over names, each already net of its calls and puts: nine of one sign make that 1.
        """
        gross = [(c.weight, c.exposure.gross_gex) for c in self.constituents if c.weight > 0]
        if not gross or not all(g for _, g in gross):
            return None
        return self.net.gex / math.fsum(w * (g or 0.0) for w, g in gross)


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """What a metered source says of its quota: debits a day and left, None where it does not say; ``reset_at`` Unix seconds."""

    limit: int | None
    remaining: int | None
    reset_at: float | None = None
    unlimited: bool = False
    plan: str = ""


class Fetched(NamedTuple):
    """What one source call brought: exposures by symbol, and the symbols that have no data.

    ``failed`` names symbols whose data is there but cannot be used (a broken chain), with the sentence that says why.
    ``chains`` are those that the exposures were made of, where the source has them. Its ``repr`` counts: written out, hundreds
    of chains take as long as working them out, and asyncio writes out what a task returned.
    """

    exposures: Mapping[str, SymbolExposure]
    missing: frozenset[str] = frozenset()
    failed: Mapping[str, str] = EMPTY
    chains: Mapping[str, Any] = EMPTY

    def __repr__(self) -> str:
        return f"<Fetched {len(self.exposures)}, missing {len(self.missing)}, failed {len(self.failed)}>"


def levels_between(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return ``count`` prices, at least 2, equally far apart, from ``low`` to ``high``, both among them.

    >>> levels_between(0.5, 1.5, 5)
    (0.5, 0.75, 1.0, 1.25, 1.5)
    """
    step = (high - low) / (count - 1)
    return (*(low + i * step for i in range(count - 1)), high)
