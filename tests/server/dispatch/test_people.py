"""Who asks is in the ledger: each debit is divided over what was waited for in its call, and charged to who wanted it first."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.people import ASKS
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.settings import Settings
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import Clock, FakeSource, run, until


class WithLevels(FakeSource):
    """Has no levels of any symbol, but says so for a debit."""

    async def levels(self, symbol: str) -> None:
        self.calls.append((symbol,))


def test_every_call_is_charged_to_those_who_wanted_its_symbols_first(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        clock = Clock()
        source = WithLevels(clock, symbols_per_call=4)
        dispatcher = Dispatcher(source, store, Settings(), NewYorkSessions(), clock)

        async def ask(person: str, *symbols: str) -> None:
            ASKS.set(person)
            await dispatcher.find(symbols)

        async def spent() -> dict[str, float]:
            return await store.spent_by(0.0, math.inf)

        await asyncio.gather(ask("ann", "A", "B"), ask("bob", "B", "C"), ask("", "D"))
        assert source.calls == [("A", "B", "C", "D")]
        assert await spent() == {"ann": 0.5, "bob": 0.25, "": 0.25}

        source.uncovered.add("E")  # the rest of its call is asked for again: nothing of that is ann's
        await asyncio.gather(ask("ann", "E"), ask("bob", "F", "G"))
        assert source.calls[1:] == [("E", "F", "G"), ("F", "G")]
        ann, bob = 0.5 + 1 / 3, 0.25 + 2 / 3 + 1
        assert await spent() == pytest.approx({"ann": ann, "bob": bob, "": 0.25})

        await ask("cy", "A", "B", "C")  # known: nobody pays
        clock.at += 120  # shown as they are, and refreshed behind the answer for who looked
        await ask("cy", "A", "B")
        await until(lambda: len(source.calls) == 4)
        assert (await spent())["cy"] == 1.0

        async def levels(person: str) -> None:
            ASKS.set(person)
            await dispatcher.levels("A")

        await asyncio.create_task(levels("bob"))
        assert (await spent())["bob"] == pytest.approx(bob + 1)
        assert math.fsum((await spent()).values()) == pytest.approx((await dispatcher.quota())[1].total)
        await dispatcher.close()

    store = SqliteStore(tmp_path / "state.db", 30.0)
    run(story(store))
    store.close()
