"""The connections of one replica to the desk's store."""

from __future__ import annotations

from basketgex_server.stores.postgres.session import DEPART, POOL, READ, WANT, Session
from tests.server.servers import run


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
