"""The circuit breaker: the first lasting failure answers for a while, then calls are made again."""

from __future__ import annotations

from basketgex_addin.client import problems
from basketgex_addin.client.breaker import BREAKER_OPEN, CircuitBreaker


def test_it_opens_for_the_first_lasting_failure_and_closes_by_itself() -> None:
    now = [100.0]
    breaker = CircuitBreaker(lambda: now[0])
    assert breaker.failure is None
    breaker.record_failure(problems.TOO_LARGE, problems.SERVER_ABSENT)
    breaker.record_failure(problems.TIMED_OUT)  # while it is open
    assert breaker.failure == problems.SERVER_ABSENT
    now[0] += BREAKER_OPEN
    assert breaker.failure is None
    breaker.record_failure(problems.TIMED_OUT)
    assert breaker.failure == problems.TIMED_OUT


def test_what_says_nothing_of_the_next_call_does_not_open_it() -> None:
    breaker = CircuitBreaker(lambda: 0.0)
    breaker.record_failure(problems.TOO_LARGE, problems.NOT_METERED, problems.BAD_REPLY)
    breaker.record_failure()
    assert breaker.failure is None


def test_a_desk_that_is_away_is_asked_ever_more_seldom_and_not_by_all_at_once() -> None:
    now, chance = [0.0], [0.0]
    breaker = CircuitBreaker(lambda: now[0], lambda: chance[0])

    def closed_after() -> float:
        breaker.record_failure(problems.DESK_AWAY)
        began = now[0]
        while breaker.failure is not None:
            now[0] += 0.25
        return now[0] - began

    assert [closed_after() for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    chance[0] = 1.0
    assert closed_after() == 22.5
    breaker.record_success()
    assert closed_after() == 2.0  # never less
    assert closed_after() == 3.0


def test_whoever_asks_explicitly_need_not_wait_as_long() -> None:
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0], lambda: 0.0)
    for _ in range(3):
        breaker.record_failure(problems.DESK_AWAY)
        assert breaker.explicit_failure == problems.DESK_AWAY
        now[0] += BREAKER_OPEN
        assert breaker.explicit_failure is None
    assert breaker.failure == problems.DESK_AWAY  # eight seconds by now
    breaker.record_success()
    assert breaker.failure is None


def test_an_answer_of_another_call_does_not_close_it_for_a_source_that_is_slow() -> None:
    breaker = CircuitBreaker(lambda: 0.0)
    breaker.record_failure(problems.TIMED_OUT)
    breaker.record_success()
    assert breaker.failure == problems.TIMED_OUT
