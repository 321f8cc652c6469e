"""Many waiters, one plan. Calls are gated: they answer when the test lets them; windows are none, or too long to end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.departure import Terms
from basketgex_server.errors import BasketgexError, Draining, Internal, SourceUnavailable
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Leaving, QuotaValue
from tests.server.servers import made_up, run, turns, until

LONG = 1_000.0


class Gated:
    """The call of a batcher: every one waits until it is let go, or is told to fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, ...]] = []
        self.open: list[asyncio.Future[Exception | None]] = []
        self.cancelled = 0
        self.nothing: set[str] = set()

    async def __call__(self, symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
        self.sent.append(symbols)
        gate: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.open.append(gate)
        try:
            error = await gate
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if error is not None:
            raise error
        return {s: None if s in self.nothing else made_up(s) for s in symbols}

    def let_go(self, number: int, error: Exception | None = None) -> None:
        self.open[number].set_result(error)


def batcher(gated: Gated, **chosen: Any) -> Batcher:
    options: dict[str, Any] = {"symbols_per_call": 3, "metered": True, "quiet": 0.0, "longest": 0.0}
    return Batcher(lambda leaving: gated(leaving.symbols), Terms(**(options | chosen)))


def test_waiters_of_one_window_share_a_call() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        one = asyncio.create_task(found.fetch(["A", "B"]))
        other = asyncio.create_task(found.fetch(["B"]))
        await until(lambda: gated.sent)
        assert gated.sent == [("A", "B")]
        gated.let_go(0)
        assert await one == {"A": made_up("A"), "B": made_up("B")}
        assert await other == {"B": made_up("B")}

    run(story())


def test_a_symbol_on_its_way_is_joined() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        one = asyncio.create_task(found.fetch(["A", "B"]))
        await until(lambda: gated.sent)
        other = asyncio.create_task(found.fetch(["B"]))
        await turns()
        gated.let_go(0)
        assert await other == {"B": made_up("B")}
        await one
        assert gated.sent == [("A", "B")]

    run(story())


def test_nothing_is_kept_between_calls() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        for number in range(2):
            task = asyncio.create_task(found.fetch(["A"]))
            await until(lambda n=number: len(gated.sent) > n)
            gated.let_go(number)
            await task
        assert gated.sent == [("A",), ("A",)]
        assert repr(found) == "<Batcher 0 wanted, 0 on their way in 0 calls>"

    run(story())


def test_a_symbol_without_data_ends_in_none() -> None:
    async def story() -> None:
        gated = Gated()
        gated.nothing = {"B"}
        task = asyncio.create_task(batcher(gated).fetch(["A", "B"]))
        await until(lambda: gated.open)
        gated.let_go(0)
        assert await task == {"A": made_up("A"), "B": None}

    run(story())


def test_the_window_waits_and_a_full_call_does_not() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, quiet=LONG, longest=LONG)
        tasks = [asyncio.create_task(found.fetch([s])) for s in "AB"]
        await turns()
        assert gated.sent == []
        tasks.append(asyncio.create_task(found.fetch(["C"])))
        await until(lambda: gated.sent)
        assert gated.sent == [("A", "B", "C")]
        gated.let_go(0)
        await asyncio.gather(*tasks)

    run(story())


def test_quiet_starts_again_with_every_symbol_and_longest_does_not() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        gated = Gated()
        found = batcher(gated, quiet=10.0, longest=25.0, symbols_per_call=50)
        ends = []
        start = loop.time()
        real = loop.time
        tasks = []
        try:
            for step, symbol in enumerate("ABCD"):
                loop.time = lambda step=step: start + 8.0 * step  # type: ignore[method-assign]
                tasks.append(asyncio.ensure_future(found.fetch([symbol])))
                found.refresh([symbol])
                assert found._timer is not None
                ends.append(found._timer.when() - start)
        finally:
            loop.time = real  # type: ignore[method-assign]
        assert ends == pytest.approx([10.0, 18.0, 25.0, 25.0])
        await found.close()
        await asyncio.gather(*tasks)

    run(story())


