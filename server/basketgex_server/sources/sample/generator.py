"""How the sample's chains are drawn: expiries, strikes, a smile, prices, and open interest that looks like a market's.

All chance comes from counters run through splitmix64 (Steele, Lea, Flood 2014), whose whole numbers no version of any library
can change; shapes are made of sums, quotients and square roots, and what log and the normal distribution make is rounded, so
that their last bits do not matter. What the shapes are calibrated to stands in ``tests/server/sources/sample/market.py``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import AM_SETTLED, YEAR, Chain, expiry_instant
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.sample.names import AS_OF, Name

_MONTHLIES = (
    (date(2026, 9, 18), 0.70),
    (date(2026, 10, 16), 0.32),
    (date(2026, 11, 20), 0.50),
    (date(2026, 12, 18), 0.60),
    (date(2027, 1, 15), 0.75),
    (date(2027, 3, 19), 0.35),
    (date(2027, 6, 17), 0.40),  # the Friday is the Juneteenth holiday
    (date(2028, 1, 21), 0.80),
)
_WEEKLIES = (date(2026, 9, 25), date(2026, 10, 2), date(2026, 10, 9), date(2026, 10, 23), date(2026, 10, 30))
_DAILIES = tuple(date(2026, 9, day) for day in (16, 17, 21, 22, 23, 24, 28, 29, 30))
_SETTLED = "2026-09-16T08:00"

RATE = 0.045
"""Per year: what the prices are discounted with."""
_UNKNOWN, _SPARSE = 0.1, 0.3
"""The part of those far out with little open interest that has no volatility."""
_MONTH = (30.0 / 365.0) ** 0.5


class _Grid(NamedTuple):
    """Strikes in USD: multiples of ``step``, so many of it apart near spot, further out, and furthest."""

    step: float
    near: int
    middle: int
    far: int


_GRIDS = (
    (30.0, _Grid(0.5, 1, 1, 1)),
    (60.0, _Grid(0.5, 1, 2, 2)),
    (150.0, _Grid(0.5, 2, 5, 10)),
    (300.0, _Grid(2.5, 1, 2, 2)),
    (800.0, _Grid(5.0, 1, 2, 4)),
    (2000.0, _Grid(10.0, 1, 2, 5)),
    (float("inf"), _Grid(25.0, 1, 2, 8)),
)
_DAILY_GRID = _Grid(1.0, 1, 5, 20)


class _Series(NamedTuple):
    root: str
    day: date
    weight: float


class Moment(NamedTuple):
    """When a chain is of and when its open interest settled (Unix seconds), and how its underlying stands then."""

    as_of: float
    oi_as_of: float
    name: Name


class Listed(NamedTuple):
    """Strikes in USD and expiries (Unix seconds) that a call and a put are listed of, f64[n].

    ``weight`` is what each has of the open interest before anybody looks at its strike, ``chance`` f64[5, n] in 0..1.
    """

    strike: Floats
    expiry: Floats
    weight: Floats
    chance: Floats


def draw(symbol: str, name: Name) -> Chain:
    """Return the invented chain of a name, the same every time."""
    now = Moment(seconds(AS_OF), seconds(_SETTLED), name)
    listed = listed_today(symbol, name)
    return chain_of(symbol, listed, now, open_today(listed, name))


def listed_today(symbol: str, name: Name) -> Listed:
    """Return what is listed at the sample's own moment."""
    series = list(_series(symbol, name.daily))
    instants = np.array([expiry_instant(s.day, s.root) for s in series])
    weights = np.array([s.weight for s in series])
    return listed_on(symbol, name, instants, weights, (instants - seconds(AS_OF)) / YEAR)


def listed_on(seed: str, name: Name, instants: Floats, weights: Floats, years: Floats) -> Listed:
    """Return what is listed of some expiries, each with its weight and the time for which its strikes reach, f64[e]."""
    strike, gap, place = _strikes(name, years)
    chance = chances(seed, 5 * len(strike)).reshape(5, -1)
    return Listed(strike, instants[place], weights[place] * gap, chance)


