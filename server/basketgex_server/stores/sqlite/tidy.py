"""Ageing out, in small steps on a thread and a connection of its own: no debit waits for it, and space is given back."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from basketgex_server.stores.rows import COLUMNS
from basketgex_server.stores.sqlite.repair import is_damage

LOG = logging.getLogger(__name__)
STEP = 1_000
"""Rows that are dropped in one transaction, which takes a few milliseconds."""
PAGES = 256
"""Pages of 4 kB that are given back in one."""
BREATH = 0.01
"""Seconds between two steps in which others may write."""
PATIENCE = 3.0
"""Seconds for which the end of a server may be put off."""
DAY = 86_400.0
INTRADAY = 30.0
"""Days for which every figure is kept; then, to the end of the history, the last of each day."""
_NO_CLOSE = """
CAST(s.as_of / 86400 AS INTEGER) = (
    SELECT CAST(later.as_of / 86400 AS INTEGER) FROM snapshot AS later
    WHERE later.origin = s.origin AND later.symbol = s.symbol AND later.id > s.id ORDER BY later.id LIMIT 1
)
"""
"""The figure that follows it is of the same UTC day: New York trades within one."""
Step = Callable[[sqlite3.Connection], bool]

_NEWEST = """
WITH RECURSIVE each (symbol) AS (
    SELECT min(symbol) FROM snapshot WHERE origin = :origin
    UNION ALL
    SELECT (SELECT min(symbol) FROM snapshot WHERE origin = :origin AND symbol > each.symbol) FROM each
    WHERE each.symbol IS NOT NULL
)
SELECT (SELECT max(id) FROM snapshot WHERE origin = :origin AND snapshot.symbol = each.symbol)
FROM each WHERE each.symbol IS NOT NULL
"""
NEWEST = f"SELECT id, {COLUMNS}, digest FROM snapshot WHERE id IN ({_NEWEST})"  # noqa: S608 - of this package
"""The newest snapshot of each symbol of an origin: a look at the index a symbol, however many snapshots there are."""


class Tidier:
    """Tidies the store at ``path``. ``damaged`` is told, on this thread, where it cannot be read."""

    def __init__(self, path: Path, damaged: Callable[[], object]) -> None:
        self._path = path
        self._damaged = damaged
        self._ending = Event()
        self._thread: Thread | None = None

    def start(self, origin: str, before: float, now: float) -> None:
        """Drop what was fetched before a moment, but never the newest of a symbol of the origin; unless that is under way."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = Thread(target=self._work, args=(origin, before, now), name="tidy", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until it is done."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """End after the step under way."""
        self._ending.set()
        self.join()

    def _work(self, origin: str, before: float, now: float) -> None:
        steps: tuple[Step, ...] = (lambda c: _drop_some(c, origin, before, now), _give_back_some)
        try:
            for step in steps:
                while self._has_more(step) and not self._ending.wait(BREATH):
                    pass
                if self._ending.is_set():
                    return
        except sqlite3.Error as error:
            if is_damage(error):
                self._damaged()
            else:  # tomorrow again
                LOG.warning("The state could not be tidied: %s.", type(error).__name__)

    def _has_more(self, step: Step) -> bool:
        """Make one step over a connection of its own: between two the file may have become another."""
        with closing(sqlite3.connect(self._path)) as connection:
            return step(connection)


def _drop_some(c: sqlite3.Connection, origin: str, before: float, now: float) -> bool:
    """Drop some of what has outlived its history; tell whether there may be more."""
    with c:
        dropped = c.execute(
            f"DELETE FROM snapshot WHERE id IN (SELECT id FROM snapshot AS s WHERE (fetched_at < :before OR "  # noqa: S608
            f"(fetched_at < :intraday AND {_NO_CLOSE})) AND (origin <> :origin OR id NOT IN ({_NEWEST})) LIMIT :step)",
            {
                "origin": origin,
                "before": before,
                "intraday": max(before, now - INTRADAY * DAY),
                "step": STEP,
            },
        ).rowcount
        if dropped == STEP:
            return True
        c.execute("DELETE FROM missing WHERE found_at < ?", (before,))
        c.execute("DELETE FROM failure WHERE until < ?", (now - DAY,))
    return False


def _give_back_some(c: sqlite3.Connection) -> bool:
    """Give some free pages back to the disk; tell whether there are more."""
    (kind,), (free,) = (
        c.execute("PRAGMA auto_vacuum").fetchone(),
        c.execute("PRAGMA freelist_count").fetchone(),
    )
    if kind == 0:  # a store of the first builds, which is written anew when the server ends
        return False
    c.execute(f"PRAGMA incremental_vacuum({PAGES})").fetchall()
    if free <= PAGES:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return False
    return True


def renew(c: sqlite3.Connection, patience: float = PATIENCE) -> None:
    """Write a store of the first builds anew, so that it can give space back; not where that takes more seconds than that.

    Nobody else can write meanwhile, so that its time is the server's end. Where it is given up nothing has changed.
    """
    if c.execute("PRAGMA auto_vacuum").fetchone()[0]:
        return
    ends = time.monotonic() + patience
    c.set_progress_handler(lambda: time.monotonic() >= ends, 1_000)
    c.execute("PRAGMA auto_vacuum = INCREMENTAL")
    c.execute("VACUUM")
