"""The day's debits: never over, the reserve kept, the pace that lasts to the close. Values and a clock only."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.quota import DAY, Quota
from basketgex_server.domain import QuotaReading
from basketgex_server.errors import QuotaSpent
from tests.server.servers import NOON

MIDNIGHT = math.ceil(NOON / DAY) * DAY


def growth(remaining: int | None = 2_500, limit: int | None = 2_500) -> QuotaReading:
    return QuotaReading(limit, remaining, MIDNIGHT, plan="Growth")


def test_nothing_is_known_and_nothing_refused_before_the_source_has_spoken() -> None:
    quota = Quota(50, NOON)
    quota.check(NOON, explicit=False)
    assert quota.left(NOON) is None
    assert quota.pace(NOON, NOON + 3_600) == 0.0
    status = quota.status(NOON)
    assert (status.limit, status.used, status.left, status.resets_at) == (None, 0, None, MIDNIGHT)


def test_a_call_on_its_way_counts_before_its_reply() -> None:
    quota = Quota(0, NOON)
    quota.record_reading(growth(remaining=2), NOON)
    quota.reserve_call(NOON)
    quota.reserve_call(NOON)
    assert quota.left(NOON) == 0
    with pytest.raises(QuotaSpent):
        quota.check(NOON, explicit=True)


def test_the_reserve_is_for_explicit_requests() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=50), NOON)
    quota.check(NOON, explicit=True)
    with pytest.raises(QuotaSpent) as refusal:
        quota.check(NOON, explicit=False)
    assert refusal.value.sentence == (
        "Today's debits are spent but for the 50 kept for explicit requests: refresh explicitly, "
        "or wait until 2026-11-19 00:00 UTC, when the count starts again."
    )
    assert refusal.value.retry_after == MIDNIGHT - NOON


def test_of_a_small_quota_a_tenth_is_kept_at_most() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=11, limit=100), NOON)
    quota.check(NOON, explicit=False)
    quota.record_reading(growth(remaining=10, limit=100), NOON)
    with pytest.raises(QuotaSpent):
        quota.check(NOON, explicit=False)


def test_another_programs_spending_counts() -> None:
    quota = Quota(0, NOON)
    quota.reserve_call(NOON)
    quota.settle(growth(remaining=2_000), NOON)
    assert quota.left(NOON) == 2_000
    assert quota.status(NOON).used == 500


def test_replies_that_overtake_each_other_never_give_debits_back() -> None:
    quota = Quota(0, NOON)
    quota.record_reading(growth(remaining=10), NOON)
    quota.record_reading(growth(remaining=12), NOON)
    assert quota.left(NOON) == 10


def test_a_reply_that_says_nothing_was_a_call_all_the_same() -> None:
    quota = Quota(0, NOON)
    quota.record_reading(growth(remaining=10), NOON)
    quota.reserve_call(NOON)
    quota.settle(None, NOON)
    assert quota.left(NOON) == 9


def test_a_call_that_certainly_cost_nothing_is_forgotten() -> None:
    quota = Quota(0, NOON)
    quota.record_reading(growth(remaining=10), NOON)
    quota.reserve_call(NOON)
    assert quota.left(NOON) == 9
    quota.settle(None, NOON, uncharged=True)
    assert quota.left(NOON) == 10
    quota.reserve_call(NOON)
    quota.settle(growth(remaining=8), NOON, uncharged=True)  # what the source says counts all the same
    assert quota.left(NOON) == 8
    unheard = Quota(0, NOON)
    unheard.reserve_call(MIDNIGHT - 1)
    unheard.settle(None, MIDNIGHT, uncharged=True)
    assert unheard.status(MIDNIGHT).used == 0


def test_midnight_utc_starts_again() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=0), NOON)
    assert quota.left(MIDNIGHT - 1) == 0
    assert quota.left(MIDNIGHT) == 2_500
    assert quota.status(MIDNIGHT).used == 0


def test_what_the_source_refuses_stays_refused_until_it_says() -> None:
    quota = Quota(0, NOON)
    quota.exhausted_until(NOON + 600, NOON)
    with pytest.raises(QuotaSpent):
        quota.check(NOON + 599, explicit=True)
    quota.check(NOON + 600, explicit=True)


def test_unlimited_is_neither_paced_nor_refused() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(QuotaReading(None, None, unlimited=True, plan="Alpha"), NOON)
    quota.check(NOON, explicit=False)
    assert quota.pace(NOON, NOON + 3_600) == 0.0
    status = quota.status(NOON)
    assert (status.plan, status.unlimited, status.left) == ("Alpha", True, None)


def test_the_pace_makes_what_is_free_last_to_the_close() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=410), NOON)
    assert quota.pace(NOON, NOON + 3_600) == 10.0
    quota.record_reading(growth(remaining=50), NOON)
    assert math.isinf(quota.pace(NOON, NOON + 3_600))


# -- the day turns


@pytest.mark.parametrize("late", [0.0, 1.0, 2.0, 119.0, 600.0, 7_200.0])
def test_what_was_said_of_yesterday_does_not_rule_today(late: float) -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=60), NOON)
    quota.reserve_call(MIDNIGHT - 1)
    quota.settle(growth(remaining=10), MIDNIGHT + late)  # it names the midnight that has passed
    quota.check(MIDNIGHT + late, explicit=False)
    left = quota.left(MIDNIGHT + late)
    assert left is not None and left >= 2_499
    quota.settle(QuotaReading(2_500, 2_450, MIDNIGHT + DAY), MIDNIGHT + late)
    assert quota.left(MIDNIGHT + late) == 2_450


@pytest.mark.parametrize("ahead", [0.5, 1.0, 2.0, 30.0])
def test_a_call_that_leaves_while_our_clock_is_ahead_does_not_either(ahead: float) -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=60), NOON)
    now = MIDNIGHT + ahead  # where the service still has yesterday
    quota.reserve_call(now)
    quota.settle(growth(remaining=9), now)
    quota.check(now + 1_800, explicit=False)
    assert quota.left(now + 1_800) == 2_499  # it was a call all the same


@pytest.mark.parametrize("late", [0.0, 1.0, 60.0, 119.0])
def test_a_reading_without_a_day_that_comes_just_after_midnight_is_of_neither(late: float) -> None:
    quota = Quota(50, NOON)
    quota.record_reading(QuotaReading(2_500, 60), NOON)
    quota.reserve_call(MIDNIGHT - 1)
    quota.settle(QuotaReading(2_500, 10), MIDNIGHT + late)
    assert quota.left(MIDNIGHT + late) == 2_499
    quota.settle(QuotaReading(2_500, 2_400), MIDNIGHT + 120)
    assert quota.left(MIDNIGHT + 120) == 2_400


def test_the_account_heals_what_was_said_before() -> None:
    quota = Quota(50, NOON)
    quota.record_reading(growth(remaining=10), NOON)
    quota.record_reading(growth(remaining=2_000), NOON, account=True)
    assert quota.left(NOON) == 2_000
    quota.exhausted_until(MIDNIGHT, NOON)
    quota.record_reading(growth(remaining=1_999), NOON, account=True)
    assert quota.left(NOON) == 1_999
    quota.reserve_call(NOON)
    quota.record_reading(growth(remaining=1_999), NOON, account=True)
    assert quota.left(NOON) == 1_998  # the one on its way may not be in it


def test_what_was_heard_before_the_restart_counts_by_its_own_day() -> None:
    quota = Quota(50, MIDNIGHT + 3_600)
    quota.record_reading(
        growth(remaining=10), MIDNIGHT + 3_600, at=MIDNIGHT + 1
    )  # it landed late, and was written down
    quota.check(MIDNIGHT + 3_600, explicit=False)
    quota.record_reading(QuotaReading(2_500, 10), MIDNIGHT + 3_600, at=MIDNIGHT + 60)
    quota.check(MIDNIGHT + 3_600, explicit=False)
    quota.record_reading(QuotaReading(2_500, 10), MIDNIGHT + 3_600, at=MIDNIGHT + 600)
    with pytest.raises(QuotaSpent):
        quota.check(MIDNIGHT + 3_600, explicit=False)


@pytest.mark.parametrize("hours", [1.0, 5.0, 7.4])
@pytest.mark.parametrize("remaining", [0, 5, 250])
def test_a_source_whose_day_ends_at_another_hour_is_asked_again_from_then_on(
    hours: float, remaining: int
) -> None:
    """As a reading says when it ends, nothing of it lasts longer: not to the midnight of UTC."""
    quota, ends = Quota(250, NOON), NOON + hours * 3_600
    quota.record_reading(QuotaReading(2_500, remaining, ends), NOON)
    quota.exhausted_until(ends, NOON)
    with pytest.raises(QuotaSpent) as spent:
        quota.check(ends - 1, explicit=False)
    assert spent.value.reset_at == ends
    quota.check(ends, explicit=False)
    assert quota.left(ends) == 2_500
    quota.reserve_call(ends)
    quota.settle(QuotaReading(2_500, 2_480, ends + DAY), ends + 1)
    assert quota.left(ends + 1) == 2_480


# -- odd refusals


@pytest.mark.parametrize(
    "until", [NOON + 999_999_999, 253_402_300_799.0, 99_999_999_999.0, math.inf, MIDNIGHT + 1]
)
def test_no_refusal_lasts_beyond_the_day(until: float) -> None:
    quota = Quota(0, NOON)
    quota.exhausted_until(until, NOON)
    with pytest.raises(QuotaSpent) as spent:
        quota.check(NOON, explicit=True)
    assert (spent.value.reset_at, quota.status(NOON).resets_at) == (MIDNIGHT, MIDNIGHT)
    assert "2026-11-19 00:00 UTC" in spent.value.sentence
    quota.check(MIDNIGHT, explicit=False)


@pytest.mark.parametrize("until", [NOON - 1e9, 0.0, NOON - 1, NOON, NOON + 1])
def test_a_refusal_that_is_over_already_is_heeded_for_a_minute(until: float) -> None:
    quota = Quota(0, NOON)
    quota.exhausted_until(until, NOON)
    with pytest.raises(QuotaSpent):
        quota.check(NOON + 59, explicit=True)
    quota.check(NOON + 60, explicit=True)


@pytest.mark.parametrize("reset_at", [1e12, 253_402_300_799.0, MIDNIGHT + 5 * DAY, math.inf])
def test_no_reset_beyond_the_next_midnight_is_believed(reset_at: float) -> None:
    quota = Quota(0, NOON)
    quota.record_reading(QuotaReading(100, 0, reset_at), NOON)
    with pytest.raises(QuotaSpent) as spent:
        quota.check(NOON, explicit=True)
    assert spent.value.reset_at == quota.status(NOON).resets_at == MIDNIGHT
    assert quota.left(MIDNIGHT) == 100


@pytest.mark.parametrize("back", [1.5, 10.0, 4_000.0])
def test_a_clock_that_is_put_back_takes_the_other_days_debits_with_it(back: float) -> None:
    quota = Quota(0, NOON)
    ahead = NOON + back * DAY
    for _ in range(8):
        quota.reserve_call(ahead)
        quota.settle(None, ahead)
    quota.exhausted_until(ahead + 600, ahead)
    assert quota.status(ahead).used == 8
    quota.check(NOON, explicit=True)
    assert quota.status(NOON).used == 0


@given(st.lists(st.tuples(st.sampled_from(["normal", "explicit", "lands", "elsewhere"])), max_size=200))
def test_it_is_never_overdrawn_and_the_reserve_only_by_explicit_calls(steps: list[tuple[str]]) -> None:
    limit, reserve = 60, 6
    quota, spent, flying = Quota(reserve, NOON), 0, 0
    quota.record_reading(growth(limit, limit), NOON)
    for (step,) in steps:
        if step in ("normal", "explicit"):
            try:
                quota.check(NOON, explicit=step == "explicit")
            except QuotaSpent:
                continue
            quota.reserve_call(NOON)
            flying += 1
            if step == "normal":  # what it knows: another program's calls it hears of with the next reply
                assert quota.left(NOON) is not None
        elif step == "lands" and flying:
            flying -= 1
            spent += 1
            quota.settle(growth(limit - spent, limit), NOON)
        left = quota.left(NOON)
        assert left is not None and 0 <= left <= limit - spent - flying
    assert spent + flying <= limit


@pytest.mark.parametrize("ahead", [10.0, 300.0, 3_000.0])
def test_a_clock_that_is_past_midnight_before_the_source_believes_what_it_says(ahead: float) -> None:
    """A call that left after the end of the day that its reply names: the source's day goes on, with 3 debits left of it."""
    now = MIDNIGHT + 5
    quota = Quota(0, MIDNIGHT - 600, reading=growth(remaining=5))
    quota.reserve_call(now)
    quota.settle(growth(remaining=3), now + 1, left_at=now, answered=True)
    assert quota.left(now + 1) == 3
    later = MIDNIGHT + ahead + 60  # it is midnight there too, and its reply says so
    quota.reserve_call(later)
    quota.settle(QuotaReading(2_500, 2_499, MIDNIGHT + DAY), later, left_at=later, answered=True)
    assert quota.left(later) == 2_499