def open_today(listed: Listed, name: Name) -> Floats:
    """Return the contracts open at the sample's own moment, f64[2n], calls before puts: they add up to the name's."""
    wanted = demand(listed, Moment(seconds(AS_OF), 0.0, name))
    return np.round(wanted * (name.open_interest / float(wanted.sum())))


def demand(listed: Listed, at: Moment) -> Floats:
    """Return how much open interest calls and puts draw at a moment, f64[2n] on a scale of their own."""
    years, moneyness = (listed.expiry - at.as_of) / YEAR, np.log(listed.strike / at.name.spot).round(9)
    both = _appetites(at.name, listed.strike, moneyness, years, listed.chance[1:3])
    return np.concatenate(both) * _twice(listed.weight)


def chain_of(symbol: str, listed: Listed, at: Moment, open_interest: Floats) -> Chain:
    """Return the chain of what is listed as it stands at a moment, with so many contracts open, f64[2n]."""
    strike, expiry, _, chance = listed
    name, years = at.name, (expiry - at.as_of) / YEAR
    moneyness = np.log(strike / name.spot).round(9)
    volatility = _smile(name, moneyness, years, chance[0])
    unknown = (chance[3:] < _UNKNOWN) & (chance[1:3] < _SPARSE) & (np.abs(moneyness) > _width(name, years))
    bid, ask = _quotes(name, strike, years, volatility)
    return Chain(
        symbol=symbol,
        spot=name.spot,
        as_of=at.as_of,
        strike=_twice(strike),
        is_call=np.arange(2 * len(strike)) < len(strike),
        expiry=_twice(expiry),
        volatility=np.where(unknown.reshape(-1), np.nan, _twice(volatility)),
        open_interest=open_interest,
        oi_as_of=at.oi_as_of,
        bid=bid,
        ask=ask,
        volume=_traded(name, moneyness, years, chance[3:], open_interest),
    )


def _series(symbol: str, daily: bool) -> Iterator[_Series]:
    """Yield the expiries, each with what it has of the open interest."""
    afternoon = symbol + "W" if symbol in AM_SETTLED else symbol
    for day, weight in _MONTHLIES:
        yield _Series(symbol, day, weight)
        if afternoon != symbol:
            yield _Series(afternoon, day, 0.3 * weight)
    for place, day in enumerate(_WEEKLIES):
        yield _Series(afternoon, day, 0.14 / (1.0 + 0.3 * place))
    if daily:
        for day in _DAILIES:
            yield _Series(afternoon, day, 0.07)


def _strikes(name: Name, years: Floats) -> tuple[Floats, Floats, Floats]:
    """Return strikes, what each has of the room between them in parts of spot, and which expiry each belongs to: f64[n]."""
    fine = name.daily and 500 < name.spot < 2000
    grid = _DAILY_GRID if fine else next(g for below, g in _GRIDS if name.spot < below)
    deviation = (0.4 if fine else 1.0) * name.volatility * np.sqrt(years)
    reach = np.minimum(0.12 + 2.0 * _width(name, years), 0.65)
    near = np.where(years > 0.5, -1.0, np.minimum((0.012 if fine else 0.03) + 0.9 * deviation, reach))
    first = np.ceil(name.spot * (1 - reach) / grid.step)
    counts = (np.floor(name.spot * (1 + 0.85 * reach) / grid.step) - first + 1).astype(np.int64)
    ends = np.cumsum(counts)
    place = np.repeat(np.arange(len(years)), counts)
    whole = np.arange(ends[-1]) - (ends - counts - first)[place]
    distance = np.abs(whole * (grid.step / name.spot) - 1)
    within, about = distance <= near[place], distance <= (0.06 + 1.2 * deviation)[place]
    apart = np.where(within, grid.near, np.where(about, grid.middle, grid.far))
    kept = whole % apart == 0
    return whole[kept] * grid.step, apart[kept] * (grid.step / name.spot), place[kept]


