"""A store that is full, locked, read-only or refused by its disk: one sentence names it, no debit is spent, and it heals."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from basketgex_server.domain import Freshness
from basketgex_server.errors import BadSettings, StoreUnavailable
from basketgex_server.stores.sqlite import SqliteStore
from basketgex_server.stores.sqlite.repair import trouble
from tests.server.dispatch.test_dispatcher import SETTINGS, Bench, bench
from tests.server.servers import LIVE, NOON, run

FULL = "The disk of the home folder is full: make room, then recalculate. Until then no debit is spent."
LOCKED = (
    "Another program holds the file state.db in the home folder: close it, then recalculate. "
    "Until then no debit is spent."
)
READ_ONLY = "The file state.db in the home folder cannot be written: allow it, then recalculate. Until then no debit is spent."


@dataclass(frozen=True)
class Case:
    """How a store comes to be so, how it ends, and the sentence."""

    begin: Callable[[Bench], object]
    end: Callable[[Bench], object]
    sentence: str


def pragma(text: str) -> Callable[[Bench], object]:
    return lambda b: b.state._thread.submit(lambda: b.state._connection.execute(text).fetchall()).result()


def full(b: Bench) -> None:
    (pages,) = pragma("PRAGMA page_count")(b)[0]  # type: ignore[index]
    pragma(f"PRAGMA max_page_count = {pages}")(b)
    spare = "CREATE TABLE spare (x); INSERT INTO spare VALUES (zeroblob(100000));"
    with pytest.raises(sqlite3.OperationalError):
        b.state._thread.submit(lambda: b.state._connection.executescript(f"BEGIN; {spare} COMMIT;")).result()
    b.state._thread.submit(lambda: b.state._connection.rollback()).result()


class Holder:
    """Another program that writes, and does not end."""

    def __call__(self, b: Bench, patience: int = 50) -> None:
        pragma(f"PRAGMA busy_timeout = {patience}")(b)
        b.state._patience = patience
        self.held = sqlite3.connect(b.path, isolation_level=None)
        self.held.execute("BEGIN IMMEDIATE")

    def end(self, b: Bench) -> None:
        self.held.execute("ROLLBACK")
        self.held.close()


HOLDER = Holder()
CASES = {
    "locked": Case(HOLDER, HOLDER.end, LOCKED),
    "read-only": Case(pragma("PRAGMA query_only = ON"), pragma("PRAGMA query_only = OFF"), READ_ONLY),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_said_no_call_leaves_the_last_good_value_stays_and_it_heals(tmp_path: Path, case: Case) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at += 901
            case.begin(b)
            for _ in range(3):
                found = await b.find("A NEW")
                assert found.found["A"].notice == f"Last good value: {case.sentence}"
                assert found.found["A"].freshness is Freshness.EXPIRED
                error = found.failed["NEW"]
                assert isinstance(error, StoreUnavailable) and error.sentence == case.sentence
            assert (len(b.source.calls), b.dispatcher.counts.debits) == (1, 1)
            case.end(b)
            assert {f.freshness for f in (await b.find("A NEW")).found.values()} == {Freshness.FRESH}
            assert b.debits() == len(b.source.calls) == 2

    run(story())


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, replace(SETTINGS, max_calls_per_hour=10_000)) as b:
            await b.find("A")
            full(b)
            failed = []
            for n in range(400):  # until the last page is full
                found = await b.find(f"S{n}")
                failed += [error.sentence for error in found.failed.values()]
            assert set(failed) == {FULL}
            assert b.debits() == len(b.source.calls)
            pragma("PRAGMA max_page_count = 1000000")(b)
            assert (await b.find("LATER")).found

    run(story())


def test_where_nothing_is_metered_figures_are_given_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, metered=False, comes_from=LIVE._replace(source="cboe")) as b:
            await b.find("A")
            pragma("PRAGMA query_only = ON")(b)
            assert "NEW" in (await b.find("NEW")).found
            pragma("PRAGMA query_only = OFF")(b)

    run(story())


def test_only_the_first_waits_for_the_other_program(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            began = time.monotonic()
            HOLDER(b, 400)
            for n in range(20):
                assert (await b.find(f"S{n}")).failed[f"S{n}"].sentence == LOCKED
            assert 0.3 < time.monotonic() - began < 7.0  # not twenty times as long
            HOLDER.end(b)
            await b.find("B")
            assert pragma("PRAGMA busy_timeout")(b)[0][0] == 400  # type: ignore[index]

    run(story())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (sqlite3.SQLITE_FULL, FULL),
        (sqlite3.SQLITE_BUSY, LOCKED),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, LOCKED),
        (sqlite3.SQLITE_READONLY, READ_ONLY),
        (sqlite3.SQLITE_READONLY_DIRECTORY, READ_ONLY),
        (sqlite3.SQLITE_CANTOPEN, READ_ONLY.replace("written", "opened")),
        (sqlite3.SQLITE_IOERR_FSYNC, READ_ONLY.replace("The file", "The disk refuses the file").replace(
            " cannot be written: allow it", ": check the disk")),
        (sqlite3.SQLITE_ERROR, None),
        (sqlite3.SQLITE_CONSTRAINT, None),
    ],
)  # fmt: skip
def test_each_has_its_sentence_and_a_fault_of_ours_none(code: int, sentence: str | None) -> None:
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    found = trouble(error)
    assert (found.sentence if found else None) == sentence


def test_a_store_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(BadSettings) as refused:
        SqliteStore(tmp_path / "state.db", 30.0)
    assert refused.value.sentence == (
        "The file state.db in the home folder cannot be opened: allow it, then recalculate. "
        "Until then no debit is spent."
    )


def test_a_journal_that_cannot_be_written_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = SqliteStore(tmp_path / "state.db", 30.0)
    asyncio.run(state._run(lambda: state._connection.execute("PRAGMA query_only = ON").fetchall()))
    state.answered("here", 1, NOON)
    state.close()
    assert [r.getMessage() for r in caplog.records] == [f"The state could not be written: {READ_ONLY}"]
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        assert other.execute("SELECT count(*) FROM answered").fetchone() == (0,)