def test_cancelling_one_waiter_leaves_the_others() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        one, other = (asyncio.create_task(found.fetch(["A", "B"])) for _ in range(2))
        await until(lambda: gated.sent)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        gated.let_go(0)
        assert set(await other) == {"A", "B"}
        assert gated.cancelled == 0

    run(story())


def test_what_nobody_waits_for_any_more_is_not_asked() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, quiet=LONG, longest=LONG)
        gone = asyncio.create_task(found.fetch(["A", "B"]))
        await turns()
        gone.cancel()
        await turns()
        assert repr(found).startswith("<Batcher 0 wanted")
        assert await found.fetch(["C"], timeout=0) == {}
        tasks = [asyncio.create_task(found.fetch([s])) for s in "DEF"]
        await until(lambda: gated.sent)
        assert gated.sent == [("D", "E", "F")]
        gated.let_go(0)
        await asyncio.gather(*tasks)

    run(story())


def test_of_two_waiters_the_one_that_stays_is_served() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, quiet=LONG, longest=LONG)
        gone = asyncio.create_task(found.fetch(["A"]))
        stays = asyncio.create_task(found.fetch(["A", "B"]))
        await turns()
        gone.cancel()
        last = asyncio.create_task(found.fetch(["C"]))
        await until(lambda: gated.sent)
        assert gated.sent == [("A", "B", "C")]
        gated.let_go(0)
        assert set(await stays) == {"A", "B"}
        await last

    run(story())


def test_a_timeout_leaves_out_what_is_on_its_way() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, metered=False)
        patient = asyncio.create_task(found.fetch(["A"]))
        await until(lambda: gated.sent)
        assert await found.fetch(["A"], timeout=0.01) == {}
        gated.let_go(0)
        assert set(await patient) == {"A"}

    run(story())


@pytest.mark.parametrize(
    ("error", "expected"),
    [(SourceUnavailable("Away."), SourceUnavailable), (ZeroDivisionError("secret"), Internal)],
)
def test_a_failing_call_fails_only_its_symbols(error: Exception, expected: type[BasketgexError]) -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, symbols_per_call=1)
        task = asyncio.create_task(found.fetch(["A", "B"]))
        await until(lambda: len(gated.sent) == 2)
        gated.let_go(0, error)
        gated.let_go(1)
        outcome = await task
        assert type(outcome["A"]) is expected
        assert "secret" not in str(outcome["A"])
        assert outcome["B"] == made_up("B")

    run(story())


def test_an_under_full_plan_waits_for_the_call_in_flight() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        tasks = [asyncio.create_task(found.fetch(["A"]))]
        await until(lambda: gated.sent)
        tasks += [asyncio.create_task(found.fetch([s])) for s in "BC"]
        await turns()
        assert gated.sent == [("A",)]
        gated.let_go(0)
        await until(lambda: len(gated.sent) == 2)
        assert gated.sent[1] == ("B", "C")
        gated.let_go(1)
        await asyncio.gather(*tasks)

    run(story())


def test_full_calls_overlap_and_leave_the_rest_waiting() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        tasks = [asyncio.create_task(found.fetch(["A"]))]
        await until(lambda: gated.sent)
        tasks.append(asyncio.create_task(found.fetch("BCDEFGH")))
        await until(lambda: len(gated.sent) == 3)
        await turns()
        assert gated.sent == [("A",), tuple("BCD"), tuple("EFG")]
        gated.let_go(1)
        gated.let_go(0)
        await turns()
        assert len(gated.sent) == 3  # one is still in flight
        gated.let_go(2)
        await until(lambda: len(gated.sent) == 4)
        assert gated.sent[3] == ("H",)
        gated.let_go(3)
        await asyncio.gather(*tasks)

    run(story())


def test_the_rest_of_a_plan_waits_for_the_full_calls_of_the_same_plan() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        task = asyncio.create_task(found.fetch("ABCDEFG"))
        await until(lambda: len(gated.sent) == 2)
        await turns()
        assert gated.sent == [tuple("ABC"), tuple("DEF")]  # its window is over, and G waits
        gated.let_go(1)
        await turns()
        assert len(gated.sent) == 2
        late = asyncio.create_task(found.fetch("H"))
        await turns()
        gated.let_go(0)
        await until(lambda: len(gated.sent) == 3)
        assert gated.sent[2] == tuple("GH")
        gated.let_go(2)
        assert set(await task) == set("ABCDEFG")
        await late

    run(story())


