"""Net GEX of 20,000 contracts at 60 spot prices, some expiring today, against one exponential a pair; and its error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.repricing import GEX, prepare
from benchmarks.pairs import Result, compare

CONTRACTS, LEVELS = 20_000, 60
TODAY = 2_000
"""Contracts that expire within minutes or hours: what recurrences and splines get wrong."""
ALLOWED = 1e-10
TERMS = Terms("flashalpha", 0.045, 0.013)


def measure(folder: Path) -> Iterator[Result]:
    draw = np.random.default_rng(7)
    years = draw.uniform(1 / 365, 2.0, CONTRACTS)
    years[:TODAY] = draw.uniform(1.0, 390.0, TODAY) / 60 / 24 / 365
    chain = Chain(
        symbol="X",
        spot=4_000.0,
        as_of=0.0,
        strike=np.round(np.exp(draw.normal(8.3, 0.3, CONTRACTS)) / 5) * 5,
        is_call=draw.random(CONTRACTS) < 0.5,
        expiry=years * YEAR,
        volatility=draw.uniform(0.05, 0.8, CONTRACTS),
        open_interest=draw.integers(1, 10_000, CONTRACTS).astype(np.float64),
    )
    book, moves = prepare(chain, TERMS), np.linspace(0.8, 1.2, LEVELS)
    assert book is not None and len(book) == CONTRACTS
    exponents = -(draw.normal(0.0, 2.0, (LEVELS, CONTRACTS)) ** 2) / 2

    def floor() -> None:
        for level in exponents:  # a level's stay in the cache
            np.exp(level)

    def time_of(work: Callable[[], object]) -> float:
        begin = time.perf_counter()
        work()
        return (time.perf_counter() - begin) * 1e3

    what = f"net GEX of 20,000 contracts at {LEVELS} spot prices, 0DTE in"
    yield compare(
        what, "one np.exp a pair", 4, lambda: time_of(lambda: book.net(moves, (GEX,))), lambda: time_of(floor)
    )
    error = _error(chain, moves, book.net(moves, (GEX,))[0])
    yield Result(
        "its largest error", f"{ALLOWED:g} of the gross", 1.0, error / ALLOWED, error, ALLOWED, "of gross"
    )


def _error(chain: Chain, moves: np.ndarray, found: np.ndarray) -> float:
    """The largest difference from the textbook with 64 bits of mantissa, in units of the gross GEX."""
    exact = np.longdouble
    strike, vol, years = (x.astype(exact) for x in (chain.strike, chain.volatility, chain.years()))
    rate, dividend = exact(TERMS.rate), exact(TERMS.dividend_yield)
    deviation = vol * np.sqrt(years)
    worst = 0.0
    for move, net in zip(moves, found, strict=True):
        price = exact(chain.spot) * exact(move)
        d1 = (np.log(price / strike) + (rate - dividend) * years) / deviation + deviation / 2
        gamma = np.exp(-dividend * years - d1 * d1 / 2) / (price * deviation * np.sqrt(2 * exact(np.pi)))
        gex = np.where(chain.is_call, 1, -1) * gamma * chain.open_interest * price**2
        worst = max(worst, float(abs(gex.sum() - exact(net)) / np.abs(gex).sum()))
    return worst
