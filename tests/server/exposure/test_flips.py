"""What makes a flip untrustworthy, each way with a chain that has it; and the roots within reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import Terms
from basketgex_server.exposure import trust as its
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.flips import flips, nearest
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.repricing import prepare
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import REAL, Row, make, net_gex

RATE, DIVIDEND = 0.045, 0.013
TERMS = Terms("flashalpha", RATE, DIVIDEND)


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
    assert result.gamma_flip_status == its.FLIP_SEVERAL_ROOTS
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


def all_roots(chain: Chain) -> tuple[float, ...]:
    book = prepare(chain, TERMS)
    assert book
    return flips([(book, 1.0)])


def missed(members: Sequence[tuple[Chain, float]], prices: Floats) -> list[float]:
    """The prices of a dense search after which the sign changes, but for no root."""
    books = [(book, weight) for chain, weight in members if (book := prepare(chain, TERMS))]
    net, gross = sum(weight * np.array(book.balance(prices)) for book, weight in books)
    # What calls and puts as good as cancel to is no change of sign, nor is what happens where there is no gamma.
    clear = (np.abs(net) > 1e-5 * gross) & (gross > 1e-15 * gross.max())
    places = np.searchsorted(flips(books), prices)
    changed = clear[1:] & clear[:-1] & (net[1:] * net[:-1] < 0) & (np.diff(places) % 2 == 0)
    return prices[:-1][changed].tolist()


@pytest.mark.parametrize(
    "path, symbol",
    [*REAL, ("chains/cboe_csv/rut_2022-12-12.csv", "RUT"), ("chains/cboe_csv/ndx_2022-12-12.csv", "NDX")],
)
def test_every_root_of_a_real_chain_is_named(shared_data: Path, path: str, symbol: str) -> None:
    chain = read_chain(shared_data / path, symbol)
    roots, at = all_roots(chain), net_gex(chain)
    assert missed([(chain, 1.0)], np.linspace(0.5, 1.5, 10_001)) == []
    for before, root, after in zip((0.5, *roots), roots, (*roots[1:], 1.5), strict=False):
        near = 1e-3 * min(root - before, after - root)
        assert at((root - near) * chain.spot) * at((root + near) * chain.spot) < 0
    result = levels(chain, *TERMS)
    assert result and result.gamma_flip_roots == tuple(root * chain.spot for root in roots)
    assert result.gamma_flip == (nearest(roots) or 0) * chain.spot


@pytest.mark.parametrize(
    "path, symbol, count",
    [
        ("chains/cboe_csv/rut_2022-12-12.csv", "RUT", 11),  # a search at the strikes alone finds 7
        ("chains/cboe_csv/ndx_2022-12-12.csv", "NDX", 13),
        ("chains/cboe_csv/spx_2022-12-12.csv", "SPX", 1),
        ("chains/basket_2026-07-10/SPY.csv.gz", "SPY", 11),
        ("chains/basket_2026-07-10/NVDA.csv.gz", "NVDA", 1),
    ],
)
def test_how_many_roots_a_real_chain_has(shared_data: Path, path: str, symbol: str, count: int) -> None:
    assert len(all_roots(read_chain(shared_data / path, symbol))) == count


@pytest.mark.parametrize("symbol", ["SPX", "SPY"])
def test_roots_of_placeholders_are_doubts_but_no_flip(shared_data: Path, symbol: str) -> None:
    """A volatility of 0.00001 makes a needle a cent wide: the sign changes there, and nobody can trade on it."""
    chain = read_chain(shared_data / f"chains/basket_2026-07-10/{symbol}.csv.gz", symbol)
    result = levels(chain, *TERMS)
    without = levels(
        replace(chain, volatility=np.where(chain.volatility > 1e-4, chain.volatility, 0.0)), *TERMS
    )
    assert result and without and result.gamma_flip and without.gamma_flip
    assert len(result.gamma_flip_roots) >= 3 and len(without.gamma_flip_roots) == 1
    assert result.gamma_flip == pytest.approx(without.gamma_flip, rel=1e-9)
    assert (result.gamma_flip_status, without.gamma_flip_status) == ("several_roots", "available")


@pytest.mark.parametrize("minute", [50, 56, 59])
@pytest.mark.parametrize("symbol", ["SPX", "SPY", "QQQ", "IWM"])
def test_every_root_near_the_close(shared_data: Path, symbol: str, minute: int) -> None:
    chain = read_chain(shared_data / f"chains/basket_2026-07-10/{symbol}.csv.gz", symbol)
    chain = replace(chain, as_of=datetime(2026, 7, 13, 15, minute, tzinfo=NEW_YORK).timestamp())
    assert missed([(chain, 1.0)], np.linspace(0.985, 1.015, 6_001)) == []


def test_every_root_of_a_basket(shared_data: Path) -> None:
    members = [
        (read_chain(shared_data / f"chains/{path}", symbol), weight)
        for path, symbol, weight in (
            ("cboe_csv/rut_2022-12-12.csv", "RUT", 3.0),
            ("basket_2026-07-10/META.csv.gz", "META", 1.0),
            ("basket_2026-07-10/SPY.csv.gz", "SPY", 0.05),
        )
    ]
    assert missed(members, np.linspace(0.5, 1.5, 10_001)) == []


@given(
    st.lists(
        st.tuples(
            st.floats(60.0, 140.0),
            st.booleans(),
            st.sampled_from([2e-6, 1e-4, 0.003, 0.02, 0.3, 2.0]),
            st.floats(0.05, 1.0),
            st.floats(0.1, 100.0),
        ),
        min_size=2,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_pair_of_roots_is_lost(rows: list[Row]) -> None:
    chain = make(rows)
    peaks = np.array([row[0] / 100 for row in rows])
    close = (peaks[:, None] * (1 + np.linspace(-0.01, 0.01, 401))).ravel()
    prices = np.unique(np.concatenate((np.linspace(0.5, 1.5, 8_001), close[(close > 0.5) & (close < 1.5)])))
    assert missed([(chain, 1.0)], prices) == []


def test_a_pair_between_two_strikes_is_found() -> None:
    """Puts in the dip between two hills of calls: both roots lie between neighbours of any grid of whole strikes."""
    hills: list[Row] = [(99.0, True, 0.001, 0.2, 10.0), (101.0, True, 0.001, 0.2, 10.0)]
    needle: Row = (100.037, False, 2e-5, 0.1, 5.0)
    roots = all_roots(make([*hills, needle]))
    assert len(roots) == 2
    assert all(abs(root - 1.00037) < 2e-3 for root in roots)


def test_levels_take_the_day_count(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/basket_2026-07-10/SPY.csv.gz", "SPY")
    elapsed, business = (levels(chain, "flashalpha", RATE, DIVIDEND, d) for d in ("act365", "bus252"))
    assert elapsed and business and elapsed.gamma_flip != business.gamma_flip