def test_only_full_calls_leave_early_and_the_rest_keeps_its_window() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, quiet=LONG, longest=LONG)
        task = asyncio.create_task(found.fetch("ABCD"))
        await until(lambda: gated.sent)
        gated.let_go(0)
        await until(lambda: "0 calls" in repr(found))
        await turns()
        assert gated.sent == [tuple("ABC")]  # nothing is in flight, but D may get company yet
        late = asyncio.create_task(found.fetch("EF"))
        await until(lambda: len(gated.sent) == 2)
        assert gated.sent[1] == tuple("DEF")
        gated.let_go(1)
        await asyncio.gather(task, late)

    run(story())


@pytest.mark.parametrize("symbols_per_call", [2, 3, 7])
def test_no_under_full_call_ever_leaves_beside_another(symbols_per_call: int) -> None:
    """Whatever arrives when, and whichever call lands first."""

    async def story(chance: random.Random) -> None:
        gated, flying, wrong = Gated(), set[int](), list[tuple[str, ...]]()

        async def call(symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
            if len(symbols) < symbols_per_call and flying:
                wrong.append(symbols)
            number = len(gated.sent)
            flying.add(number)
            try:
                return await gated(symbols)
            finally:
                flying.discard(number)

        found = Batcher(
            lambda leaving: call(leaving.symbols),
            Terms(symbols_per_call, metered=True, quiet=0.0, longest=0.0),
        )
        names = [f"S{n}" for n in range(60)]
        waiting = []
        for _ in range(40):
            waiting.append(asyncio.create_task(found.fetch(chance.sample(names, chance.randint(1, 9)))))
            await turns(chance.randint(0, 4))
            if flying and chance.random() < 0.5:
                gated.let_go(chance.choice(sorted(flying)))
                await turns(2)
        while not all(task.done() for task in waiting):
            for number in [n for n in flying if not gated.open[n].done()]:
                gated.let_go(number)
            await asyncio.sleep(0)
        assert not wrong

    for seed in range(20):
        run(story(random.Random(seed)))


def test_free_calls_never_wait() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, metered=False, symbols_per_call=0)
        tasks = [asyncio.create_task(found.fetch(["A"]))]
        await until(lambda: gated.sent)
        tasks.append(asyncio.create_task(found.fetch("BCDEF")))
        await until(lambda: len(gated.sent) == 2)
        assert gated.sent == [("A",), tuple("BCDEF")]
        gated.let_go(0)
        gated.let_go(1)
        await asyncio.gather(*tasks)

    run(story())


def test_held_symbols_whose_waiters_leave_are_not_sent() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        one = asyncio.create_task(found.fetch(["A"]))
        await until(lambda: gated.sent)
        held = asyncio.create_task(found.fetch(["B"]))
        await turns()
        held.cancel()
        await turns()
        gated.let_go(0)
        await one
        await turns()
        assert gated.sent == [("A",)]

    run(story())


def test_riders_take_the_seats_left_over_and_can_be_joined() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, ride_alongs=lambda: ["OLD", "A", "OLDER"])
        one = asyncio.create_task(found.fetch(["A"]))
        await until(lambda: gated.sent)
        assert gated.sent == [("A", "OLD", "OLDER")]
        other = asyncio.create_task(found.fetch(["OLD"]))
        await turns()
        gated.let_go(0)
        await one
        assert await other == {"OLD": made_up("OLD")}
        assert len(gated.sent) == 1

    run(story())


def test_a_symbol_on_its_way_rides_along_with_no_other_call() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, metered=False, ride_alongs=lambda: ["A", "OLD"])
        one = asyncio.create_task(found.fetch(["A", "B", "C"]))
        await until(lambda: gated.sent)
        other = asyncio.create_task(found.fetch(["D"]))
        await until(lambda: len(gated.sent) == 2)
        assert gated.sent == [("A", "B", "C"), ("D", "OLD")]
        gated.let_go(1)
        gated.let_go(0)
        await asyncio.gather(one, other)

    run(story())


