"""Implied volatility of many prices at once, and the forward that put-call parity implies.

With the forward F = S e^((r − q)T), a price less its value at zero volatility, undiscounted and over √(FK), depends on two
numbers alone: x = −|ln(F/K)| and s = σ√T. It is that of an out-of-the-money call::

    b(x, s) = e^(x/2) N(x/s + s/2) − e^(−x/2) N(x/s − s/2)        0 < b < e^(x/2)

which has one inflection, at s = √(2|x|). Below it 1/ln b, above it the logarithm of e^(x/2) − b is close to a parabola and to
a straight line, so that Halley's steps, kept within a bracket, need few turns from anywhere. Source: Jäckel, Let's Be
Rational, 2015 (the two branches; the first guesses are simpler).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erfcx, ndtr, ndtri

from basketgex_server.domain import DAY_COUNT, DayCount, Forward
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.parity import carry

TURNS = 24
"""Steps after which a price is given up; four or five do."""
LAST = 1e-5
"""A step no larger than this, relative to s, is the last."""
NOISE = 1e-12
"""A time value below this part of what the contract costs is what rounding left of it: it has no volatility."""
HIGHEST = 30.0
"""Volatilities above this, per 1.00, count as absent."""
_CHUNK = 4096
_ROOT_HALF, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)


def implied_volatility(
    price: Floats, forward: Floats, strike: Floats, years: Floats, discount: Floats, is_call: Flags
) -> Floats:
    """Return the Black-Scholes volatility per 1.00 of n prices, f64[n]; NaN where there is none.

    ``price``, ``forward`` and ``strike`` in USD, ``discount`` is e^(−rT). None: at or below the value without volatility or
    within NOISE of it, at or above the value with all volatility, above HIGHEST, or where an argument is no positive number.
    """
    result = np.full(len(price), np.nan)
    with np.errstate(all="ignore"):
        undiscounted = price / discount
        above = np.where(is_call, forward - strike, strike - forward)
        time_value = undiscounted - np.maximum(above, 0.0)
        scaled = time_value / np.sqrt(forward * strike)
        x = -np.abs(np.log(forward / strike))
        sound = np.isfinite(scaled) & np.isfinite(x) & (years > 0) & np.isfinite(years)
        sound &= (time_value > NOISE * undiscounted) & (scaled > 0) & (scaled < np.exp(x / 2))
        (rows,) = sound.nonzero()
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            result[part] = _deviation(scaled[part], x[part]) / np.sqrt(years[part])
        result[~(result <= HIGHEST)] = np.nan
    return result


def _deviation(b: Floats, x: Floats) -> Floats:
    """Return s of scaled prices b; NaN where no step ends. 0 < b < e^(x/2)."""
    bend = np.sqrt(-2 * x)
    at_bend = np.where(x < 0, 0.5 * np.exp(x / 2) - np.exp(-x / 2) * ndtr(-bend), 0.0)
    low = b < at_bend
    s = np.empty_like(b)
    for branch, solve in ((low, _below), (~low, _above)):
        (rows,) = branch.nonzero()
        if len(rows):
            s[rows] = solve(b[rows], x[rows], bend[rows], at_bend[rows])
    return s


def _below(b: Floats, x: Floats, bend: Floats, at_bend: Floats) -> Floats:
    """Solve 1/ln b(s) = 1/ln b between 0 and the bend."""
    log_b = np.log(b)
    s = -x / np.sqrt(2 * (np.log(at_bend) - log_b) - x / 2)

    def step(s: Floats, x: Floats, log_b: Floats) -> tuple[Floats, Floats]:
        h, t = x / s, s / 2
        bell = -0.5 * (h * h + t * t)
        inner = 0.5 * (erfcx(-(h + t) * _ROOT_HALF) - erfcx(-(h - t) * _ROOT_HALF))
        now = bell + np.log(inner)
        slope = _DENSITY / inner  # of ln b
        curve = h * h / s - t / 2  # b''/b'
        # f = 1/ln b - 1/target: f/f' and f''/f'
        newton = (now / log_b) * (log_b - now) / slope
        bent = curve - slope - 2 * slope / now
        return -newton, bent

    return _iterate(s, x, log_b, np.zeros_like(s), bend.copy(), step)


def _above(b: Floats, x: Floats, bend: Floats, at_bend: Floats) -> Floats:
    """Solve ln(e^(x/2) − b(s)) = ln(e^(x/2) − b) beyond the bend."""
    most = np.exp(x / 2)
    left = most - b
    s = -2 * ndtri(ndtr(-bend / 2) * left / (most - at_bend))
    s = np.maximum(s, bend + 1e-300)

    def step(s: Floats, x: Floats, left: Floats) -> tuple[Floats, Floats]:
        h, t = x / s, s / 2
        rest = np.exp(x / 2) * ndtr(-h - t) + np.exp(-x / 2) * ndtr(h - t)
        slope = -_DENSITY * np.exp(-0.5 * (h * h + t * t)) / rest
        curve = h * h / s - t / 2
        return np.log(rest / left) / slope, curve - slope

    return _iterate(s, x, left, bend.copy(), np.full_like(s, np.inf), step)


_Step = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]


def _iterate(s: Floats, x: Floats, target: Floats, low: Floats, high: Floats, step: _Step) -> Floats:
    """Take Halley's steps until each is small, the bracket narrowed by every one; halve it where a step would leave it."""
    result = np.full_like(s, np.nan)
    rows = np.arange(len(s))
    for _ in range(TURNS):
        newton, bent = step(s, x, target)  # f/f' and f''/f'
        np.copyto(high, s, where=newton > 0)
        np.copyto(low, s, where=newton < 0)
        damping = 1 - 0.5 * newton * bent
        move = newton / np.clip(damping, 0.5, 2.0)
        following = s - move
        # The step that is smaller than the cube root of exactness leaves less than exactness behind, within the bracket or not.
        done = np.abs(move) <= LAST * s
        outside = ~((following > low) & (following < high)) & ~done
        middle = np.where(np.isinf(high), 2 * low + 1.0, 0.5 * (low + high))
        following = np.where(outside, middle, following)
        if done.any():
            result[rows[done]] = following[done]
            keep = ~done
            if not keep.any():
                return result
            rows = rows[keep]
            s, x, target, low, high = (c[keep] for c in (following, x, target, low, high))
        else:
            s = following
    return result


