from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import Basket, Terms
from basketgex_server.exposure.dispersion import (
    Comparison,
    at_the_money,
    compare,
    correlation_range,
    dispersion,
    share_of_index,
)
from basketgex_server.exposure.profile import Member
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_levels import MORNING, Row, make, odd, sensible

volatility = st.floats(0.01, 3.0)
weight = st.floats(0.01, 100.0)


@given(st.lists(st.tuples(volatility, weight), min_size=2, max_size=8), st.floats(-0.5, 1.0))
def test_the_correlation_that_made_the_index_comes_out(
    members: list[tuple[float, float]], correlation: float
) -> None:
    """The index's variance by the covariance matrix of members that all correlate alike."""
    total = math.fsum(w for _, w in members)
    parts = np.array([v * w / total for v, w in members])
    matrix = np.where(np.eye(len(parts), dtype=bool), 1.0, correlation)
    variance = float(parts @ matrix @ parts)
    if variance <= 1e-9:
        return
    names = tuple(f"A{i}" for i in range(len(members)))
    found = dispersion(
        math.sqrt(variance),
        Basket(names, tuple(w for _, w in members)),
        dict(zip(names, (v for v, _ in members), strict=True)),
    )
    assert found and found.implied_correlation is not None
    among = float(parts.sum() ** 2 - parts @ parts)
    assert found.implied_correlation == pytest.approx(
        correlation, abs=1e-12 * max(variance, 1) / among + 1e-9
    )
    assert found.basket_volatility == pytest.approx(float(parts.sum()))
    assert found.independent_volatility == pytest.approx(float(np.sqrt(parts @ parts)))
    assert math.fsum(c.weight for c in found.contributions) == pytest.approx(1.0)
    assert sorted(found.contributions, key=lambda c: -c.contribution) == list(found.contributions)


def test_one_member_correlates_with_nothing() -> None:
    found = dispersion(0.2, Basket(("A", "B"), (1.0, 0.0)), {"A": 0.3, "B": 0.3})
    assert found and found.implied_correlation is None and found.missing == ()
    assert (found.basket_volatility, found.independent_volatility) == (0.3, 0.3)


def test_members_without_a_volatility_leave_their_weight_to_the_others() -> None:
    basket = Basket(("A", "B", "C", "D"), (1.0, 1.0, 1.0, 1.0))
    found = dispersion(0.2, basket, {"A": 0.3, "B": 0.2, "C": math.nan})
    assert found and found.missing == ("C", "D") and found.covered_weight == 0.5
    assert [c.weight for c in found.contributions] == [0.5, 0.5]
    assert dispersion(0.2, basket, {"C": -1.0}) is None
    assert dispersion(math.nan, basket, {"A": 0.3}) is None


def smile(years: float, level: float) -> list[Row]:
    """Calls and puts whose mean is a straight line of the strike."""
    strikes = (90.0, 100.0, 110.0)
    return [
        (k, call, years, level + (100 - k) / 200 + (0.01 if call else -0.01), 5.0)
        for k in strikes
        for call in (True, False)
    ]


def test_at_the_money_is_at_the_forward() -> None:
    found = at_the_money(make(smile(0.5, 0.3)), 0.05, 0.01, 182.5)
    assert found == pytest.approx(0.3 + (100 - 100 * math.exp(0.02)) / 200, rel=1e-6)


def test_between_expiries_total_variance_is_linear() -> None:
    chain = make([*smile(0.1, 0.5), *smile(0.3, 0.2)])
    found = at_the_money(chain, 0.0, 0.0, 0.2 * 365)
    assert found == pytest.approx(math.sqrt((0.5 * 0.5**2 * 0.1 + 0.5 * 0.2**2 * 0.3) / 0.2), rel=1e-6)
    ends = [at_the_money(chain, 0.0, 0.0, days) for days in (1.0, 3_000.0)]
    assert ends == pytest.approx([0.5, 0.2], rel=1e-6)


def test_expiries_of_less_than_a_day_and_one_sided_ones_are_not_asked() -> None:
    hour = 1 / 365 / 24
    chain = make([*smile(6 * hour, 2.0), *((k, c, 0.1, v, n) for k, c, _, v, n in smile(1, 1.0) if k > 105)])
    assert at_the_money(chain, 0.0, 0.0, 10.0) is None
    assert at_the_money(make([]), 0.0, 0.0, 10.0) is None
    good = make(smile(0.1, 0.3))
    assert [at_the_money(good, 0.0, 0.0, days) for days in (0.0, -1.0, math.nan, math.inf)] == [None] * 4


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd)), max_size=12),
    st.one_of(odd, st.just(100.0)),
    st.one_of(odd, st.just(MORNING)),
    odd,
)
def test_odd_numbers_never_come_out(rows: list[Row], spot: float, as_of: float, days: float) -> None:
    with np.errstate(all="ignore"):
        chain = make(rows, spot, as_of)
    found = at_the_money(chain, 0.04, 0.01, days)
    assert found is None or (math.isfinite(found) and found > 0)


