from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from basketgex_server.domain import Measures, QuotaReading, RowCounts, Snapshot
from basketgex_server.errors import BadSettings
from basketgex_server.stores.port import (
    DebitCounts,
    Departure,
    Leaving,
    Person,
    QuotaValue,
    StoredFigures,
)
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, PATIENCE, made_up

DAY = 86_400.0


@contextmanager
def store(path: Path, history_days: float = 30.0) -> Iterator[SqliteStore]:
    state = SqliteStore(path, history_days)
    try:
        yield state
    finally:
        state.close()


def load(state: SqliteStore, origin: str = "here") -> StoredFigures:
    return asyncio.run(state.load(origin))


def snapshot(symbol: str, fetched_at: float = NOON, gex: float = 1.5) -> Snapshot:
    return Snapshot(made_up(symbol, NOON - 7, gex), fetched_at)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as other:
        return other.execute(query).fetchall()


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path) -> None:
    rich = replace(
        made_up("A"),
        net=Measures(0.1 + 0.2, -0.0, 5e-324, 1.7e308),
        oi_as_of=NOON - DAY,
        call=Measures(1.0, 2.0, 3.0, 4.0),
        put=Measures(-1.0, -2.0, -3.0, -4.0),
        rows=RowCounts(5, 4, 3, 2),
        usable_open_interest=0.875,
        strikes=(),
        spot_status="stale_spot",
        spot_correction=0.0078,
    )
    known = {"A": Snapshot(rich, NOON + 0.125), "B": snapshot("B")}
    for _ in range(2):  # once from the running store, once after a restart
        with store(tmp_path / "state.db") as state:
            state.append("here", known, {})
            found = load(state)
            assert found == StoredFigures(known, {})
            assert type(found.snapshots["A"].exposure.rows) is RowCounts
            assert type(found.snapshots["A"].exposure.call) is Measures


def test_the_newest_is_loaded_and_the_older_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        for gex in (1.0, 2.0, 3.0):
            state.append("here", {"A": snapshot("A", NOON + gex, gex)}, {})
        assert load(state).snapshots["A"].exposure.net.gex == 3.0
    assert rows(path, "SELECT gex FROM snapshot ORDER BY id") == [(1.0,), (2.0,), (3.0,)]


def test_origins_never_meet(tmp_path: Path) -> None:
    with store(tmp_path / "state.db") as state:
        state.append("here", {"A": snapshot("A")}, {"X": NOON})
        assert load(state, "there") == StoredFigures({}, {})
        asyncio.run(state.debit("here", 3, NOON))
        assert asyncio.run(state.spent("there", NOON)) == DebitCounts(0, 0, 0, 0)


def test_missing_and_found_again(tmp_path: Path) -> None:
    with store(tmp_path / "state.db") as state:
        state.append("here", {}, {"A": NOON, "X": NOON})
        assert load(state) == StoredFigures({}, {"A": NOON, "X": NOON})
        state.append("here", {"A": snapshot("A", NOON + 1)}, {"X": NOON + 1})
        assert load(state) == StoredFigures({"A": snapshot("A", NOON + 1)}, {"X": NOON + 1})
        state.append("here", {}, {"A": NOON + 2})
        assert load(state) == StoredFigures({}, {"A": NOON + 2, "X": NOON + 1})


def test_the_ledger_counts_by_day(tmp_path: Path) -> None:
    midnight = NOON - NOON % DAY
    with store(tmp_path / "state.db") as state:
        for at in (midnight - 1, midnight, NOON):
            asyncio.run(state.debit("here", 50, at))
        assert asyncio.run(state.spent("here", NOON)) == DebitCounts(2, 3, 0, 0)
        assert asyncio.run(state.spent("here", midnight + DAY)) == DebitCounts(0, 3, 0, 0)


def test_a_debit_that_is_taken_back_is_gone_at_once_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        numbers = [asyncio.run(state.debit("here", n, NOON)) for n in (7, 8, 9)]
        asyncio.run(state.refund(numbers[1]))
        assert rows(path, "SELECT symbols FROM debit ORDER BY id") == [(7,), (9,)]
        assert asyncio.run(state.spent("here", NOON)) == DebitCounts(2, 2, 0, 0)


