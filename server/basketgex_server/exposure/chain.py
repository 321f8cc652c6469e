"""An option chain as columns, the instants at which contracts expire, and which contracts count.

Years are ACT/365 between instants: elapsed seconds / 86,400 / 365, so that a daylight-saving change is an hour like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.black_scholes import Floats

Flags = npt.NDArray[np.bool_]

NEW_YORK = ZoneInfo("America/New_York")
YEAR = 86_400.0 * 365.0
DAYS_PER_YEAR = 365.0
MULTIPLIER = 100.0
"""Units of the underlying in one contract."""

AM_SETTLED = frozenset({"SPX", "NDX", "RUT", "VIX"})
"""Roots that settle on the opening prices of their expiry day; their W and P siblings settle at the close."""
_OPEN, _CLOSE = time(9, 30), time(16, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """All contracts of one underlying at one moment, one row each.

    ``spot`` and ``strike`` f64[n] in USD; ``as_of``, ``oi_as_of`` (0: unknown) and ``expiry`` f64[n] in Unix seconds, the
    last being the instant of expiry; ``volatility`` f64[n] per 1.00, NaN or anything not above 0 where absent;
    ``open_interest`` f64[n] in contracts, NaN or negative counting as none; ``other_root`` counts the contracts that were
    kept out because their root is not the symbol's. Raises ValueError where the columns differ in length.
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

    def __post_init__(self) -> None:
        shapes = {
            c.shape for c in (self.strike, self.is_call, self.expiry, self.volatility, self.open_interest)
        }
        if len(shapes) != 1 or len(shapes.pop()) != 1:
            raise ValueError("the columns of a chain must be vectors of one length")

    def __len__(self) -> int:
        return len(self.strike)

    def years(self) -> Floats:
        """Return the time to expiry in years, f64[n]; negative where it has passed."""
        return (self.expiry - self.as_of) / YEAR


class Rows(NamedTuple):
    """What becomes of each row of a chain: flags bool[n], and its open interest f64[n] with the absent as 0."""

    used: Flags
    expired: Flags
    no_volatility: Flags
    open_interest: Floats


def rows(chain: Chain) -> Rows:
    """Sort a chain's rows. A row that counts has open interest, time left, a volatility and a strike.

    A row whose numbers cannot be computed with (an infinite volatility, a strike of 0) goes with those that have no
    volatility.
    """
    given = np.isfinite(chain.open_interest) & (chain.open_interest > 0)
    expired = chain.expiry <= chain.as_of
    computable = np.isfinite(chain.expiry)
    for column in (chain.volatility, chain.strike):
        computable &= np.isfinite(column) & (column > 0)
    live = given & ~expired
    return Rows(live & computable, expired, live & ~computable, np.where(given, chain.open_interest, 0.0))


def belongs(root: str, symbol: str) -> bool:
    """Return whether contracts of a root are on the symbol itself, not on what a corporate action made of it.

    >>> [belongs(r, s) for r, s in (("SPXW", "SPX"), ("NDXP", "NDX"), ("BRKB", "BRK.B"), ("AMD1", "AMD"))]
    [True, True, True, False]
    """
    plain = symbol.replace(".", "")
    return root in (plain, plain + "W") or (root, plain) == ("NDXP", "NDX")


def expiry_instant(day: date, root: str) -> float:
    """Return the Unix seconds at which contracts of a root expire on a day: 16:00 New York, 09:30 where AM-settled.

    >>> expiry_instant(date(2022, 12, 16), "SPXW") - expiry_instant(date(2022, 12, 16), "SPX")
    23400.0
    """
    return _instant(day, root in AM_SETTLED)


@lru_cache(maxsize=4096)
def _instant(day: date, am_settled: bool) -> float:
    return datetime.combine(day, _OPEN if am_settled else _CLOSE, NEW_YORK).timestamp()
