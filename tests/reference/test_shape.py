"""Shape, max pain and expected move of every real chain, held to ``shape.py`` to 1e-9 of gross."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import pytest

from basketgex_server.domain import Constituent, Measures, Terms
from basketgex_server.exposure.betas import expected_move
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.max_pain import max_pain
from basketgex_server.exposure.shape import by_expiry, by_move
from basketgex_server.exposure.symbol import exposure
from tests.reference import shape
from tests.reference.test_real_chains import CHAINS, SHARED, chain_of, moments
from tests.reference.textbook import Rows, exposures

TERMS = Terms("dealer", 0.045, 0.013)
STEPS = (0.01, 0.037)
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")


@pytest.mark.parametrize("path, symbol", CHAINS)
def test_expiries_and_strikes_agree_and_add_up(path: str, symbol: str) -> None:
    for chain in moments(path, symbol):
        columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
        rows = Rows(chain.spot, chain.as_of, *columns).counting()
        wanted = exposures(rows, np.array([chain.spot]), *TERMS)
        found = exposure(chain, *TERMS)
        assert found
        buckets, days = by_expiry([Constituent(found, 1.0, 100.0)]), shape.days_ahead(rows)
        sizes = shape.by_days(days, np.abs(wanted["gex"][0]))
        shares = [size / sum(sizes) for size in sizes]
        assert [b.gross_share for b in buckets] == pytest.approx(shares, abs=1e-9)
        assert [b.rolled_off for b in buckets] == pytest.approx(list(accumulate(shares)), abs=1e-9)
        moves = {step: by_move([Constituent(found, 1.0, 100.0)], step) for step in STEPS}
        for m, measure in enumerate(Measures._fields):
            here = wanted[measure][0]
            gross = np.abs(here).sum()
            assert [b.net[m] for b in buckets] == pytest.approx(shape.by_days(days, here), abs=1e-9 * gross)
            assert math.fsum(b.net[m] for b in buckets) == pytest.approx(found.net[m], abs=1e-9 * gross)
            for step, its in moves.items():
                by_hand = shape.by_move(rows, here, step)
                assert [b.move for b in its] == pytest.approx([place * step for place in by_hand])
                assert [b.net[m] for b in its] == pytest.approx(list(by_hand.values()), abs=1e-9 * gross)
                assert math.fsum(b.net[m] for b in its) == pytest.approx(found.net[m], abs=1e-9 * gross)


@pytest.mark.parametrize("path, symbol", CHAINS)
def test_max_pain_agrees(path: str, symbol: str) -> None:
    chain = chain_of(path, symbol)
    kept = (chain.open_interest > 0) & (chain.expiry > chain.seen_at)
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    strikes, pains = shape.pains(Rows(chain.spot, chain.as_of, *(c[kept] for c in columns)))
    found = max_pain(chain)
    assert found and found.strikes.tolist() == strikes.tolist()
    assert (found.call_pain + found.put_pain).tolist() == pytest.approx(pains.tolist(), rel=1e-9)
    assert pains[strikes.tolist().index(found.strike)] <= pains.min() * (1 + 1e-9)


@pytest.mark.parametrize("path, symbol", CHAINS)
def test_the_volatility_at_the_money_agrees(path: str, symbol: str) -> None:
    chain = chain_of(path, symbol)
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    rows = Rows(chain.spot, chain.as_of, *columns)
    for horizon in (1.0, 30.0, 75.0, 3_000.0):
        found = at_the_money(chain, TERMS.rate, TERMS.dividend_yield, horizon)
        assert found == pytest.approx(
            shape.at_the_money(rows, TERMS.rate, TERMS.dividend_yield, horizon), rel=1e-9
        )


def test_the_expected_move_is_the_sum_over_all_pairs() -> None:
    rng = np.random.default_rng(7)
    for size in (1, 2, 9, 40):
        weights, volatilities = rng.uniform(0, 3, size), rng.uniform(0.1, 0.9, size)
        for correlation in (0.0, 0.35, 1.0):
            shares, moves = (weights / weights.sum()).tolist(), (volatilities * math.sqrt(20 / 365)).tolist()
            found = expected_move(weights.tolist(), volatilities.tolist(), correlation, 20.0)
            assert found == pytest.approx(shape.expected_move(shares, moves, correlation), rel=1e-9)
