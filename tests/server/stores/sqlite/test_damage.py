"""A store with bad pages, bad rows, or cut off: it heals by itself, forgets no debit of the day and shows no wrong figure."""

from __future__ import annotations

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_server.domain import QuotaReading, Snapshot
from basketgex_server.errors import BadSettings, SourceUnavailable
from basketgex_server.stores.port import Departure, Leaving, Person, QuotaValue
from basketgex_server.stores.sqlite import SqliteStore
from basketgex_server.stores.sqlite.repair import SAVED
from tests.server.dispatch.test_dispatcher import Bench, bench
from tests.server.servers import LIVE, NOON, made_up, run, until

PAGE = 4_096
SPENT, LIMIT = 400, 2_500
NAMES = [f"S{n}" for n in range(300)]
SET_ASIDE = "The state could not be read: it was set aside and begun anew."


def filled(path: Path) -> None:
    """Make a store with figures of 300 names, names without data, and 400 debits of today."""
    state = SqliteStore(path, 30.0)
    for lap in range(3):
        at = NOON - 30 + lap
        state.append(LIVE.key, {s: Snapshot(made_up(s, at), at) for s in NAMES}, {f"GONE{lap}": at})

    async def spend() -> None:
        for n in range(SPENT):
            await state.debit(LIVE.key, 50, NOON - 3_600 + n)

    asyncio.run(spend())
    state.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "state.db"
    filled(path)
    return path.read_bytes()


