"""HTTP inside the loop that serves gRPC too; beyond loopback with TLS only. uvicorn is loaded where somebody wants it."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from basketgex_server.addresses import is_loopback
from basketgex_server.errors import BadSettings

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

GRACE = 5.0
"""Seconds that requests under way may take once the server is told to end, unless it is said otherwise."""
LAST_WORD = 1.0
"""Seconds in which those that took longer are told that they get no answer."""
KEEP_ALIVE = 60
"""Seconds for which a connection without requests stays open."""
BACKLOG = 2_048


class HttpServer:
    """A server that runs; ``address`` is HOST:PORT."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._server = server
        self._told = asyncio.Event()
        self._listener = listener
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Take no more connections, let what is under way end, or be told after the grace that it will not, and close."""
        self._told.set()
        await self._running

    async def _run(self) -> None:
        # As uvicorn's own loop, but told to end at once instead of looking ten times a second.
        await self._server.startup(sockets=[self._listener])
        while not self._told.is_set():
            await self._server.on_tick(0)  # it keeps the Date header
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)
        await self._server.shutdown(sockets=[self._listener])
        if (
            late := self._server.server_state.tasks
        ):  # cancelled after the grace, they have their refusal to say
            await asyncio.wait(late, timeout=LAST_WORD)


async def serve_http(
    app: ASGIApp,
    host: str,
    port: int,
    grace: float = GRACE,
    setting: str = "http_listen",
    context: ssl.SSLContext | None = None,
) -> HttpServer:
    """Serve an application on an address of ``address_of``; it is bound on return. Raises BadSettings.

    ``grace``: seconds that requests under way may take once the server is told to end. ``setting``: which one the address is
    of. ``context``: that of TLS, without which the address must be on loopback.
    """
    import uvicorn

    from basketgex_server.api.rest.http_protocol import BoundedProtocol

    if context is None and not is_loopback(host):
        raise BadSettings(f"{setting} must be on loopback, such as 127.0.0.1:8080: HTTP has no TLS here.")
    listener = _bound(host, port, setting)
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # nothing of it on standard error
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,  # a query may carry the key
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=math.ceil(grace),
    )
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    return HttpServer(server, listener)


def _bound(host: str, port: int, setting: str = "http_listen") -> socket.socket:
    # Named as TCP, since asyncio turns off Nagle's delay (40 ms a reply) for sockets that say so only.
    listener = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        if os.name == "posix":  # elsewhere that would let others take the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"The server cannot listen there: the address of {setting} is in use, or not to be had."
        ) from error
    return listener
