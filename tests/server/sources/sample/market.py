"""What makes a chain look like a market's, as figures, and where those of real chains lie.

The ranges are those of the thirteen chains of 2026-07-10, after that Friday's close, which the test measures where it has them:
Yahoo's option tables. A skew is taken from contracts out of the money, whose prices are quoted: Yahoo's volatilities of those
in the money are some points higher, so that calls alone show 7 to 14 points between the same strikes of the index names.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import YEAR, Chain, new_york_day
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.symbol import exposure

DAY = 86_400.0
TERMS = ("flashalpha", 0.045, 0.013)
INDEXES = ("SPX", "SPY", "QQQ", "IWM")
SINGLES = ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")


class Market(NamedTuple):
    """Figures of one chain; shares are of its unexpired open interest, 0..1.

    ``skew``: volatility of the put one standard deviation below spot less that of the call one above, in vol points, of the
    expiry nearest 30 days; a deviation is volatility at the money times the root of its time. ``upside``: volatility of the
    call two above over that at the money. ``far``: share more than 20 % from spot; ``leaps``: beyond a year; ``largest``: of
    one strike; ``soonest``: of what is within 2 % of spot and expires in seven days, not on a monthly's Friday, the share of
    the first expiry. ``vex`` over gross; ``walls_differ``; ``flip``: its distance from spot, NaN without one.
    """

    skew: float
    upside: float
    far: float
    leaps: float
    largest: float
    soonest: float
    vex: float
    walls_differ: bool
    flip: float


OF_INDEXES = {
    "skew": (3.0, 6.7),
    "upside": (0.88, 0.93),
    "far": (0.22, 0.39),
    "leaps": (0.077, 0.173),
    "largest": (0.02, 0.09),
    "soonest": (0.20, 0.46),
    "vex": (-0.74, 0.0),
    "flip": (-0.02, 0.03),
}
OF_SINGLES = {
    "skew": (-4.8, 3.8),
    "upside": (1.04, 1.19),
    "far": (0.22, 0.80),
    "leaps": (0.077, 0.173),
    "largest": (0.02, 0.09),
    "flip": (-0.19, 0.05),
}


def measure(chain: Chain) -> Market:
    """Return what a chain looks like."""
    days = (chain.expiry - chain.as_of) / DAY
    held = np.where(np.isfinite(chain.open_interest) & (days > 0), chain.open_interest, 0.0)
    distance = np.abs(chain.strike / chain.spot - 1)
    skew, upside = _smile(chain, days)
    _, strikes = np.unique(chain.strike, return_inverse=True)
    monthly = np.array([_third_friday(at) for at in chain.expiry.tolist()])
    daily = (distance <= 0.02) & (days > 0) & (days < 7.6) & ~monthly
    first = days == days[days > 0].min()
    found, its = exposure(chain, *TERMS), levels(chain, *TERMS)
    assert found and found.call and found.put and its
    return Market(
        skew=skew,
        upside=upside,
        far=_share(held, distance > 0.2),
        leaps=_share(held, days > 365),
        largest=float(np.bincount(strikes, held).max() / held.sum()),
        soonest=_share(np.where(daily, held, 0.0), first),
        vex=found.net.vex / (abs(found.call.vex) + abs(found.put.vex)),
        walls_differ=its.call_wall != its.put_wall,
        flip=np.nan if its.gamma_flip is None else its.gamma_flip / chain.spot - 1,
    )


def _smile(chain: Chain, days: Floats) -> tuple[float, float]:
    usable = (days > 0) & (chain.volatility > 0.01)
    nearest = days[usable][np.argmin(np.abs(days[usable] - 30))]
    here = usable & (days == nearest)

    def at(move: float, is_call: bool) -> float:
        side = here & (chain.is_call == is_call)
        order = np.argsort(chain.strike[side])
        strike, volatility = chain.strike[side][order], chain.volatility[side][order]
        return float(np.interp(move, np.log(strike / chain.spot), volatility))

    middle = (at(0.0, True) + at(0.0, False)) / 2
    deviation = middle * (nearest * DAY / YEAR) ** 0.5
    return 100 * (at(-deviation, False) - at(deviation, True)), at(2 * deviation, True) / middle


def _share(held: Floats, part: Floats) -> float:
    total = held.sum()
    return float(held[part].sum() / total) if total > 0 else np.nan


def _third_friday(at: float) -> bool:
    day = new_york_day(at)
    return day is not None and day.weekday() == 4 and 15 <= day.day <= 21
