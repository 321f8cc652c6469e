"""A basket's closing figures held to plain sums, and ranks to what percentile and z-score mean."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.exposure.past import DAY, FEWEST, Close, Rank, of_basket, rank

figures = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=FEWEST, max_size=40)


def close(day: float, gex: float, gross: float | None = 100.0) -> Close:
    return Close(day * DAY + 72_000.0, gex, 2 * gex, 3 * gex, 4 * gex, gross)


def test_a_day_is_the_weighted_mean_of_the_latest_of_each() -> None:
    closes = {
        "A": [close(1, 10.0), close(2, 20.0), close(4, 40.0), close(20, 50.0)],
        "B": [close(2, -4.0), close(3, -8.0)],
    }
    found = of_basket({"A": 0.75, "B": 0.25}, closes)
    # Day 1 lacks B; on day 20 the last of B is more than a week old.
    assert [(row.as_of // DAY, row.gex) for row in found] == [(2, 14.0), (3, 13.0), (4, 28.0)]
    assert found[0][1:] == (14.0, 28.0, 42.0, 56.0, 100.0)
    assert found[0].balance == pytest.approx(0.14)
    assert of_basket({"A": 1.0}, closes) == closes["A"]
    assert of_basket({"A": 0.5, "C": 0.5}, closes) == []


def test_without_gross_there_is_no_balance() -> None:
    (row,) = of_basket({"A": 0.5, "B": 0.5}, {"A": [close(1, 1.0)], "B": [close(1, 1.0, None)]})
    assert row.gross_gex is None and row.balance is None


@given(figures, st.floats(-1e9, 1e9))
def test_percentile_and_z_score(before: list[float], now: float) -> None:
    found = rank(now, [*before, None])
    lower, same = sum(x < now for x in before), before.count(now)
    assert found.percentile == pytest.approx((lower + same / 2) / len(before)) and found.days == len(before)
    assert rank(max(before) + 1, before).percentile == 1.0
    assert rank(min(before) - 1, before).percentile == 0.0
    if statistics.stdev(before) > 1e-6:
        wanted = (now - statistics.fmean(before)) / statistics.stdev(before)
        assert found.z_score == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_too_few_days_and_days_that_are_all_the_same() -> None:
    assert rank(1.0, [1.0, 2.0, None, 3.0, 4.0]) == Rank(None, None, 4)
    assert rank(None, [1.0] * 9) == Rank(None, None, 9)
    assert rank(2.0, [1.0] * 9) == Rank(1.0, None, 9)
