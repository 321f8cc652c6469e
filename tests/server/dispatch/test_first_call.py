"""A new account: nothing is known of its quota, so one call leaves, and its reply tells how many may follow."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from basketgex_server.domain import QuotaReading
from basketgex_server.errors import QuotaSpent
from tests.server.dispatch.test_dispatcher import bench
from tests.server.servers import run, turns, until

NAMES = " ".join(f"S{n}" for n in range(12))


@pytest.mark.parametrize(("left", "answered"), [(9, 12), (2, 6), (0, 2)])
def test_the_first_reply_rules_the_calls_after_it(tmp_path: Path, left: int, answered: int) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=2) as b:
            b.source.gate = asyncio.Event()
            b.source.says = lambda: QuotaReading(9, left + 1 - len(b.source.calls))
            asking = asyncio.create_task(b.find(NAMES))
            await until(lambda: b.source.calls)
            await turns()
            assert (len(b.source.calls), b.debits()) == (1, 1)
            b.source.gate.set()
            lookup = await asking
            assert len(lookup.found) == answered
            assert all(isinstance(error, QuotaSpent) for error in lookup.failed.values())
            assert len(lookup.failed) == 12 - answered
            assert len(b.source.calls) == b.debits() == answered // 2

    run(story())


def test_a_source_that_never_tells_is_asked_as_before_after_its_first_reply(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=2) as b:
            b.source.gate = first = asyncio.Event()
            asking = asyncio.create_task(b.find(NAMES))
            await until(lambda: b.source.calls)
            b.source.gate = asyncio.Event()
            first.set()
            await until(lambda: len(b.source.calls) == 6)  # all the others at once
            b.source.gate.set()
            assert len((await asking).found) == 12

    run(story())


def test_levels_and_names_wait_for_the_same_first_reply(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=2) as b:
            b.source.gate = asyncio.Event()
            b.source.says = lambda: QuotaReading(10, 0)
            asking = asyncio.create_task(b.find("A"))
            await until(lambda: b.source.calls)
            levels = asyncio.create_task(b.dispatcher.levels("A"))
            await turns()
            assert b.debits() == 1
            b.source.gate.set()
            assert "A" in (await asking).found
            with pytest.raises(QuotaSpent):
                await levels
            assert b.debits() == 1

    run(story())
