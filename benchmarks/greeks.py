"""The four measures of 20,000 contracts, spot moved, against one exponential plus one normal distribution a contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from basketgex_server.exposure.black_scholes import contracts
from benchmarks.pairs import Result, compare

CONTRACTS = 20_000
MOVES = 10


def measure(folder: Path) -> Iterator[Result]:
    draw = np.random.default_rng(7)
    strikes = np.round(np.exp(draw.normal(8.3, 0.3, CONTRACTS)) / 5) * 5
    book = contracts(
        strikes,
        draw.random(CONTRACTS) < 0.5,
        draw.uniform(0.05, 0.8, CONTRACTS),
        draw.uniform(1 / 365, 2.0, CONTRACTS),
        0.045,
        0.013,
    )
    x = draw.normal(0.0, 2.0, CONTRACTS)

    def ours() -> None:
        book.greeks(4_000.0 + draw.random())

    def floor() -> None:
        np.exp(x)
        ndtr(x)

    def time_of(work: Callable[[], None]) -> float:
        begin = time.perf_counter()
        for _ in range(MOVES):
            work()
        return (time.perf_counter() - begin) / MOVES * 1e3

    what, against = "four measures of 20,000 contracts, spot moved", "one np.exp plus one ndtr a contract"
    yield compare(what, against, 2.5, lambda: time_of(ours), lambda: time_of(floor))
