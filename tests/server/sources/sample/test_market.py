"""The sample's chains look like those of a market: every figure lies where those of real chains lie."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from basketgex_server.exposure.chain import YEAR, Chain, rows
from basketgex_server.exposure.implied import adjusted, fill
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.sources.sample.generator import RATE
from basketgex_server.sources.sample.names import BY_SYMBOL
from basketgex_server.sources.sample.provider import Sample
from tests.server.sources.sample.market import INDEXES, OF_INDEXES, OF_SINGLES, SINGLES, Market, measure

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "chains" / "basket_2026-07-10"
ALONE = tuple(symbol for symbol, name in BY_SYMBOL.items() if not name.skew)
FIGURES = [
    *((symbol, OF_INDEXES) for symbol in INDEXES),
    *((symbol, OF_SINGLES) for symbol in SINGLES),
]


@cache
def chain_of(symbol: str) -> Chain:
    chain = Sample().chain(symbol)
    assert chain
    return chain


@cache
def of_sample(symbol: str) -> Market:
    return measure(chain_of(symbol))


def outside(found: Market, ranges: dict[str, tuple[float, float]]) -> dict[str, float]:
    figures = {name: getattr(found, name) for name in ranges}
    return {name: value for name, value in figures.items() if not ranges[name][0] <= value <= ranges[name][1]}


@pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")
@pytest.mark.parametrize("symbol, ranges", FIGURES)
def test_the_ranges_are_those_of_real_chains(symbol: str, ranges: dict[str, tuple[float, float]]) -> None:
    found = measure(read_chain(SHARED / f"{symbol}.csv.gz", symbol))
    assert found.walls_differ
    lost = outside(found, ranges)
    if found.leaps == 0:  # some were saved without their far expiries
        del lost["leaps"]
    assert not lost


@pytest.mark.parametrize("symbol", INDEXES)
def test_index_names(symbol: str) -> None:
    assert not outside(of_sample(symbol), OF_INDEXES)


@pytest.mark.parametrize("symbol", ALONE)
def test_single_names(symbol: str) -> None:
    assert not outside(of_sample(symbol), OF_SINGLES)


def test_open_interest_is_not_on_one_strike() -> None:
    assert max(of_sample(symbol).largest for symbol in BY_SYMBOL) <= 0.08


def test_flips_are_within_reach_and_walls_apart() -> None:
    flips = [of_sample(symbol).flip for symbol in BY_SYMBOL]
    assert all(math.isnan(flip) or abs(flip) <= 0.15 for flip in flips)
    assert sum(not math.isnan(flip) for flip in flips) > 0.8 * len(flips)
    assert sum(of_sample(symbol).walls_differ for symbol in BY_SYMBOL) > 0.9 * len(flips)


@pytest.mark.parametrize("symbol", ["SPX", "SPY", "NVDA", "JPM", "VZ"])
def test_dividends_can_be_read_off_the_prices(symbol: str) -> None:
    found = adjusted(chain_of(symbol), RATE, 0.013, implied=True, filled=False)
    yields = [f.dividend_yield for f in found.forwards if f.trusted and f.expiry - found.as_of > 90 * 86_400]
    assert yields
    assert yields == pytest.approx([BY_SYMBOL[symbol].dividend_yield] * len(yields), abs=0.004)
    assert found.spot_status == "agrees"


def test_absent_volatilities_can_be_filled_in() -> None:
    chain = chain_of("NVDA")
    lost = int(rows(chain).no_volatility.sum())
    filled = fill(chain, RATE, BY_SYMBOL["NVDA"].dividend_yield)
    assert lost > 5
    assert filled.solved + filled.from_smile == lost
    assert filled.solved > lost / 2


def test_a_quote_is_two_sided_and_buys_no_contract_below_what_exercise_is_worth() -> None:
    chain = chain_of("SPX")
    assert chain.bid is not None and chain.ask is not None
    assert (chain.bid >= 0).all() and (chain.ask > chain.bid).all()
    years = (chain.expiry - chain.as_of) / YEAR
    owed = chain.strike * np.exp(-RATE * years)
    forward = chain.spot * np.exp(-BY_SYMBOL["SPX"].dividend_yield * years)
    worth = np.where(chain.is_call, forward - owed, owed - forward)
    assert (chain.ask > worth).all()