def test_a_debit_after_one_that_was_taken_back_is_one_that_no_reading_knows_of(tmp_path: Path) -> None:
    """It has the same number."""
    with store(tmp_path / "state.db") as state:
        number = asyncio.run(state.debit("here", 7, NOON))
        state.hear("here", QuotaReading(100, 40), NOON)
        asyncio.run(state.refund(number))
        assert asyncio.run(state.debit("here", 8, NOON)) == number
        heard = asyncio.run(state.heard("here"))
        assert heard is not None and (heard.reading.remaining, heard.since) == (40, 1)


def test_a_debit_is_there_for_others_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        asyncio.run(state.debit("here", 7, NOON))
        assert rows(path, "SELECT origin, spent_at, symbols FROM debit") == [("here", NOON, 7)]


def test_ageing_out_keeps_the_newest_of_each_symbol_that_is_served(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path, history_days=2.0) as state:
        state.append("there", {"A": snapshot("A", NOON - 9 * DAY, 9.5)}, {})
        for age in (9, 5, 1):
            state.append("here", {"A": snapshot("A", NOON - age * DAY, float(age))}, {})
        for age in (9, 8):
            state.append("here", {"OLD": snapshot("OLD", NOON - age * DAY, float(age))}, {})
        state.age_out("here", NOON)
        assert sorted(load(state).snapshots) == ["A", "OLD"]
    assert rows(path, "SELECT origin, symbol, gex FROM snapshot ORDER BY 1, 2") == [
        ("here", "A", 1.0),
        ("here", "OLD", 8.0),
    ]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, made_up
from basketgex_server.domain import Snapshot
state = SqliteStore(Path(sys.argv[1]), 30)
async def story():
    await state.debit("here", 1, NOON)
    state.append("here", {"A": Snapshot(made_up("A"), NOON)}, {})
    await state.load("here")
    def half():
        c = state._connection
        c.execute("BEGIN")
        c.execute("INSERT INTO debit (origin, spent_at, symbols) VALUES ('here', 1, 1)")
        c.execute("DELETE FROM snapshot")
        os.kill(os.getpid(), signal.SIGKILL)
    await state._run(half)