def damaged(whole: bytes, seed: int) -> bytes:
    """Return the store with one kind of damage somewhere, as disks and crashes make them."""
    chance, made = random.Random(seed), bytearray(whole)
    page = chance.randrange(len(whole) // PAGE) * PAGE
    kind = seed % 6
    if kind == 0:
        made[page : page + PAGE] = bytes(PAGE)
    elif kind == 1:
        made[page : page + PAGE] = chance.randbytes(PAGE)
    elif kind == 2:
        made[page + 512 : page + 1_024] = chance.randbytes(512)
    elif kind == 3:
        other = chance.randrange(len(whole) // PAGE) * PAGE
        made[page : page + PAGE], made[other : other + PAGE] = (
            whole[other : other + PAGE],
            whole[page : page + PAGE],
        )
    elif kind == 4:
        del made[max(page, PAGE) + chance.randrange(PAGE) :]
    else:
        for _ in range(20):
            made[page + chance.randrange(PAGE)] ^= 1 << chance.randrange(8)
    return bytes(made)


def metered(b: Bench) -> None:
    def said() -> QuotaReading:
        return QuotaReading(LIMIT, LIMIT - SPENT - len(b.source.calls), NOON + 86_400)

    b.source.says = said
    b.source.of_account = said()


def debits(path: Path) -> int:
    with closing(sqlite3.connect(path)) as other:
        return int(other.execute("SELECT count(*) FROM debit").fetchone()[0])


@pytest.mark.parametrize("seed", range(90))
def test_whatever_is_damaged_every_question_is_answered_and_the_ledger_is_never_short(
    tmp_path: Path, whole: bytes, seed: int
) -> None:
    path, calls = tmp_path / "state.db", 0
    path.write_bytes(damaged(whole, seed))

    async def story() -> None:
        nonlocal calls
        async with bench(tmp_path) as b:
            metered(b)
            for names in (["NEW"], NAMES[:50], NAMES, ["NEWER", *NAMES[:3]]):
                found = await b.dispatcher.find(names)
                assert not found.failed
                assert {s: f.snapshot.exposure.net for s, f in found.found.items()} == {
                    s: made_up(s).net for s in names
                }
                await b.dispatcher.quota()
            _, spent = await b.dispatcher.quota()
            calls += len(b.source.calls)
            assert spent.today >= SPENT + calls

    run(story())
    assert debits(path) >= SPENT + calls
    with closing(sqlite3.connect(path)) as other:
        for table in SAVED:
            assert other.execute(f"PRAGMA integrity_check({table})").fetchall() == [("ok",)]


def emptied(folder: Path) -> None:
    """Leave what a file system does after a crash that has lost the log of what was written last."""
    whole = folder / "whole" / "state.db"
    whole.parent.mkdir()
    state = SqliteStore(whole, 30.0)
    asyncio.run(state.debit(LIVE.key, 50, NOON))
    (folder / "state.db").write_bytes(whole.read_bytes())  # everything is in the log yet
    state.close()


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "rubbish": lambda folder: (folder / "state.db").write_bytes(b"rubbish" * 4_000),
    "nothing": lambda folder: (folder / "state.db").touch(),
    "no tables": emptied,
}


@pytest.mark.parametrize("account", [True, False], ids=["account", "next reply"])
@pytest.mark.parametrize("leave", UNREADABLE.values(), ids=UNREADABLE)
def test_a_ledger_that_cannot_be_read_at_all_is_rebuilt_from_what_the_source_says(
    tmp_path: Path, account: bool, leave: Callable[[Path], object]
) -> None:
    leave(tmp_path)

    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            if not account:

                async def away() -> None:
                    raise SourceUnavailable("Away.")

                b.source.account = away  # type: ignore[method-assign]
            await b.find("A")
            _, spent = await b.dispatcher.quota()
            assert spent.today == SPENT + 1 and not b.state.lost
            await b.find("B")
            assert (await b.dispatcher.quota())[1].today == SPENT + 2

    run(story())


def test_a_new_home_has_lost_nothing(tmp_path: Path) -> None:
    state = SqliteStore(tmp_path / "state.db", 30.0)
    assert not state.lost
    state.close()


def test_what_is_damaged_while_serving_heals_without_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            await b.dispatcher.find(NAMES[:100])
            before = b.debits()
            b.clock.at += 61

            def break_it() -> None:
                b.state._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                size = b.path.stat().st_size
                with b.path.open("r+b") as file:
                    file.write(b"\xff" * size)
                b.state._connection.execute("PRAGMA shrink_memory")

            await b.state._run(break_it)
            found = await b.dispatcher.find(["NEW", *NAMES[:100]])
            assert not found.failed
            await until(lambda: len(b.source.calls) > before)
            _, spent = await b.dispatcher.quota()
            assert spent.today >= len(b.source.calls)
            assert (await b.find("LATER")).found

    run(story())
    assert sorted(p.name for p in tmp_path.glob("state-set-aside-*.db")) == ["state-set-aside-1.db"]


BAD_ROWS = {
    "bad JSON": "sides = '[[1, 2'",
    "sides of another shape": "sides = '[1, 2, 3]'",
    "a number in sides that is none": "sides = '[[1,2,3,NaN],[1,2,3,4],[1,2,3,4]]'",
    "another figure": "gex = gex * 2",
    "an infinite figure": "digest = NULL, dex = 9e999",
    "another moment": "as_of = as_of + 3600",
    "another name": "symbol = 'ZZ'",
    "a text that is none": "symbol = CAST(x'ff533333' AS TEXT)",
}


@pytest.mark.parametrize("change", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_takes_nothing_with_it_but_its_own_figure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    path = tmp_path / "state.db"
    filled(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA ignore_check_constraints = ON")
        other.execute(f"UPDATE snapshot SET {change} WHERE symbol = 'S33' AND fetched_at = ?", (NOON - 28,))
        other.commit()

    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            others = await b.dispatcher.find(NAMES[:30])
            assert len(others.found) == 30 and b.source.calls == []
            found = await b.one("S33")
            assert found.snapshot.exposure.net == made_up("S33").net
            assert len(b.source.calls) <= 1
        async with bench(tmp_path) as again:  # it is gone
            assert "S33" in (await again.find("S33")).found
            assert again.source.calls == []

    run(story())
    (aside,) = tmp_path.glob("state-set-aside-*.db")
    assert [r.getMessage() for r in caplog.records] == [
        "Stored figures could not be read: 1 are asked for again; state-set-aside-1.db has them."
    ]
    with closing(sqlite3.connect(aside)) as kept:
        assert kept.execute("SELECT count(*) FROM snapshot").fetchone() == (900,)


@pytest.mark.parametrize("size", [0, 5_000, 100_000])
def test_a_command_that_looks_into_a_bad_store_leaves_it_to_the_server(
    tmp_path: Path, whole: bytes, size: int
) -> None:
    """A server may be writing to the same file: it is not moved from under its feet."""
    path = tmp_path / "state.db"
    path.write_bytes(whole[:size])
    with pytest.raises(BadSettings, match="its server mends it, so start that with basketgex serve"):
        SqliteStore(path, 0.0, mends=False)
    assert [p.name for p in tmp_path.iterdir()] == ["state.db"]
    assert path.read_bytes() == whole[:size]


def test_people_and_what_they_have_spent_survive_damage_elsewhere(tmp_path: Path) -> None:
    path, ann = tmp_path / "state.db", Person("ann", "a1", NOON)

    async def story(store: SqliteStore) -> None:
        await store.add_person(ann)
        pool = store.pool("here", QuotaValue(0), lambda _: (False, False))
        calls = (Leaving(("A", "B"), by={"A": "ann", "B": ""}),)
        await pool.depart(lambda ledger: Departure(ledger.quota, calls), NOON)

    store = SqliteStore(path, 30.0)
    run(story(store))
    store.close()
    with closing(sqlite3.connect(path)) as other:
        (page,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'quota'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(bytes(PAGE))
    store = SqliteStore(path, 30.0)
    assert len(list(tmp_path.glob("state-set-aside-*.db"))) == 1
    assert run(store.people()) == [ann]
    assert run(store.spent_by(0.0, NOON + 1)) == {"ann": 0.5, "": 0.5}
    store.close()


def test_copies_do_not_fill_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.db"
    filled(path)
    for lap in range(8):
        with closing(sqlite3.connect(path)) as other:
            other.execute("UPDATE snapshot SET gex = 1.5 WHERE symbol = ?", (f"S{lap}",))
            other.commit()
        state = SqliteStore(path, 30.0)
        assert f"S{lap}" not in asyncio.run(state.load(LIVE.key)).snapshots
        state.close()
    assert len(list(tmp_path.glob("state-set-aside-*.db"))) == 5
    assert len(caplog.records) == 8


def test_the_log_names_the_file_that_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.db"
    filled(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.INFO, "basketgex_server.stores"):
        SqliteStore(path, 30.0).close()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == SET_ASIDE
    assert said[1].startswith("The old state is in state-set-aside-1.db; debits read from it: ")
    assert (tmp_path / "state-set-aside-1.db").read_bytes() == whole[: len(whole) // 2]


def test_a_history_with_rows_of_another_kind_is_read_without_them(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    filled(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'snapshot'")
        other.commit()
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE snapshot SET gex = 'many' WHERE symbol = 'S1' AND fetched_at = ?", (NOON - 30,))
        other.commit()
    state = SqliteStore(path, 30.0)
    found = asyncio.run(state.past(LIVE.key, ["S1"], 10))["S1"]
    state.close()
    assert [at for at, _, _ in found] == [NOON - 29, NOON - 28]
