"""The shape of a chain from ``textbook``, contract by contract: nothing of basketgex is imported here."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import pairwise

import numpy as np

from tests.reference.textbook import NEW_YORK, Floats, Rows

DAY = 86_400.0
BUCKETS = ((0, 0), (1, 7), (8, 30), (31, 90), (91, 10**6))


def days_ahead(rows: Rows) -> list[int]:
    """Calendar days in New York from the chain's own day to each contract's expiry."""
    today = datetime.fromtimestamp(rows.as_of, NEW_YORK).date()
    return [(datetime.fromtimestamp(at, NEW_YORK).date() - today).days for at in rows.expiry.tolist()]


def by_days(days: list[int], column: Floats) -> list[float]:
    """What the contracts of each bucket add up to."""
    return [
        math.fsum(x for day, x in zip(days, column.tolist(), strict=True) if first <= day <= last)
        for first, last in BUCKETS
    ]


def by_move(rows: Rows, column: Floats, step: float) -> dict[int, float]:
    """What the contracts add up to whose strikes lie within half a step of each multiple of it from spot."""
    found: dict[int, list[float]] = {}
    for strike, x in zip(rows.strike.tolist(), column.tolist(), strict=True):
        found.setdefault(math.floor((strike / rows.spot - 1) / step + 0.5), []).append(x)
    return {place: math.fsum(parts) for place, parts in sorted(found.items())}


def pains(rows: Rows) -> tuple[Floats, Floats]:
    """The strikes that have open interest, and what everything that is open pays were spot to end at each."""
    strikes = np.array(sorted(set(rows.strike.tolist())))
    at = strikes[:, None]
    pays = np.where(rows.is_call, np.maximum(at - rows.strike, 0), np.maximum(rows.strike - at, 0))
    return strikes, 100 * (pays * rows.open_interest).sum(axis=1)


def at_the_money(rows: Rows, rate: float, dividend: float, horizon: float) -> float | None:
    """The volatility at the forward of each expiry a day ahead or more, its total variance on a line between expiries."""
    known: list[tuple[float, float]] = []
    for expiry in sorted(set(rows.expiry.tolist())):
        years = (expiry - rows.as_of) / DAY / 365
        if years < 1 / 365:
            continue
        here = (rows.expiry == expiry) & (rows.volatility > 0)
        smile: dict[float, list[float]] = {}
        for strike, volatility in zip(
            rows.strike[here].tolist(), rows.volatility[here].tolist(), strict=True
        ):
            smile.setdefault(strike, []).append(volatility)
        forward = rows.spot * math.exp((rate - dividend) * years)
        below = max((k for k in smile if k <= forward), default=None)
        above = min((k for k in smile if k >= forward), default=None)
        if below is None or above is None:
            continue
        low, high = (sum(smile[k]) / len(smile[k]) for k in (below, above))
        share = 0.0 if below == above else (forward - below) / (above - below)
        known.append((years, low + share * (high - low)))
    if not known:
        return None
    at = horizon / 365
    if at <= known[0][0]:
        return known[0][1]
    for (t0, v0), (t1, v1) in pairwise(known):
        if at <= t1:
            variance = v0 * v0 * t0 + (v1 * v1 * t1 - v0 * v0 * t0) * (at - t0) / (t1 - t0)
            return math.sqrt(variance / at)
    return known[-1][1]


def expected_move(weights: list[float], moves: list[float], correlation: float) -> float:
    """Root of the sum over all pairs of weight · weight · correlation · move · move."""
    pairs = [
        wi * wj * mi * mj * (1.0 if i == j else correlation)
        for i, (wi, mi) in enumerate(zip(weights, moves, strict=True))
        for j, (wj, mj) in enumerate(zip(weights, moves, strict=True))
    ]
    return math.sqrt(math.fsum(pairs))
