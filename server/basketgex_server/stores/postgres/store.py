"""PostgreSQL as the store of a desk: what any replica has learnt is known to all, and the ledger is one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg

from basketgex_server.domain import SKEW, Failure, QuotaReading, Snapshot
from basketgex_server.errors import StoreAway
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
from basketgex_server.stores.postgres.pool import PostgresPool
from basketgex_server.stores.postgres.session import DOWN, Session
from basketgex_server.stores.postgres.values import NEWEST, figures_of
from basketgex_server.stores.rows import failure_of, with_rest

DAY = 86_400.0
STEP = 5_000
"""Snapshots that are dropped in one statement."""
_OF_A_TIME = "c.state <> 'free' AND c.spent_at >= $1 AND c.spent_at < $2"
_BY_PERSON = (
    "SELECT s.person, sum(s.debits) FROM call c JOIN share s ON s.call = c.id "  # noqa: S608 - fixed
    f"WHERE {_OF_A_TIME} GROUP BY s.person"
)
_BY_SYMBOL = (
    "SELECT s, sum(1 / cardinality(c.waited)::float8) FROM call c, unnest(c.waited) s "  # noqa: S608 - fixed
    f"WHERE {_OF_A_TIME} GROUP BY s"
)
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class PostgresStore:
    """The store at ``url``, which has no password: ``password`` gives it, else libpq's variables or files."""

    lost = False

    def __init__(self, url: str, history_days: float, password: Callable[[], str] | None = None) -> None:
        self._pools: dict[str, PostgresPool] = {}
        self._editions: dict[str, int] = {}
        self._spent: dict[str, DebitCounts] = {}
        self._writing = asyncio.Lock()
        self._history = history_days * DAY
        self.meter = Meter()
        self._session = Session(
            url, self._hear, lambda operation, seconds: self.meter.store_took(operation, seconds), password
        )

    @property
    def is_up(self) -> bool:
        """Whether the session that hears stands."""
        return self._session.is_up

    def pool(self, account: str, begin: QuotaValue, flags: Flags) -> PostgresPool:
        """Return the books of an account that has been loaded."""
        made = PostgresPool(self._session, account, begin, flags, self._editions.get(account, 0))
        self._pools[account] = made
        made.hear()  # of what has landed since it was loaded
        return made

    def keep(self, history_days: float) -> None:
        """Keep snapshots for so many days from now on."""
        self._history = history_days * DAY

    async def load(self, account: str, now: float = math.inf) -> StoredFigures:
        """Return the newest of an account."""

        async def work(pool: Pool) -> StoredFigures:
            async with pool.acquire() as c, c.transaction(isolation="repeatable_read"):
                edition = await c.fetchval("SELECT edition FROM account WHERE key = $1", account)
                rows = await c.fetch(NEWEST, account)
                failures = await c.fetch("SELECT * FROM failure WHERE origin = $1", account)
            self._editions[account] = edition or 0
            snapshots, missing = figures_of(rows)
            return StoredFigures(  # others have written it, and this computer's clock may be behind
                {symbol: snapshot.by(now) for symbol, snapshot in snapshots.items()},
                {symbol: at if at <= now + SKEW else now for symbol, at in missing.items()},
                {row["name"]: failure_of(row) for row in failures},
            )

        async def begin(pool: Pool) -> StoredFigures:
            await pool.execute("INSERT INTO account (key) VALUES ($1) ON CONFLICT DO NOTHING", account)
            return await work(pool)

        known: StoredFigures = await self._session.run(begin)
        self._session.fill()
        return known

    async def past(self, account: str, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what is kept of some symbols, the oldest first: the ``most`` newest of each."""

        async def work(pool: Pool) -> dict[str, list[PastGex]]:
            found: dict[str, list[PastGex]] = {}
            for symbol in symbols:
                rows = await pool.fetch(
                    "SELECT fetched_at, as_of, gex FROM snapshot WHERE origin = $1 AND symbol = $2 ORDER BY id DESC LIMIT $3",
                    account,
                    symbol,
                    most,
                )
                found[symbol] = [(r["fetched_at"], r["as_of"], r["gex"]) for r in reversed(rows)]
            return found

        past: dict[str, list[PastGex]] = await self._session.run(work)
        return past

    async def spent(self, account: str, now: float) -> DebitCounts:
        """Return the debits of an account; while the store is away, what they were when it was last asked."""
        day = math.floor(now / DAY)

        async def work(pool: Pool) -> DebitCounts:
            debits = await pool.fetchrow(
                "SELECT count(*) FILTER (WHERE spent_at >= $2), count(*) FROM call WHERE account = $1 AND state <> 'free'",
                account,
                day * DAY,
            )
            answers = await pool.fetchrow(
                "SELECT coalesce(sum(calls) FILTER (WHERE day = $2), 0)::bigint, coalesce(sum(calls), 0)::bigint "
                "FROM answered WHERE origin = $1",
                account,
                day,
            )
            return DebitCounts(*debits, *answers)  # type: ignore[misc]

        try:
            self._spent[account] = await self._session.run(work)
        except StoreAway:
            if account not in self._spent:
                raise
        return self._spent[account]

    async def spent_by(self, since: float, until: float) -> dict[str, float]:
        """Return the debits of all accounts between two moments by person; those that are nobody's share are the home's."""

        return await self._parts(_BY_PERSON, since, until)

    async def spent_for(self, since: float, until: float) -> dict[str, float]:
        """Return the same debits by symbol; "" where it is not known what they were for."""
        return await self._parts(_BY_SYMBOL, since, until)

    async def _parts(self, parts: str, since: float, until: float) -> dict[str, float]:
        async def work(pool: Pool) -> dict[str, float]:
            async with pool.acquire() as c, c.transaction(isolation="repeatable_read"):
                rows = await c.fetch(parts, since, until)
                debits = await c.fetchval(f"SELECT count(*) FROM call c WHERE {_OF_A_TIME}", since, until)  # noqa: S608 - fixed
            return with_rest(rows, debits)

        found: dict[str, float] = await self._session.run(work)
        return found

    async def people(self) -> list[Person]:
        """Return who may ask, by name."""

        async def work(pool: Pool) -> list[Person]:
            rows = await pool.fetch(
                'SELECT name, digest, added_at, until, debits FROM person ORDER BY name COLLATE "C"'
            )
            return [Person(*row) for row in rows]

        found: list[Person] = await self._session.run(work)
        return found

    async def add_person(self, person: Person) -> bool:
        """Keep a person; return False, and change nothing, where another has the name."""

        async def work(pool: Pool) -> bool:
            kept = await pool.fetchval(  # as often as it takes: the answer to an earlier try may have been lost
                "INSERT INTO person AS p VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET name = $1 "
                "WHERE p.digest = $2 RETURNING name",
                *person,
            )
            return kept is not None

        added: bool = await self._session.run(work)
        return added

    async def revoke(self, name: str) -> bool:
        """Forget a person, whose debits stay in the ledger; return False where there is none of the name."""

        async def work(pool: Pool) -> bool:
            return await pool.execute("DELETE FROM person WHERE name = $1", name) == "DELETE 1"

        revoked: bool = await self._session.run(work)
        return revoked

    async def heard(self, account: str) -> QuotaRecord | None:
        """Return nothing: the books have what the source said of its quota."""
        return None

    async def make_up(self, account: str, today: int, now: float) -> None:
        """Do nothing: this store is not begun anew."""

    def hear(self, account: str, reading: QuotaReading, now: float) -> None:
        """Do nothing: the books have it."""

    def append(self, account: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        """Do nothing: it came with the landing."""

    def answered(self, account: str, calls: int, now: float) -> None:
        """Keep how many calls the answers given would have cost one by one."""
        self._journal(
            "INSERT INTO answered AS a VALUES ($1, $2, $3) ON CONFLICT (origin, day) DO UPDATE SET calls = a.calls + $3",
            [(account, math.floor(now / DAY), calls)],
        )

    def fail(self, account: str, failures: Mapping[str, Failure]) -> None:
        """Keep what was asked for in vain."""
        self._journal(
            "INSERT INTO failure VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (origin, name) DO UPDATE SET "
            "code = $3, reason = $4, sentence = $5, failures = $6, failed_at = $7, until = $8, tried = $9",
            [(account, name, *failure) for name, failure in failures.items()],
        )

    def forget(self, account: str, names: Sequence[str]) -> None:
        """Keep that names no longer fail."""
        self._journal(
            "DELETE FROM failure WHERE origin = $1 AND name = $2", [(account, name) for name in names]
        )

    def disbelieve(self, now: float) -> None:
        """Do nothing: one replica's clock says nothing of what the others have written."""

    def age_out(self, account: str, now: float) -> None:
        """Begin to drop what is older than the history to keep, but never the newest of a symbol."""
        self._session.keep(self._age_out(now - self._history, now))

    async def end(self) -> None:
        """Let go of the store."""
        await self._session.close()

    def _hear(self) -> None:
        for pool in self._pools.values():
            pool.hear()

    def _journal(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        async def write() -> None:
            async def work(pool: Pool) -> None:
                await pool.executemany(statement, rows)

            async with self._writing:  # in the order of coming
                with suppress(StoreAway):
                    await self._session.run(work)

        self._session.keep(write())

    async def _age_out(self, before: float, now: float) -> None:
        drop = (
            "DELETE FROM snapshot WHERE id IN (SELECT id FROM snapshot s WHERE fetched_at < $1 AND NOT EXISTS "
            "(SELECT FROM newest n WHERE n.snapshot = s.id) LIMIT $2)"
        )
        with suppress(*DOWN):
            pool = await self._session.pool()
            while await pool.execute(drop, before, STEP) == f"DELETE {STEP}":
                pass
            await pool.execute("DELETE FROM failure WHERE until < $1", now - DAY)
