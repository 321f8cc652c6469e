"""The collector, given sends that keep no promise: every waiter ends in a value or a problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client.collector import Collector
from basketgex_addin.client.problems import CLIENT_FAULT, TIMED_OUT

PATIENCE = 30.0
SEND = Callable[[Sequence[Ask]], Any]


def named(name: str) -> Ask:
    return Ask((name,))


def answered(asks: Sequence[Ask]) -> list[Problem]:
    return [Problem(ask.symbols[0], "") for ask in asks]


@pytest.mark.parametrize(
    "send",
    [
        lambda asks: None,
        lambda asks: [],
        lambda asks: answered(asks) * 2,
        lambda asks: 7,
        lambda asks: 1 / 0,
        lambda asks: [].pop(),
    ],
    ids=["none", "too few", "too many", "no sequence", "error", "another error"],
)
def test_whatever_a_send_gives_or_raises_the_waiter_ends(send: SEND) -> None:
    collector = Collector(send)
    assert collector.ask(named("A"), PATIENCE) == CLIENT_FAULT
    assert collector.submit(named("B")).result(PATIENCE) == CLIENT_FAULT
    assert repr(collector) == "<Collector flying=0 waiting=0>"


def test_a_send_that_breaks_once_spoils_nothing_for_the_next() -> None:
    turns: list[int] = []

    def send(asks: Sequence[Ask]) -> list[Problem]:
        turns.append(len(asks))
        if len(turns) == 1:
            raise RuntimeError
        return answered(asks)

    collector = Collector(send)
    assert collector.ask(named("A"), PATIENCE) == CLIENT_FAULT
    assert collector.ask(named("A"), PATIENCE) == Problem("A", "")


def test_a_send_that_asks_for_its_own_question_gives_up_in_time() -> None:
    def send(asks: Sequence[Ask]) -> list[Problem]:
        inner.append(collector.ask(named("A"), 0.01))
        return answered(asks)

    inner: list[object] = []
    collector = Collector(send)
    assert collector.ask(named("A"), PATIENCE) == Problem("A", "")
    assert inner == [TIMED_OUT]


def test_no_time_at_all_is_an_answer_too() -> None:
    gate = Barrier(2)

    def send(asks: Sequence[Ask]) -> list[Problem]:
        gate.wait(PATIENCE)
        return answered(asks)

    collector = Collector(send)
    with ThreadPoolExecutor(1) as pool:
        leading = pool.submit(collector.ask, named("A"), PATIENCE)
        while "flying=1" not in repr(collector):
            pass
        assert collector.ask(named("A"), 0) == TIMED_OUT
        gate.wait(PATIENCE)
        assert leading.result(PATIENCE) == Problem("A", "")


def test_many_threads_with_the_same_question_at_once_all_hear_the_same() -> None:
    gate = Barrier(24)

    def one(number: int) -> object:
        gate.wait(PATIENCE)
        return collector.ask(named("A" if number % 2 else "B"), PATIENCE)

    collector = Collector(answered)
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(one, range(24)))
    assert found == [Problem("A" if number % 2 else "B", "") for number in range(24)]
    assert repr(collector) == "<Collector flying=0 waiting=0>"
