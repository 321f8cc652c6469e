"""``state.db``: snapshots, appended and aged out, and the debit ledger. One thread owns the connection.

A snapshot is kept under its origin's key, so that figures of different origin never meet. The newest of each symbol is loaded
at start; what is learnt later is journalled behind the answer. A debit, on the contrary, is committed before its call leaves.

A store that turns out to be damaged, whenever that is, is kept beside and begun anew with what the ledger in it still says.
Opening, writing and setting aside share one connection and its thread, and so one file.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from basketgex_server.domain import SKEW, Failure, QuotaReading, Snapshot
from basketgex_server.errors import BadSettings, BasketgexError, StoreUnavailable
from basketgex_server.exposure.past import Close
from basketgex_server.stores.chains import ChainArchive
from basketgex_server.stores.meter import Meter
from basketgex_server.stores.port import (
    DebitCounts,
    Flags,
    PastGex,
    Person,
    QuotaRecord,
    QuotaValue,
    StoredFigures,
)
from basketgex_server.stores.sqlite import figures, ledger, people
from basketgex_server.stores.sqlite.pool import SqlitePool
from basketgex_server.stores.sqlite.repair import (
    Saved,
    check,
    code_of,
    columns_of,
    free_name,
    is_damage,
    save,
    set_aside,
    trouble,
)
from basketgex_server.stores.sqlite.tidy import Tidier, renew

LOG = logging.getLogger(__name__)
VERSION = 8
DAY = 86_400.0
MOST_COPIES = 5
"""Copies that are kept, at most, of stores with a row that is not as it was written."""
T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS snapshot (
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, symbol TEXT NOT NULL, fetched_at REAL NOT NULL, as_of REAL NOT NULL,
    oi_as_of REAL NOT NULL, underlying_price REAL NOT NULL, gex REAL NOT NULL, dex REAL NOT NULL, vex REAL NOT NULL,
    chex REAL NOT NULL, usable_open_interest REAL NOT NULL, unverified INTEGER NOT NULL, sides TEXT, digest INTEGER
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
    id INTEGER PRIMARY KEY, origin TEXT NOT NULL, spent_at REAL NOT NULL, symbols INTEGER NOT NULL, waited TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS debit_day ON debit (origin, spent_at);
CREATE TABLE IF NOT EXISTS share (
    debit INTEGER NOT NULL, person TEXT NOT NULL, debits REAL NOT NULL, PRIMARY KEY (debit, person)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person (
    name TEXT PRIMARY KEY, digest TEXT NOT NULL, added_at REAL NOT NULL, until REAL, debits INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quota (
    origin TEXT PRIMARY KEY, read_at REAL NOT NULL, quota_limit INTEGER, remaining INTEGER, reset_at REAL,
    unlimited INTEGER NOT NULL, plan TEXT NOT NULL, last_debit INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (
    origin TEXT NOT NULL, day INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (origin, day)
) STRICT, WITHOUT ROWID;
"""
_LATER_COLUMNS = (
    ("snapshot", "unverified", "INTEGER NOT NULL DEFAULT 0"),
    ("snapshot", "digest", "INTEGER"),
    ("quota", "last_debit", "INTEGER"),
    ("person", "debits", "INTEGER"),
    ("debit", "waited", "TEXT"),
)
"""Columns that the first builds had not: their tables, names and kinds."""


