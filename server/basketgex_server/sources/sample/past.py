"""The sample's past: invented closings of the ten sessions before its own moment, as invented as that.

Going back from today, a session at a time: spot walks by the name's own daily deviation, together with the market; volatility
moves against it, most for an index; contracts open that are not open any more, and those of today were fewer, the more so
the sooner they expire; and calls and puts were liked otherwise, so that a name's GEX may have had the other sign.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import AM_SETTLED, YEAR, Chain, expiry_instant
from basketgex_server.market_hours import NEW_YORK, close_of, last_session
from basketgex_server.sources.sample.generator import (
    Listed,
    Moment,
    chain_of,
    chances,
    demand,
    listed_on,
    listed_today,
    open_today,
    seconds,
)
from basketgex_server.sources.sample.names import AS_OF, Name

SESSIONS = 10
_MARKET = "market 8"
"""What the market's walk is drawn from: one in which the sign of many a name, sector and index is another on some day."""
_SETTLED = time(8)
_YEAR = 252.0
_FRIDAY = 4
_REACH = 5.0 / 365.0
"""Years for which the strikes of what has expired reach."""
_TILT = 0.05
"""The deviation, a session, of how much more calls were liked than puts; of an index half of it."""
_DICE = 12
"""Evenly spread figures whose sum, less half as many, has a deviation of 1."""


class _Walk(NamedTuple):
    """What a name goes through from a session's close to today, f64[SESSIONS] of those before, the nearest first.

    ``spot`` and ``volatility`` are then over now; ``tilt`` is the logarithm of what calls were liked more than puts.
    """

    spot: Floats
    volatility: Floats
    tilt: Floats


@cache
def sessions() -> tuple[date, ...]:
    """Return the last trading days before the sample's own, ascending."""
    found, day = list[date](), datetime.fromisoformat(AS_OF).date()
    for _ in range(SESSIONS):
        day, _close = last_session(day - timedelta(1))
        found.append(day)
    return tuple(found[::-1])


@cache
def moments() -> tuple[float, ...]:
    """Return their closes in Unix seconds."""
    return tuple(_at(day, close_of(day)) for day in sessions())


def draw_past(symbol: str, name: Name, moment: float) -> Chain | None:
    """Return the invented chain of a name at one of the moments; None at any other."""
    if moment not in moments():
        return None
    place = moments().index(moment)
    back, walk = SESSIONS - place, _walk(symbol, name)
    moved = name._replace(
        spot=round(name.spot * float(walk.spot[back - 1]), 2),
        volatility=round(name.volatility * float(walk.volatility[back - 1]), 4),
    )
    then = Moment(moment, _at(sessions()[place], _SETTLED), moved)
    now = Moment(seconds(AS_OF), 0.0, name)
    today = listed_today(symbol, name)
    held = open_today(today, name)
    liked = np.exp(np.array((0.5, -0.5)) * walk.tilt[back - 1])
    open_then = (
        held
        * (demand(today, then) / demand(today, now)) ** 0.5
        * _grown(today, then, back)
        * _sides(today, liked)
    )
    gone = _expired(symbol, name, place)
    if gone is None:
        return chain_of(symbol, today, then, np.round(open_then))
    scale = float(held.sum() / demand(today, now).sum())
    were = demand(gone, then) * scale * _grown(gone, then, back) * _sides(gone, liked)
    return chain_of(symbol, _joined(today, gone), then, _both(np.round(open_then), np.round(were)))


def _walk(symbol: str, name: Name) -> _Walk:
    """Return how a name came to where it is."""
    market = _deviations(_MARKET)
    own = _deviations(f"{symbol}, the past").reshape(3, SESSIONS)
    shared = 0.65 + 0.34 * name.skew
    daily = (
        0.9 * name.volatility / _YEAR**0.5 * (shared * market[:SESSIONS] + (1.0 - shared**2) ** 0.5 * own[0])
    )
    spot = np.exp(-np.cumsum(daily)).round(6)
    volatility = (spot ** -(1.0 + 4.0 * name.skew) * (1.0 + 0.01 * own[1])).round(6)
    return _Walk(spot, volatility, np.cumsum(_TILT * (1.0 - 0.5 * name.skew) * own[2]).round(6))


def _deviations(seed: str) -> Floats:
    """Return f64[3 * SESSIONS] with a mean of 0 and a deviation of 1."""
    dice: Floats = chances(seed, 3 * SESSIONS * _DICE).reshape(-1, _DICE)
    figures: Floats = dice.sum(axis=1) - _DICE / 2
    return figures


def _expired(symbol: str, name: Name, place: int) -> Listed | None:
    """Return what was listed at the close of a session and has expired since; None where there is nothing."""
    root = symbol + "W" if symbol in AM_SETTLED else symbol
    days = [day for day in sessions()[place + 1 :] if name.daily or day.weekday() == _FRIDAY]
    if not days:
        return None
    instants = np.array([expiry_instant(day, root) for day in days])
    weights = np.array([0.14 if day.weekday() == _FRIDAY else 0.07 for day in days])
    return listed_on(f"{symbol}, expired", name, instants, weights, np.full(len(days), _REACH))


def _grown(listed: Listed, then: Moment, back: int) -> Floats:
    """Return what was open of what is, f64[2n]: less by up to a tenth a session of what expires soon, a few were more."""
    years = (listed.expiry - then.as_of) / YEAR
    a_session = 0.008 + 0.05 * (0.02 / (0.02 + years))
    built = back * np.concatenate((a_session, a_session)) * (2.0 * listed.chance[3:].reshape(-1) - 0.4)
    grown: Floats = 1.0 / (1.0 + np.maximum(built, -0.3))
    return grown


def _sides(listed: Listed, liked: Floats) -> Floats:
    return np.repeat(liked, len(listed.strike))


def _joined(one: Listed, other: Listed) -> Listed:
    return Listed(*(np.concatenate(pair, axis=-1) for pair in zip(one, other, strict=True)))


def _both(one: Floats, other: Floats) -> Floats:
    """Return the open interest of two lists as that of one, calls before puts."""
    sides = (np.split(one, 2), np.split(other, 2))
    return np.concatenate([side for pair in zip(*sides, strict=True) for side in pair])


def _at(day: date, clock: time) -> float:
    return datetime.combine(day, clock, NEW_YORK).timestamp()
