from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.freshness import (
    HISTORICAL,
    SETTLING,
    Due,
    Rules,
    Session,
    Verdict,
    due,
    judge,
    may_ask,
)
from basketgex_server.domain import Freshness

OPEN, CLOSE, NEXT = 1_000_000.0, 1_028_800.0, 1_086_400.0
BEFORE = OPEN - 86_400.0
RULES = Rules(refresh_after=60.0, expire_after=900.0)


class OneSession:
    """Two sessions: the one of the test and the one before it."""

    def session(self, at: float) -> Session:
        return Session(OPEN, CLOSE, NEXT) if at >= OPEN else Session(BEFORE, CLOSE - 86_400.0, OPEN)


SESSIONS = OneSession()
NOW = OPEN + 7_200.0
AFTER_CLOSE = CLOSE + SETTLING


def verdict(age: float, now: float = NOW, rules: Rules = RULES) -> Verdict:
    return judge(now - age, now - age, now, rules, SESSIONS)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0.0, Verdict(Freshness.FRESH, NOW + 60, usable=True)),
        (59.5, Verdict(Freshness.FRESH, NOW + 0.5, usable=True)),
        (60.0, Verdict(Freshness.STALE, NOW + 840, usable=True)),
        (899.5, Verdict(Freshness.STALE, NOW + 0.5, usable=True)),
        (900.0, Verdict(Freshness.EXPIRED, NEXT, usable=True)),
        (7_200.0, Verdict(Freshness.EXPIRED, NEXT, usable=True)),
        (7_200.5, Verdict(Freshness.EXPIRED, math.inf, usable=False)),
    ],
)
def test_ages(age: float, expected: Verdict) -> None:
    assert verdict(age) == expected


def test_a_source_that_lags_is_given_its_delay() -> None:
    rules = Rules(60.0, 900.0, delay=900.0)
    assert judge(NOW - 910, NOW, NOW, rules, SESSIONS) == Verdict(Freshness.FRESH, NOW + 50, usable=True)
    assert judge(NOW - 910, NOW, NOW, RULES, SESSIONS).freshness is Freshness.EXPIRED


@pytest.mark.parametrize("later", [0.0, 3_600.0, NEXT - AFTER_CLOSE - 1])
def test_what_was_fetched_after_the_close_is_fresh_until_the_next_open_interest(later: float) -> None:
    found = judge(CLOSE, AFTER_CLOSE, AFTER_CLOSE + later, RULES, SESSIONS)
    assert found == Verdict(Freshness.FRESH, NEXT, usable=True)


def test_quotes_before_they_stand_still_age_as_ever() -> None:
    fetched = AFTER_CLOSE - 1
    assert judge(fetched, fetched, fetched + 3_600, RULES, SESSIONS).freshness is Freshness.EXPIRED
    late = Rules(60.0, 900.0, delay=900.0)
    assert judge(AFTER_CLOSE, AFTER_CLOSE, AFTER_CLOSE + 3_600, late, SESSIONS).freshness is Freshness.EXPIRED


def test_a_figure_never_crosses_a_session() -> None:
    fetched = OPEN - 1.0
    assert judge(fetched, fetched, OPEN - 0.5, RULES, SESSIONS).usable
    assert judge(fetched, fetched, OPEN, RULES, SESSIONS) == Verdict(
        Freshness.EXPIRED, math.inf, usable=False
    )


def test_yesterdays_clock_is_never_fresh_today() -> None:
    found = judge(OPEN - 10, OPEN + 5, OPEN + 6, RULES, SESSIONS)
    assert found == Verdict(Freshness.STALE, OPEN + 890, usable=True)
    assert judge(OPEN - 3_600, AFTER_CLOSE, AFTER_CLOSE + 1, RULES, SESSIONS).freshness is Freshness.EXPIRED


def test_freshness_ends_with_the_session() -> None:
    fetched = NEXT - 10.0
    assert judge(CLOSE - 60, CLOSE - 60, fetched, RULES, SESSIONS).until == NEXT
    session = judge(fetched, CLOSE + 1, fetched + 1, RULES, SESSIONS)
    assert session == Verdict(Freshness.FRESH, NEXT, usable=True)


def test_the_past_knows_no_clock() -> None:
    assert judge(0.0, 0.0, NOW, Rules(60.0, 900.0, historical=True), SESSIONS) is HISTORICAL
    assert not may_ask(HISTORICAL, 0.0, NOW, RULES)


@pytest.mark.parametrize(
    ("as_of_age", "fetched_age", "asks"),
    [
        (0.0, 0.0, False),
        (59.0, 59.0, False),
        (60.0, 60.0, True),
        (60.0, 59.0, False),
        (5_000.0, 10.0, False),
        (5_000.0, 60.0, True),
        (9_000.0, 9_000.0, True),
    ],
)
def test_age_is_a_reason_to_ask_once_in_a_while(as_of_age: float, fetched_age: float, asks: bool) -> None:
    found = judge(NOW - as_of_age, NOW - fetched_age, NOW, RULES, SESSIONS)
    assert may_ask(found, NOW - fetched_age, NOW, RULES) is asks


@pytest.mark.parametrize(
    ("now", "as_of_age", "fetched_age", "when"),
    [
        (NOW, 30.0, 30.0, Due.NOT_YET),
        (NOW, 60.0, 60.0, Due.BACKGROUND),
        (NOW, 900.0, 900.0, Due.AWAITED),
        (NOW, 5_000.0, 59.0, Due.NOT_YET),  # it was old when it came
        (NOW, 5_000.0, 60.0, Due.BACKGROUND),
        (NOW, 90_000.0, 899.0, Due.BACKGROUND),
        (NOW, 90_000.0, 900.0, Due.AWAITED),
        (AFTER_CLOSE + 7_200, 90_000.0, 61.0, Due.NOT_YET),
        (AFTER_CLOSE + 7_200, 90_000.0, 3_599.0, Due.NOT_YET),
        (AFTER_CLOSE + 7_200, 90_000.0, 3_600.0, Due.AWAITED),
        (AFTER_CLOSE + 7_200, 9_000.0, 9_000.0, Due.AWAITED),  # of before the close
        (OPEN + 1, 2.0, 2.0, Due.AWAITED),  # of the last session: it may not be shown
        (NOW, -1e6, -1e6, Due.AWAITED),  # under a clock that has been put back
    ],
)
def test_when_an_age_is_worth_a_call(now: float, as_of_age: float, fetched_age: float, when: Due) -> None:
    found = judge(now - as_of_age, now - fetched_age, now, RULES, SESSIONS)
    assert due(found, now - fetched_age, now, RULES, SESSIONS) is when


def test_a_new_session_is_a_reason_to_ask_at_once() -> None:
    found = judge(OPEN - 1, OPEN - 1, OPEN + 1, RULES, SESSIONS)
    assert may_ask(found, OPEN - 1, OPEN + 1, RULES)


@given(
    st.floats(BEFORE, NEXT - 1),
    st.floats(0, 90_000),
    st.floats(0, 90_000),
    st.floats(0, 90_000),
    st.floats(0, 1_800),
)
def test_age_never_makes_fresher(now: float, lag: float, age: float, later: float, delay: float) -> None:
    rules = Rules(60.0, 900.0, delay)
    fetched = now - age
    first = judge(fetched - lag, fetched, now, rules, SESSIONS)
    then = judge(fetched - lag, fetched, min(now + later, NEXT - 1), rules, SESSIONS)
    assert first.until > now
    assert then.freshness >= first.freshness
    assert then.usable <= first.usable
    if min(now + later, NEXT - 1) < first.until:
        assert then.freshness is first.freshness
