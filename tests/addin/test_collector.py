"""Many threads, few calls, and nobody hurt by another's end. Events instead of sleeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client.collector import Collector
from basketgex_addin.client.problems import CLIENT_FAULT, TIMED_OUT

PATIENCE = 30.0


def named(name: str) -> Ask:
    return Ask((name,))


def answer(ask: Ask) -> Problem:
    return Problem(ask.symbols[0], "")


class Wire:
    """A send that stops at its first call until it is let go; ``calls`` has what it was asked."""

    def __init__(self, then: Callable[[Sequence[Ask]], Any] | None = None) -> None:
        self.calls: list[tuple[Ask, ...]] = []
        self.first = Event()
        self.go = Event()
        self._then = then

    def __call__(self, asks: Sequence[Ask]) -> Sequence[Reply | Problem]:
        self.calls.append(tuple(asks))
        if len(self.calls) == 1:
            self.first.set()
            assert self.go.wait(PATIENCE)
        if self._then is not None:
            self._then(asks)
        return [answer(ask) for ask in asks]


def until(collector: Collector, waiting: int) -> None:
    """Return once so many distinct questions wait for the next call."""
    ready = Event()
    for _ in range(3000):
        with collector._change:
            if len(collector._waiting) == waiting:
                return
        ready.wait(0.01)
    raise AssertionError


def test_a_lone_call_is_sent_at_once_in_the_callers_thread() -> None:
    collector = Collector(lambda asks: [answer(ask) for ask in asks], quiet=1000, longest=1000)
    assert collector.ask(named("A")) == answer(named("A"))
    assert collector.ask(named("B")) == answer(named("B"))


def test_who_comes_while_one_flies_shares_the_next_call_and_gets_his_own_answer() -> None:
    wire = Wire()
    collector = Collector(wire, quiet=0, longest=0, patience=PATIENCE)
    with ThreadPoolExecutor(40) as pool:
        first = pool.submit(collector.ask, named("first"))
        assert wire.first.wait(PATIENCE)
        others = {f"{i % 20}": pool.submit(collector.ask, named(f"{i % 20}")) for i in range(39)}
        until(collector, 20)
        wire.go.set()
        assert first.result(PATIENCE) == answer(named("first"))
        for name, future in others.items():
            assert future.result(PATIENCE) == answer(named(name))
    assert wire.calls[0] == (named("first"),)
    assert {ask for call in wire.calls[1:] for ask in call} == {named(f"{i}") for i in range(20)}
    assert len(wire.calls[1]) == 20


def test_the_same_question_joins_the_one_in_flight() -> None:
    wire = Wire()
    collector = Collector(wire)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(collector.ask, named("A"))]
        assert wire.first.wait(PATIENCE)
        futures.append(pool.submit(collector.ask, named("A"), PATIENCE))
        wait_for_waiters(collector, named("A"), 2)
        wire.go.set()
        assert [future.result(PATIENCE) for future in futures] == [answer(named("A"))] * 2
    assert wire.calls == [(named("A"),)]


def test_a_slow_call_holds_the_others_for_no_longer_than_patience() -> None:
    wire = Wire()
    collector = Collector(wire, quiet=0, longest=0, patience=0)
    slow = collector.submit(named("SLOW"))
    assert wire.first.wait(PATIENCE)
    assert collector.ask(named("QUICK"), PATIENCE) == answer(named("QUICK"))
    assert not slow.done()
    wire.go.set()
    assert slow.result(PATIENCE) == answer(named("SLOW"))
    assert wire.calls == [(named("SLOW"),), (named("QUICK"),)]


def test_a_submitted_question_shares_the_answer_of_one_that_is_asked() -> None:
    wire = Wire()
    collector = Collector(wire)
    first, again = collector.submit(named("A")), collector.submit(named("A"))
    wire.go.set()
    assert first.result(PATIENCE) == again.result(PATIENCE) == answer(named("A"))
    assert wire.calls == [(named("A"),)]


def wait_for_waiters(collector: Collector, ask: Ask, count: int) -> None:
    ready = Event()
    for _ in range(3000):
        with collector._change:
            if collector._flying[ask].waiters == count:
                return
        ready.wait(0.01)
    raise AssertionError


@pytest.mark.parametrize("fault", [RuntimeError("boom"), None])
def test_a_send_that_fails_gives_every_waiter_of_its_batch_a_problem(fault: Exception | None) -> None:
    def send(asks: Sequence[Ask]) -> Sequence[Reply | Problem]:
        if fault is not None:
            raise fault
        return []

    collector = Collector(send)
    assert collector.ask(named("A")) == CLIENT_FAULT
    assert collector.ask(named("B")) == CLIENT_FAULT


def test_a_waiter_that_gives_up_hurts_nobody() -> None:
    wire = Wire()
    collector = Collector(wire, quiet=0, longest=0, patience=PATIENCE)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(collector.ask, named("first"))
        assert wire.first.wait(PATIENCE)
        other = pool.submit(collector.ask, named("other"))
        until(collector, 1)
        assert collector.ask(named("hasty"), timeout=0) == TIMED_OUT
        wire.go.set()
        assert first.result(PATIENCE) == answer(named("first"))
        assert other.result(PATIENCE) == answer(named("other"))
    assert wire.calls == [(named("first"),), (named("other"),)]


def test_an_interrupted_leader_leaves_the_others_their_answers() -> None:
    def interrupt(asks: Sequence[Ask]) -> None:
        if len(wire.calls) == 1:
            raise KeyboardInterrupt

    wire = Wire(interrupt)
    collector = Collector(wire, quiet=0, longest=0, patience=PATIENCE)
    interrupted = Event()

    def lead() -> None:
        with pytest.raises(KeyboardInterrupt):
            collector.ask(named("A"))
        interrupted.set()

    leader = Thread(target=lead)
    leader.start()
    assert wire.first.wait(PATIENCE)
    with ThreadPoolExecutor(2) as pool:
        joined: Future[Any] = pool.submit(collector.ask, named("A"), PATIENCE)
        other = pool.submit(collector.ask, named("B"), PATIENCE)
        wait_for_waiters(collector, named("A"), 2)
        until(collector, 1)
        wire.go.set()
        assert joined.result(PATIENCE) == answer(named("A"))
        assert other.result(PATIENCE) == answer(named("B"))
    leader.join(PATIENCE)
    assert interrupted.is_set()


def test_a_storm_is_few_calls() -> None:
    wire = Wire()
    collector = Collector(wire, patience=PATIENCE)
    barrier = Barrier(64)

    def storm(name: str) -> Reply | Problem:
        barrier.wait(PATIENCE)
        return collector.ask(named(name), PATIENCE)

    with ThreadPoolExecutor(64) as pool:
        futures = {f"{i}": pool.submit(storm, f"{i}") for i in range(64)}
        assert wire.first.wait(PATIENCE)
        until(collector, 63)
        wire.go.set()
        assert all(future.result(PATIENCE) == answer(named(name)) for name, future in futures.items())
    assert len(wire.calls) == 2
