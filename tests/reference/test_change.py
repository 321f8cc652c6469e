"""The parts of a change on every real chain, to a later one made of it, held to ``change.py`` to 1e-9 of gross."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from basketgex_server.domain import Terms
from basketgex_server.exposure.change import Weighed, combined, of_chain
from tests.reference import change
from tests.reference.test_real_chains import CHAINS, SHARED, chain_of
from tests.reference.textbook import Rows

TERMS = Terms("dealer", 0.045, 0.013)
DAY = 86_400.0
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")


def later(chain: Any, seed: int) -> Any:
    """A day and a half on: another price, other volatilities, some contracts gone, some new ones, some quoted no more."""
    rng = np.random.default_rng(seed)
    size = len(chain)
    volatility = np.where(rng.random(size) < 0.03, np.nan, chain.volatility * rng.uniform(0.9, 1.2, size))
    interest = np.where(
        rng.random(size) < 0.1, 0.0, np.round(chain.open_interest * rng.uniform(0.5, 2, size))
    )
    moved = replace(
        chain,
        spot=chain.spot * 1.013,
        as_of=chain.as_of + 1.5 * DAY,
        made_at=0.0,
        volatility=volatility,
        open_interest=interest,
    )
    return moved.only(rng.random(size) > 0.05)


def rows_of(chain: Any) -> Rows:
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    return Rows(chain.spot, chain.as_of, *columns)


@pytest.mark.parametrize("path, symbol", CHAINS)
def test_the_parts_agree_and_add_up(path: str, symbol: str) -> None:
    whole = replace(chain_of(path, symbol), made_at=0.0, dividend_yield=None)
    old = whole.only(np.random.default_rng(1).random(len(whole)) > 0.05)
    new = later(whole, 2)
    found = of_chain(old, new, TERMS)
    assert found
    wanted, gross = change.parts(rows_of(old), rows_of(new), TERMS.rate, TERMS.dividend_yield)
    assert list(found.parts[:4]) == pytest.approx(wanted, abs=1e-9 * gross)
    assert found.parts.residual == pytest.approx(0, abs=1e-9 * gross)
    assert found.before + math.fsum(found.parts) == pytest.approx(found.after, abs=1e-9 * gross)
    basket = combined([Weighed(found, 1.0, 0.25), Weighed(found, 0.0, 0.75)])
    assert basket.after == pytest.approx(found.after) and basket.parts.weights == pytest.approx(0)