LEAST_PAIRS = 3
"""Pairs of a call and a put that an implied forward needs to be trusted,"""
WIDEST = 0.002
"""and how far, relative to it, half of them may lie apart."""
_NEAREST = 12  # pairs around the forward: further away early exercise and wide quotes tell more than parity


def mid_prices(chain: Chain) -> Floats:
    """Return the middle of bid and ask f64[n] in USD; NaN without a bid, or where the ask is below it."""
    if chain.bid is None or chain.ask is None or len(chain.bid) != len(chain) or len(chain.ask) != len(chain):
        return np.full(len(chain), np.nan)
    with np.errstate(all="ignore"):
        two_sided = (chain.bid > 0) & (chain.ask >= chain.bid) & np.isfinite(chain.ask)
        return np.where(two_sided, 0.5 * (chain.bid + chain.ask), np.nan)


def forwards(chain: Chain, rate: float, day_count: DayCount = DAY_COUNT) -> tuple[Forward, ...]:
    """Return the forwards of the expiries to come that have a strike with a call and a put quoted, nearest first.

    Of each pair F = K + e^(rT) (C − P); the forward is the median of the pairs nearest the money. ``rate`` is continuously
    compounded, per year. American exercise is ignored: near the money it costs least.
    """
    if not (math.isfinite(chain.spot) and chain.spot > 0):
        return ()
    mid, years = mid_prices(chain), chain.years(day_count)
    found = []
    with np.errstate(all="ignore"):
        growth = np.exp(rate * years)
        usable = (chain.expiry > chain.seen_at) & (chain.strike > 0)
        for column in (mid, growth, chain.strike, chain.expiry):
            usable &= np.isfinite(column)
        for expiry in np.unique(chain.expiry[usable]).tolist():
            here = usable & (chain.expiry == expiry)
            strikes, difference = _pairs(chain, mid, here)
            if len(strikes) == 0:
                continue
            nearest = np.argsort(np.abs(difference), kind="stable")[:_NEAREST]
            each = (strikes + growth[here][0] * difference)[nearest]
            low, forward, high = np.percentile(each, (25, 50, 75)).tolist()
            spread = (high - low) / forward if forward > 0 else math.inf
            if math.isfinite(spread):
                dividend_yield = rate - math.log(forward / chain.spot) / float(years[here][0])
                trusted = len(each) >= LEAST_PAIRS and spread <= WIDEST
                found.append(Forward(expiry, forward, dividend_yield, len(each), spread, trusted))
    return tuple(found)


