"""Ageing out: in steps, beside the ledger, and the space is given back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from basketgex_server.domain import Failure, Snapshot
from basketgex_server.stores.sqlite import SqliteStore, tidy
from tests.server.servers import NOON, made_up

DAY = 86_400.0


def filled(path: Path, days: int, names: int = 200, a_day: int = 5) -> SqliteStore:
    state = SqliteStore(path, 30.0)
    for turn in range(days * a_day):
        at = NOON - turn * DAY / a_day
        state.append("here", {f"S{n}": Snapshot(made_up(f"S{n}", at), at) for n in range(names)}, {})
    asyncio.run(state.spent("here", NOON))
    return state


def count(path: Path, what: str = "snapshot") -> int:
    with closing(sqlite3.connect(path)) as other:
        return int(other.execute(f"SELECT count(*) FROM {what}").fetchone()[0])


def tidied(state: SqliteStore, now: float = NOON) -> None:
    state.age_out("here", now)
    asyncio.run(state.spent("here", now))
    state._tidier.join()


def test_it_goes_in_steps_and_debits_are_written_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    state = filled(path, days=40)
    spent: list[int] = []
    real = tidy._drop_some

    def step(*given: object) -> bool:
        before = count(path)
        more = real(*given)  # type: ignore[arg-type]
        assert before - count(path) <= tidy.STEP
        spent.append(state._thread.submit(state._guarded, lambda: len(spent)).result())
        asyncio.run(state.debit("here", 1, NOON))
        return more

    monkeypatch.setattr(tidy, "_drop_some", step)
    tidied(state)
    assert len(spent) >= 10
    # What is exactly 30 days old stays, and so does what was written last of each name.
    assert count(path) == (30 * 5 + 1) * 200 + 200
    assert count(path, "debit") == len(spent)
    state.close()


def test_the_space_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = filled(path, days=60)
    state.close()
    before = path.stat().st_size
    state = SqliteStore(path, 30.0)
    tidied(state)
    state.close()
    assert path.stat().st_size < 0.8 * before  # some pages of the indexes are half empty


def of_the_first_builds(path: Path, days: int) -> None:
    """Leave a store that cannot give space back."""
    filled(path, days=days).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("PRAGMA auto_vacuum = NONE")
        other.execute("VACUUM")


def test_a_store_of_the_first_builds_gives_space_back_when_the_server_ends(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    of_the_first_builds(path, days=60)
    before = path.stat().st_size
    state = SqliteStore(path, 30.0)
    tidied(state)
    asyncio.run(state.debit("here", 1, NOON))
    state.close()
    assert path.stat().st_size < 0.6 * before
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert count(path, "debit") == 1


def test_while_it_serves_such_a_store_is_never_shut_to_a_debit(tmp_path: Path) -> None:
    """Writing it anew takes seconds, in which no cell that costs a debit would have an answer."""
    path = tmp_path / "state.db"
    of_the_first_builds(path, days=60)
    state = SqliteStore(path, 30.0)
    statements: list[str] = []
    connect = sqlite3.connect

    def told(*arguments: Any) -> sqlite3.Connection:
        made = connect(*arguments)
        made.set_trace_callback(statements.append)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", told)
        tidied(state)
    assert any("DELETE" in s for s in statements) and not any("VACUUM" in s for s in statements)
    state.close()


def test_a_store_too_large_to_be_written_anew_in_time_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    of_the_first_builds(path, days=60)
    before = count(path)
    with closing(sqlite3.connect(path)) as other:
        with pytest.raises(sqlite3.OperationalError, match="interrupted"):
            tidy.renew(other, patience=0.0)
        other.set_progress_handler(None, 0)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    state = SqliteStore(path, 30.0)
    assert count(path) == before
    asyncio.run(state.debit("here", 1, NOON))
    state.close()


def test_what_was_asked_for_in_vain_long_ago_goes_too(tmp_path: Path) -> None:
    state = SqliteStore(tmp_path / "state.db", 30.0)
    old = Failure("bad_chain", "UNAVAILABLE", "Lost.", 1, NOON - 3 * DAY, NOON - 3 * DAY + 60)
    state.fail("here", {"OLD": old, "NEW": Failure("bad_chain", "UNAVAILABLE", "Lost.", 1, NOON, NOON + 60)})
    state.append("here", {}, {"GONE": NOON - 40 * DAY, "LATELY": NOON})
    tidied(state)
    known = asyncio.run(state.load("here"))
    assert (set(known.failures), set(known.missing)) == ({"NEW"}, {"LATELY"})
    state.close()


def test_a_server_that_ends_does_not_wait_for_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = filled(path, days=60)
    state.age_out("here", NOON + 40 * DAY)
    state.close()
    assert not state._tidier._thread or not state._tidier._thread.is_alive()
    assert count(path) > 200  # most of it is left for the next time


@pytest.mark.parametrize("kind", ["page", "whole"])
def test_a_damage_that_only_tidying_meets_is_mended(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state.db"
    state = filled(path, days=60)
    asyncio.run(state.debit("here", 1, NOON))
    state.close()
    made = bytearray(path.read_bytes())
    middle = len(made) // 2 // 4_096 * 4_096
    made[middle : middle + (4_096 if kind == "page" else 40 * 4_096)] = bytes(
        4_096 if kind == "page" else 40 * 4_096
    )
    path.write_bytes(made)
    state = SqliteStore(path, 30.0)
    tidied(state)
    assert asyncio.run(state.spent("here", NOON)).today == 1
    assert len(list(tmp_path.glob("state-set-aside-*.db"))) == 1
    state.close()


def test_the_newest_are_found_by_a_look_a_symbol(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    filled(path, days=2).close()
    with closing(sqlite3.connect(path)) as other:
        plan = other.execute(f"EXPLAIN QUERY PLAN {tidy.NEWEST}", {"origin": "here"}).fetchall()
    assert not [step for *_, step in plan if "SCAN snapshot" in step]


def test_after_thirty_days_the_last_of_each_day_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = SqliteStore(path, 50.0)
    for turn in range(60 * 5):  # five a day, 60 days to NOON
        at = NOON - (60 * 5 - 1 - turn) * DAY / 5
        state.append("here", {name: Snapshot(made_up(name, at), at) for name in ("S0", "S1", "S2")}, {})
    before = asyncio.run(state.closes("here", ["S0", "NO"], 0.0))
    tidied(state)
    closes = asyncio.run(state.closes("here", ["S0", "NO"], 0.0))
    state.close()
    assert closes["NO"] == [] and 50 <= len(closes["S0"]) <= 52
    assert closes["S0"] == before["S0"][-len(closes["S0"]) :]
    # 30 days of five figures, 20 of one; and a few at the edges.
    assert 3 * (30 * 5 + 20) <= count(path) <= 3 * (31 * 5 + 22)
