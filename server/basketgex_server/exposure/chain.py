"""An option chain as columns, the instants at which contracts expire, and which contracts count.

Years are counted in one of three ways (``Chain.years``). ``act365``, the default: elapsed seconds / 86,400 / 365 between
instants, so that a daylight-saving change is an hour like any other. ``bus262`` and ``bus252``, as published scripts count:
business days (Monday to Friday, holidays among them) from the chain's day to the expiry's, at least one, over 262 or 252.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from basketgex_server.domain import DAY_COUNT, DayCount, Forward
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.market_hours import CLOSE, NEW_YORK, OPEN

YEAR = 86_400.0 * 365.0
DAYS_PER_YEAR = 365.0
SHORTEST = 60.0
"""Seconds that a contract which has not expired has at least: as time runs out, gamma at the money grows without end."""
_BUSINESS_YEAR = {"bus262": 262.0, "bus252": 252.0}
MULTIPLIER = 100.0
"""Units of the underlying in one contract."""

_MORNING = (
    "SPX NDX RUT VIX VIXW DJX RUI RLG RLV BKX SIXB SIXC SIXE SIXI SIXM SIXR SIXRE SIXT SIXU SIXV SIXY "
    "CBTX MBTX MGTN SPEQX SPIKE"
)
AM_SETTLED = frozenset(_MORNING.split())
"""Roots that settle on the opening prices of their expiry day; their siblings with a W or a P settle at the close.

Source: the exchanges' contract specifications, listed with their addresses in docs/method.md.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """All contracts of one underlying at one moment, one row each.

    ``spot`` and ``strike`` f64[n] in USD; ``as_of``, ``oi_as_of`` (0: unknown) and ``expiry`` f64[n] in Unix seconds, the
    last being the instant of expiry; ``volatility`` f64[n] per 1.00, NaN or anything not above 0 where absent;
    ``open_interest`` f64[n] in contracts, NaN or negative counting as none; ``other_root`` counts the contracts that were
    kept out because their root is not the symbol's; ``bid`` and ``ask`` f64[n] in USD, None where the source has none (then or
    where NaN or not above 0 there is no price); ``volume`` f64[n] in contracts traded on the chain's day, likewise;
    ``dividend_yield`` f64[n] per year, in place of the one that everything is computed with, None where that serves, and
    ``forwards`` what they were taken from. ``spot_status`` says whether spot is of
    the quotes' moment (SPOT_AGREES, SPOT_STALE, SPOT_THIN; empty where nobody looked), and ``spot_correction`` is the ln of
    what it was multiplied by. ``made_at`` (0: unknown) is when the chain was written down, later than its quotes where the
    market had closed; ``repeated`` counts rows that said again what another said, ``implausible`` volatilities beyond any
    market, taken as absent; ``gaps`` says for a person where there are only calls or only puts, or a trade is later than the
    moment. Raises ValueError where the columns differ in length.
    """

    symbol: str
    spot: float
    as_of: float
    strike: Floats
    is_call: Flags
    expiry: Floats
    volatility: Floats
    open_interest: Floats
    oi_as_of: float = 0.0
    other_root: int = 0
    bid: Floats | None = None
    ask: Floats | None = None
    dividend_yield: Floats | None = None
    forwards: tuple[Forward, ...] = ()
    spot_status: str = ""
    spot_correction: float = 0.0
    made_at: float = 0.0
    repeated: int = 0
    implausible: int = 0
    gaps: str = ""
    volume: Floats | None = None

    def __post_init__(self) -> None:
        columns = (self.strike, self.is_call, self.expiry, self.volatility, self.open_interest)
        shapes = {c.shape for c in (*columns, self.dividend_yield) if c is not None}
        if len(shapes) != 1 or len(shapes.pop()) != 1:
            raise ValueError("the columns of a chain must be vectors of one length")

    def __len__(self) -> int:
        return len(self.strike)

    @property
    def remark(self) -> str:
        """What a person should know before trusting its figures, with its symbol; empty where there is nothing."""
        if not (self.repeated or self.gaps):
            return ""
        rows = "1 row stands" if self.repeated == 1 else f"{self.repeated:,} rows stand"
        again = f"{rows} there again; each contract counts once" if self.repeated else ""
        said = "; ".join(filter(None, (again, self.gaps)))
        return f"{self.symbol}: {said}" if said else ""

    @property
    def seen_at(self) -> float:
        """The later of ``as_of`` and ``made_at``: what had expired by then is gone, whenever it was last quoted."""
        return max(self.as_of, self.made_at)

    def years(self, day_count: DayCount = DAY_COUNT) -> Floats:
        """Return the time to expiry in years, f64[n]: of no use where it has passed, NaN where it is beyond the calendar."""
        if day_count == "act365":
            return elapsed_years(self.expiry, self.as_of)
        return np.maximum(_business_days(self), 1.0) / _BUSINESS_YEAR[day_count]

    def yields(self, given: float) -> float | Floats:
        """Return the dividend yield of every contract: its own f64[n], or the one given."""
        return given if self.dividend_yield is None else self.dividend_yield

    def only(self, kept: Flags) -> Chain:
        """Return the chosen rows, bool[n], as a chain; the chain itself where they are all."""
        if kept.all():
            return self
        columns = (
            "strike",
            "is_call",
            "expiry",
            "volatility",
            "open_interest",
            "bid",
            "ask",
            "dividend_yield",
            "volume",
        )
        present = {name: column for name in columns if (column := getattr(self, name)) is not None}
        return replace(self, **{name: column[kept] for name, column in present.items()})


def elapsed_years(expiry: Floats, as_of: float | Floats) -> Floats:
    """Return the years of ``act365`` from a moment, one for all or one each, to instants f64[n]: see ``Chain.years``."""
    elapsed = expiry - as_of
    return np.where(elapsed > 0, np.maximum(elapsed, SHORTEST), elapsed) / YEAR


class Rows(NamedTuple):
    """What becomes of each row of a chain: flags bool[n], and its open interest f64[n] with the absent as 0."""

    used: Flags
    expired: Flags
    no_volatility: Flags
    open_interest: Floats

    def only(self, part: slice) -> Rows:
        """Return a part of them."""
        return Rows(self.used[part], self.expired[part], self.no_volatility[part], self.open_interest[part])


def rows(chain: Chain) -> Rows:
    """Sort a chain's rows. A row that counts has open interest, time left, a volatility and a strike.

    A row whose numbers cannot be computed with (an infinite volatility, a strike of 0) goes with those that have no
    volatility.
    """
    return sort_rows(chain.strike, chain.expiry, chain.volatility, chain.open_interest, chain.seen_at)


def sort_rows(
    strike: Floats, expiry: Floats, volatility: Floats, open_interest: Floats, seen_at: float | Floats
) -> Rows:
    """Sort rows by their columns, as ``rows`` does those of a chain; ``seen_at`` is one for all, or a column."""
    given = np.isfinite(open_interest) & (open_interest > 0)
    expired = expiry <= seen_at
    computable = np.isfinite(expiry)
    for column in (volatility, strike):
        computable &= np.isfinite(column) & (column > 0)
    live = given & ~expired
    return Rows(live & computable, expired, live & ~computable, np.where(given, open_interest, 0.0))


def new_york_day(at: float) -> date | None:
    """Return the day in New York of a moment in Unix seconds; None where it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(at, NEW_YORK).date()
    except (OverflowError, ValueError, OSError):
        return None


