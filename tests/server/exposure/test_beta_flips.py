"""Flips of names that move by their betas, held to a fine grid of brute-force sums and to the common move."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.flips import LEAST, beta_flips, flips, nearest
from basketgex_server.exposure.repricing import prepare
from basketgex_server.sources.files.folder import read_chain
from tests.reference.textbook import Rows, exposures
from tests.server.exposure.test_levels import BASKET, REAL, Row, make

TERMS = Terms("flashalpha", 0.045, 0.013)
NINE = "AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA"
BETAS = (1.1, 1.8, 1.2, 1.6, 1.1, 1.2, 0.9, 1.7, 1.9)
rows = st.lists(
    st.tuples(
        st.integers(80, 120).map(float),
        st.booleans(),
        st.sampled_from([0.02, 0.1, 0.5]),
        st.sampled_from([0.1, 0.3, 0.8]),
        st.integers(1, 100).map(float),
    ),
    min_size=1,
    max_size=12,
)


def net_at(
    chains: list[Chain], weights: list[float], betas: list[float], moves: Floats
) -> tuple[Floats, Floats]:
    """Net and gross GEX f64[L] by the textbook, each name at 1 + beta · move."""
    net, gross = np.zeros(len(moves)), np.zeros(len(moves))
    for chain, weight, beta in zip(chains, weights, betas, strict=True):
        columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
        held = Rows(chain.spot, chain.as_of, *columns).counting()
        gex = weight * exposures(held, chain.spot * (1 + beta * moves), *TERMS)["gex"]
        net, gross = net + gex.sum(axis=1), gross + np.abs(gex).sum(axis=1)
    return net, gross


def found(
    chains: list[Chain], weights: list[float], betas: list[float], low: float = 0.5, high: float = 1.5
) -> list[float]:
    members = []
    for chain, weight, beta in zip(chains, weights, betas, strict=True):
        book = prepare(chain, TERMS)
        assert book
        members.append((book, weight, beta))
    return list(beta_flips(members, low, high))


@pytest.mark.parametrize("path, symbol", REAL)
def test_a_beta_of_one_is_the_common_move_and_of_two_half_as_far(
    shared_data: Path, path: str, symbol: str
) -> None:
    chain = read_chain(shared_data / path, symbol)
    book = prepare(chain, TERMS)
    assert book
    alone = flips([(book, 1.0)], 0.7, 1.3)
    assert found([chain], [1.0], [1.0], 0.7, 1.3) == pytest.approx(alone, abs=1e-9)
    halved = [1 + (root - 1) / 2 for root in alone]
    assert found([chain], [1.0], [2.0], 0.85, 1.15) == pytest.approx(halved, abs=1e-9)
    turned = sorted(2 - root for root in alone)
    assert found([chain], [1.0], [-1.0], 0.7, 1.3) == pytest.approx(turned, abs=1e-9)


def test_nine_names_flip_elsewhere_than_under_a_common_move(shared_data: Path) -> None:
    chains = [read_chain(shared_data / BASKET / f"{name}.csv.gz", name) for name in NINE]
    weights = [1 / 9] * 9
    common, own = (found(chains, weights, betas) for betas in ([1.0] * 9, list(BETAS)))
    assert nearest(common) == pytest.approx(0.8998, abs=1e-4)
    assert nearest(own) == pytest.approx(0.9247, abs=1e-4)
    for roots, betas in ((common, [1.0] * 9), (own, list(BETAS))):
        at = np.array([root - 1 for root in roots])
        net, _ = net_at(chains, weights, betas, np.concatenate((at - 1e-8, at + 1e-8)))
        assert np.all(np.sign(net[: len(at)]) == -np.sign(net[len(at) :]))


@given(rows, rows, st.sampled_from([-1.5, 0.0, 0.4, 1.0, 3.0]), st.sampled_from([0.7, 1.0, 2.0]))
def test_no_change_of_sign_is_missed(one: list[Row], two: list[Row], first: float, second: float) -> None:
    chains, weights, betas = [make(one), make(two)], [0.7, 0.3], [first, second]
    roots = found(chains, weights, betas)
    low = max([-0.5, *((LEAST - 1) / beta for beta in betas if beta > 0)])
    high = min([0.5, *((LEAST - 1) / beta for beta in betas if beta < 0)])
    moves = np.linspace(low, high, 2_001)
    net, gross = net_at(chains, weights, betas, moves)
    clear = (np.abs(net) > 1e-5 * gross) & (gross > 1e-9 * gross.max())
    for place in np.flatnonzero(clear[:-1] & clear[1:] & (net[:-1] * net[1:] < 0)).tolist():
        left, right = 1 + moves[place], 1 + moves[place + 1]
        assert any(left - 1e-9 <= root <= right + 1e-9 for root in roots)


def test_a_name_with_a_large_beta_ends_the_range() -> None:
    roots = found([make([(20.0, True, 0.1, 0.3, 10.0), (60.0, False, 0.1, 0.3, 30.0)])], [1.0], [3.0], 0.01)
    assert all(1 + 3.0 * (root - 1) >= LEAST for root in roots)
    assert len(roots) == 1 and math.isclose(1 + 3.0 * (roots[0] - 1), 0.35, abs_tol=0.15)


def test_nothing_has_no_flip() -> None:
    assert beta_flips([]) == ()
    assert found([make([(100.0, True, 0.1, 0.3, 10.0)])], [1.0], [0.0]) == []