class SqliteStore:
    """The store of one home. Its methods may be called from the event loop; the work is done on the owning thread.

    ``mends``: a damaged store is begun anew. Not so for a command that looks into it: a server may be writing to the same file.

    Raises BadSettings where the file cannot be opened; the methods that are awaited raise StoreUnavailable where it is full,
    locked, read-only or refused by its disk.
    """

    is_up = True

    def __init__(self, path: Path, history_days: float, *, mends: bool = True) -> None:
        self._path = path
        self._mends = mends
        self.chains = ChainArchive(path.with_name("chains.db"))
        """Past chains, in a file of their own."""
        self.meter = Meter()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._history = history_days * DAY
        self._caps: dict[str, int] = {}  # of people, as last read: nobody asks who has not been read
        self.lost = False
        """Whether debits may have been lost with a damaged store, and the account has not told of them yet."""
        self._waits = True  # for another program that holds the store; not again and again
        self._connection = self._thread.submit(self._open).result()
        (self._patience,) = self._thread.submit(self._ask, "PRAGMA busy_timeout").result()
        self._tidier = Tidier(path, lambda: self._journal(self._heal))

    def keep(self, history_days: float) -> None:
        """Keep snapshots for so many days from now on."""
        self._history = history_days * DAY

    async def load(self, origin: str, now: float = math.inf) -> StoredFigures:
        """Return the newest of an origin, of what can have happened by ``now``."""
        return await self._run(lambda: self._load(origin, now))

    async def past(self, origin: str, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what is kept of some symbols, the oldest first: the ``most`` newest of each."""
        return await self._run(
            lambda: {symbol: figures.past(self._connection, origin, symbol, most) for symbol in symbols}
        )

    async def closes(self, origin: str, symbols: Sequence[str], since: float) -> dict[str, list[Close]]:
        """Return the closing figures of some symbols since a moment; one by one, so that no debit waits for all of them."""
        return {
            symbol: await self._run(lambda name=symbol: figures.closes(self._connection, origin, name, since))  # type: ignore[misc]
            for symbol in symbols
        }

    def pool(self, origin: str, begin: QuotaValue, flags: Flags) -> SqlitePool:
        """Return the books of an origin, which begin with these debits."""

        async def debit(calls: Sequence[ledger.Debit], now: float) -> list[int]:
            return await self._run(lambda: ledger.debit(self._connection, origin, calls, now))

        async def spent(day: int) -> dict[str, float]:
            since, until = day * DAY, (day + 1) * DAY
            return await self._run(lambda: dict(ledger.shares(self._connection, since, until, origin)))

        return SqlitePool(begin, flags, debit, self.refund, spent, self._caps)

    async def debit(self, origin: str, symbols: int, now: float) -> int:
        """Commit one debit, before its call leaves; return its number."""
        return (
            await self._run(lambda: ledger.debit(self._connection, origin, [ledger.Debit(symbols)], now))
        )[0]

    async def refund(self, debit: int) -> None:
        """Take back a debit, by its number, whose call certainly cost nothing."""
        await self._run(lambda: ledger.refund(self._connection, debit))

    async def spent(self, origin: str, now: float) -> DebitCounts:
        """Return the debits of an origin."""
        return await self._run(lambda: ledger.spent(self._connection, origin, now))

    async def spent_by(self, since: float, until: float) -> dict[str, float]:
        """Return the debits of all origins between two moments by person; those that are nobody's share are the home's."""
        return await self._run(lambda: ledger.spent_by(self._connection, since, until))

    async def spent_for(self, since: float, until: float) -> dict[str, float]:
        """Return the same debits by symbol; "" where it is not known what they were for."""
        return await self._run(lambda: ledger.spent_for(self._connection, since, until))

    async def people(self) -> list[Person]:
        """Return who may ask, by name."""
        found = await self._run(lambda: people.people(self._connection))
        self._caps.clear()
        self._caps.update({person.name: person.debits for person in found if person.debits is not None})
        return found

    async def add_person(self, person: Person) -> bool:
        """Keep a person; return False, and change nothing, where another has the name."""
        return await self._run(lambda: people.add(self._connection, person))

    async def revoke(self, name: str) -> bool:
        """Forget a person, whose debits stay in the ledger; return False where there is none of the name."""
        return await self._run(lambda: people.revoke(self._connection, name))

    async def make_up(self, origin: str, today: int, now: float) -> None:
        """Add what a damaged store has lost of today's debits, which were so many."""
        await self._run(lambda: ledger.make_up(self._connection, origin, today, now))
        self.lost = False

    async def heard(self, origin: str) -> QuotaRecord | None:
        """Return what the source last said of its quota."""
        return await self._run(lambda: ledger.heard(self._connection, origin))

    def hear(self, origin: str, reading: QuotaReading, now: float) -> None:
        """Journal what the source says of its quota."""
        self._journal(lambda: ledger.hear(self._connection, origin, reading, now))

    def answered(self, origin: str, calls: int, now: float) -> None:
        """Journal how many calls the answers given would have cost one by one."""
        self._journal(lambda: ledger.answered(self._connection, origin, calls, now))

    def append(self, origin: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        """Journal what a call brought, behind the answer."""
        self._journal(lambda: figures.append(self._connection, origin, snapshots, missing))

    def fail(self, origin: str, failures: Mapping[str, Failure]) -> None:
        """Journal what was asked for in vain."""
        self._journal(lambda: figures.fail(self._connection, origin, failures))

    def forget(self, origin: str, names: Sequence[str]) -> None:
        """Journal that names no longer fail."""
        self._journal(lambda: figures.forget(self._connection, origin, names))

    def disbelieve(self, now: float) -> None:
        """Forget what was noted for moments later than now, under a clock that has been put back since."""
        self._journal(lambda: figures.disbelieve(self._connection, now))

    def age_out(self, origin: str, now: float) -> None:
        """Begin to drop what is older than the history to keep, but never the newest of a symbol of this origin."""
        self._thread.submit(self._tidier.start, origin, now - self._history, now)

    async def end(self) -> None:
        """Write what is journalled, and end."""
        self.close()

    def close(self) -> None:
        """Write what is journalled, and end."""
        self.chains.close()
        self._thread.submit(self._tidier.close)
        if self._mends:
            self._thread.submit(lambda: renew(self._connection))  # where that fails, it is the next end's
        self._thread.submit(lambda: self._connection.close())
        self._thread.shutdown(wait=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._thread.submit(self._guarded, work))

    def _journal(self, work: Callable[[], None]) -> None:
        self._thread.submit(self._guarded, work).add_done_callback(_complain)

    # -- on the owning thread

    def _guarded(self, work: Callable[[], T]) -> T:
        """Do some work; a store that turns out to be damaged is mended first."""
        try:
            found = self._patient(work)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._heal()
            found = self._patient(work)
        return found

    def _patient(self, work: Callable[[], T]) -> T:
        """Do some work. While another program holds the store only the first waits for it: the others say so at once."""
        try:
            found = work()
        except sqlite3.Error as error:
            if code_of(error) == sqlite3.SQLITE_BUSY and self._waits:
                self._waits = False
                self._connection.execute("PRAGMA busy_timeout = 0")
            if (known := trouble(error)) is not None and not is_damage(error):
                raise known from error
            raise
        if not self._waits:
            self._waits = True
            self._connection.execute(f"PRAGMA busy_timeout = {self._patience}")
        return found

    def _ask(self, question: str) -> tuple[int, ...]:
        return tuple(self._connection.execute(question).fetchone())

    def _load(self, origin: str, now: float) -> StoredFigures:
        if math.isfinite(now):
            figures.disbelieve(self._connection, now)
        known, bad = figures.load(self._connection, origin)
        known = known._replace(missing={s: at for s, at in known.missing.items() if at <= now + SKEW})
        if bad:
            self._copy_aside(len(bad))
            figures.drop(self._connection, bad)
        return known

    def _copy_aside(self, rows: int) -> None:
        aside = free_name(self._path)
        if int(aside.stem.rpartition("-")[2]) > MOST_COPIES:
            LOG.warning("Stored figures could not be read: %d are asked for again.", rows)
            return
        with closing(sqlite3.connect(aside)) as copy:
            self._connection.backup(copy)
        LOG.warning(
            "Stored figures could not be read: %d are asked for again; %s has them.", rows, aside.name
        )

    def _open(self) -> sqlite3.Connection:
        existed = self._path.exists()
        if existed and not self._mends and not self._path.stat().st_size:
            raise BadSettings(_NOT_READ)
        try:
            connection, version = _connect(self._path)
        except sqlite3.OperationalError as error:
            known = trouble(error)
            held = code_of(error) == sqlite3.SQLITE_BUSY or known is None
            raise BadSettings(_NOT_OPENED if held or known is None else known.sentence) from error
        except sqlite3.DatabaseError as error:
            if not self._mends:
                raise BadSettings(_NOT_READ) from error
            return self._begun_anew(damaged=is_damage(error))
        if existed and not version:
            LOG.warning("The state was empty: the day's debits are asked of the account.")
            self.lost = True
        return connection

    def _heal(self) -> None:
        if not self._mends:
            raise StoreUnavailable(_NOT_READ)
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = self._begun_anew(damaged=True)

    def _begun_anew(self, *, damaged: bool) -> sqlite3.Connection:
        """Return a new store in place of one that is not a database, damaged, or of another version: that is kept beside."""
        try:
            aside = set_aside(self._path)
        except OSError as error:
            raise BadSettings(_NOT_OPENED) from error
        LOG.warning("The state could not be read: it was set aside and begun anew.")
        connection, _ = _connect(self._path)
        saved = save(aside, connection) if damaged else Saved(0, whole=False)
        self.lost = self.lost or not saved.whole
        LOG.info("The old state is in %s; debits read from it: %d.", aside.name, saved.debits)
        return connection


_NOT_READ = "The state of this home cannot be read: its server mends it, so start that with basketgex serve."
_NOT_OPENED = "The state of this home cannot be opened: another program holds it, or the disk refuses it."


def _connect(path: Path) -> tuple[sqlite3.Connection, int]:
    """Return a connection to a store that is ready, and the version that it had: 0 where there was nothing in it."""
    connection = sqlite3.connect(path)
    try:
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda text: text.decode(
            "utf-8", "replace"
        )  # a damaged text is no fault of ours
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before anything is in it
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a debit that was committed stays committed,
        connection.execute("PRAGMA fullfsync = ON")  # on macOS too, where a disk says "written" before it is
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if 0 <= version < VERSION:
            # Tables and version in one transaction: killed in the middle, the next start finds either none or all.
            older = "".join(
                f"ALTER TABLE {table} ADD COLUMN {name} {kind};"
                for table, name, kind in _LATER_COLUMNS
                if (known := columns_of(connection, table)) and name not in known
            )
            connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} {older} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif version != VERSION:
            raise sqlite3.DatabaseError("another version")
        check(connection)
    except BaseException:
        connection.close()
        raise
    return connection, version


def _complain(done: Future[None]) -> None:
    if (error := done.exception()) is not None:
        why = error.sentence if isinstance(error, BasketgexError) else f"{type(error).__name__}."
        LOG.error("The state could not be written: %s", why)
