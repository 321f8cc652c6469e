"""Levels are a call each: what many who ask at once, who give up, and who come again are charged for them."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.queries import find_levels_or_last
from basketgex_server.errors import BasketgexError, Draining, Paced, SourceUnavailable
from basketgex_server.exposure.levels import Levels
from tests.server.dispatch.test_day import DAY, metered
from tests.server.dispatch.test_dispatcher import AWAY, Bench, bench
from tests.server.servers import PATIENCE, run, turns, until

FOUND = Levels(
    gamma_flip=100.0,
    call_wall=110.0,
    put_wall=90.0,
    max_positive_gamma=None,
    max_negative_gamma=None,
    highest_oi_strike=None,
    zero_dte_magnet=None,
    gamma_flip_status="available",
    zero_dte=None,
    gamma_flip_doubts=(),
    gamma_flip_roots=(),
    near_flip=False,
)


class Shut:
    """The levels of a source that answers when the gate opens."""

    def __init__(self, b: Bench) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.error: BasketgexError | None = None
        metered(b)
        b.source.levels = self.levels  # type: ignore[method-assign,assignment]

    async def levels(self, symbol: str) -> Levels:
        self.asked.append(symbol)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return FOUND


@pytest.mark.parametrize("many", [2, 7, 500])
def test_who_asks_for_the_same_at_once_shares_one_call(tmp_path: Path, many: int) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            asking = [asyncio.ensure_future(b.dispatcher.levels("A")) for _ in range(many)]
            await until(lambda: source.asked == ["A"])
            source.gate.set()
            assert await asyncio.gather(*asking) == [FOUND] * many
            assert (source.asked, b.debits()) == (["A"], 1)

    run(story())


@pytest.mark.parametrize("times", [1, 3, 40])
def test_a_source_slower_than_its_callers_costs_one_debit_and_is_heard_in_the_end(
    tmp_path: Path, times: int
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            for _ in range(times):
                asking = asyncio.ensure_future(b.dispatcher.levels("A"))
                await until(lambda: source.asked == ["A"])
                await turns()
                asking.cancel()  # as a deadline does
                with pytest.raises(asyncio.CancelledError):
                    await asking
                b.clock.at += 2
            source.gate.set()
            assert await b.dispatcher.levels("A") == FOUND
            assert (source.asked, b.debits()) == (["A"], 1)

    run(story())


def test_one_that_fails_when_nobody_waits_any_more_is_remembered(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            source.error = AWAY
            asking = asyncio.ensure_future(b.dispatcher.levels("A"))
            await until(lambda: source.asked == ["A"])
            asking.cancel()
            source.gate.set()
            cache = await b.dispatcher.cache()
            await until(lambda: bool(cache.failures))
            with pytest.raises(BasketgexError) as refused:
                await b.dispatcher.levels("A")
            assert refused.value.code == SourceUnavailable.code and source.asked == ["A"]

    run(story())


def test_a_sheet_of_levels_at_once_has_no_more_of_them_than_one_after_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            source.gate.set()
            found = await asyncio.gather(
                *(b.dispatcher.levels(f"S{n}") for n in range(500)), return_exceptions=True
            )
            assert found.count(FOUND) == len(source.asked) == b.debits() == 50
            assert sum(isinstance(f, Paced) for f in found) == 450

    run(story())


def test_where_a_source_is_away_the_last_levels_of_the_session_stay_and_say_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            source.gate.set()
            await b.find("A")
            asked = partial(find_levels_or_last, b.dispatcher, "A", timeout=PATIENCE)
            assert await asked() == (FOUND, "")
            b.clock.at += 600
            await b.find("A", refresh=Refresh.FORCE)  # another figure, to which those levels do not belong
            source.error = AWAY
            assert await asked() == (FOUND, f"Last good value: {AWAY.sentence}")
            with pytest.raises(BasketgexError):
                await b.dispatcher.levels("A")
            with pytest.raises(BasketgexError):
                await find_levels_or_last(b.dispatcher, "B", timeout=PATIENCE)
            b.clock.at += DAY  # the next session
            with pytest.raises(BasketgexError):
                await asked()

    run(story())


def test_at_the_end_who_waits_hears_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            asking = asyncio.ensure_future(b.dispatcher.levels("A"))
            await until(lambda: source.asked == ["A"])
        with pytest.raises(Draining):
            await asking

    run(story())


def test_draining_lets_what_has_left_land_and_nothing_more_leave(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            asking = asyncio.ensure_future(b.dispatcher.levels("A"))
            await until(lambda: source.asked == ["A"])
            draining = asyncio.ensure_future(b.dispatcher.drain(PATIENCE))
            await turns()
            with pytest.raises(Draining):
                await b.dispatcher.levels("B")
            assert isinstance((await b.find("B")).failed["B"], Draining)
            source.gate.set()
            await draining
            assert (await asking, source.asked) == (FOUND, ["A"])

    run(story())


def test_draining_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            source = Shut(b)
            asking = asyncio.ensure_future(b.dispatcher.levels("A"))
            await until(lambda: source.asked == ["A"])
            await b.dispatcher.drain(0.01)
            assert not asking.done()
        with pytest.raises(Draining):
            await asking

    run(story())
