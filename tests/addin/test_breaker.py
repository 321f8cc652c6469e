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
