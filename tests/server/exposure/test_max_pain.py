"""Max pain held to the plain double loop, over made-up chains and real ones."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.exposure.max_pain import max_pain
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import BASKET, NAMES, Row, make

rows = st.lists(
    st.tuples(
        st.sampled_from([60.0, 90.0, 95.0, 100.0, 105.0, 110.0, 150.0]),
        st.booleans(),
        st.sampled_from([-0.1, 0.01, 0.5]),
        st.just(0.2),
        st.integers(0, 1_000).map(float),
    ),
    min_size=1,
    max_size=20,
)


def pain_at(spot: float, alive: list[Row]) -> float:
    return 100.0 * sum(
        interest * max(spot - strike if call else strike - spot, 0.0)
        for strike, call, _, _, interest in alive
    )


@given(rows)
def test_the_double_loop(given_: list[Row]) -> None:
    alive = [row for row in given_ if row[2] > 0 and row[4] > 0]
    found = max_pain(make(given_))
    if not alive:
        assert found is None
        return
    assert found
    strikes = sorted({row[0] for row in alive})
    assert found.strikes.tolist() == strikes
    total = (found.call_pain + found.put_pain).tolist()
    assert total == pytest.approx([pain_at(strike, alive) for strike in strikes])
    assert found.strike == min(strikes, key=lambda k: (round(pain_at(k, alive), 6), abs(k - 100.0), k))
    assert found.call_open_interest.sum() == sum(row[4] for row in alive if row[1])
    assert found.put_open_interest.sum() == sum(row[4] for row in alive if not row[1])


def test_what_has_no_volatility_counts_all_the_same() -> None:
    chain = make([(90.0, True, 0.1, math.nan, 10.0), (110.0, False, 0.1, 0.2, 1.0)])
    found = max_pain(chain)
    assert found
    assert (found.strike, found.strikes.tolist()) == (90.0, [90.0, 110.0])
    assert found.call_pain.tolist() == [0.0, 20_000.0]
    assert found.put_pain.tolist() == [2_000.0, 0.0]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1.0, 0.0])
def test_odd_numbers_are_nobodys_pain(odd: float) -> None:
    chain = make([(100.0, True, 0.1, 0.2, odd)])
    assert max_pain(chain) is None
    assert max_pain(replace(chain, open_interest=np.array([5.0]), strike=np.array([odd]))) is None
    assert max_pain(make([(1e308, True, 0.1, 0.2, 1e308), (1.0, True, 0.1, 0.2, 1e308)])) is None


@pytest.mark.parametrize("name", NAMES[:4])
def test_real_chains(shared_data: Path, name: str) -> None:
    chain = read_chain(shared_data / f"{BASKET}/{name}.csv.gz", name)
    found = max_pain(chain)
    assert found
    counted = (chain.open_interest > 0) & (chain.expiry > chain.as_of)
    away = found.strikes[:, None] - chain.strike[counted]
    worth = np.maximum(np.where(chain.is_call[counted], away, -away), 0.0) * chain.open_interest[counted]
    expected = 100.0 * worth.sum(axis=1)
    assert found.call_pain + found.put_pain == pytest.approx(expected, rel=1e-9)
    assert expected[found.strikes.tolist().index(found.strike)] == pytest.approx(expected.min())