def _pairs(chain: Chain, mid: Floats, here: Flags) -> tuple[Floats, Floats]:
    """Return the strikes that have a call and a put among the rows ``here``, and how much more the call costs; f64[k]."""
    sides = []
    for side in (here & chain.is_call, here & ~chain.is_call):
        (rows,) = side.nonzero()
        _, first = np.unique(chain.strike[rows], return_index=True)
        sides.append(rows[first])
    strikes, call, put = np.intersect1d(
        chain.strike[sides[0]], chain.strike[sides[1]], assume_unique=True, return_indices=True
    )
    return strikes, mid[sides[0][call]] - mid[sides[1][put]]


def with_implied_yields(
    chain: Chain, rate: float, dividend_yield: float, day_count: DayCount = DAY_COUNT
) -> Chain:
    """Return a chain with the dividend yields that its forwards mean together; ``dividend_yield`` where none is to be trusted.

    A spot that is of another moment than the quotes is put right, and the chain says so: see ``parity``.
    """
    found = forwards(chain, rate, day_count)
    years = chain.years(day_count)
    at = [float(years[chain.expiry == forward.expiry][0]) for forward in found]
    means = carry(found, at, chain.spot, chain.as_of, rate, dividend_yield)
    yields = np.full(len(chain), means.common)
    for forward, own in zip(found, means.yields, strict=True):
        yields[chain.expiry == forward.expiry] = own
    return replace(
        chain,
        spot=chain.spot * math.exp(means.correction),
        dividend_yield=yields,
        forwards=means.forwards,
        spot_status=means.status,
        spot_correction=means.correction,
    )


def adjusted(
    chain: Chain,
    rate: float,
    dividend_yield: float,
    day_count: DayCount = DAY_COUNT,
    *,
    implied: bool,
    filled: bool,
) -> Chain:
    """Return a chain with implied dividend yields, absent volatilities filled in, or both: then solved with those yields."""
    if implied:
        chain = with_implied_yields(chain, rate, dividend_yield, day_count)
    return fill(chain, rate, dividend_yield, day_count).chain if filled else chain


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """A chain whose absent volatilities were filled in: ``solved`` from their price, ``from_smile`` from their neighbours'.

    ``left`` have open interest and time left, and still none.
    """

    chain: Chain
    solved: int
    from_smile: int
    left: int


def fill(chain: Chain, rate: float, dividend_yield: float, day_count: DayCount = DAY_COUNT) -> Filled:
    """Return a chain with the absent volatilities of its unexpired contracts filled in where that can be done.

    First from the middle of bid and ask; where there is none, or none solves it, from the smile of the same expiry: linear in
    the strike's logarithm between its neighbours, level beyond the last. ``rate``, ``dividend_yield`` and ``day_count`` as in
    ``exposure``, which then prices a filled contract at the very middle that it was solved from.
    """
    years, dividend_yields = chain.years(day_count), chain.yields(dividend_yield)
    with np.errstate(all="ignore"):
        live = (chain.expiry > chain.seen_at) & np.isfinite(chain.strike) & (chain.strike > 0)
        absent = live & ~(np.isfinite(chain.volatility) & (chain.volatility > 0))
        forward = chain.spot * np.exp((rate - dividend_yields) * years)
        discount = np.exp(-rate * years)
    volatility = chain.volatility.copy()
    volatility[absent] = np.nan
    mid = mid_prices(chain)
    volatility[absent] = implied_volatility(
        mid[absent],
        forward[absent],
        chain.strike[absent],
        years[absent],
        discount[absent],
        chain.is_call[absent],
    )
    solved = absent & np.isfinite(volatility)
    given = live & ~absent
    for expiry in np.unique(chain.expiry[absent & ~solved]).tolist():
        here = chain.expiry == expiry
        known = here & given if (here & given).sum() > 1 else here & (given | solved)
        if not known.any():
            continue
        strikes, place = np.unique(chain.strike[known], return_inverse=True)
        smile = np.bincount(place, volatility[known]) / np.bincount(place)
        wanted = here & absent & ~solved
        volatility[wanted] = np.interp(np.log(chain.strike[wanted]), np.log(strikes), smile)
    filled = absent & np.isfinite(volatility)
    held = np.isfinite(chain.open_interest) & (chain.open_interest > 0)
    return Filled(
        replace(chain, volatility=volatility),
        solved=int((solved & held).sum()),
        from_smile=int((filled & ~solved & held).sum()),
        left=int((absent & ~filled & held).sum()),
    )
