"""How the sample's chains are drawn: expiries, strikes, a smile, and open interest that looks like a market's.

All chance comes from counters run through splitmix64 (Steele, Lea, Flood 2014), whose whole numbers no version of any library
can change; what is worked out from it is rounded, so that the last bits of exp and log do not matter.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.chain import AM_SETTLED, YEAR, Chain, expiry_instant
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.sample.names import AS_OF, Name

_WEEKLIES = (date(2026, 9, 25), date(2026, 10, 2), date(2026, 10, 9), date(2026, 10, 23), date(2026, 10, 30))
_MONTHLIES = (
    date(2026, 9, 18),
    date(2026, 10, 16),
    date(2026, 11, 20),
    date(2026, 12, 18),
    date(2027, 1, 15),
    date(2027, 3, 19),
    date(2027, 6, 17),  # the Friday is the Juneteenth holiday
    date(2028, 1, 21),
)
_DAILIES = tuple(date(2026, 9, day) for day in (16, 17, 21, 22, 23, 24, 28, 29, 30))
_SETTLED = "2026-09-16T08:00"

_LONGEST_REACH = 0.5
_MISSING_VOLATILITY = 0.01
_STEPS = ((25.0, 0.5), (100.0, 1.0), (250.0, 2.5), (800.0, 5.0), (2000.0, 10.0), (float("inf"), 25.0))


class _Series(NamedTuple):
    root: str
    day: date
    weight: float


def draw(symbol: str, name: Name) -> Chain:
    """Return the invented chain of a name, the same every time."""
    as_of = _seconds(AS_OF)
    series = list(_series(symbol, name.daily))
    instants = [expiry_instant(s.day, s.root) for s in series]
    grids = [_strikes(name, (instant - as_of) / YEAR) for instant in instants]
    strike = np.concatenate(grids)
    expiry = np.repeat(np.array(instants), [len(g) for g in grids])
    weight = np.repeat(np.array([s.weight for s in series]), [len(g) for g in grids])

    strike, expiry, weight = (np.concatenate((column, column)) for column in (strike, expiry, weight))
    is_call = np.arange(len(strike)) < len(strike) // 2
    years = (expiry - as_of) / YEAR
    chance = _chances(symbol, len(strike))
    volatility = _smile(name, strike, years, chance[0])
    open_interest = weight * _appetite(name, strike, years, is_call, chance[1])
    return Chain(
        symbol=symbol,
        spot=name.spot,
        as_of=as_of,
        strike=strike,
        is_call=is_call,
        expiry=expiry,
        volatility=np.where(chance[2] < _MISSING_VOLATILITY, np.nan, volatility),
        open_interest=np.round(open_interest * (name.open_interest / float(open_interest.sum()))),
        oi_as_of=_seconds(_SETTLED),
    )


def _series(symbol: str, daily: bool) -> Iterator[_Series]:
    """Yield the expiries: a monthly one carries most, and less the further away it is."""
    afternoon = symbol + "W" if symbol in AM_SETTLED else symbol
    for place, day in enumerate(_MONTHLIES):
        yield _Series(symbol, day, 1.0 / (1.0 + 0.35 * place))
        if afternoon != symbol:
            yield _Series(afternoon, day, 0.35 / (1.0 + 0.6 * place))
    for place, day in enumerate(_WEEKLIES):
        yield _Series(afternoon, day, 0.28 / (1.0 + 0.4 * place))
    if daily:
        for place, day in enumerate(_DAILIES):
            yield _Series(afternoon, day, 0.05 if place == 0 else 0.10 / (1.0 + 0.3 * place))


def _strikes(name: Name, years: float) -> Floats:
    """Return an expiry's strikes: every step near spot, every fourth further out, further for a longer life."""
    step = next(step for below, step in _STEPS if name.spot < below)
    if years > 0.5:
        step *= 2
    reach = float(np.clip(4.5 * name.volatility * years**0.5, 0.08, _LONGEST_REACH))
    near = min(reach, max(0.08, 1.6 * name.volatility * years**0.5))
    whole = np.arange(np.ceil(name.spot * (1 - reach) / step), name.spot * (1 + reach) / step)
    kept = (np.abs(whole * step / name.spot - 1) <= near) | (whole % 4 == 0)
    strikes: Floats = whole[kept] * step
    return strikes


def _smile(name: Name, strike: Floats, years: Floats, chance: Floats) -> Floats:
    """Return volatilities to four digits: a skew towards low strikes, wings, and a hundredth of noise."""
    deviation = name.volatility * np.sqrt(years + 0.02)
    z = np.clip(np.log(strike / name.spot) / deviation, -4.0, 4.0)
    term = 1.0 + 0.10 * np.exp(-years / 0.04) + 0.05 * np.sqrt(years)
    shape = 1.0 - 0.075 * z + 0.028 * z * z
    volatility: Floats = name.volatility * term * shape * (0.99 + 0.02 * chance)
    return np.maximum(volatility, 0.03).round(4)


def _appetite(name: Name, strike: Floats, years: Floats, is_call: Flags, chance: Floats) -> Floats:
    """Return how much open interest strikes draw: calls above spot, puts below, round numbers most of all."""
    width = name.volatility * np.sqrt(years + 0.03)
    distance = np.log(strike / name.spot) / width
    centre = np.where(is_call, 0.45, -0.55)
    crowd = np.exp(-0.5 * ((distance - centre) / 0.95) ** 2) + 0.04 / (1.0 + distance**2)
    step = next(step for below, step in _STEPS if name.spot < below)
    whole = np.round(strike / step)
    roundness = 1.0 + 1.2 * (whole % 2 == 0) + 1.8 * (whole % 10 == 0) + 2.5 * (whole % 20 == 0)
    share = np.where(is_call, name.calls, 1.0 - name.calls)
    appetite: Floats = crowd * roundness * share * np.exp(2.2 * (chance - 0.5))
    return appetite


def _chances(symbol: str, count: int) -> Floats:
    """Return f64[3, count], evenly spread over 0..1."""
    counter = np.arange(1, 3 * count + 1, dtype=np.uint64) + np.uint64(zlib.crc32(symbol.encode()) << 32)
    bits = counter * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return ((bits >> np.uint64(11)).astype(np.float64) / 2.0**53).reshape(3, count)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()
