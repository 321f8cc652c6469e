"""The levels of one underlying: gamma flip, walls, the strikes of largest exposure, and what expires today.

GEX is signed as everywhere: calls plus, puts minus. Levels that are strikes come from the exposures a strike; the flip comes
from repricing the whole chain. Of strikes that tie, the one nearest spot counts, then the lower.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import pairwise

import numpy as np

from basketgex_server.domain import Convention, StrikeRow, SymbolExposure
from basketgex_server.exposure.black_scholes import Contracts, Floats
from basketgex_server.exposure.chain import NEW_YORK, Chain, rows
from basketgex_server.exposure.symbol import PUT_SIGNS, contracts_of, exposure

FLIP_AVAILABLE = "available"
FLIP_NO_BOUNDARY = "no_boundary"
"""No flip: over the whole range net GEX keeps its sign, or is nothing but rounding. Both words are FlashAlpha's."""

REACH = 0.5
"""How far from spot the flip is looked for, in units of spot: from 0.5 to 1.5 of it."""
PRECISION = 1e-11
"""Width, relative to the price, at which a bracket around the flip is narrow enough."""

_FINEST, _WIDENING = 2e-4, 0.02
_RINGS = (
    0.005,
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    REACH,
)  # after each, the search ends if the flip is in it
_ROUNDING = 1e-12  # a net GEX below this part of the gross is what is left of calls and puts that cancel


@dataclass(frozen=True, slots=True)
class ZeroDte:
    """What expires on the chain's own day in New York and has not expired yet.

    ``net_gex`` in USD per 1 % move; ``pct_of_total_gex`` is its share of the gross GEX (calls and puts without their signs)
    of the whole chain, 0..100.
    """

    expiration: date
    net_gex: float
    pct_of_total_gex: float


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one underlying, prices in USD; None where there is none.

    ``gamma_flip``: the spot price, nearest the present one, at which net GEX changes sign, every contract repriced there with
    its own volatility and time; None unless ``gamma_flip_status`` is FLIP_AVAILABLE.
    ``call_wall``, ``put_wall``: the strike with the largest call GEX, and with the most negative put GEX, wherever spot lies.
    ``max_positive_gamma``, ``max_negative_gamma``: the strike with the largest positive, and the most negative, net GEX.
    ``highest_oi_strike``: calls and puts together, of the contracts that count (those with a volatility).
    ``zero_dte_magnet``: the strike with the largest net GEX, either sign, of what expires today.
    """

    gamma_flip: float | None
    gamma_flip_status: str
    call_wall: float | None
    put_wall: float | None
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    highest_oi_strike: float | None
    zero_dte_magnet: float | None
    zero_dte: ZeroDte | None


def levels(chain: Chain, convention: Convention, rate: float, dividend_yield: float) -> Levels | None:
    """Return the levels of a chain's underlying; None where ``exposure`` is. Arguments as there; every figure is finite."""
    found = exposure(chain, convention, rate, dividend_yield)
    if found is None:
        return None
    flip = gamma_flip(chain, convention, rate, dividend_yield)
    day = _day(chain)
    today = exposure(_expiring_on(day, chain), convention, rate, dividend_yield) if day else None
    spot, strikes = chain.spot, found.strikes
    return Levels(
        gamma_flip=flip,
        gamma_flip_status=FLIP_NO_BOUNDARY if flip is None else FLIP_AVAILABLE,
        call_wall=_strike_of_most(strikes, spot, lambda row: row.call.gex),
        put_wall=_strike_of_most(strikes, spot, lambda row: -row.put.gex),
        max_positive_gamma=_strike_of_most(strikes, spot, _net),
        max_negative_gamma=_strike_of_most(strikes, spot, lambda row: -_net(row)),
        highest_oi_strike=_strike_of_most(
            strikes, spot, lambda row: row.call_open_interest + row.put_open_interest
        ),
        zero_dte_magnet=_strike_of_most(today.strikes, spot, lambda row: abs(_net(row))) if today else None,
        zero_dte=ZeroDte(day, today.net.gex, _share(today, found)) if day and today else None,
    )


def gamma_flip(chain: Chain, convention: Convention, rate: float, dividend_yield: float) -> float | None:
    """Return the root, nearest spot, of net GEX over spot prices within REACH; None where there is none.

    Prices are tried outwards from spot: every strike, since a contract about to expire has gamma nowhere else, and between
    them a grid 0.02 % of spot apart near it and 2 % of the distance from it farther out. Two roots between neighbours go
    unseen. The chain has a positive, finite spot.
    """
    book, spot = _book(chain, convention, rate, dividend_yield), chain.spot
    prices = _prices_to_try(spot, book.held.strikes)
    signs = [0] * len(prices)
    first = last = bisect_left(prices, spot)
    for reach in _RINGS:
        start, end = bisect_left(prices, spot * (1 - reach)), bisect_right(prices, spot * (1 + reach))
        for place in (*range(start, first), *range(last, end)):
            signs[place] = book.sign(prices[place])
        first, last = start, end
        changes = [(prices[start + i], prices[start + j]) for i, j in _changes(signs[start:end])]
        if changes:
            return _nearest_root(book, changes, spot)
    return None