@pytest.mark.parametrize("wrong", [3_600.0, DAY, 100 * DAY])
def test_an_end_of_the_day_that_is_long_past_is_a_header_that_is_wrong(wrong: float) -> None:
    quota = Quota(0, NOON)
    quota.reserve_call(NOON)
    quota.settle(QuotaReading(2_500, 3, NOON - wrong), NOON, left_at=NOON, answered=True)
    assert quota.left(NOON) == 2_499


def test_what_is_kept_comes_back_as_it_was() -> None:
    quota = Quota(50, NOON, 7, growth(remaining=100))
    quota.reserve_call(NOON)
    quota.exhausted_until(NOON + 120, NOON)
    for value in (quota.value, Quota(50, NOON).value):
        assert Quota.of(value, 50, NOON).value == value
    again = Quota.of(quota.value, 50, NOON)
    assert (again.left(NOON + 60), again.left(NOON + 121)) == (0, 99)
    assert Quota.of(quota.value, 50, MIDNIGHT + 120).left(MIDNIGHT + 120) == 2_499  # less the one on its way


def test_nothing_is_untold_once_a_call_has_been_answered() -> None:
    quota = Quota(0, NOON)
    assert quota.is_untold(NOON)
    quota.settle(None, NOON)
    assert quota.is_untold(NOON)  # it ended without a reply
    quota.settle(None, NOON, answered=True)
    assert not quota.is_untold(NOON)  # this source does not tell
    assert not Quota(0, NOON, reading=growth(remaining=1)).is_untold(NOON)