asyncio.run(story())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
def test_killed_in_the_middle_nothing_committed_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    root = Path(__file__).parents[4]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=root, timeout=PATIENCE, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with store(path) as state:
        assert load(state).snapshots == {"A": Snapshot(made_up("A"), NOON)}
        assert asyncio.run(state.spent("here", NOON)) == DebitCounts(1, 1, 0, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["state.db"]


def test_what_is_no_database_is_set_aside_each_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.db"
    for rubbish in (b"rubbish one" * 500, b"rubbish two" * 500):
        path.write_bytes(rubbish)
        with store(path) as state:
            state.append("here", {"A": snapshot("A")}, {})
            assert list(load(state).snapshots) == ["A"]
        path.unlink()
    aside = [p.read_bytes()[:11] for p in sorted(tmp_path.glob("state-set-aside-*.db"))]
    assert aside == [b"rubbish one", b"rubbish two"]
    assert {r.getMessage() for r in caplog.records} == {
        "The state could not be read: it was set aside and begun anew."
    }


def test_a_store_of_the_first_builds_is_read_on(tmp_path: Path) -> None:
    """Their snapshots did not say whether an entitlement was verified."""
    path = tmp_path / "state.db"
    with store(path) as state:
        state.append("here", {"NVDA": snapshot("NVDA")}, {})
        asyncio.run(state.debit("here", 7, NOON))
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE snapshot DROP COLUMN unverified")
        other.execute("DROP TABLE answered")
        other.execute("PRAGMA user_version = 1")
        other.commit()
    with store(path) as state:
        assert asyncio.run(state.load("here")).snapshots == {"NVDA": snapshot("NVDA")}
        assert asyncio.run(state.spent("here", NOON)).today == 1
        state.append("here", {"AMD": snapshot("AMD")}, {})
        assert set(asyncio.run(state.load("here")).snapshots) == {"NVDA", "AMD"}
    assert not list(tmp_path.glob("state-set-aside-*"))


def test_a_reading_of_older_builds_tells_by_its_moment_what_left_after_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        asyncio.run(state.debit("here", 7, NOON))
        state.hear("here", QuotaReading(100, 40), NOON + 1)
        for origin in ("here", "here", "elsewhere"):
            asyncio.run(state.debit(origin, 7, NOON + 2))
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE quota DROP COLUMN last_debit")
        other.execute("PRAGMA user_version = 4")
        other.commit()
    with store(path) as state:
        heard = asyncio.run(state.heard("here"))
        assert heard is not None and (heard.reading.remaining, heard.since) == (40, 2)
    assert not list(tmp_path.glob("state-set-aside-*"))


def test_people_of_older_builds_have_no_cap_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    bob, ann = Person("bob", "b2", NOON), Person("ann", "a1", NOON, debits=7)
    with store(path) as state:
        assert asyncio.run(state.add_person(bob))
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE person DROP COLUMN debits")
        other.execute("PRAGMA user_version = 6")
        other.commit()
    with store(path) as state:
        assert asyncio.run(state.people()) == [bob]
        assert asyncio.run(state.add_person(ann))
        assert asyncio.run(state.people()) == [ann, bob]
    assert not list(tmp_path.glob("state-set-aside-*"))


def test_what_debits_of_older_builds_were_for_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        asyncio.run(state.debit("here", 7, NOON))
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE debit DROP COLUMN waited")
        other.execute("PRAGMA user_version = 7")
        other.commit()
    with store(path) as state:

        async def spend() -> None:
            pool = state.pool("here", QuotaValue(0), lambda _: (False, False))
            await pool.depart(lambda ledger: Departure(ledger.quota, (Leaving(("A", "B")),)), NOON)

        asyncio.run(spend())
        spent = asyncio.run(state.spent_for(0.0, NOON + 1))
        assert spent == {"A": 0.5, "B": 0.5, "": 1.0}
    assert not list(tmp_path.glob("state-set-aside-*"))


def test_what_was_written_before_spots_were_looked_at_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    one = Measures(1.0, 2.0, 3.0, 4.0)
    known = {"A": Snapshot(replace(made_up("A"), call=one, put=one, rows=RowCounts(5, 4, 3, 2)), NOON)}
    with store(path) as state:
        state.append("here", known, {})
    with closing(sqlite3.connect(path)) as other:
        (sides,) = other.execute("SELECT sides FROM snapshot").fetchone()
        other.execute("UPDATE snapshot SET sides = ?, digest = NULL", (json.dumps(json.loads(sides)[:3]),))
        other.commit()
    with store(path) as state:
        assert load(state).snapshots == known


def test_another_version_is_set_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        asyncio.run(state.debit("here", 7, NOON))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with store(path) as state:
        assert asyncio.run(state.spent("here", NOON)) == DebitCounts(0, 0, 0, 0)
    (aside,) = tmp_path.glob("state-set-aside-*.db")
    assert rows(aside, "SELECT symbols FROM debit") == [(7,)]


def test_a_good_store_that_is_held_elsewhere_is_not_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        asyncio.run(state.debit("here", 7, NOON))
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda p: connect(p, timeout=0.01))
    with closing(connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BadSettings) as caught:
            SqliteStore(path, 30.0)
        assert caught.value.sentence == (
            "The state of this home cannot be opened: another program holds it, or the disk refuses it."
        )
        other.execute("ROLLBACK")
    with store(path) as state:
        assert asyncio.run(state.spent("here", NOON)) == DebitCounts(1, 1, 0, 0)


def test_closing_writes_what_is_journalled(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        for number in range(50):
            state.append("here", {f"S{number}": snapshot(f"S{number}")}, {})
    with store(path) as state:
        assert len(load(state).snapshots) == 50


def test_a_journal_that_cannot_be_written_is_told_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.db"
    with store(path) as state:
        with closing(sqlite3.connect(path)) as other:
            other.execute("DROP TABLE missing")
            other.commit()
        state.append("here", {"A": snapshot("A")}, {})
    assert [r.getMessage() for r in caplog.records] == ["The state could not be written: OperationalError."]
    assert rows(path, "SELECT count(*) FROM snapshot") == [(0,)]  # all of it or nothing


def test_what_is_committed_is_on_the_disk_and_not_on_its_way_there(tmp_path: Path) -> None:
    """A power cut is worse than a kill: what the log has must have reached the disk when a commit returns."""
    with store(tmp_path / "state.db") as state:
        asked = [state._thread.submit(state._ask, f"PRAGMA {name}") for name in ("synchronous", "fullfsync")]
        assert [found.result() for found in asked] == [(2,), (1,)]
