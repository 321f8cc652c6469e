"""What formulas may cause beside what age asks for. Values and a clock only."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch import allowance
from basketgex_server.dispatch.allowance import EXPLICIT, LEVELS, NEW, Allowance
from basketgex_server.errors import Paced
from tests.server.servers import NOON


def spent(calls: int, limit: int | None = 2_500, hourly: int = 50, who: str = NEW) -> Allowance:
    made = Allowance(who, hourly)
    for _ in range(calls):
        made.spend(NOON, limit)
    return made


def test_the_examples() -> None:
    assert doctest.testmod(allowance).failed == 0


@pytest.mark.parametrize(
    ("limit", "at_once", "hourly"),
    [
        (None, 50, 50),
        (2_500, 50, 50),
        (100_000, 50, 50),
        (1_000, 20, 20),
        (300, 10, 6),
        (100, 10, 2),
        (5, 10, 1),
    ],
)
def test_of_a_small_quota_less_leaves_at_once_and_comes_back(
    limit: int | None, at_once: int, hourly: int
) -> None:
    made = spent(at_once, limit)
    assert made.left(NOON, limit) == 0
    assert made.left(NOON + 1_800, limit) == pytest.approx(hourly / 2)
    assert made.left(NOON + 10**6, limit) == at_once


def test_the_setting_may_be_less() -> None:
    assert spent(3, hourly=3).left(NOON, 2_500) == 0


def test_what_was_taken_whole_is_waited_for() -> None:
    made = spent(69)  # one request that found something left
    assert made.left(NOON, 2_500) == -19
    with pytest.raises(Paced):
        made.check(NOON + 19 * 72 - 1, 2_500)
    made.check(NOON + 20 * 72, 2_500)


@pytest.mark.parametrize("who", [EXPLICIT, NEW, LEVELS])
def test_the_sentence_says_which_and_until_when(who: str) -> None:
    with pytest.raises(Paced) as late:
        spent(50, who=who).check(NOON, 2_500)
    assert late.value.sentence == (
        f"{who} caused as many source calls as formulas may cause in an hour (50): recalculate after 16:32 UTC."
    )
    assert late.value.retry_after == pytest.approx(72.0)


@pytest.mark.parametrize("back", [1.0, 3_600.0, 1e9])
def test_a_clock_that_is_put_back_gives_and_takes_nothing(back: float) -> None:
    made = spent(40)
    assert made.left(NOON - back, 2_500) == 10
    assert made.left(NOON - back + 72, 2_500) == pytest.approx(11)


@given(st.lists(st.floats(0, 600), min_size=1, max_size=300), st.sampled_from([None, 100, 300, 2_500]))
def test_in_no_hour_more_than_one_allowance_at_once_and_what_came_back(
    waits: list[float], limit: int | None
) -> None:
    made, now, calls = Allowance(NEW, 50), NOON, list[float]()
    for wait in waits:
        now += wait
        if made.left(now, limit) > 0:
            made.spend(now, limit)
            calls.append(now)
    at_once = 50 if limit is None else min(50, max(limit // 50, 10))
    for call in calls:
        assert sum(call <= other < call + 3_600 for other in calls) <= 2 * at_once + 1
