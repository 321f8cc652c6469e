"""From the symbols of 10,000 cells to the calls that answer them all, against a bare set union of the same symbols."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from basketgex_server.dispatch.planner import plan
from benchmarks.pairs import Result, compare

CELLS, SYMBOLS, NAMES, SEATS = 10_000, 500, 6, 50


def measure(folder: Path) -> Iterator[Result]:
    draw = random.Random(7)
    tickers = [f"S{n}" for n in range(SYMBOLS)]
    cells = [draw.sample(tickers, NAMES) for _ in range(CELLS)]

    def planned() -> int:
        return len(plan(sorted(set().union(*cells)), (), symbols_per_call=SEATS, busy=False).calls)

    def union() -> int:
        return len(set().union(*cells))

    def time_of(work: Callable[[], int], result: int) -> float:
        begin = time.perf_counter()
        for _ in range(10):
            assert work() == result
        return (time.perf_counter() - begin) * 1e2

    what, against = "planning 10,000 cells over 500 symbols", "a bare set union of the same symbols"
    yield compare(
        what, against, 2.0, lambda: time_of(planned, SYMBOLS // SEATS), lambda: time_of(union, SYMBOLS)
    )
