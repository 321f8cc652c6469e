"""What expires on one day, by itself: its exposures and levels, and the move that its volatility at the money means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from basketgex_server.domain import SymbolExposure, Terms
from basketgex_server.exposure.chain import YEAR, Chain, rows
from basketgex_server.exposure.dispersion import volatility_at
from basketgex_server.exposure.expirations import days, days_to, on_day
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.max_pain import MaxPain, max_pain
from basketgex_server.exposure.symbol import exposure

WEEK = 7


@dataclass(frozen=True, slots=True)
class Expiring:
    """The contracts of one day; volatilities per 1.00, moves and prices in USD, None where there is none.

    ``share_pct``: its gross GEX (calls and puts without their signs) in per cent of the whole chain's.
    ``volatility`` at the money; ``move``: spot · volatility · √(time left).
    ``straddle``: the middle price of call and put at the strike nearest spot.
    ``week``: the volatility at the money of the day nearest a week away, another than this.
    ``smile`` gives a strike's volatility, of calls and of puts.
    """

    day: date
    found: SymbolExposure
    levels: Levels
    pain: MaxPain | None
    contracts: int
    share_pct: float
    whole: SymbolExposure
    volatility: float | None
    move: float | None
    straddle: float | None
    week: float | None
    smile: dict[float, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True)
class NothingExpires:
    """No contract with a figure expires on the day; ``following`` is the next on which one does."""

    spot: float
    as_of: float
    following: date | None


def expiring(chain: Chain, terms: Terms, day: date) -> Expiring | NothingExpires | None:
    """Return what expires on a day; None where the chain as a whole has no exposure."""
    whole = exposure(chain, *terms)
    if whole is None:
        return None
    part = on_day(chain, day)
    found, known = exposure(part, *terms), levels(part, *terms)
    if found is None or known is None:
        later = (other for other in days(chain) if other > day)
        return NothingExpires(chain.spot, chain.as_of, next(later, None))
    used = rows(part).used
    volatility = at_the_money(part)
    left = float((part.expiry[used] - part.as_of).max()) / YEAR
    gross = _gross(whole)
    return Expiring(
        day=day,
        found=found,
        levels=known,
        pain=max_pain(part),
        contracts=int(np.count_nonzero(used)),
        share_pct=min(100.0, 100.0 * _gross(found) / gross) if gross > 0 else 0.0,
        whole=whole,
        volatility=volatility,
        move=None if volatility is None else chain.spot * volatility * math.sqrt(left),
        straddle=straddle(part),
        week=_week(chain, day),
        smile=_smile(part),
    )


def at_the_money(chain: Chain) -> float | None:
    """Return the volatility per 1.00 at spot of a chain of one expiry, between its strikes, calls and puts averaged."""
    used = rows(chain).used
    return volatility_at(chain.strike[used], chain.volatility[used], chain.spot) if used.any() else None


def straddle(chain: Chain) -> float | None:
    """Return the middle price, USD, of call and put at the strike nearest spot; None where either has no price.

    Of several expiries in the chain the first counts.
    """
    if chain.bid is None or chain.ask is None:
        return None
    with np.errstate(invalid="ignore"):
        priced = (chain.bid > 0) & (chain.ask >= chain.bid) & (chain.expiry > chain.seen_at)
    if not priced.any():
        return None
    priced &= chain.expiry == chain.expiry[priced].min()
    both = set(chain.strike[priced & chain.is_call].tolist()) & set(
        chain.strike[priced & ~chain.is_call].tolist()
    )
    if not both:
        return None
    nearest = min(both, key=lambda strike: (abs(strike - chain.spot), strike))
    middle = (chain.bid + chain.ask) / 2
    at = priced & (chain.strike == nearest)
    return float(middle[at & chain.is_call].mean() + middle[at & ~chain.is_call].mean())


def _week(chain: Chain, day: date) -> float | None:
    others = [other for other in days(chain) if other != day]
    nearest = min(others, key=lambda other: abs(days_to(chain, other) - WEEK), default=None)
    return at_the_money(on_day(chain, nearest)) if nearest else None


def _smile(chain: Chain) -> dict[float, tuple[float | None, float | None]]:
    used = rows(chain).used

    def side(kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> dict[float, float]:
        return dict(zip(chain.strike[kept].tolist(), chain.volatility[kept].tolist(), strict=True))

    calls, puts = side(used & chain.is_call), side(used & ~chain.is_call)
    return {strike: (calls.get(strike), puts.get(strike)) for strike in {**calls, **puts}}


def _gross(found: SymbolExposure) -> float:
    return sum(abs(side.gex) for side in (found.call, found.put) if side)
