"""The shape of a basket's exposure: by time to expiry, with what rolls off, and by strike, with the basket's walls.

With the weights wᵢ of ``basket.aggregate``, Gᵢ a name's net GEX and its gross GEX that of its contracts without their signs::

    net of a bucket      Σ wᵢ · xᵢ(contracts in it), of all four measures; the buckets add up to the basket's
    rolled off by day d  Σ wᵢ · grossᵢ(T ≤ d) ÷ Σ wᵢ · grossᵢ
    move of a strike     k = K/Sᵢ − 1, one for all names: the strike at 5 % above each name's own spot is +0.05

The basket's call wall is the bucket of moves with the largest call GEX, its put wall that with the most negative put GEX.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from basketgex_server.domain import Constituent, ExpiryRow, Measures, StrikeRow
from basketgex_server.exposure.chain import new_york_day

EDGES = (0, 7, 30, 90)
"""The last day of each bucket but the last, in calendar days from the chain's own day: 0DTE, 1–7, 8–30, 31–90, 91 and more."""
STEP = 0.01
NOTHING = Measures(0.0, 0.0, 0.0, 0.0)


class ExpiryBucket(NamedTuple):
    """What expires from ``first_day`` to ``last_day`` (None: without end) calendar days after each chain's own day.

    ``net`` in USD as in Measures; ``gross_share`` is the bucket's part of the basket's gross GEX, 0..1, and ``rolled_off`` that
    of this bucket and all before it.
    """

    first_day: int
    last_day: int | None
    net: Measures
    gross_share: float
    rolled_off: float


class MoveBucket(NamedTuple):
    """The strikes around ``move`` from each name's spot, half a step on either side; calls and puts signed as in the net."""

    move: float
    call: Measures
    put: Measures

    @property
    def net(self) -> Measures:
        """Calls and puts together, USD as in Measures."""
        return _added(self.call, self.put)


class Walls(NamedTuple):
    """Moves from spot; None where no call, or no put, has GEX."""

    call: float | None
    put: float | None


def by_expiry(
    constituents: Sequence[Constituent], edges: Sequence[int] | None = EDGES
) -> tuple[ExpiryBucket, ...]:
    """Return a basket by time to expiry, nearest first; ``edges`` None: a bucket for every day on which something expires.

    Names without a breakdown by expiry have no part in it. Raises ValueError where edges do not ascend from 0 or more.
    """
    if edges is not None and (list(edges) != sorted(set(edges)) or any(edge < 0 for edge in edges)):
        raise ValueError("edges must ascend, from 0 days or more")
    rows = [
        (days, member.weight, row)
        for member in constituents
        for row in member.exposure.expiries
        if (days := _days(member.exposure.as_of, row)) is not None
    ]
    bounds: list[tuple[int, int | None]]
    if edges is None:
        bounds = [(day, day) for day in sorted({days for days, _, _ in rows})]
    else:
        bounds = list(zip((0, *(edge + 1 for edge in edges)), (*edges, None), strict=True))
    gross = math.fsum(weight * _gross(row) for _, weight, row in rows)
    found, rolled = [], 0.0
    for first, last in bounds:
        inside = [(w, row) for days, w, row in rows if first <= days and (last is None or days <= last)]
        share = math.fsum(w * _gross(row) for w, row in inside) / gross if gross > 0 else 0.0
        rolled = math.fsum((rolled, share))
        net = _weighted((w, side) for w, row in inside for side in (row.call, row.put))
        found.append(ExpiryBucket(first, last, net, share, min(rolled, 1.0)))
    return tuple(found)


def by_move(constituents: Sequence[Constituent], step: float = STEP) -> tuple[MoveBucket, ...]:
    """Return a basket by the distance of strikes from each name's spot, ascending; buckets without a strike are left out.

    Names without a breakdown by strike have no part in it. Raises ValueError where ``step`` is no finite number above 0.
    """
    if not (math.isfinite(step) and step > 0):
        raise ValueError("step must be finite and above 0")
    sides: dict[int, tuple[list[tuple[float, Measures]], list[tuple[float, Measures]]]] = {}
    for member in constituents:
        for row in member.exposure.strikes:
            place = math.floor((row.strike / member.exposure.underlying_price - 1) / step + 0.5)
            calls, puts = sides.setdefault(place, ([], []))
            calls.append((member.weight, row.call))
            puts.append((member.weight, row.put))
    return tuple(
        MoveBucket(place * step, _weighted(calls), _weighted(puts))
        for place, (calls, puts) in sorted(sides.items())
    )


def walls(buckets: Sequence[MoveBucket]) -> Walls:
    """Return the basket's walls. Of buckets that tie, the one nearest spot counts, then the lower."""
    return Walls(_most(buckets, lambda b: b.call.gex), _most(buckets, lambda b: -b.put.gex))


def _most(buckets: Sequence[MoveBucket], figure: Callable[[MoveBucket], float]) -> float | None:
    most = max(
        (b for b in buckets if figure(b) > 0), key=lambda b: (figure(b), -abs(b.move), -b.move), default=None
    )
    return None if most is None else most.move


def _days(as_of: float, row: ExpiryRow) -> int | None:
    today, day = new_york_day(as_of), new_york_day(row.expiry)
    return max((day - today).days, 0) if today and day else None


def _gross(row: ExpiryRow | StrikeRow) -> float:
    return abs(row.call.gex) + abs(row.put.gex)


def _weighted(parts: Iterable[tuple[float, Measures]]) -> Measures:
    columns = [[weight * figure for figure in measures] for weight, measures in parts]
    return Measures(*map(math.fsum, zip(*columns, strict=True))) if columns else NOTHING


def _added(one: Measures, other: Measures) -> Measures:
    return Measures(*(a + b for a, b in zip(one, other, strict=True)))
