"""What is left alone after a failure, for how long, and for whom. Values and a clock only."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch import backoff
from basketgex_server.dispatch.backoff import LONGEST, SOURCE, Failures, error_of, pause
from basketgex_server.domain import Failure
from basketgex_server.errors import BadChain, BasketgexError, NotEntitled, RateLimited, SourceUnavailable
from tests.server.servers import NOON

BROKEN = SourceUnavailable("The connection broke off. Recalculate to ask again.")
MINUTE = 60.0


def test_the_examples() -> None:
    assert doctest.testmod(backoff).failed == 0


def test_a_name_is_left_alone_for_one_two_four_minutes_and_sixteen_at_most() -> None:
    failures, now = Failures(), NOON
    for minutes in (1, 2, 4, 8, 16, 16, 16):
        made = failures.fails(["A"], BROKEN, now)
        assert made["A"].until - now == minutes * MINUTE
        assert failures.held("A", now) and failures.held("A", made["A"].until - 0.001)
        now = made["A"].until
        assert failures.held("A", now) is None
    assert failures.held("B", NOON) is None


def test_an_answer_makes_it_good_and_the_next_failure_is_the_first() -> None:
    failures = Failures()
    failures.fails(["A"], BROKEN, NOON)
    failures.fails(["A"], BROKEN, NOON + MINUTE)
    assert failures.recovers(["A", "B"]) == ["A"]
    assert failures.recovers(["A"]) == []
    assert failures.fails(["A"], BROKEN, NOON + MINUTE)["A"].failures == 1


def test_what_lies_long_back_is_no_reason_to_wait_longer() -> None:
    failures = Failures()
    failures.fails(["A"], BROKEN, NOON)
    until = failures.fails(["A"], BROKEN, NOON + MINUTE)["A"].until
    assert failures.fails(["A"], BROKEN, until + LONGEST)["A"].failures == 3
    again = Failures({"A": Failure("x", "y", "z", 5, NOON, NOON + LONGEST)})
    assert again.fails(["A"], BROKEN, NOON + 2 * LONGEST + 1)["A"].failures == 1


def test_an_explicit_request_may_try_once() -> None:
    failures = Failures()
    failures.fails(["A"], BROKEN, NOON)
    assert failures.held("A", NOON + 1, explicit=True) is None
    tried = failures.fails(["A"], BadChain("Still so."), NOON + 1, explicit=True)["A"]
    assert (tried.failures, tried.until) == (1, NOON + MINUTE)  # its failure makes the wait no longer
    assert failures.held("A", NOON + 2, explicit=True) == tried
    assert failures.held("A", NOON + MINUTE) is None
    failures.fails(["A"], BROKEN, NOON + MINUTE)
    assert failures.held("A", NOON + MINUTE + 1, explicit=True) is None


def test_the_first_call_that_fails_holds_nobody_back_and_the_second_the_source() -> None:
    failures = Failures()
    failures.source_fails(SOURCE, BROKEN, NOON, call=1, left=1)
    assert failures.held(SOURCE, NOON) is None and failures.probing(SOURCE, NOON) is None
    now = NOON + 1
    for number, minutes in enumerate((1, 2, 4, 8, 16, 16), 2):
        made = failures.source_fails(SOURCE, BROKEN, now, call=number, left=number)[SOURCE]
        assert made.until - now == minutes * MINUTE and failures.held(SOURCE, now)
        assert failures.probing(SOURCE, now) is None
        now = made.until
        assert failures.probing(SOURCE, now)
    failures.recovers([SOURCE])
    assert failures.probing(SOURCE, now) is None


def test_calls_that_were_under_way_together_are_one_failure() -> None:
    failures = Failures()
    for number in range(1, 13):
        failures.source_fails(SOURCE, BROKEN, NOON, call=number, left=12)
    assert failures.held(SOURCE, NOON) is None
    assert failures.source_fails(SOURCE, BROKEN, NOON, call=13, left=13)[SOURCE].failures == 2


@pytest.mark.parametrize(
    ("wait", "explicit"), [(0.5, False), (30.0, False), (60.0, False), (61.0, True), (3_600.0, True)]
)
def test_a_pause_is_kept_and_a_short_one_by_explicit_requests_too(wait: float, explicit: bool) -> None:
    failures = Failures()
    failures.pauses(SOURCE, RateLimited("Not now."), NOON, wait, call=1, left=1)
    assert failures.held(SOURCE, NOON + wait - 0.1)
    assert (failures.held(SOURCE, NOON + wait - 0.1, explicit=True) is None) is explicit
    assert failures.held(SOURCE, NOON + wait) is None


def test_who_asks_for_short_pauses_again_and_again_gets_longer_ones() -> None:
    failures, now, waits = Failures(), NOON, []
    for number in range(1, 6):
        made = failures.pauses(SOURCE, RateLimited("Not now."), now, 2.0, call=number, left=number)[SOURCE]
        waits.append(made.until - now)
        now = made.until
    assert waits == [2.0, 60.0, 120.0, 240.0, 480.0]


def test_what_is_not_to_be_had_is_not_asked_for_by_anybody_and_never_longer_than_a_day() -> None:
    failures = Failures()
    failures.refuses(["A"], NotEntitled("Not covered."), NOON, NOON + 1e9)
    assert failures.held("A", NOON + 86_399, explicit=True)
    assert failures.held("A", NOON + 86_400) is None


@pytest.mark.parametrize("ahead", [121.0, 3_600.0, 86_400.0, 1e9])
def test_failures_of_the_future_are_none(ahead: float) -> None:
    failures = Failures()
    failures.fails(["A"], BROKEN, NOON + ahead)
    assert failures.held("A", NOON) is None
    assert failures.fails(["A"], BROKEN, NOON)["A"].until == NOON + 60


def test_the_sentence_says_when_by_the_clock_and_what_an_explicit_request_may() -> None:
    failures = Failures()
    failure = failures.fails(["A"], BROKEN, NOON)["A"]
    assert error_of(failure, NOON + 10).sentence == (
        "The connection broke off. Recalculating asks again after 16:31:00 UTC, "
        "an explicit refresh may try once before."
    )
    assert error_of(failure, NOON + 10).retry_after == 50
    tried = failures.fails(["A"], BROKEN, NOON, explicit=True)["A"]
    assert error_of(tried, NOON).sentence == (
        "The connection broke off. Recalculating asks again after 16:31:00 UTC."
    )
    assert (error_of(tried, NOON).code, error_of(tried, NOON).reason) == (BROKEN.code, BROKEN.reason)
    lost = failures.fails(["C"], BadChain("Its row has no net GEX."), NOON)["C"]
    assert error_of(lost, NOON).sentence.startswith(
        "Its row has no net GEX. Recalculating asks again after 16:31"
    )
    other = failures.fails(["D"], SourceUnavailable("It has moved: check flashalpha_base_url."), NOON)["D"]
    assert error_of(other, NOON).sentence == "It has moved: check flashalpha_base_url."
    refused = failures.refuses(["B"], NotEntitled("Not covered."), NOON, NOON + 60)["B"]
    assert error_of(refused, NOON).sentence == "Not covered."


@given(st.lists(st.tuples(st.floats(0, 3_000), st.booleans(), st.booleans()), max_size=60))
def test_whatever_happens_a_name_is_asked_once_in_its_time_and_once_more_explicitly(
    steps: list[tuple[float, bool, bool]],
) -> None:
    failures, now, asked = Failures(), NOON, list[float]()
    for passes, explicit, succeeds in steps:
        now += passes
        if failures.held("A", now, explicit=explicit):
            continue
        asked.append(now)
        failures.recovers(["A"]) if succeeds else failures.fails(["A"], BROKEN, now, explicit=explicit)
        if succeeds:
            asked.clear()
    for early, late in zip(asked, asked[2:], strict=False):
        assert late - early >= MINUTE


def test_names_without_end_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "MOST", 100)
    failures = Failures()
    for number in range(1_000):
        failures.fails([f"S{number}"], BasketgexError("No."), NOON + number)
    assert len(failures._by_name) <= 160
    assert pause(10**6) == LONGEST
