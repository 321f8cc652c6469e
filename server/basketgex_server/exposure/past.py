"""A basket's closing figures over the days that are kept, and where today's stand among them. Plain Python, no arrays.

A basket's history is that of its names' closing figures under its present weights. Of each day on which a name has one, the
figure is the weighted mean of the latest of each, none of them older than STALE days; it begins when every name has one.

With the figures x₁ … xₙ of the days before, and x of now::

    percentile    (the days with xᵢ < x, and half of those with xᵢ = x) ÷ n
    z-score       (x − mean) ÷ standard deviation (n − 1)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

DAY = 86_400.0
STALE = 7.0
"""Days for which a closing figure stands for its name where a newer one is lacking."""
FEWEST = 5
"""Days before, without which there is no percentile and no z-score."""


class Close(NamedTuple):
    """Figures at a moment (Unix seconds): the four measures in USD, and gross GEX, None where it is not known."""

    as_of: float
    gex: float
    dex: float
    vex: float
    chex: float
    gross_gex: float | None

    @property
    def balance(self) -> float | None:
        """Net GEX over gross GEX; None where that is not known."""
        return self.gex / self.gross_gex if self.gross_gex else None


class Rank(NamedTuple):
    """Where a figure stands among those of ``days`` before; None where they are too few, or all the same."""

    percentile: float | None
    z_score: float | None
    days: int


def of_basket(weights: Mapping[str, float], closes: Mapping[str, Sequence[Close]]) -> list[Close]:
    """Return a basket's closing figures, the oldest first; weights above 0 that add up to 1, each name's closes ascending."""
    days = sorted({_day(close) for symbol in weights for close in closes.get(symbol, ())})
    upto = dict.fromkeys(weights, 0)
    found = []
    for day in days:
        latest = []
        for symbol, weight in weights.items():
            own = closes.get(symbol, ())
            while upto[symbol] < len(own) and _day(own[upto[symbol]]) <= day:
                upto[symbol] += 1
            if not upto[symbol] or day - _day(own[upto[symbol] - 1]) > STALE:
                break
            latest.append((weight, own[upto[symbol] - 1]))
        else:
            found.append(_mean(latest))
    return found


def rank(now: float | None, before: Sequence[float | None]) -> Rank:
    """Return where a figure stands among those before; days on which it is not known do not count.

    >>> rank(3.0, [1.0, 2.0, 3.0, 4.0, 5.0])
    Rank(percentile=0.5, z_score=0.0, days=5)
    """
    known = [x for x in before if x is not None]
    if now is None or len(known) < FEWEST:
        return Rank(None, None, len(known))
    below = sum(x < now for x in known) + sum(x == now for x in known) / 2
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in known) / (len(known) - 1))
    return Rank(below / len(known), (now - mean) / deviation if deviation > 0 else None, len(known))


def _mean(parts: Sequence[tuple[float, Close]]) -> Close:
    gross = [(weight, close.gross_gex) for weight, close in parts]
    return Close(
        as_of=max(close.as_of for _, close in parts),
        gex=math.fsum(weight * close.gex for weight, close in parts),
        dex=math.fsum(weight * close.dex for weight, close in parts),
        vex=math.fsum(weight * close.vex for weight, close in parts),
        chex=math.fsum(weight * close.chex for weight, close in parts),
        gross_gex=math.fsum(w * g for w, g in gross if g) if all(g is not None for _, g in gross) else None,
    )


def _day(close: Close) -> int:
    return int(close.as_of // DAY)
