"""The connections of one replica to the desk's store."""

from __future__ import annotations

import math
import time

import asyncpg
import pytest

from basketgex_server.dispatch.departure import Terms, decide
from basketgex_server.errors import StoreAway
from basketgex_server.stores.port import News
from basketgex_server.stores.postgres import PostgresStore, session
from basketgex_server.stores.postgres.pool import PostgresPool
from basketgex_server.stores.postgres.session import DEPART, LAND, OPEN, POOL, READ, WANT, Session
from tests.desk.postgres import Cluster
from tests.desk.relay import Relay
from tests.e2e.desk.books import over
from tests.server.servers import NOON, made_up, run, until
from tests.server.stores.test_contract import brought, leaves, next_call, opened, until_true


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


def test_the_connections_are_made_behind_the_first_answer_and_kept(desk_store: str) -> None:
    async def story() -> None:
        store = PostgresStore(desk_store, 30.0)
        other = await asyncpg.connect(desk_store)

        async def are_made() -> bool:
            mine = (
                "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            made = await other.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}")
            return made == POOL + 1  # and the session that hears

        try:
            await store.load("an account")
            await until_true(are_made)
        finally:
            await other.close()
            await store.end()

    run(story())


def test_the_store_is_told_to_look_within_seconds_whether_a_replicas_machine_is_there(
    desk_store: str,
) -> None:
    async def story() -> None:
        session = Session(desk_store, lambda: None)
        try:
            pool = await session.pool()
            assert session._ear is not None
            for connection in [session._ear, *[await pool.acquire() for _ in range(POOL)]]:
                names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
                said = [await connection.fetchval(f"SHOW tcp_{name}") for name in names]
                assert said == ["4", "2", "3", "10000"]
        finally:
            await session.close()

    run(story())


def test_a_link_that_stands_still_is_given_up_within_seconds(
    postgres: Cluster, desk_store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is half open: what is said on it gets nowhere, and nobody ends it."""

    async def story() -> None:
        with Relay(postgres.port) as line:
            one, other = (
                PostgresStore(over(line, postgres, desk_store), 30.0),
                PostgresStore(desk_store, 30.0),
            )
            told: list[News] = []
            try:
                pool, beside = await opened(one), await opened(other)
                pool.listen(told.append)
                (call,) = (await leaves(pool, "A")).calls
                await pool.land(call.number, brought("A"), NOON)
                await until(lambda: bool(told) or pool.edition > 0)  # type: ignore[attr-defined]
                line.strand()
                begun = time.monotonic()
                await until(lambda: one._session.returns > 0)
                assert time.monotonic() - begun < 8
                (call,) = (await leaves(beside, "B")).calls
                await beside.land(call.number, brought("B"), NOON)
                await until(lambda: any("B" in news.snapshots for news in told))
                assert (await leaves(pool, "C")).calls
            finally:
                await one.end()
                await other.end()

    run(story())
    assert "The link to the desk's store stands still: TimeoutError." in caplog.text


def test_a_departure_and_a_landing_hold_the_books_for_three_round_trips(desk_store: str) -> None:
    """What locks them, what writes, and the commit: on a busy machine each costs what the scheduler takes."""

    async def story() -> None:
        store = PostgresStore(desk_store, 30.0)
        said: dict[object, list[str]] = {}
        try:
            pool = await opened(store)
            await until(lambda: len(store._session._made) == POOL)
            for connection in store._session._made:
                own = said.setdefault(connection, [])
                connection.add_query_logger(lambda asked, own=own: own.append(asked.query))
            (call,) = (await leaves(pool, "A")).calls
            await pool.land(call.number, brought("A"), NOON)
            await until(lambda: any("COMMIT;" in own and LAND in own for own in said.values()))
            await pool.note(lambda value, _: value, NOON)
        finally:
            await store.end()
        transactions = []
        for own in said.values():
            begun = [at for at, statement in enumerate(own) if statement == "BEGIN;"]
            transactions += [own[at + 1 : own.index("COMMIT;", at) + 1] for at in begun]
        assert [READ, DEPART, "COMMIT;"] in transactions
        assert [OPEN, LAND, "COMMIT;"] in transactions
        assert {len(one) for one in transactions} == {3}, transactions

    run(story())


def test_a_departure_waits_for_its_store_for_two_seconds_and_no_longer(
    desk_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a statement may take: commits may wait for a standby. What is committed after all was never spent."""
    monkeypatch.setattr(session, "COMMAND", 600.0)

    async def story() -> None:
        store = PostgresStore(desk_store, 30.0)
        other = await asyncpg.connect(desk_store)
        try:
            pool = await opened(store)
            async with other.transaction():
                await other.fetch("SELECT FROM account FOR UPDATE")
                with pytest.raises(StoreAway):
                    await leaves(pool, "A")
            assert (await next_call(pool)).symbols == ("A",)
            flying = "SELECT count(*) FROM call WHERE state = 'flying'"
            assert await other.fetchval(flying) == 1
        finally:
            await other.close()
            await store.end()

    run(story())


def test_what_the_store_will_never_take_ends_its_call_all_the_same(
    desk_store: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Else whoever waits for company waits until the call's lease ends."""

    async def story() -> None:
        one, other = PostgresStore(desk_store, 30.0), PostgresStore(desk_store, 30.0)
        told: list[News] = []
        try:
            pool, beside = await opened(one), await opened(other)
            beside.listen(told.append)
            (call,) = (await leaves(pool, "AB")).calls
            landing = brought("A")
            assert landing.fetched is not None
            never = landing.fetched._replace(exposures={"A": made_up("A", NOON, math.nan)})
            await pool.land(call.number, landing._replace(fetched=never), NOON)
            await until(lambda: bool(told))
            assert {symbol: error.code for symbol, error in told[0].failed.items()} == {
                "A": "internal",
                "B": "internal",
            }
            assert (await leaves(beside, "C")).calls  # nothing is in flight any more
        finally:
            await one.end()
            await other.end()

    run(story())
    assert "What a call has brought cannot be written: NotNullViolationError." in caplog.text


def test_news_of_a_store_that_lacks_the_last_is_heard_all_the_same(desk_store: str) -> None:
    """A standby that was promoted counts on from what it has."""

    async def story() -> None:
        one, other = PostgresStore(desk_store, 30.0), PostgresStore(desk_store, 30.0)
        told: list[News] = []
        try:
            pool, beside = await opened(one), await opened(other)
            beside.listen(told.append)
            (call,) = (await leaves(pool, "A")).calls
            await pool.land(call.number, brought("A"), NOON)
            await until(lambda: bool(told))
            operator = await asyncpg.connect(desk_store)
            await operator.execute("UPDATE account SET edition = 0; DELETE FROM call; DELETE FROM newest")
            await operator.close()
            assert isinstance(beside, PostgresPool)
            beside.hear()
            await until(lambda: beside.edition == 0)
            (call,) = (await leaves(pool, "B")).calls
            await pool.land(call.number, brought("B"), NOON)
            await until(lambda: "B" in told[-1].snapshots)
        finally:
            await one.end()
            await other.end()

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
