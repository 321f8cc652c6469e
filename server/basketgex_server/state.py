"""``state.db``: snapshots, appended and aged out, and the debit ledger. One thread owns the connection.

A snapshot is kept under its origin's key, so that figures of different origin never meet. The newest of each symbol is loaded
at start; what is learnt later is journalled behind the answer. A debit, on the contrary, is committed before its call leaves.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import astuple
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias, TypeVar

from basketgex_server.domain import SKEW, Failure, Measures, QuotaReading, RowCounts, Snapshot, SymbolExposure
from basketgex_server.errors import BadSettings

LOG = logging.getLogger(__name__)
VERSION = 3
DAY = 86_400.0
T = TypeVar("T")
PastGex: TypeAlias = tuple[float, float, float]
"""A symbol's net GEX as it was: when it was fetched and its ``as_of`` (Unix seconds), and USD; NaN: nothing any more."""

_TABLES = """
CREATE TABLE IF NOT EXISTS snapshot (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, symbol TEXT NOT NULL, fetched_at REAL NOT NULL, as_of REAL NOT NULL,
    oi_as_of REAL NOT NULL, underlying_price REAL NOT NULL, gex REAL NOT NULL, dex REAL NOT NULL, vex REAL NOT NULL,
    chex REAL NOT NULL, usable_open_interest REAL NOT NULL, unverified INTEGER NOT NULL, sides TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS snapshot_symbol ON snapshot (origin, symbol);
CREATE INDEX IF NOT EXISTS snapshot_age ON snapshot (fetched_at);
CREATE TABLE IF NOT EXISTS missing (
    origin TEXT NOT NULL, symbol TEXT NOT NULL, found_at REAL NOT NULL, PRIMARY KEY (origin, symbol)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failure (
    origin TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, sentence TEXT NOT NULL,
    failures INTEGER NOT NULL, failed_at REAL NOT NULL, until REAL NOT NULL, tried INTEGER NOT NULL,
    PRIMARY KEY (origin, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS debit (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, spent_at REAL NOT NULL, symbols INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS debit_day ON debit (origin, spent_at);
CREATE TABLE IF NOT EXISTS quota (
    origin TEXT PRIMARY KEY, read_at REAL NOT NULL, quota_limit INTEGER, remaining INTEGER, reset_at REAL,
    unlimited INTEGER NOT NULL, plan TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (
    origin TEXT NOT NULL, day INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (origin, day)
) STRICT, WITHOUT ROWID;
"""
_UNVERIFIED = "ALTER TABLE snapshot ADD COLUMN unverified INTEGER NOT NULL DEFAULT 0;"


class Known(NamedTuple):
    """What the store holds of one origin: each symbol's newest snapshot, when others were found to have none, what failed."""

    snapshots: dict[str, Snapshot]
    missing: dict[str, float]
    failures: Mapping[str, Failure] = MappingProxyType({})


class Spent(NamedTuple):
    """Debits of one origin: today (UTC) and ever; and the calls that the same answers would have cost one by one."""

    today: int
    total: int
    answered_today: int
    answered_total: int


class Heard(NamedTuple):
    """What the source last said of its quota, when (Unix seconds), and the debits since."""

    reading: QuotaReading
    read_at: float
    since: int


