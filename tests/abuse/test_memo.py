"""The memo under clocks, lifetimes and stamps that no honest server has: it forgets too early rather than too late."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client.memo import LOOK, SHORT_TTL, Memo
from tests.addin.test_worksheet import REPLY

ASK = Ask(("NVDA",))
OTHER = Ask(("AMD",))


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.stamp: object = 1

    def memo(self, most: int = 20_000) -> Memo:
        return Memo(lambda: self.now, lambda: (self.stamp,), most)


@pytest.mark.parametrize("ttl", [math.nan, math.inf, -math.inf])
def test_a_lifetime_that_is_no_number_is_a_short_one(ttl: float) -> None:
    world = World()
    memo = world.memo()
    memo.put([(ASK, REPLY._replace(client_ttl=ttl))])
    assert memo.get(ASK) is not None
    world.now += SHORT_TTL
    assert memo.get(ASK) is None


@pytest.mark.parametrize("ttl", [0.0, -5.0])
def test_a_lifetime_that_is_over_holds_nothing(ttl: float) -> None:
    memo = World().memo()
    memo.put([(ASK, REPLY._replace(client_ttl=ttl))])
    assert memo.get(ASK) is None
    assert memo.remembered(ASK) is not None


@pytest.mark.parametrize("most", [0, 1])
def test_a_memo_without_room_keeps_no_more_than_it_may(most: int) -> None:
    memo = World().memo(most)
    memo.put([(ASK, REPLY), (OTHER, REPLY)])
    assert len(memo) == most
    assert memo.get(ASK) is None


def test_a_stamp_that_is_another_at_every_look_lets_nothing_stay() -> None:
    now, stamps = itertools.count(100.0, LOOK * 2), itertools.count()
    memo = Memo(lambda: next(now), lambda: next(stamps))
    memo.put([(ASK, REPLY)])
    assert memo.get(ASK) is None and memo.remembered(ASK) is None


def test_answers_of_another_stamp_are_not_kept_and_do_not_harm_those_that_are() -> None:
    world = World()
    memo = world.memo()
    memo.put([(ASK, REPLY)], stamp=(1,))
    memo.put([(ASK, Problem("no_data", "No data."))], stamp=(0,))
    assert memo.get(ASK) is REPLY


def test_an_iterator_and_the_same_question_twice_leave_the_last_answer() -> None:
    memo = World().memo()
    last = REPLY._replace()
    memo.put(iter([(ASK, REPLY), (ASK, last)]))
    assert memo.get(ASK) is last and len(memo) == 1


def test_forgetting_what_was_never_there_is_nothing() -> None:
    memo = World().memo()
    memo.forget([])
    memo.forget(iter(["NVDA"]))
    memo.expire(ASK)
    memo.clear()
    assert len(memo) == 0


def test_many_threads_that_put_get_forget_and_clear_at_once() -> None:
    memo = World().memo(50)

    def abuse(number: int) -> None:
        for turn in range(200):
            ask = Ask((f"S{(number * turn) % 97}",))
            memo.put([(ask, REPLY)])
            memo.get(ask)
            memo.forget([f"S{turn % 97}"])
            if turn % 50 == 49:
                memo.clear()
            assert len(memo) <= 50

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(abuse, range(8)))
