"""An HTTP connection that is not waited for without end: uvicorn's own takes a header for ever, a byte at a time."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LATEST = 30.0
"""Seconds in which a request must have come whole: longer than the guard waits for a body, which says so."""
_COMING = (h11.IDLE, h11.SEND_BODY)


class PromptProtocol(H11Protocol):
    """uvicorn's protocol, with a time by which a request must have come whole, whoever reads it."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection up, which is to ask something."""
        super().connection_made(transport)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """Take in what came: the rest of a request that has begun must follow in time."""
        super().data_received(data)
        if self.conn.their_state not in _COMING:
            self._forget()
        elif self._late is None:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._forget()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._late = self.loop.call_later(LATEST, self.transport.abort)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
