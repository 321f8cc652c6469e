"""The connections of one replica to the desk's store."""

from __future__ import annotations

import asyncpg

from basketgex_server.dispatch.departure import Terms, decide
from basketgex_server.stores.postgres import PostgresStore
from basketgex_server.stores.postgres.session import DEPART, POOL, READ, WANT, Session
from tests.server.servers import NOON, run, until
from tests.server.stores.test_contract import next_call, opened


def test_every_connection_has_done_once_what_is_done_while_others_wait(desk_store: str) -> None:
    """A first time takes longer than a window: what others want would come too late to share a call."""

    async def story() -> None:
        session = Session(desk_store, lambda: None)
        try:
            pool = await session.pool()
            for connection in [await pool.acquire() for _ in range(POOL)]:
                prepared = await connection.fetch("SELECT statement FROM pg_prepared_statements")
                assert {WANT, READ, DEPART} <= {statement for (statement,) in prepared}
        finally:
            await session.close()

    run(story())


def test_what_is_wanted_is_published_again_to_a_store_that_has_forgotten_it(desk_store: str) -> None:
    async def story() -> None:
        store = PostgresStore(desk_store, 30.0)
        try:
            pool = await opened(store)
            pool.want(["A"])
            waits = Terms(3, metered=True, quiet=60.0, longest=60.0)
            assert not (await pool.depart(lambda ledger: decide(ledger, waits), NOON)).calls
            other = await asyncpg.connect(desk_store)
            await other.execute(
                "TRUNCATE wanted; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await other.close()
            await until(lambda: not store.is_up)
            await until(lambda: store.is_up)
            assert (await next_call(pool)).symbols == ("A",)
        finally:
            await store.end()

    run(story())