def test_a_refresh_is_sent_though_nobody_waits() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        found.refresh(["A"])
        assert await found.fetch(["A"], timeout=0) == {}
        await until(lambda: gated.sent)
        assert gated.sent == [("A",)]
        gated.let_go(0)
        await until(lambda: "0 calls" in repr(found))

    run(story())


def test_closing_settles_everyone() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        flying = asyncio.create_task(found.fetch(["A"]))
        await until(lambda: gated.sent)
        held = asyncio.create_task(found.fetch(["B"]))
        await turns()
        await found.close()
        for task, symbol in ((flying, "A"), (held, "B")):
            (outcome,) = (await task).values()
            assert isinstance(outcome, Draining), symbol
        assert gated.cancelled == 1
        late = await found.fetch(["C"])
        assert isinstance(late["C"], Draining)
        found.refresh(["D"])
        await turns()
        assert len(gated.sent) == 1

    run(story())


def test_draining_lets_what_has_left_land_and_nothing_more_leave() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated)
        flying = asyncio.create_task(found.fetch(["A", "B"]))
        await until(lambda: gated.sent)
        waiting = asyncio.create_task(found.fetch(["C"]))
        await turns()
        draining = asyncio.create_task(found.drain())
        assert isinstance((await waiting)["C"], Draining)
        joined = asyncio.create_task(found.fetch(["A", "D"]))
        await turns()
        assert not draining.done()
        gated.let_go(0)
        await draining
        assert await flying == {"A": made_up("A"), "B": made_up("B")}
        late = await joined
        assert (late["A"], type(late["D"])) == (made_up("A"), Draining)
        assert (gated.sent, gated.cancelled) == ([("A", "B")], 0)
        await found.close()

    run(story())


def test_draining_waits_for_a_departure_whose_debit_is_being_written() -> None:
    gate = asyncio.Event()

    class Slow(LocalPool):
        async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
            committing.set()
            await gate.wait()

    committing = asyncio.Event()

    async def story() -> None:
        gated = Gated()
        pool = Slow(QuotaValue(0, answered=True))
        found = Batcher(
            lambda leaving: gated(leaving.symbols),
            Terms(3, metered=True, quiet=0.0, longest=0.0),
            pool=pool,
        )
        asking = asyncio.create_task(found.fetch(["A"]))
        await committing.wait()
        draining = asyncio.create_task(found.drain())
        await turns()
        gate.set()
        await until(lambda: gated.sent)
        gated.let_go(0)
        await draining
        assert await asking == {"A": made_up("A")}
        await found.close()

    run(story())


def test_closing_before_the_window_ends_sends_nothing() -> None:
    async def story() -> None:
        gated = Gated()
        found = batcher(gated, quiet=LONG, longest=LONG)
        task = asyncio.create_task(found.fetch(["A"]))
        await turns()
        await found.close()
        assert isinstance((await task)["A"], Draining)
        assert gated.sent == []

    run(story())


def test_nothing_asked_is_answered_at_once() -> None:
    async def story() -> None:
        assert await batcher(Gated(), quiet=LONG, longest=LONG).fetch([]) == {}

    run(story())


@pytest.mark.parametrize("symbols_per_call", [1, 7, 50])
def test_a_crowd_takes_the_fewest_calls(symbols_per_call: int) -> None:
    async def story() -> None:
        sent: list[tuple[str, ...]] = []

        async def call(symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
            sent.append(symbols)
            return {s: made_up(s) for s in symbols}

        found = Batcher(
            lambda leaving: call(leaving.symbols),
            Terms(symbols_per_call, metered=True, quiet=0.0, longest=0.0),
        )
        names = [f"S{i}" for i in range(500)]
        answers = await asyncio.gather(*(found.fetch(names[i : i + 40]) for i in range(0, 480, 10)))
        assert len(sent) == -(-500 // symbols_per_call)
        assert sorted(s for call in sent for s in call) == sorted(names)
        assert all(len(a) == 40 or i >= 47 for i, a in enumerate(answers))

    run(story())
