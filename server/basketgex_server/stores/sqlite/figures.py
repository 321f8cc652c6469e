"""The figures of a store, and what was asked for in vain: functions for the thread that owns the connection."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence

from basketgex_server.domain import SKEW, Failure, Snapshot
from basketgex_server.exposure.past import Close
from basketgex_server.stores.port import PastGex, StoredFigures
from basketgex_server.stores.rows import COLUMNS, BadRow, failure_of, row_of, snapshot_of
from basketgex_server.stores.sqlite.tidy import NEWEST

LOG = logging.getLogger(__name__)
DAY = 86_400.0
WRITTEN = 1_767_225_600.0
"""2026-01-01: a clock that shows less has not been set since the computer was started, as where there is no battery."""


def load(c: sqlite3.Connection, origin: str) -> tuple[StoredFigures, list[int]]:
    """Return the newest of an origin, and the numbers of rows that are not as they were written."""
    missing = c.execute("SELECT symbol, found_at FROM missing WHERE origin = ?", (origin,))
    gone: dict[str, float] = dict(tuple(row) for row in missing)
    failures = c.execute("SELECT * FROM failure WHERE origin = ?", (origin,))
    failed = {row["name"]: failure_of(row) for row in failures}
    snapshots: dict[str, Snapshot] = {}
    bad: list[int] = []
    for row in c.execute(NEWEST, {"origin": origin}):
        try:
            if row["origin"] != origin:
                raise BadRow("origin")
            snapshot = snapshot_of(row)
        except BadRow:
            bad.append(row["id"])
            continue
        if snapshot.fetched_at > gone.get(row["symbol"], -1.0):
            snapshots[row["symbol"]] = snapshot
    return StoredFigures(snapshots, gone, failed), bad


def past(c: sqlite3.Connection, origin: str, symbol: str, most: int) -> list[PastGex]:
    """Return what is kept of a symbol, the oldest first: the ``most`` newest."""
    cursor = c.cursor()
    cursor.row_factory = None  # plain tuples: there may be a million
    newest_first = cursor.execute(
        "SELECT fetched_at, as_of, gex FROM snapshot WHERE origin = ? AND symbol = ? AND typeof(fetched_at) = 'real' "
        "AND typeof(as_of) = 'real' AND typeof(gex) = 'real' ORDER BY id DESC LIMIT ?",
        (origin, symbol, most),
    )
    return newest_first.fetchall()[::-1]


def closes(c: sqlite3.Connection, origin: str, symbol: str, since: float) -> list[Close]:
    """Return the last figures of each UTC day of a symbol since a moment, the oldest first: New York trades within one."""
    found = c.execute(
        "SELECT as_of, gex, dex, vex, chex, sides FROM snapshot WHERE id IN (SELECT max(id) FROM snapshot WHERE origin = ? "
        "AND symbol = ? AND as_of >= ? GROUP BY CAST(as_of / 86400 AS INTEGER)) ORDER BY as_of",
        (origin, symbol, since),
    )
    return [
        Close(row[0], row[1], row[2], row[3], row[4], _gross(row["sides"]))
        for row in found
        if all(type(x) is float for x in row[:5])
    ]


def _gross(sides: object) -> float | None:
    """Return the gross GEX of a row's sides; None where it has none, or none that can be read."""
    try:
        call, put, *_ = json.loads(sides) if isinstance(sides, str) else (None, None)
        return abs(call[0]) + abs(put[0]) if call and put else None
    except (TypeError, ValueError, IndexError, RecursionError):
        return None


def append(
    c: sqlite3.Connection, origin: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]
) -> None:
    """Keep what a call brought."""
    marks = ", ".join("?" * (COLUMNS.count(",") + 2))
    with c:
        c.executemany(
            f"INSERT INTO snapshot ({COLUMNS}, digest) VALUES ({marks})",  # noqa: S608 - of rows.py
            [row_of(origin, snapshot) for snapshot in snapshots.values()],
        )
        c.executemany("DELETE FROM missing WHERE origin = ? AND symbol = ?", [(origin, s) for s in snapshots])
        c.executemany(
            "INSERT OR REPLACE INTO missing VALUES (?, ?, ?)", [(origin, s, at) for s, at in missing.items()]
        )


def drop(c: sqlite3.Connection, rows: Sequence[int]) -> None:
    """Drop rows by their numbers."""
    with c:
        c.executemany("DELETE FROM snapshot WHERE id = ?", [(row,) for row in rows])


def fail(c: sqlite3.Connection, origin: str, failures: Mapping[str, Failure]) -> None:
    """Keep what was asked for in vain."""
    with c:
        c.executemany(
            "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(origin, name, *failure) for name, failure in failures.items()],
        )


def forget(c: sqlite3.Connection, origin: str, names: Sequence[str]) -> None:
    """Forget that names failed."""
    with c:
        c.executemany("DELETE FROM failure WHERE origin = ? AND name = ?", [(origin, name) for name in names])


def disbelieve(c: sqlite3.Connection, now: float) -> None:
    """Forget what was noted for moments later than now; nothing where it is the clock that is certainly wrong."""
    if now < WRITTEN:
        return
    latest = now + SKEW
    with c:
        c.execute("DELETE FROM snapshot WHERE fetched_at > ?", (latest,))
        c.execute("DELETE FROM missing WHERE found_at > ?", (latest,))
        c.execute("DELETE FROM failure WHERE failed_at > ?", (latest,))
        c.execute("DELETE FROM quota WHERE read_at > ?", (latest,))
        # A debit stays one, of no day that is still to come.
        c.execute("UPDATE debit SET spent_at = ? WHERE spent_at > ?", (now - DAY, latest))
