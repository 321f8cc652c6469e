"""Stores that builds of 0.1 and 0.2 have written, in ``homes/``: each is read on with nothing lost."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.domain import Measures, QuotaReading
from basketgex_server.settings import Settings
from basketgex_server.stores.port import DebitCounts, QuotaRecord
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, Clock, FakeSource, run

HOMES = Path(__file__).parent / "homes"
NAMES = ["AMD", "NVDA", "BRK.B", "SPY"]


def rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of a store by table, in the columns of its first form."""
    with closing(sqlite3.connect(path)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(store.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_a_store_of_an_earlier_version_loses_nothing(tmp_path: Path, version: str) -> None:
    path = tmp_path / "state.db"
    shutil.copy(HOMES / f"state-{version}.db", path)
    before = rows(path)

    async def story(store: SqliteStore) -> None:
        known = await store.load("here", NOON + 300)
        assert sorted(known.snapshots) == sorted(NAMES)
        for number, name in enumerate(NAMES, 1):
            found, n = known.snapshots[name], number + 20
            e = found.exposure
            assert (found.fetched_at, e.as_of, e.oi_as_of) == (NOON + 120.5, NOON + 120, NOON - 3_480)
            assert (e.net, e.underlying_price) == (
                Measures(n * 1.5e6, -n * 2.25e5, n * 10.0, n * -3.0),
                100.0 + n,
            )
            assert (e.usable_open_interest, e.call is None) == (0.96875, number == 2)
        assert known.missing == {"GONE": NOON + 120}
        assert list(known.failures) == ([] if version == "0.1" else ["BAD"])
        assert list((await store.load("there", NOON + 300)).snapshots) == ["AMD"]
        assert await store.spent("here", NOON + 20) == DebitCounts(8, 10, 321, 321)
        assert await store.spent("there", NOON + 20) == DebitCounts(1, 1, 0, 0)
        reading = QuotaReading(2_500, 2_400, NOON + 7 * 3_600, False, "growth")
        assert await store.heard("here") == QuotaRecord(reading, NOON + 9, 1)
        past = await store.past("here", NAMES, 10)
        assert [[gex for *_, gex in past[name]] for name in NAMES] == [
            [(n + 10 * k) * 1.5e6 for k in range(3)] for n in range(1, 5)
        ]

    store = SqliteStore(path, 10_000.0)
    run(story(store))
    store.close()
    after = rows(path)
    assert after.keys() >= before.keys()
    for table, old in before.items():
        width = len(old[0]) if old else 0
        assert [row[:width] for row in after[table]] == old, table
    assert [p.name for p in tmp_path.iterdir()] == ["state.db"]  # nothing was set aside


@pytest.mark.parametrize("version", ["0.1", "0.2"])
def test_a_server_goes_on_with_the_debits_of_an_earlier_version(tmp_path: Path, version: str) -> None:
    path = tmp_path / "state.db"
    shutil.copy(HOMES / f"state-{version}.db", path)

    async def story(store: SqliteStore) -> None:
        clock = Clock(NOON + 300)
        source = FakeSource(clock)
        here = source.comes_from.key
        store._thread.submit(
            store._connection.execute, "UPDATE debit SET origin = ? WHERE origin = 'here'", (here,)
        )
        store._thread.submit(store._connection.execute, "UPDATE quota SET origin = ?", (here,))
        store._thread.submit(store._connection.commit).result()
        dispatcher = Dispatcher(
            source, store, Settings(window_quiet=0, window_longest=0), NewYorkSessions(), clock
        )
        assert (await dispatcher.quota())[0].left == 2_399
        assert (await dispatcher.find(["TSLA"])).debits == 1
        quota, spent = await dispatcher.quota()
        assert (quota.left, spent.today, spent.total) == (2_398, 9, 11)
        await dispatcher.close()

    store = SqliteStore(path, 10_000.0)
    run(story(store))
    store.close()