def _business_days(chain: Chain) -> Floats:
    """Return the business days from the chain's day to each row's expiry, f64[n]; NaN where a day is beyond the calendar."""
    today = new_york_day(chain.as_of)
    instants, place = np.unique(chain.expiry, return_inverse=True)
    days = [new_york_day(at) for at in instants.tolist()]
    counts = [np.busday_count(today, day) if today and day else np.nan for day in days]
    return np.array(counts, dtype=np.float64)[place]


_SIBLINGS = {("NDXP", "NDX"), ("SPEQW", "SPEQX")}
"""Roots on a symbol itself that are not called as it is, nor so with a W."""


def belongs(root: str, symbol: str) -> bool:
    """Return whether contracts of a root are on the symbol itself, not on what a corporate action made of it.

    >>> [belongs(r, s) for r, s in (("SPXW", "SPX"), ("NDXP", "NDX"), ("BRKB", "BRK.B"), ("AMD1", "AMD"))]
    [True, True, True, False]
    """
    plain = symbol.replace(".", "")
    return root in (plain, plain + "W") or (root, plain) in _SIBLINGS


def expiry_instant(day: date, root: str, close: time = CLOSE) -> float:
    """Return the Unix seconds at which contracts of a root expire on a day: at New York's close, 09:30 where AM-settled.

    >>> expiry_instant(date(2022, 12, 16), "SPXW") - expiry_instant(date(2022, 12, 16), "SPX")
    23400.0
    """
    return _instant(day, OPEN if root in AM_SETTLED else close)


@lru_cache(maxsize=4096)
def _instant(day: date, clock: time) -> float:
    return datetime.combine(day, clock, NEW_YORK).timestamp()
