"""The connections of one replica to the desk's store: a pool for what is asked, one session that hears and says "alive"."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from basketgex_server.errors import StoreAway

LOG = logging.getLogger(__name__)
CHANNEL = "basketgex"
LIVENESS = 42
"""The class of the advisory locks by which a replica says that it lives; their number is the replica's."""
SCHEMA_LOCK = 4_201
LAYOUT = 1
"""The version of ``schema.sql``, to be raised with each change of it in a release."""
POOL = 4
"""Connections; more would only queue for the same row."""
CONNECT, COMMAND = 2.0, 5.0
"""Seconds for a connection, and for a statement."""
LOOK = 0.5
"""Seconds between two looks whether the store is back, and whether another's call has landed unheard."""
BEHIND = 0.3
"""Seconds that a server which starts has for its first answers before it makes the other connections."""
UNHEARD = 10
"""Looks after which what has landed is read even where nothing was heard: news may be lost."""
AWAY = 2.0
"""Seconds for which a store that is away is waited for."""
BEAT, BEATEN = 4, 3.0
"""Looks after which the session that hears is asked whether it still stands, and seconds for its answer."""
KEEPALIVES = "SELECT " + ", ".join(
    f"set_config('tcp_{name}', '{value}', false)"
    for name, value in (
        ("keepalives_idle", 4),
        ("keepalives_interval", 2),
        ("keepalives_count", 3),
        ("user_timeout", 10_000),
    )
)
"""Has the store notice within 10 seconds that a replica's machine is gone, and free its locks; the system takes two hours.

Said on each connection and not when it is made: poolers refuse what they do not know.
"""
WANT = "SELECT desk_want($1, $2, $3, $4, $5, $6, $7, $8, $9)"
READ = "SELECT desk_read($1, $2)"
DEPART = "SELECT desk_depart($1, $2, $3, $4, $5::jsonb)"
"""What a replica says on its way to a call."""
OPEN = "SELECT desk_open($1, $2)"
LAND = "SELECT desk_land($1, $2, $3, $4::jsonb)"
"""And behind its answer."""
Connection = Any
T = TypeVar("T")
DOWN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that ends in the middle of an answer
)
"""What the store's absence looks like, and its disk's."""


