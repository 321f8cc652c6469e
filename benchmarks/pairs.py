"""Ratios measured side by side: machines are noisy, a median of shuffled pairs is less so."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

PAIRS = 9
Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Result:
    """One row: the median ratio beside its target, and what both sides took (in the unit of ``unit``)."""

    what: str
    against: str
    target: float
    ratio: float
    ours: float
    theirs: float
    unit: str

    @property
    def held(self) -> bool:
        return self.ratio <= self.target


def compare(
    what: str,
    against: str,
    target: float,
    ours: Measure,
    theirs: Measure,
    *,
    unit: str = "ms",
    pairs: int = PAIRS,
) -> Result:
    """Measure both sides ``pairs`` times, in random order within a pair; each returns what it took."""
    ours(), theirs()  # both warm
    mine: list[float] = []
    others: list[float] = []
    for _ in range(pairs):
        sides = [(ours, mine), (theirs, others)]
        random.shuffle(sides)
        for measure, taken in sides:
            taken.append(measure())
    ratio = statistics.median(a / b for a, b in zip(mine, others, strict=True))
    return Result(what, against, target, ratio, statistics.median(mine), statistics.median(others), unit)


def time_of(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1e3
