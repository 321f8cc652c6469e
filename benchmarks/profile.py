"""Net exposures of 20,000 contracts at 60 spot prices, some expiring today, against what each pair needs at least; the error.

That is one exponential for GEX and VEX; DEX is a normal distribution by itself, and CHEX has one in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.repricing import CHEX, DEX, GEX, VEX, prepare
from benchmarks.pairs import Result, compare, time_of

CONTRACTS, LEVELS = 20_000, 60
TODAY = 2_000
"""Contracts that expire within minutes or hours: what recurrences and splines get wrong."""
ALLOWED = 1e-10
ROWS = {
    "GEX": (GEX,),
    "VEX": (VEX,),
    "DEX": (DEX,),
    "CHEX": (CHEX,),
    "GEX, DEX, VEX and CHEX": (GEX, DEX, VEX, CHEX),
}
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
    points = draw.normal(0.0, 2.0, (LEVELS, CONTRACTS))
    exponents = -(points**2) / 2

    def exponential() -> None:
        for level in exponents:  # a level's stay in the cache
            np.exp(level)

    def distribution() -> None:
        for level, at in zip(exponents, points, strict=True):
            np.exp(level)
            ndtr(at)

    for name, measures in ROWS.items():
        cumulative = not {DEX, CHEX}.isdisjoint(measures)
        against = "one np.exp plus one ndtr a pair" if cumulative else "one np.exp a pair"
        floor, target = (distribution, 1.5) if cumulative else (exponential, 4.0)
        yield compare(
            f"net {name} of 20,000 contracts at {LEVELS} spot prices, 0DTE in",
            against,
            target,
            lambda measures=measures: time_of(lambda: book.net(moves, measures)),
            lambda floor=floor: time_of(floor),
        )
    error = _error(chain, moves, book.net(moves))
    what = "the largest error of the four"
    yield Result(what, f"{ALLOWED:g} of the gross", 1.0, error / ALLOWED, error, ALLOWED, "of gross")


def _error(chain: Chain, moves: np.ndarray, found: np.ndarray) -> float:
    """The largest difference from the textbook with 64 bits of mantissa, in units of the gross of its measure."""
    exact = np.longdouble
    strike, vol, years = (x.astype(exact) for x in (chain.strike, chain.volatility, chain.years()))
    rate, dividend = exact(TERMS.rate), exact(TERMS.dividend_yield)
    side = np.where(chain.is_call, 1, -1)
    deviation, discount = vol * np.sqrt(years), np.exp(-dividend * years)
    held = chain.open_interest.astype(exact) * 100
    worst = 0.0
    for move, net in zip(moves, found.T, strict=True):
        price = exact(chain.spot) * exact(move)
        d1 = (np.log(price / strike) + (rate - dividend) * years) / deviation + deviation / 2
        d2 = d1 - deviation
        density = discount * np.exp(-d1 * d1 / 2) / np.sqrt(2 * exact(np.pi))
        delta = side * discount * ndtr((side * d1).astype(np.float64))  # its digits are those of a double
        charm = dividend * delta - density * ((rate - dividend) / deviation - d2 / (2 * years))
        for theirs, exposure in zip(
            net,
            (
                side * density / (price * deviation) * held * price**2 / 100,
                delta * held * price,
                -density * d2 / vol * held * price / 100,
                charm * held * price / 365,
            ),
            strict=True,
        ):
            worst = max(worst, float(abs(exposure.sum() - exact(theirs)) / np.abs(exposure).sum()))
    return worst
