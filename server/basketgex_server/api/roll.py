"""Whose token is whose, in memory: nothing on the warm path waits for the store. Draws a branch of the error tree::

BasketgexError
└── NotAllowed    PERMISSION_DENIED, not_allowed: only the home's own token may do that
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
from collections.abc import Callable
from typing import Protocol

from basketgex_server.dispatch.faults import fault
from basketgex_server.errors import BasketgexError, Internal
from basketgex_server.stores.port import Person

LOG = logging.getLogger(__name__)
EVERY = 1.0
"""Seconds after which it is read again, where there is anybody: a token that is revoked is refused within two."""
APART = 0.25
"""Seconds between two readings, whoever comes with what token."""
LASTS = 3_600.0
"""Seconds for which it holds while the store is away: nothing is spent meanwhile."""


class NotAllowed(BasketgexError):
    """A person asks for what concerns the server."""

    code = "not_allowed"
    reason = "PERMISSION_DENIED"

    def __init__(self) -> None:
        super().__init__("Only whoever runs this server may change it, end it or see its settings.")


class KeepsPeople(Protocol):
    """What a store has for this."""

    async def people(self) -> list[Person]:
        """Return who may ask."""


class Roll:
    """The people who may ask, as the store had them a moment ago. ``now`` gives Unix seconds.

    Where there is nobody it is read only for a token that nobody is known to have: a home without people pays nothing for it.
    """

    __slots__ = ("_began", "_by_digest", "_coming", "_next", "_now", "_read_at", "_store", "_turn")

    def __init__(self, store: KeepsPeople, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._by_digest: dict[str, Person] = {}
        # The last reading, and the last that succeeded, in the loop's time.
        self._began = self._read_at = -math.inf
        self._coming: asyncio.Task[BasketgexError | None] | None = None  # a reading that has not begun yet
        self._turn = asyncio.Lock()
        self._next = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Roll of {len(self._by_digest)} people>"

    def __bool__(self) -> bool:
        """Whether anybody is on it."""
        return bool(self._by_digest)

    def who(self, token: bytes) -> str | None:
        """Return whose token this is, as far as is known."""
        person = self._by_digest.get(digest_of(token))
        is_stale = asyncio.get_running_loop().time() > self._read_at + LASTS
        if person is None or is_stale or (person.until is not None and self._now() >= person.until):
            return None
        return person.name

    async def find(self, token: bytes) -> str | None:
        """Return whose token this is; the store is asked where that is not known. Raises StoreUnavailable."""
        if (known := self.who(token)) is not None:
            return known
        error = await asyncio.shield(self._read_soon())
        if (known := self.who(token)) is None and error is not None:
            raise error
        return known

    async def until_revoked(self, token: bytes) -> None:
        """Wait until a token is nobody's any more."""
        while self.who(token) is not None:
            await self._next.wait()

    def look(self) -> None:
        """Begin to read again, if it is time."""
        if self._by_digest and asyncio.get_running_loop().time() >= self._began + EVERY:
            self._read_soon()

    def close(self) -> None:
        """End a reading that has not begun."""
        if self._coming is not None:
            self._coming.cancel()

    def _read_soon(self) -> asyncio.Task[BasketgexError | None]:
        """Return a reading that has not begun yet, so that it has whatever is in the store by now."""
        if self._coming is None:
            self._coming = asyncio.get_running_loop().create_task(self._read())
        return self._coming

    async def _read(self) -> BasketgexError | None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._began + APART - loop.time())
            self._coming, self._began = None, loop.time()
            try:
                self._by_digest = {person.digest: person for person in await self._store.people()}
                self._read_at = self._began
            except BasketgexError as error:
                return error
            except Exception as error:  # noqa: BLE001 - the next reading may succeed
                LOG.error("The people could not be read: %s.", fault(error))
                return Internal()
            finally:
                self._next.set()
                self._next = asyncio.Event()
        return None


def digest_of(token: bytes) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token).hexdigest()