class Session:
    """Connects when first asked to.

    ``told`` is called when something has landed, or may have been missed; ``took`` hears how long what was done took;
    ``password`` is asked at each connection, and raises OSError where there is none at the moment.
    """

    def __init__(
        self,
        url: str,
        told: Callable[[], None],
        took: Callable[[str, float], None] = lambda *_: None,
        password: Callable[[], str] | None = None,
    ) -> None:
        self.replica = secrets.randbelow(1 << 31)
        self.returns = 0
        """How often the store was gone, and came back."""
        self._url = url
        self._password = password
        self._told = told
        self._took = took
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._ear: asyncpg.Connection[asyncpg.Record] | None = None
        self._made: set[Connection] = set()  # those of the pool that stand
        self._is_filled = False
        self._opening = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"<Session of replica {self.replica}, {'up' if self.is_up else 'down'}>"

    @property
    def is_up(self) -> bool:
        """Whether the session that hears stands."""
        return self._ear is not None and not self._ear.is_closed()

    async def pool(self) -> asyncpg.Pool[asyncpg.Record]:
        """Return the pool. Raises what DOWN names."""
        async with self._opening:
            if self._pool is None:
                ear = await self._listen()
                try:
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        password=self._password,
                        min_size=1,
                        max_size=POOL,
                        max_inactive_connection_lifetime=0.0,
                        timeout=CONNECT,
                        command_timeout=COMMAND,
                        init=self._begin,
                        reset=_leave_as_it_is,
                    )
                except BaseException:
                    ear.terminate()
                    raise
                self.keep(self._watch())
        return self._pool

    async def _begin(self, connection: Connection) -> None:
        self._made.add(connection)
        connection.add_termination_listener(self._made.discard)
        await _warm(connection)

    def fill(self) -> None:
        """Make the other connections, behind what has been done with the first: none is to be made while others wait."""
        if not self._is_filled:
            self._is_filled = True
            self.keep(self._fill(BEHIND))

    async def _fill(self, after: float = 0.0) -> None:
        await asyncio.sleep(after)
        pool = await self.pool()
        made = await asyncio.gather(*(pool.acquire() for _ in range(POOL)), return_exceptions=True)
        for connection in made:
            if not isinstance(connection, BaseException):
                await pool.release(connection)

    async def run(self, work: Callable[[asyncpg.Pool[asyncpg.Record]], Coroutine[Any, Any, Any]]) -> Any:
        """Do some work that may be done twice; a store that is away is waited for a moment. Raises StoreAway."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + AWAY
        while True:
            try:
                return await self._do(work, "ask")
            except DOWN as error:
                if loop.time() + LOOK > ends:
                    LOG.warning("The desk's store is away: %s.", type(error).__name__)
                    raise StoreAway from error
                await asyncio.sleep(LOOK)

    async def within(self, work: asyncio.Task[T], ends: float) -> T:
        """Return what some work comes to, at the latest at a moment of the loop's time: then it is given up, and ends beside.

        Raises TimeoutError, and what the work raises.
        """
        try:
            async with asyncio.timeout_at(ends):
                return await asyncio.shield(work)
        except (TimeoutError, asyncio.CancelledError):
            work.cancel()
            raise

    def keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do some work beside, until the end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def until_done(
        self, work: Callable[[asyncpg.Pool[asyncpg.Record]], Coroutine[Any, Any, Any]], operation: str
    ) -> Any:
        """Do some work as often as it takes, however long the store is away."""
        while True:
            with suppress(*DOWN):
                return await self._do(work, operation)
            await asyncio.sleep(LOOK)

    async def close(self) -> None:
        """End what is done beside, and let go of the store: from now on this replica is dead to the others."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._ear is not None:
            self._ear.terminate()
        if self._pool is not None:
            self._pool.terminate()

    async def _do(
        self, work: Callable[[asyncpg.Pool[asyncpg.Record]], Coroutine[Any, Any, Any]], operation: str
    ) -> Any:
        pool, begun = await self.pool(), time.perf_counter()
        done = await work(pool)
        self._took(operation, time.perf_counter() - begun)
        return done

    async def _listen(self) -> Connection:
        ear = await asyncpg.connect(
            self._url, password=self._password, timeout=CONNECT, command_timeout=COMMAND
        )
        try:
            if self._pool is None:
                await _prepare(ear)
            await ear.execute(KEEPALIVES)
            await ear.execute("SELECT pg_advisory_lock($1, $2)", LIVENESS, self.replica)
            await ear.add_listener(CHANNEL, lambda *_: self._told())
        except BaseException:
            ear.terminate()
            raise
        if self._ear is not None:
            self.returns += 1
            LOG.info("The desk's store is back.")
        self._ear = ear
        self._told()
        return ear

    async def _watch(self) -> None:
        for look in count(1):
            await asyncio.sleep(LOOK)
            if look % BEAT == 0:
                await self._beat()
            if self.is_up:
                if look % UNHEARD == 0:
                    self._told()
                continue
            with suppress(*DOWN):
                await self._listen()
                await self._fill()

    async def _beat(self) -> None:
        """Let go of all connections where the one that hears gives no sign: a link that is half open never ends by itself."""
        ear = self._ear
        if ear is None or ear.is_closed():
            return
        try:
            await ear.fetchval("SELECT 1", timeout=BEATEN)
        except DOWN as error:
            LOG.warning("The link to the desk's store stands still: %s.", type(error).__name__)
            for connection in (ear, *self._made):
                connection.terminate()


async def _prepare(connection: Connection) -> None:
    """Make the tables and functions, one replica after another; those that a later version has made stay as they are."""
    schema = Path(__file__).with_name("schema.sql").read_text("utf-8")
    ours = LAYOUT, hashlib.sha256(schema.encode()).hexdigest()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
        if await connection.fetchval("SELECT to_regclass('layout')::text") is not None:
            made = tuple(await connection.fetchrow("SELECT version, digest FROM layout"))
            if made == ours or made[0] > LAYOUT:
                return
        await connection.execute(schema)
        await connection.execute("DELETE FROM layout")
        await connection.execute("INSERT INTO layout VALUES ($1, $2)", *ours)


async def _warm(connection: Connection) -> None:
    """Have a new connection do once, for nobody, what is done while others wait.

    The first time takes some 20 ms, longer than a window's quiet: what others want would come too late to share a call.
    """
    await connection.execute(KEEPALIVES)
    await connection.execute(WANT, "", 0, [], 0.0, [], [], [], [], [])
    await connection.execute(READ, "", 0)
    await connection.execute(DEPART, "", 0, 0.0, "", "{}")


async def _leave_as_it_is(connection: Connection) -> None:
    """Do nothing when a connection is given back: what is done on it leaves nothing, and a question would wait for it."""
