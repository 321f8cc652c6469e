"""What is remembered, for how long, and what makes it forgotten."""

from __future__ import annotations

import pytest

from basketgex_addin.cells import Ask, Problem
from basketgex_addin.client.memo import LOOK, Memo
from tests.addin.test_worksheet import REPLY

ASK = Ask(("NVDA",))
PROBLEM = Problem("no_data", "No data.")


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.stamp: tuple[int, ...] = (1,)

    def memo(self, most: int = 20_000) -> Memo:
        return Memo(lambda: self.now, lambda: self.stamp, most)


@pytest.fixture
def world() -> World:
    return World()


def test_a_reply_holds_for_its_own_lifetime_and_is_remembered_after(world: World) -> None:
    memo = world.memo()
    assert memo.get(ASK) is None
    memo.put([(ASK, REPLY)])
    world.now += 59.9
    assert memo.get(ASK) is REPLY
    world.now += 0.1
    assert memo.get(ASK) is None
    assert memo.remembered(ASK) is REPLY


def test_a_problem_holds_for_two_seconds_and_does_not_hide_the_last_reply(world: World) -> None:
    memo = world.memo()
    memo.put([(ASK, PROBLEM)])
    assert memo.remembered(ASK) is None
    memo.put([(ASK, REPLY)])
    memo.put([(ASK, PROBLEM)])
    assert memo.get(ASK) is PROBLEM
    assert memo.remembered(ASK) is REPLY
    world.now += 2
    assert memo.get(ASK) is None


def test_what_is_expired_is_remembered_only(world: World) -> None:
    memo = world.memo()
    memo.put([(ASK, REPLY)])
    memo.expire(Ask(("AMD",)))
    assert memo.get(ASK) is REPLY
    memo.expire(ASK)
    assert memo.get(ASK) is None
    assert memo.remembered(ASK) is REPLY


def test_another_server_or_setting_forgets_everything(world: World) -> None:
    memo = world.memo()
    memo.put([(ASK, REPLY)])
    world.stamp = (2,)
    world.now += 2 * LOOK
    assert memo.get(ASK) is None
    assert memo.remembered(ASK) is None


def test_an_answer_from_before_the_change_is_not_kept(world: World) -> None:
    memo = world.memo()
    world.stamp = (2,)
    memo.put([(ASK, REPLY)], stamp=(1,))
    assert memo.get(ASK) is None
    memo.put([(ASK, REPLY)], stamp=(2,))
    assert memo.get(ASK) is REPLY


def test_the_least_recently_used_goes_first(world: World) -> None:
    memo = world.memo(most=2)
    first, second, third = (Ask((name,)) for name in "ABC")
    memo.put([(first, REPLY)])
    memo.put([(second, REPLY)])
    memo.get(first)
    memo.put([(third, REPLY)])
    assert [memo.get(ask) for ask in (first, second, third)] == [REPLY, None, REPLY]
    assert len(memo) == 2


def test_a_lifetime_that_is_no_number_is_short(world: World) -> None:
    memo = world.memo()
    memo.put([(ASK, REPLY._replace(client_ttl=float("inf")))])
    world.now += 2
    assert memo.get(ASK) is None
