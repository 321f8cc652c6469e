"""``chains.db``: past chains as compressed columns, so that a change can be taken apart. A thread and a file of its own.

No debit waits for a chain to be written, and a damaged archive costs no ledger: it is begun anew. Of each symbol and New York
day one chain is kept, the newest but for PAUSE seconds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.chain import Chain

LOG = logging.getLogger(__name__)
DAY = 86_400.0
PAUSE = 300.0
"""Seconds by which a chain is newer than the one kept of its day, at least, before it takes its place."""
LEVEL = 1
"""Of zlib: a higher one takes five times as long and saves little."""
COLUMNS = ("strike", "is_call", "expiry", "volatility", "open_interest", "dividend_yield")
HEADER = ("spot", "as_of", "oi_as_of", "made_at")
T = TypeVar("T")
_TABLES = """
CREATE TABLE IF NOT EXISTS chain (
    origin TEXT NOT NULL, symbol TEXT NOT NULL, day TEXT NOT NULL, as_of REAL NOT NULL, kept_at REAL NOT NULL,
    columns BLOB NOT NULL, PRIMARY KEY (origin, symbol, day)
) STRICT;
CREATE INDEX IF NOT EXISTS chain_age ON chain (kept_at);
"""


class Kept(NamedTuple):
    """What an archive holds: chains, and the bytes of their columns."""

    chains: int
    size: int


@runtime_checkable
class KeepsChains(Protocol):
    """What a store offers besides its port where it keeps chains."""

    @property
    def chains(self) -> ChainArchive:
        """They."""


class ChainArchive:
    """The chains of one home."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chains")
        self._connection: sqlite3.Connection | None = None
        self._newest: dict[tuple[str, str, str], float] = {}
        self._tidied = 0.0

    def __repr__(self) -> str:
        return f"<ChainArchive {self._path.name}>"

    def keep(self, origin: str, chains: Mapping[str, Chain], now: float, days: float) -> None:
        """Keep what a call brought, behind the answer, for so many days from ``now`` (Unix seconds); 0: none are kept."""
        if chains:
            self._thread.submit(self._keep, origin, dict(chains), now, days).add_done_callback(_complain)

    async def before(self, origin: str, symbol: str, moment: float) -> Chain | None:
        """Return the newest chain kept of a symbol that is not later than a moment (Unix seconds); None where there is none."""
        return await asyncio.wrap_future(
            self._thread.submit(self._guarded, lambda c: _before(c, origin, symbol, moment))
        )

    async def size(self) -> Kept:
        """Return what is kept."""
        work = "SELECT count(*), coalesce(sum(length(columns)), 0) FROM chain"
        found = await asyncio.wrap_future(
            self._thread.submit(self._guarded, lambda c: c.execute(work).fetchone())
        )
        return Kept(*found) if found else Kept(0, 0)

    def close(self) -> None:
        """Write what is on its way, and end."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True)

    # -- on the owning thread

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do some work; an archive that cannot be read is begun anew, and has nothing."""
        try:
            return work(self._open())
        except sqlite3.Error as error:
            LOG.warning("The chains that were kept cannot be read: %s.", type(error).__name__)
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self._close()
                for end in ("", "-wal", "-shm"):
                    with suppress(OSError):
                        self._path.with_name(self._path.name + end).unlink()
            return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path)
            try:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_TABLES)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _keep(self, origin: str, chains: Mapping[str, Chain], now: float, days: float) -> None:
        if days > 0:
            rows = [row for symbol, chain in chains.items() if (row := self._row(origin, symbol, chain, now))]
            self._guarded(lambda c: _write(c, rows))
        if not self._tidied <= now < self._tidied + DAY / 24:
            self._tidied = now
            self._newest.clear()  # what is dropped may be seen again
            self._guarded(lambda c: _drop(c, now - days * DAY))

    def _row(self, origin: str, symbol: str, chain: Chain, now: float) -> tuple[object, ...] | None:
        from basketgex_server.exposure.chain import new_york_day

        day = new_york_day(chain.as_of)
        if day is None:
            return None
        key = (origin, symbol, day.isoformat())
        if chain.as_of < self._newest.get(key, -DAY) + PAUSE:
            return None
        self._newest[key] = chain.as_of
        return (*key, chain.as_of, now, packed(chain))

    def _close(self) -> None:
        self._newest.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def packed(chain: Chain) -> bytes:
    """Return a chain without its quotes, compressed: a line of JSON, then its columns, the bytes of a kind together."""
    import numpy as np

    present = [name for name in COLUMNS if getattr(chain, name) is not None]
    head = {
        "symbol": chain.symbol,
        "rows": len(chain),
        "columns": present,
        **{n: getattr(chain, n) for n in HEADER},
    }
    body = [
        np.asarray(getattr(chain, name), np.float64).view(np.uint8).reshape(-1, 8).T.tobytes()
        for name in present
    ]
    return zlib.compress(json.dumps(head).encode() + b"\n" + b"".join(body), LEVEL)


def unpacked(data: bytes) -> Chain | None:
    """Return a chain that was ``packed``; None where the bytes are not as they were written."""
    import numpy as np

    from basketgex_server.exposure.chain import Chain

    try:
        line, _, body = zlib.decompress(data).partition(b"\n")
        head = json.loads(line)
        shape = (len(head["columns"]), 8, head["rows"])
        parts = np.frombuffer(body, np.uint8).reshape(shape)
        columns: dict[str, Any] = {
            name: np.ascontiguousarray(part.T).view(np.float64).reshape(-1)
            for name, part in zip(head["columns"], parts, strict=True)
        }
        columns["is_call"] = columns["is_call"] > 0
        columns |= {name: float(head[name]) for name in HEADER}
        return Chain(symbol=head["symbol"], **columns)
    except (zlib.error, ValueError, KeyError, TypeError):
        return None


def _before(c: sqlite3.Connection, origin: str, symbol: str, moment: float) -> Chain | None:
    row = c.execute(
        "SELECT columns FROM chain WHERE origin = ? AND symbol = ? AND as_of <= ? ORDER BY as_of DESC LIMIT 1",
        (origin, symbol, moment),
    ).fetchone()
    return unpacked(row[0]) if row else None


def _write(c: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    with c:
        c.executemany("INSERT OR REPLACE INTO chain VALUES (?, ?, ?, ?, ?, ?)", rows)


def _drop(c: sqlite3.Connection, before: float) -> None:
    with c:
        c.execute("DELETE FROM chain WHERE kept_at <= ?", (before,))
    c.execute("PRAGMA incremental_vacuum").fetchall()


def _complain(done: Future[None]) -> None:
    if (error := done.exception()) is not None:
        LOG.error("Chains could not be kept: %s.", type(error).__name__)
