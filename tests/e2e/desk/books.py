"""A desk's store as its operator sees it: the books in SQL, what they must add up to, and what may be held there."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any, Self

import asyncpg

from basketgex_addin.cells import Reply
from tests.desk.postgres import Cluster
from tests.desk.relay import Relay
from tests.e2e.clocked import asked
from tests.e2e.serving import Server, until
from tests.standin.upstream import Upstream

PERHAPS_SPENT = ("lost", "failed", "refused")
"""States of calls that the source may have charged."""


def said(store: str, statement: str) -> list[Any]:
    """Return what the store answers."""

    async def work() -> list[Any]:
        connection = await asyncpg.connect(store)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return asyncio.run(work())


def done(store: str, statements: str) -> None:
    """Have the store do something."""

    async def work() -> None:
        connection = await asyncpg.connect(store)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    asyncio.run(work())


def waits_for(store: str, standbys: str) -> None:
    """Have every commit wait until such standbys have it; none, if empty."""
    said(store, f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
    said(store, "SELECT pg_reload_conf()")
    until(lambda: said(store, "SHOW synchronous_standby_names") == [(standbys,)])


def calls(store: str) -> Counter[str]:
    """Return how many calls are in each state."""
    rows = said(store, "SELECT state, count(*) FROM call GROUP BY state")
    return Counter(dict(rows))


def until_wanted(store: str, *symbols: str) -> None:
    """Wait until these, and no others, are waited for and have no call."""
    until(
        lambda: (
            [s for (s,) in said(store, "SELECT symbol FROM wanted WHERE call IS NULL ORDER BY 1")]
            == [*symbols]
        )
    )


def until_books(store: str, upstream: Upstream, **states: int) -> None:
    """Wait until so many calls have ended so; what was made free is not counted.

    Then source debits ≤ ledger ≤ source debits + calls that may be spent.
    """

    def ended() -> Counter[str]:
        found = calls(store)
        del found["free"]
        return found

    try:
        until(lambda: ended() == states, patience=30)
    except AssertionError:
        raise AssertionError(f"{calls(store)}, not {states}: {upstream.asked}") from None
    ledger, perhaps = sum(states.values()), sum(states.get(state, 0) for state in PERHAPS_SPENT)
    assert upstream.debits <= ledger <= upstream.debits + perhaps


def knows(server: Server, *symbols: str) -> bool:
    """Tell whether a replica has figures of them all without a call."""
    (found,) = asked(server.home, symbols, refresh="CACHE_ONLY")
    return isinstance(found, Reply) and not found.missing


def over(line: Relay, cluster: Cluster, store: str) -> str:
    """Return a store's address by way of a line to its cluster."""
    return store.replace(f":{cluster.port}/", f":{line.port}/")


class Held:
    """``with Held(store, statement):`` what the statement locks is locked while the block lasts."""

    def __init__(self, store: str, statement: str) -> None:
        self._store = store
        self._statement = statement

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(self._store))
        self._runner.run(self._connection.execute(f"BEGIN; {self._statement}"))
        return self

    def wait_waiting(self) -> None:
        """Wait until somebody waits for it."""
        until(lambda: said(self._store, "SELECT FROM pg_locks WHERE NOT granted"))

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the store may be gone
            self._runner.run(self._connection.close(timeout=10))
        self._runner.close()


BOOKS = "SELECT FROM account FOR UPDATE"
"""Locks what a departure, and a landing, begin with."""
FIGURES = "LOCK TABLE snapshot IN SHARE MODE"
"""Locks what a landing writes in its middle."""
