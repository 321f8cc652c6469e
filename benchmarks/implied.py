"""Implied volatility of 20,000 prices against pyvolr, the fastest library solver (Rust, on every processor).

Prices are those of a chain as traded: most contracts out of the money, expiries from a day to two years, calls and puts mixed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from basketgex_server.exposure.implied import implied_volatility
from benchmarks.pairs import Result, compare

CONTRACTS = 20_000
TURNS = 5
RATE, DIVIDEND_YIELD, SPOT = 0.045, 0.013, 4_000.0


def measure(folder: Path) -> Iterator[Result]:
    from pyvolr import bs

    draw = np.random.default_rng(5)
    years = draw.choice(np.geomspace(1 / 365, 2.0, 40), CONTRACTS)
    volatility = draw.uniform(0.1, 0.8, CONTRACTS)
    forward = SPOT * np.exp((RATE - DIVIDEND_YIELD) * years)
    strike = forward * np.exp(draw.normal(0, 1.3, CONTRACTS) * volatility * np.sqrt(years))
    is_call = draw.random(CONTRACTS) < np.where(strike > forward, 0.7, 0.3)
    discount = np.exp(-RATE * years)
    side, deviation = np.where(is_call, 1.0, -1.0), volatility * np.sqrt(years)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    price = discount * side * (forward * ndtr(side * d1) - strike * ndtr(side * (d1 - deviation)))
    sides = [
        (flag, price[rows], strike[rows], years[rows]) for flag, rows in (("c", is_call), ("p", ~is_call))
    ]

    def ours() -> np.ndarray:
        return implied_volatility(price, forward, strike, years, discount, is_call)

    def theirs() -> list[np.ndarray]:  # calls and puts apart: a column of flags would cost it as much again
        return [
            bs.implied_vol(p, f, SPOT, k, t, RATE, DIVIDEND_YIELD, on_error="ignore") for f, p, k, t in sides
        ]

    other = np.empty(CONTRACTS)
    other[is_call], other[~is_call] = theirs()
    both = np.isfinite(found := ours()) & np.isfinite(other)
    assert both.mean() > 0.99 and np.median(np.abs(found[both] / other[both] - 1)) < 1e-12
    what = f"implied volatility of {CONTRACTS:,} prices"
    yield compare(what, "pyvolr, the fastest library", 3.0, _time(ours), _time(theirs))


def _time(work: Callable[[], object]) -> Callable[[], float]:
    def taken() -> float:
        times = []
        for _ in range(TURNS):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return sorted(times)[TURNS // 2] * 1e3

    return taken
