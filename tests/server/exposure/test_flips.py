"""What makes a flip untrustworthy, each way with a chain that has it; and the roots within reach."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from basketgex_server.domain import Terms
from basketgex_server.exposure import levels as its
from basketgex_server.exposure.flips import flips, nearest
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.repricing import prepare
from basketgex_server.sources.chain_files import read_chain
from tests.server.exposure.test_levels import REAL, Row, make, net_gex

RATE, DIVIDEND = 0.045, 0.013


def found(rows: list[Row], spot: float = 100.0) -> Levels:
    result = levels(make(rows, spot), "flashalpha", RATE, DIVIDEND)
    assert result
    return result


def book(low: float, high: float, step: float = 1.0, ratio: float = 1.0) -> list[Row]:
    """Calls above 100 and puts below, a strike a step: net GEX falls through nothing near 100 as spot falls."""
    return [
        (k, bool(k > 100), 0.1, 0.2, 10.0 if k > 100 else 10.0 * ratio)
        for k in np.arange(low, high + step / 2, step).tolist()
    ]


def test_a_flip_with_nothing_against_it_is_available() -> None:
    result = found(book(80, 120))
    assert (result.gamma_flip_status, result.gamma_flip_doubts) == (its.FLIP_AVAILABLE, ())
    assert result.gamma_flip_roots == (result.gamma_flip,)


def test_without_a_root_that_is_the_doubt() -> None:
    result = found([(100.0, True, 0.1, 0.2, 10.0)])
    assert (result.gamma_flip, result.gamma_flip_roots) == (None, ())
    assert (result.gamma_flip_status, result.gamma_flip_doubts) == ("no_boundary", ("no_boundary",))


def test_several_roots_are_all_named_and_the_nearest_is_the_flip() -> None:
    far: Row = (70.0, True, 0.1, 0.1, 400.0)
    result = found([*book(80, 120), far])
    assert result.gamma_flip_status == its.FLIP_AVAILABLE
    assert its.FLIP_SEVERAL_ROOTS in result.gamma_flip_doubts
    assert len(result.gamma_flip_roots) == 3
    assert result.gamma_flip == max(result.gamma_flip_roots) > 90 > result.gamma_flip_roots[1]


def test_a_book_upside_down_has_the_wrong_sign_at_spot() -> None:
    rows = [(k, not call, years, vol, interest) for k, call, years, vol, interest in book(80, 120)]
    for spot in (97.0, 103.0):
        assert its.FLIP_SIGN_DISAGREES in found(rows, spot).gamma_flip_doubts
        assert its.FLIP_SIGN_DISAGREES not in found(book(80, 120), spot).gamma_flip_doubts


@pytest.mark.parametrize("low, high", [(98.0, 120.0), (80.0, 102.0)])
def test_too_few_strikes_on_one_side_of_spot(low: float, high: float) -> None:
    result = found(book(low, high, step=1.5))
    assert result.gamma_flip is not None
    assert result.gamma_flip_status == its.FLIP_INSUFFICIENT_COVERAGE


@pytest.mark.parametrize("lost, enough", [(0.05, True), (0.2, False)])
def test_open_interest_near_spot_without_a_volatility(lost: float, enough: bool) -> None:
    rows = book(80, 120)
    near = sum(row[4] for row in rows if 90 <= row[0] <= 110)
    sick: Row = (100.0, False, 0.1, float("nan"), near * lost / (1 - lost))
    far: Row = (60.0, False, 0.1, float("nan"), 1e6)
    assert (its.FLIP_INSUFFICIENT_COVERAGE not in found([*rows, sick, far]).gamma_flip_doubts) is enough


def test_a_root_of_far_expiries_moves_with_the_rate() -> None:
    rows = [(k, call, 2.0, vol, interest) for k, call, _, vol, interest in book(80, 120)]
    moved = [levels(make(rows), "flashalpha", RATE + x, DIVIDEND) for x in (-0.005, 0.005)]
    assert moved[0] and moved[1] and moved[0].gamma_flip and moved[1].gamma_flip
    assert abs(moved[0].gamma_flip - moved[1].gamma_flip) > 1.0
    assert found(rows).gamma_flip_status == its.FLIP_SENSITIVE


def test_a_root_of_bells_that_barely_cross_moves_with_volatility() -> None:
    rows: list[Row] = [(100.0, True, 0.5, 0.3, 100.0), (100.0, False, 0.5, 0.1, 33.7)]
    rows += [(float(k), True, 0.5, 0.3, 1e-9) for k in range(91, 110)]  # for coverage's sake
    result = found(rows)
    assert result.gamma_flip is not None
    assert result.gamma_flip_status == its.FLIP_SENSITIVE


@pytest.mark.parametrize("path, symbol", REAL)
def test_every_root_of_a_real_chain_is_named(shared_data: Path, path: str, symbol: str) -> None:
    chain = read_chain(shared_data / path, symbol)
    terms = Terms("flashalpha", RATE, DIVIDEND)
    prepared, at = prepare(chain, terms), net_gex(chain)
    assert prepared
    roots = flips([(prepared, 1.0)])
    signs = np.sign([at(x * chain.spot) for x in np.linspace(0.5, 1.5, 300)])
    assert len(roots) == np.count_nonzero(np.diff(signs))
    for root in roots:
        assert at(root * chain.spot * (1 - 1e-10)) * at(root * chain.spot * (1 + 1e-10)) < 0
    result = levels(chain, *terms)
    assert result and result.gamma_flip_roots == tuple(root * chain.spot for root in roots)
    assert result.gamma_flip == (nearest(roots) or 0) * chain.spot


def test_levels_take_the_day_count(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/basket_2026-07-10/SPY.csv.gz", "SPY")
    elapsed, business = (levels(chain, "flashalpha", RATE, DIVIDEND, d) for d in ("act365", "bus252"))
    assert elapsed and business and elapsed.gamma_flip != business.gamma_flip
