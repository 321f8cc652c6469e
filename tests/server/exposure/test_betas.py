"""Betas that prices imply, and a basket in units of its index."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from basketgex_server.domain import Basket
from basketgex_server.exposure.betas import expected_move, flow_per_index_percent, implied, index_equivalent

members = st.lists(st.tuples(st.floats(0.01, 10), st.floats(0.05, 2.0)), min_size=2, max_size=12)


@given(members, st.floats(0.05, 1.5))
def test_betas_are_those_of_one_correlation(given_: list[tuple[float, float]], index: float) -> None:
    symbols = tuple(f"A{place}" for place in range(len(given_)))
    weights = np.array([w for w, _ in given_])
    weights /= weights.sum()
    sigma = np.array([v for _, v in given_])
    found = implied(
        index, Basket(symbols, tuple(weights.tolist())), dict(zip(symbols, sigma.tolist(), strict=True))
    )
    assert found
    assume(abs(found.correlation) < 1e4)
    rho = np.full((len(sigma), len(sigma)), found.correlation)
    np.fill_diagonal(rho, 1.0)
    covariance = rho * np.outer(sigma, sigma)
    assert weights @ covariance @ weights == pytest.approx(index**2, rel=1e-6, abs=1e-9)
    wanted = covariance @ weights / index**2
    assert list(found.betas.values()) == pytest.approx(wanted.tolist(), rel=1e-6, abs=1e-6)
    assert float(weights @ np.array(list(found.betas.values()))) == pytest.approx(1.0, rel=1e-6, abs=1e-6)


def test_members_without_a_volatility_are_missing_and_one_alone_has_no_correlation() -> None:
    basket = Basket(("A", "B", "C"), (1.0, 1.0, 2.0))
    found = implied(0.2, basket, {"A": 0.4, "B": 0.2})
    assert found
    assert (list(found.betas), found.missing, found.covered_weight) == (["A", "B"], ("C",), 0.5)
    assert implied(0.2, basket, {"A": 0.4}) is None
    assert implied(0.2, basket, {}) is None
    assert implied(0.0, basket, {"A": 0.4, "B": 0.2}) is None


def test_betas_of_one_are_the_plain_sum() -> None:
    gex, counts = [30.0, -10.0, 5.0], [0.5, 0.25, 0.25]
    plain = math.fsum(g * c for g, c in zip(gex, counts, strict=True))
    assert flow_per_index_percent(gex, [1.0] * 3, counts) == plain
    assert index_equivalent(gex, [1.0] * 3, counts) == plain
    assert flow_per_index_percent(gex, [2.0, 0.0, -1.0], counts) == 30.0 - 1.25
    assert index_equivalent(gex, [2.0, 0.0, -1.0], counts) == 60.0 + 1.25


@given(members, st.floats(0.0, 1.0), st.floats(1.0, 400.0))
def test_a_basket_moves_no_more_than_its_names_together(
    given_: list[tuple[float, float]], correlation: float, days: float
) -> None:
    weights, sigma = [w for w, _ in given_], [v for _, v in given_]
    found = expected_move(weights, sigma, correlation, days)
    together = expected_move(weights, sigma, 1.0, days)
    apart = expected_move(weights, sigma, 0.0, days)
    assert found is not None and together is not None and apart is not None
    assert apart <= found * (1 + 1e-12) and found <= together * (1 + 1e-12)
    mean = sum(w * v for w, v in given_) / sum(weights)
    assert together == pytest.approx(mean * math.sqrt(days / 365))


def test_what_has_no_move() -> None:
    assert expected_move([1.0, 1.0], [0.2, 0.3], -1.5, 30.0) is None
    assert expected_move([], [], 0.5, 30.0) is None
    assert expected_move([1.0], [math.nan], 0.5, 30.0) is None
    assert expected_move([1.0], [0.2], 0.5, 0.0) is None
