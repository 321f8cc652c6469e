"""An HTTP connection that is not waited for without end. Loaded with uvicorn, only where somebody wants the gateway."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from basketgex_server.api.limits import HTTP_REQUEST, MOST_HTTP


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol, with a time by which a request must have come whole, and a number of connections.

    Of too many, the one goes that has waited longest without asking anything.
    """

    _waiting_since = 0.0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection up."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > MOST_HTTP:
            others = [c for c in self.connections if isinstance(c, BoundedProtocol) and not c._is_busy()]
            min(others, key=lambda c: c._waiting_since).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take in what came: the rest of a request that has begun must follow in time."""
        super().data_received(data)
        if self._is_busy():
            self._forget()
        elif self._late is None:
            self._await_request()

    def on_response_complete(self) -> None:
        """Go on after a reply."""
        super().on_response_complete()
        self._waiting_since = self.loop.time()
        begun = self.conn.their_state is not h11.IDLE or bool(self.conn.trailing_data[0])
        if begun and not self._is_busy() and self._late is None:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._forget()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_request(self) -> None:
        self._waiting_since = self.loop.time()
        self._late = self.loop.call_later(HTTP_REQUEST, self.transport.abort)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
