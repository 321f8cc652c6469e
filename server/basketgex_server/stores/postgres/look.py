"""What a desk's store looks like to who has to see to it, before its servers need it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from basketgex_server.stores.postgres.session import COMMAND, CONNECT, DOWN, Connection


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found: ``fault`` where it cannot be reached, or does not do as a store of ours has to.

    ``version`` is PostgreSQL's; ``ahead`` are the seconds by which its clock is ahead of this computer's.
    """

    fault: str = ""
    version: str = ""
    ahead: float = 0.0


async def look(url: str, password: Callable[[], str] | None, now: Callable[[], float]) -> Looked:
    """Look at the store at ``url``, and change nothing; ``now`` gives Unix seconds."""
    try:
        one, other = await asyncio.gather(_connected(url, password), _connected(url, password))
    except DOWN as error:
        return Looked(f"cannot be reached ({type(error).__name__})")
    try:
        begun = now()
        at = await one.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
        ahead = at - (begun + now()) / 2
        if await are_one(one, other):
            return Looked(
                "is behind a pooler in transaction mode, and servers listen on sessions of their own"
            )
        return Looked(version=await one.fetchval("SHOW server_version"), ahead=ahead)
    except DOWN as error:
        return Looked(f"does not answer ({type(error).__name__})")
    finally:
        one.terminate()
        other.terminate()


async def are_one(one: Connection, other: Connection) -> bool:
    """Tell whether two connections are served by one session in turn, as a pooler in transaction mode has it."""
    asked = "SELECT pg_backend_pid()"
    return bool(await one.fetchval(asked) == await other.fetchval(asked))


async def _connected(url: str, password: Callable[[], str] | None) -> Connection:
    return await asyncpg.connect(
        url, password=password, timeout=CONNECT, command_timeout=COMMAND, statement_cache_size=0
    )