def _distances() -> list[float]:
    """Return how far from spot the grid's prices lie, ascending, in units of spot."""
    distances = [_FINEST]
    while distances[-1] < REACH:
        distances.append(min(REACH, distances[-1] + max(_FINEST, _WIDENING * distances[-1])))
    return distances


_GRID = np.array(_distances())


def _prices_to_try(spot: float, strikes: Floats) -> list[float]:
    near = strikes[np.abs(strikes - spot) <= REACH * spot]
    prices: list[float] = np.unique(
        np.concatenate((spot * (1 - _GRID), [spot], spot * (1 + _GRID), near))
    ).tolist()
    return prices


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """The contracts that count. ``weights`` f64[2, n]: open interest in units of the largest, signed and not."""

    held: Contracts
    weights: Floats

    def gamma(self, price: float) -> tuple[float, float]:
        """Return net and gross gamma at a spot price, in a unit without meaning: GEX is that times S², which has no sign."""
        with np.errstate(all="ignore"):
            net, gross = self.weights @ self.held.gamma(price)
        return float(net), float(gross)

    def sign(self, price: float) -> int:
        """Return the sign of net GEX at a spot price, 0 where that is no more than rounding, or beyond computing."""
        net, gross = self.gamma(price)
        return (net > 0) - (net < 0) if abs(net) > _ROUNDING * gross else 0


def _book(chain: Chain, convention: Convention, rate: float, dividend_yield: float) -> _Book:
    sorted_rows = rows(chain)
    used = sorted_rows.used.copy()
    held = contracts_of(chain, used, rate, dividend_yield)
    computable = np.isfinite(held.density)
    if not computable.all():
        used[used] = computable
        held = contracts_of(chain, used, rate, dividend_yield)
    interest = sorted_rows.open_interest[used]
    interest /= interest.max(initial=1.0)
    signs = np.where(chain.is_call[used], 1.0, PUT_SIGNS[convention].gex)
    return _Book(held, np.stack((signs * interest, interest)))


def _changes(signs: list[int]) -> list[tuple[int, int]]:
    """Return the places between which the sign changes, a single 0 skipped: a longer stretch is no root but nothing at all.

    >>> _changes([1, 1, -1, 0, 1, 0, 0, -1])
    [(1, 2), (2, 4)]
    """
    places = [i for i, sign in enumerate(signs) if sign]
    return [(i, j) for i, j in pairwise(places) if signs[i] != signs[j] and j - i <= 2]


def _nearest_root(book: _Book, changes: list[tuple[float, float]], spot: float) -> float:
    """Return the root nearest spot of those between pairs of prices of different sign."""

    def nearest_possible(change: tuple[float, float]) -> float:
        low, high = change
        return max(low - spot, spot - high, 0.0)

    first, *others = sorted(changes, key=nearest_possible)
    best = _root(book, *first)
    for change in others:
        if nearest_possible(change) >= abs(best - spot):
            break
        best = min(best, _root(book, *change), key=lambda root: abs(root - spot))
    return best


def _root(book: _Book, low: float, high: float) -> float:
    """Return the root between two prices of different sign, by halving: no shape of the curve can mislead it."""
    rising = book.gamma(high)[0] > 0
    while high - low > PRECISION * high and low < (middle := (low + high) / 2) < high:
        net, _ = book.gamma(middle)
        if net == 0:
            return middle
        if (net > 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _net(row: StrikeRow) -> float:
    return row.call.gex + row.put.gex


def _strike_of_most(
    strikes: Sequence[StrikeRow], spot: float, figure: Callable[[StrikeRow], float]
) -> float | None:
    """Return the strike whose figure is largest; None where no figure is positive."""
    most = max(
        (row for row in strikes if figure(row) > 0),
        key=lambda row: (figure(row), -abs(row.strike - spot), -row.strike),
        default=None,
    )
    return most.strike if most else None


def _day(chain: Chain) -> date | None:
    """Return the chain's day in New York; None where it is beyond the calendar."""
    try:
        return datetime.fromtimestamp(chain.as_of, NEW_YORK).date()
    except (OverflowError, ValueError, OSError):
        return None


def _expiring_on(day: date, chain: Chain) -> Chain:
    """Return the contracts that expire on a day in New York."""
    start, end = (datetime.combine(day, t, NEW_YORK).timestamp() for t in (time.min, time.max))
    kept = (chain.expiry >= start) & (chain.expiry <= end)
    return replace(
        chain,
        strike=chain.strike[kept],
        is_call=chain.is_call[kept],
        expiry=chain.expiry[kept],
        volatility=chain.volatility[kept],
        open_interest=chain.open_interest[kept],
    )


def _share(part: SymbolExposure, whole: SymbolExposure) -> float:
    """Return the gross GEX of a part of a chain in per cent of the whole's."""
    gross = _half_gross(whole)
    return min(100.0, 100.0 * (_half_gross(part) / gross)) if gross > 0 else 0.0


def _half_gross(found: SymbolExposure) -> float:
    """Return half the gross GEX: the whole of it may be beyond the largest double."""
    return sum(0.5 * abs(side.gex) for side in (found.call, found.put) if side)