def test_real_names_against_their_index(shared_data: Path) -> None:
    folder = shared_data / "chains/basket_2026-07-10"
    names = ("AAPL", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")
    found = {
        name: at_the_money(read_chain(folder / f"{name}.csv.gz", name), 0.045, 0.013, 30.0)
        for name in (*names, "QQQ")
    }
    assert all(v is not None and 0.05 < v < 1.0 for v in found.values())
    known = {name: v for name, v in found.items() if v is not None}
    result = dispersion(known["QQQ"], Basket(names, (1.0,) * 8), known)
    assert result and result.implied_correlation is not None and 0 < result.implied_correlation < 1
    assert result.independent_volatility < result.index_volatility < result.basket_volatility


TERMS = Terms("flashalpha", 0.0, 0.0)


def held(symbol: str, level: float, calls: float, puts: float, *, one_sided: bool = False) -> Member:
    """A chain of one expiry: flat at ``level``, or without a strike below the money."""
    rows = [
        (k, call, 0.2, level, calls if call else puts)
        for k in ((105.0, 110.0) if one_sided else (90.0, 100.0, 110.0))
        for call in (True, False)
    ]
    return Member(replace(make(rows), symbol=symbol), TERMS)


def test_an_index_against_members_made_by_hand() -> None:
    members = Basket(("A", "B", "C", "D", "E"), (2.0, 2.0, 1.0, 1.0, 0.0))
    chains = [
        held("A", 0.4, calls=5, puts=9),
        held("B", 0.2, calls=9, puts=5),
        held("C", 0.3, calls=5, puts=9, one_sided=True),
        held("E", 0.9, calls=5, puts=9),
    ]
    found = compare(held("I", 0.24, calls=9, puts=5), members, chains, 30.0)
    assert found.dispersion is not None and found.dispersion.implied_correlation == pytest.approx(0.19)
    assert found.dispersion.basket_volatility == pytest.approx(0.3)
    assert found.index_volatility == pytest.approx(0.24)
    # C has no volatility at the money, but a regime; D has neither, and E no weight.
    assert (found.missing, found.covered_weight) == (("C", "D"), pytest.approx(4 / 6))
    assert found.opposed == ("A", "C")
    assert found.basket is not None and found.basket.missing == ("D",)
    gex = {c.exposure.symbol: c.weight * c.exposure.net.gex for c in found.basket.constituents}
    assert found.basket.net_to_gross == pytest.approx(sum(gex.values()) / sum(map(abs, gex.values())))
    assert found.as_of == (MORNING,) * 4


def test_one_side_is_told_where_the_other_is_not() -> None:
    members, chains = Basket(("A",), (1.0,)), [held("A", 0.4, calls=5, puts=9)]
    bare = compare(held("I", 0.2, calls=9, puts=5, one_sided=True), members, chains, 30.0)
    assert (bare.dispersion, bare.index_volatility, bare.opposed) == (None, None, ("A",))
    assert (bare.missing, bare.covered_weight) == ((), 1.0)
    unheld = compare(held("I", 0.2, calls=0, puts=0), members, [held("A", 0.4, calls=0, puts=0)], 30.0)
    assert (unheld.index, unheld.basket, unheld.opposed) == (None, None, ())
    assert unheld.dispersion is not None
    nothing = compare(None, members, [], 30.0)
    assert nothing == Comparison(None, None, None, None, (), ("A",), 0.0, ())


@pytest.mark.parametrize(
    "weights, share",
    [
        (None, 1.0),
        ([], 1.0),
        ([0.6, 0.4], 1.0),
        ([0.07, 0.06, 0.05], 0.18),
        ([7.0, 6.0, 5.0], 0.18),
        ([60.0, 40.00005], 1.0),
        ([2e9, 3e9], 1.0),  # market values: a scale of their own
        ([0.0, 0.0], 1.0),
    ],
)
def test_the_share_of_an_index_is_what_its_weights_add_up_to(
    weights: list[float] | None, share: float
) -> None:
    assert share_of_index(weights) == pytest.approx(share)


def test_the_range_of_a_part_holds_the_correlation_of_the_whole() -> None:
    """An index of twenty names, of which more and more are known: whatever the rest is like, the truth lies inside."""
    draw = np.random.default_rng(5)
    for rho in (0.0, 0.2, 0.5, 0.9):
        weights = np.sort(draw.uniform(0.2, 3.0, 20))[::-1]
        weights /= weights.sum()
        volatilities = draw.uniform(0.2, 0.5, 20)
        volatilities[:2] = 0.2, 0.5  # the widest ones are known
        parts = weights * volatilities
        own, whole = float(parts @ parts), float(parts.sum())
        of_index = math.sqrt(own + rho * (whole * whole - own))
        before = math.inf
        for known in (3, 8, 14, 20):
            names = tuple(f"N{i}" for i in range(known))
            held = dict(zip(names, volatilities.tolist(), strict=False))
            found = dispersion(of_index, Basket(names, tuple(weights[:known].tolist())), held)
            assert found
            ends = correlation_range(found, float(weights[:known].sum()))
            assert ends and ends[0] - 1e-12 <= rho <= ends[1] + 1e-12
            assert ends[1] - ends[0] < before
            before = ends[1] - ends[0]
        assert before == pytest.approx(0.0, abs=1e-9)  # all of it is known: a number
        assert found.implied_correlation == pytest.approx(rho)


def test_nine_names_are_no_estimate_of_spx(shared_data: Path) -> None:
    """With part of an index for the whole, the formula gives −0.084: below any correlation that there can be."""
    folder = shared_data / "chains/basket_2026-07-10"
    names = ("AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")
    held = {
        n: at_the_money(read_chain(folder / f"{n}.csv.gz", n), 0.045, 0.013, 30.0) for n in (*names, "SPX")
    }
    found = dispersion(held["SPX"] or 0.0, Basket(names, (1.0,) * 9), {n: v for n, v in held.items() if v})
    assert found and found.implied_correlation == pytest.approx(-0.084, abs=2e-3)
    ends = correlation_range(found, 0.33)
    assert ends and ends[0] < ends[1] and ends[1] > 0.05
