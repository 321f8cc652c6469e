"""The batcher, used as it should not be: nobody waits for ever, and nobody pays for another's mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.departure import Terms
from basketgex_server.errors import Draining, Internal
from tests.server.servers import made_up, run, until


class Answering:
    """A call that answers at once, with what it is told to say of the symbols."""

    def __init__(self, says: Any = None) -> None:
        self.sent: list[tuple[str, ...]] = []
        self.says = says

    async def __call__(self, symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
        self.sent.append(symbols)
        if self.says is not None:
            return dict(self.says(symbols))
        return {symbol: made_up(symbol) for symbol in symbols}


def batcher(call: Any, **chosen: Any) -> Batcher:
    options = {"symbols_per_call": 3, "metered": True, "quiet": 0.0, "longest": 0.0} | chosen
    return Batcher(lambda leaving: call(leaving.symbols), Terms(**options))


def test_nothing_asked_is_nothing_sent() -> None:
    async def story() -> None:
        call = Answering()
        found = batcher(call)
        assert await found.fetch([]) == {} and await found.fetch(iter(())) == {}
        found.refresh([])
        assert (call.sent, found.outstanding) == ([], 0)

    run(story())


def test_an_iterator_and_repeated_symbols_are_asked_once() -> None:
    async def story() -> None:
        call = Answering()
        found = batcher(call)
        assert await found.fetch(s for s in "ABABA") == {s: made_up(s) for s in "AB"}
        assert call.sent == [("A", "B")]

        async def twice() -> None:
            await found.fetch(["C", "C"], timeout=0)

        await twice()  # both of its waits are given up
        await until(lambda: not found.outstanding)

    run(story())


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_no_time_at_all_is_no_answer_and_no_call(timeout: float) -> None:
    async def story() -> None:
        call = Answering()
        found = batcher(call, quiet=1_000.0, longest=1_000.0)
        assert await found.fetch(["A"], timeout=timeout) == {}
        assert (call.sent, found.outstanding) == ([], 0)

    run(story())


@pytest.mark.parametrize(
    "says",
    [
        lambda symbols: {},
        lambda symbols: {"ZZZZ": made_up("ZZZZ")},
        lambda symbols: dict.fromkeys(symbols),
    ],
    ids=["nothing", "of strangers only", "no data"],
)
def test_a_call_that_answers_too_little_leaves_nobody_waiting(says: Any) -> None:
    async def story() -> None:
        found = batcher(Answering(says))
        assert await found.fetch(["A", "B"]) == {"A": None, "B": None}
        assert found.outstanding == 0

    run(story())


@pytest.mark.parametrize(
    "says",
    [lambda symbols: None, lambda symbols: 1 / 0, lambda symbols: [].pop()],
    ids=["none", "zero", "pop"],
)
def test_a_call_that_breaks_every_promise_ends_in_an_error(says: Any) -> None:
    async def story() -> None:
        found = batcher(Answering(says))
        outcomes = await found.fetch(["A"])
        assert isinstance(outcomes["A"], Internal)
        assert found.outstanding == 0

    run(story())


def test_a_call_that_is_cancelled_from_within_ends_its_waiters() -> None:
    async def story() -> None:
        def cancelled(symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
            raise asyncio.CancelledError

        found = batcher(Answering(cancelled))
        outcomes = await found.fetch(["A"])
        assert isinstance(outcomes["A"], Draining)

    run(story())


def test_a_call_that_asks_the_batcher_itself_does_not_wait_for_itself() -> None:
    async def story() -> None:
        inner: list[dict[str, Outcome]] = []

        class Asking(Answering):
            async def __call__(self, symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
                if symbols == ("A",):
                    inner.append(await found.fetch(["A"], timeout=0.01))  # itself: given up
                    inner.append(await found.fetch(["B"], timeout=0.01))  # held back behind it: likewise
                return await super().__call__(symbols)

        found = batcher(Asking())
        assert await found.fetch(["A"]) == {"A": made_up("A")}
        assert inner == [{}, {}]
        assert await found.fetch(["B"]) == {"B": made_up("B")}

    run(story())


def test_ride_alongs_beyond_number_and_those_already_wanted_fill_seats_and_no_more() -> None:
    async def story() -> None:
        call = Answering()
        crowd = [f"R{number}" if number % 2 else "A" for number in range(10_000)]
        found = batcher(call, ride_alongs=lambda: crowd)
        assert await found.fetch(["A"]) == {"A": made_up("A")}
        assert call.sent == [("A", "R1", "R3")]

    run(story())


def test_after_its_end_every_question_ends_at_once_and_ending_again_is_nothing() -> None:
    async def story() -> None:
        call = Answering()
        found = batcher(call)
        await found.close()
        await found.close()
        assert isinstance((await found.fetch(["A"]))["A"], Draining)
        found.refresh(["B"])
        assert (call.sent, found.outstanding) == ([], 0)

    run(story())


def test_a_thousand_who_give_up_leave_nothing_behind() -> None:
    async def story() -> None:
        call = Answering()
        found = batcher(call, quiet=1_000.0, longest=1_000.0, symbols_per_call=0)
        tasks = [asyncio.ensure_future(found.fetch([f"S{n % 7}", f"T{n}"])) for n in range(1_000)]
        await asyncio.sleep(0)
        assert found.outstanding == 1_007
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (call.sent, found.outstanding) == ([], 0)
        await found.close()

    run(story())
