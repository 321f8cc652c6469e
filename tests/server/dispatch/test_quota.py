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
    quota.hears(growth(remaining=2), NOON)
    quota.leaves(NOON)
    quota.leaves(NOON)
    assert quota.left(NOON) == 0
    with pytest.raises(QuotaSpent):
        quota.check(NOON, explicit=True)


def test_the_reserve_is_for_explicit_requests() -> None:
    quota = Quota(50, NOON)
    quota.hears(growth(remaining=50), NOON)
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
    quota.hears(growth(remaining=11, limit=100), NOON)
    quota.check(NOON, explicit=False)
    quota.hears(growth(remaining=10, limit=100), NOON)
    with pytest.raises(QuotaSpent):
        quota.check(NOON, explicit=False)


def test_another_programs_spending_counts() -> None:
    quota = Quota(0, NOON)
    quota.leaves(NOON)
    quota.lands(growth(remaining=2_000), NOON)
    assert quota.left(NOON) == 2_000
    assert quota.status(NOON).used == 500


def test_replies_that_overtake_each_other_never_give_debits_back() -> None:
    quota = Quota(0, NOON)
    quota.hears(growth(remaining=10), NOON)
    quota.hears(growth(remaining=12), NOON)
    assert quota.left(NOON) == 10


def test_a_reply_that_says_nothing_was_a_call_all_the_same() -> None:
    quota = Quota(0, NOON)
    quota.hears(growth(remaining=10), NOON)
    quota.leaves(NOON)
    quota.lands(None, NOON)
    assert quota.left(NOON) == 9


def test_a_call_that_certainly_cost_nothing_is_forgotten() -> None:
    quota = Quota(0, NOON)
    quota.hears(growth(remaining=10), NOON)
    quota.leaves(NOON)
    assert quota.left(NOON) == 9
    quota.lands(None, NOON, free=True)
    assert quota.left(NOON) == 10
    quota.leaves(NOON)
    quota.lands(growth(remaining=8), NOON, free=True)  # what the source says counts all the same
    assert quota.left(NOON) == 8
    unheard = Quota(0, NOON)
    unheard.leaves(MIDNIGHT - 1)
    unheard.lands(None, MIDNIGHT, free=True)
    assert unheard.status(MIDNIGHT).used == 0


def test_midnight_utc_starts_again() -> None:
    quota = Quota(50, NOON)
    quota.hears(growth(remaining=0), NOON)
    assert quota.left(MIDNIGHT - 1) == 0
    assert quota.left(MIDNIGHT) == 2_500
    assert quota.status(MIDNIGHT).used == 0


def test_what_the_source_refuses_stays_refused_until_it_says() -> None:
    quota = Quota(0, NOON)
    quota.refused(NOON + 600, NOON)
    with pytest.raises(QuotaSpent):
        quota.check(NOON + 599, explicit=True)
    quota.check(NOON + 600, explicit=True)


def test_unlimited_is_neither_paced_nor_refused() -> None:
    quota = Quota(50, NOON)
    quota.hears(QuotaReading(None, None, unlimited=True, plan="Alpha"), NOON)
    quota.check(NOON, explicit=False)
    assert quota.pace(NOON, NOON + 3_600) == 0.0
    status = quota.status(NOON)
    assert (status.plan, status.unlimited, status.left) == ("Alpha", True, None)


def test_the_pace_makes_what_is_free_last_to_the_close() -> None:
    quota = Quota(50, NOON)
    quota.hears(growth(remaining=410), NOON)
    assert quota.pace(NOON, NOON + 3_600) == 10.0
    quota.hears(growth(remaining=50), NOON)
    assert math.isinf(quota.pace(NOON, NOON + 3_600))


@given(st.lists(st.tuples(st.sampled_from(["normal", "explicit", "lands", "elsewhere"])), max_size=200))
def test_it_is_never_overdrawn_and_the_reserve_only_by_explicit_calls(steps: list[tuple[str]]) -> None:
    limit, reserve = 60, 6
    quota, spent, flying = Quota(reserve, NOON), 0, 0
    quota.hears(growth(limit, limit), NOON)
    for (step,) in steps:
        if step in ("normal", "explicit"):
            try:
                quota.check(NOON, explicit=step == "explicit")
            except QuotaSpent:
                continue
            quota.leaves(NOON)
            flying += 1
            if step == "normal":  # what it knows: another program's calls it hears of with the next reply
                assert quota.left(NOON) is not None
        elif step == "lands" and flying:
            flying -= 1
            spent += 1
            quota.lands(growth(limit - spent, limit), NOON)
        left = quota.left(NOON)
        assert left is not None and 0 <= left <= limit - spent - flying
    assert spent + flying <= limit
