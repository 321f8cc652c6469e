"""What is wrong with a store, in a sentence, and how a damaged one is begun anew.

The damaged file is kept beside. Debits, quota and failures are read from it as far as they can be; figures are not, since those
can be asked for again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from basketgex_server.errors import StoreUnavailable

ASIDE = "state-set-aside-{}.db"
SAVED = {
    "debit": "id",
    "share": "debit",
    "person": "name",
    "quota": "origin",
    "answered": "origin",
    "missing": "origin",
    "failure": "origin",
}
"""The tables that are read from a damaged store, and by what they are ordered."""
DAMAGED = "not as it was written"
MOST_LOST = 1_000
"""Debits in a row whose numbers are missing that are taken for lost: more would rather be a number that is damaged itself."""
Row: TypeAlias = tuple[Any, ...]
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CUT = frozenset({sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
_WHY = {
    sqlite3.SQLITE_FULL: "The disk of the home folder is full: make room",
    sqlite3.SQLITE_BUSY: "Another program holds the file state.db in the home folder: close it",
    sqlite3.SQLITE_LOCKED: "Another program holds the file state.db in the home folder: close it",
    sqlite3.SQLITE_READONLY: "The file state.db in the home folder cannot be written: allow it",
    sqlite3.SQLITE_PERM: "The file state.db in the home folder cannot be written: allow it",
    sqlite3.SQLITE_CANTOPEN: "The file state.db in the home folder cannot be opened: allow it",
    sqlite3.SQLITE_IOERR: "The disk refuses the file state.db in the home folder: check the disk",
}


class Saved(NamedTuple):
    """What was read from a damaged store: how many debits, and whether those are certainly all."""

    debits: int
    whole: bool


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 for an error of another origin."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is not as it was written."""
    return str(error) == DAMAGED or code_of(error) in _DAMAGE or getattr(error, "sqlite_errorcode", 0) in _CUT


def trouble(error: sqlite3.Error) -> StoreUnavailable | None:
    """Return the sentence for a store that is full, locked, read-only or refused by its disk; None for anything else."""
    why = _WHY.get(code_of(error))
    return StoreUnavailable(f"{why}, then recalculate. Until then no debit is spent.") if why else None


def free_name(path: Path) -> Path:
    """Return the first name beside a store that nothing set aside has."""
    return next(name for n in count(1) if not (name := path.with_name(ASIDE.format(n))).exists())


def set_aside(path: Path) -> Path:
    """Move a store's files out of the way; return where the first of them is now. Raises OSError."""
    aside = free_name(path)
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
    return aside


def check(connection: sqlite3.Connection) -> None:
    """Raise a DatabaseError where a table whose rows count is not as it was written: a query need not stumble over that.

    The snapshots are not looked at: they may be a million, and each that is shown has its digest.
    """
    for table in SAVED:
        if not _is_whole(connection, table):
            raise sqlite3.DatabaseError(DAMAGED)


def save(aside: Path, fresh: sqlite3.Connection) -> Saved:
    """Copy what can be read of a damaged store into a fresh one."""
    debits, whole = 0, False
    with suppress(sqlite3.Error), closing(sqlite3.connect(aside)) as old:
        old.text_factory = lambda text: text.decode("utf-8", "replace")
        for table, order in SAVED.items():
            is_whole, names = _is_whole(old, table), columns_of(old, table)
            first, broken = _read(old, table, order, "ASC")
            last = _read(old, table, order, "DESC")[0] if broken else []
            rows = list(dict.fromkeys((*first, *reversed(last))))
            if table == "debit":
                rows = rows if is_whole else _without_gaps(names, rows)
                debits, whole = len(rows), is_whole
            with fresh:
                _write(fresh, table, names, rows)
    return Saved(debits, whole)


def _is_whole(connection: sqlite3.Connection, table: str) -> bool:
    try:
        return [tuple(row) for row in connection.execute(f"PRAGMA integrity_check({table})")] == [("ok",)]
    except sqlite3.DatabaseError as error:
        if trouble(error) is not None and not is_damage(error):
            raise
        return False


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, none where there is no such table or it cannot be read."""
    with suppress(sqlite3.Error):
        return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
    return []


def _read(old: sqlite3.Connection, table: str, order: str, direction: str) -> tuple[list[Row], bool]:
    """Return the rows of a table from one end as far as they can be read, and whether something stopped that."""
    rows: list[Row] = []
    try:
        for row in old.execute(f"SELECT * FROM {table} ORDER BY {order} {direction}"):  # noqa: S608 - of SAVED
            rows.append(row)
    except sqlite3.Error:
        return rows, True
    return rows, False


def _without_gaps(names: list[str], rows: list[Row]) -> list[Row]:
    """Return debits with one in place of each whose number is missing: none is to be forgotten, even if one was taken back.

    Of those that are put in place nothing is known but their day.
    """
    good: dict[int, Row] = {}
    for row in rows:
        said = dict(zip(names, row, strict=True))
        number, origin, at = said.get("id"), said.get("origin"), said.get("spent_at")
        if isinstance(number, int) and isinstance(origin, str) and isinstance(at, float):
            good[number] = row
    filled: list[Row] = []
    place = names.index("id") if "id" in names else 0
    for number in sorted(good):
        row, before = good[number], filled[-1][place] if filled else number - 1
        if number - before <= MOST_LOST:
            blank = tuple(None if name == "waited" else cell for name, cell in zip(names, row, strict=True))
            filled += [(*blank[:place], lost, *blank[place + 1 :]) for lost in range(before + 1, number)]
        filled.append(row)
    return filled


def _write(fresh: sqlite3.Connection, table: str, names: list[str], rows: Iterable[Row]) -> None:
    known = set(columns_of(fresh, table))
    places = [place for place, name in enumerate(names) if name in known]
    if not places:
        return
    columns, marks = ", ".join(names[p] for p in places), ", ".join("?" * len(places))
    insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - of SAVED and the schema
    for row in rows:
        with suppress(sqlite3.Error):  # one that has lost its sense
            fresh.execute(insert, [row[p] for p in places])