class State:
    """The store of one home. Its methods may be called from the event loop; the work is done on the owning thread.

    Raises BadSettings where the file cannot be opened.
    """

    def __init__(self, path: Path, history_days: float) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._history = history_days * DAY
        self._connection = self._thread.submit(_open, path).result()

    def keep(self, history_days: float) -> None:
        """Keep snapshots for so many days from now on."""
        self._history = history_days * DAY

    async def load(self, origin: str, now: float = math.inf) -> Known:
        """Return the newest of an origin, of what can have happened by ``now``."""
        return await self._run(lambda: self._load(origin, now))

    async def past(self, origin: str, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what is kept of some symbols, the oldest first: the ``most`` newest of each."""
        return await self._run(lambda: {symbol: self._past(origin, symbol, most) for symbol in symbols})

    async def debit(self, origin: str, symbols: int, now: float) -> int:
        """Commit one debit, before its call leaves; return its number."""
        return await self._run(lambda: self._debit(origin, symbols, now))

    async def refund(self, debit: int) -> None:
        """Take back a debit, by its number, whose call certainly cost nothing."""
        await self._run(lambda: self._refund(debit))

    async def spent(self, origin: str, now: float) -> Spent:
        """Return the debits of an origin."""
        return await self._run(lambda: self._spent(origin, now))

    async def heard(self, origin: str) -> Heard | None:
        """Return what the source last said of its quota."""
        return await self._run(lambda: self._heard(origin))

    def hear(self, origin: str, reading: QuotaReading, now: float) -> None:
        """Journal what the source says of its quota."""
        self._thread.submit(self._hear, origin, reading, now).add_done_callback(_complain)

    def answered(self, origin: str, calls: int, now: float) -> None:
        """Journal how many calls the answers given would have cost one by one."""
        self._thread.submit(self._answered, origin, calls, now).add_done_callback(_complain)

    def append(self, origin: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        """Journal what a call brought, behind the answer."""
        self._thread.submit(self._append, origin, snapshots, missing).add_done_callback(_complain)

    def fail(self, origin: str, failures: Mapping[str, Failure]) -> None:
        """Journal what was asked for in vain."""
        self._thread.submit(self._fail, origin, failures).add_done_callback(_complain)

    def forget(self, origin: str, names: Sequence[str]) -> None:
        """Journal that names no longer fail."""
        self._thread.submit(self._forget, origin, names).add_done_callback(_complain)

    def disbelieve(self, now: float) -> None:
        """Forget what was noted for moments later than now, under a clock that has been put back since."""
        self._thread.submit(self._disbelieve, now).add_done_callback(_complain)

    def age_out(self, origin: str, now: float) -> None:
        """Drop what is older than the history to keep, but never the newest of a symbol of the origin that is served."""
        self._thread.submit(self._age_out, origin, now).add_done_callback(_complain)

    def close(self) -> None:
        """Write what is journalled, and end."""
        self._thread.submit(self._connection.close)
        self._thread.shutdown(wait=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._thread.submit(work))

    def _load(self, origin: str, now: float) -> Known:
        self._disbelieve(now)
        rows = self._connection.execute(
            "SELECT * FROM snapshot WHERE id IN (SELECT max(id) FROM snapshot WHERE origin = ? GROUP BY symbol)",
            (origin,),
        )
        missing = self._connection.execute("SELECT symbol, found_at FROM missing WHERE origin = ?", (origin,))
        gone: dict[str, float] = dict(tuple(row) for row in missing)
        newest = (row for row in rows if row["fetched_at"] > gone.get(row["symbol"], -1.0))
        failures = self._connection.execute("SELECT * FROM failure WHERE origin = ?", (origin,))
        failed = {row["name"]: _failure(row) for row in failures}
        return Known({row["symbol"]: _snapshot(row) for row in newest}, gone, failed)

    def _past(self, origin: str, symbol: str, most: int) -> list[PastGex]:
        cursor = self._connection.cursor()
        cursor.row_factory = None  # plain tuples: there may be a million
        newest_first = cursor.execute(
            "SELECT fetched_at, as_of, gex FROM snapshot WHERE origin = ? AND symbol = ? ORDER BY id DESC LIMIT ?",
            (origin, symbol, most),
        )
        return newest_first.fetchall()[::-1]

    def _debit(self, origin: str, symbols: int, now: float) -> int:
        with self._connection as c:
            made = c.execute(
                "INSERT INTO debit (origin, spent_at, symbols) VALUES (?, ?, ?)", (origin, now, symbols)
            )
        return int(made.lastrowid or 0)

    def _refund(self, debit: int) -> None:
        with self._connection as c:
            c.execute("DELETE FROM debit WHERE id = ?", (debit,))

    def _spent(self, origin: str, now: float) -> Spent:
        day = math.floor(now / DAY)
        debits = self._connection.execute(
            "SELECT count(*) FILTER (WHERE spent_at >= ?), count(*) FROM debit WHERE origin = ?",
            (day * DAY, origin),
        ).fetchone()
        answered = self._connection.execute(
            "SELECT coalesce(sum(calls) FILTER (WHERE day = ?), 0), coalesce(sum(calls), 0) FROM answered "
            "WHERE origin = ?",
            (day, origin),
        ).fetchone()
        return Spent(*debits, *answered)

    def _heard(self, origin: str) -> Heard | None:
        row = self._connection.execute("SELECT * FROM quota WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            return None
        (since,) = self._connection.execute(
            "SELECT count(*) FROM debit WHERE origin = ? AND spent_at > ?", (origin, row["read_at"])
        ).fetchone()
        said = (row["quota_limit"], row["remaining"], row["reset_at"], bool(row["unlimited"]), row["plan"])
        return Heard(QuotaReading(*said), row["read_at"], since)

    def _hear(self, origin: str, reading: QuotaReading, now: float) -> None:
        r = reading
        with self._connection as c:
            c.execute(
                "INSERT OR REPLACE INTO quota VALUES (?, ?, ?, ?, ?, ?, ?)",
                (origin, now, r.limit, r.remaining, r.reset_at, r.unlimited, r.plan),
            )

    def _answered(self, origin: str, calls: int, now: float) -> None:
        with self._connection as c:
            c.execute(
                "INSERT INTO answered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
                (origin, math.floor(now / DAY), calls),
            )

    def _append(self, origin: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        with self._connection as c:
            c.executemany(
                "INSERT INTO snapshot (origin, symbol, fetched_at, as_of, oi_as_of, underlying_price, gex, dex, vex, chex, "
                "usable_open_interest, unverified, sides) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(origin, snapshot) for snapshot in snapshots.values()],
            )
            c.executemany(
                "DELETE FROM missing WHERE origin = ? AND symbol = ?", [(origin, s) for s in snapshots]
            )
            c.executemany(
                "INSERT OR REPLACE INTO missing VALUES (?, ?, ?)",
                [(origin, s, at) for s, at in missing.items()],
            )

    def _fail(self, origin: str, failures: Mapping[str, Failure]) -> None:
        with self._connection as c:
            c.executemany(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(origin, name, *astuple(failure)) for name, failure in failures.items()],
            )

    def _forget(self, origin: str, names: Sequence[str]) -> None:
        with self._connection as c:
            c.executemany(
                "DELETE FROM failure WHERE origin = ? AND name = ?", [(origin, name) for name in names]
            )

    def _disbelieve(self, now: float) -> None:
        latest = now + SKEW
        with self._connection as c:
            c.execute("DELETE FROM snapshot WHERE fetched_at > ?", (latest,))
            c.execute("DELETE FROM missing WHERE found_at > ?", (latest,))
            c.execute("DELETE FROM failure WHERE failed_at > ?", (latest,))
            c.execute("DELETE FROM quota WHERE read_at > ?", (latest,))
            # A debit stays one, of no day that is still to come.
            c.execute("UPDATE debit SET spent_at = ? WHERE spent_at > ?", (now - DAY, latest))

    def _age_out(self, origin: str, now: float) -> None:
        before = now - self._history
        with self._connection as c:
            c.execute(
                "DELETE FROM snapshot WHERE fetched_at < ? AND (origin <> ? "
                "OR id NOT IN (SELECT max(id) FROM snapshot WHERE origin = ? GROUP BY symbol))",
                (before, origin, origin),
            )
            c.execute("DELETE FROM missing WHERE found_at < ?", (before,))
            c.execute("DELETE FROM failure WHERE until < ?", (now - DAY,))


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.OperationalError as error:
        raise BadSettings(
            "The state of this home cannot be opened: another program holds it, or the disk refuses it."
        ) from error
    except sqlite3.DatabaseError:
        # Not a database, or of another version: kept beside, so that nothing is lost, and begun anew.
        aside = next(
            name for n in count(1) if not (name := path.with_name(f"state-set-aside-{n}.db")).exists()
        )
        for end in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
        LOG.warning("The state could not be read: it was set aside and begun anew.")
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a debit that was committed stays committed
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if 0 <= version < VERSION:
            # Tables and version in one transaction: killed in the middle, the next start finds either none or all.
            columns = [row["name"] for row in connection.execute("PRAGMA table_info(snapshot)")]
            older = (
                _UNVERIFIED if columns and "unverified" not in columns else ""
            )  # the first builds' version 1
            connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} {older} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif version != VERSION:
            raise sqlite3.DatabaseError("another version")
    except BaseException:
        connection.close()
        raise
    return connection


def _row(origin: str, snapshot: Snapshot) -> tuple[object, ...]:
    e = snapshot.exposure
    sides = None if e.call is None or e.put is None else json.dumps([e.call, e.put, e.rows])
    fixed = (origin, e.symbol, snapshot.fetched_at, e.as_of, e.oi_as_of, e.underlying_price)
    return (*fixed, *e.net, e.usable_open_interest, e.unverified, sides)


def _snapshot(row: sqlite3.Row) -> Snapshot:
    call, put, rows = json.loads(row["sides"]) if row["sides"] else (None, None, None)
    exposure = SymbolExposure(
        symbol=row["symbol"],
        underlying_price=row["underlying_price"],
        net=Measures(row["gex"], row["dex"], row["vex"], row["chex"]),
        as_of=row["as_of"],
        oi_as_of=row["oi_as_of"],
        call=Measures(*call) if call else None,
        put=Measures(*put) if put else None,
        rows=RowCounts(*rows) if rows else None,
        usable_open_interest=row["usable_open_interest"],
        unverified=bool(row["unverified"]),
    )
    return Snapshot(exposure, row["fetched_at"])


def _failure(row: sqlite3.Row) -> Failure:
    said = (row["code"], row["reason"], row["sentence"], row["failures"], row["failed_at"], row["until"])
    return Failure(*said, tried=bool(row["tried"]))


def _complain(done: Future[None]) -> None:
    if (error := done.exception()) is not None:
        LOG.error("The state could not be written: %s.", type(error).__name__)