def _width(name: Name, years: Floats) -> Floats:
    """Return how far from spot open interest spreads, in units of its logarithm: less unlike between names than volatility."""
    return np.sqrt(0.5 * name.volatility * (years + 0.01))


def _smile(name: Name, moneyness: Floats, years: Floats, chance: Floats) -> Floats:
    """Return volatilities to four digits, of calls and puts alike.

    An index has a skew that falls from puts to calls, and nearer expiries that are calmer; a single name has two wings.
    """
    root = np.sqrt(years)
    term = 1.0 + (0.12 + 0.53 * name.skew) * (root - _MONTH) / (root + 0.5)
    level = name.volatility * term
    z = np.clip(moneyness / (level * np.sqrt(years + 0.004)), -3.5, 3.5)
    shape = 1.0 - (0.018 + 0.132 * name.skew) * z / np.sqrt(1.0 + 0.1 * z * z) + 0.038 * z * z
    volatility: Floats = level * shape * (0.995 + 0.01 * chance)
    return np.maximum(volatility, 0.03).round(4)


def _appetites(
    name: Name, strike: Floats, moneyness: Floats, years: Floats, chance: Floats
) -> tuple[Floats, Floats]:
    """Return how much open interest calls and puts draw: out of the money most, an index's puts further down."""
    width = _width(name, years)
    away = moneyness / width
    side = moneyness / np.sqrt(moneyness * moneyness + 0.0004)
    five = 5.0 if name.spot < 2000 else 50.0
    roundness = (1.0 + 0.2 * (strike % five == 0) + 0.2 * (strike % (2 * five) == 0)) / width
    lumps = (1.0 + chance) / (2.0 - chance)
    calls = _crowd((away - 0.45 + 0.25 * name.skew) * (1.0 + 0.5 * name.skew)) * (1.2 + side)
    puts = _crowd(away + 0.45 + 0.75 * name.skew) * (1.2 - side)
    return name.calls * calls * roundness * lumps[0], (1.0 - name.calls) * puts * roundness * lumps[1]


def _traded(name: Name, moneyness: Floats, years: Floats, chance: Floats, open_interest: Floats) -> Floats:
    """Return the contracts traded on the day, f64[2n]: of what is open most where it is near, in price and in time."""
    away = moneyness / _width(name, years)
    part = (0.01 + 0.9 / (1.0 + 60.0 * years)) / (1.0 + 4.0 * away * away)
    traded: Floats = np.round(open_interest * _twice(part) * (0.4 + 1.2 * chance.reshape(-1)))
    return traded


def _crowd(away: Floats) -> Floats:
    bell = 1.0 + 0.5 * away * away
    return 1.0 / (bell * bell) + 0.06


def _quotes(name: Name, strike: Floats, years: Floats, volatility: Floats) -> tuple[Floats, Floats]:
    """Return bid and ask in USD, to the cent, calls before puts: around Black and Scholes' price, as wide as it is large."""
    deviation = volatility * np.sqrt(years)
    forward = name.spot * np.exp(-name.dividend_yield * years)
    owed = strike * np.exp(-RATE * years)
    d = np.log(forward / owed) / deviation + 0.5 * deviation
    call = forward * ndtr(d) - owed * ndtr(d - deviation)
    price = np.maximum(np.concatenate((call, call - forward + owed)), 0.0)
    half = 0.01 + np.minimum(0.01 * price, 0.001 * name.spot)
    return np.maximum(price - half, 0.0).round(2), (price + half).round(2)


def _twice(column: Floats) -> Floats:
    return np.concatenate((column, column))


def chances(seed: str, count: int) -> Floats:
    """Return f64[count], evenly spread over 0..1."""
    counter = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(zlib.crc32(seed.encode()) << 32)
    bits = counter * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return (bits >> np.uint64(11)).astype(np.float64) / 2.0**53


def seconds(text: str) -> float:
    """Return the Unix seconds of a moment in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()
