"""Where a home's server can be asked: gRPC always, REST where that is wanted. Opened before anybody is told, closed in turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1.exposure_pb2_grpc import add_ExposureServiceServicer_to_server
from basketgex_server.addresses import address_of
from basketgex_server.api.limits import GRPC_OPTIONS
from basketgex_server.api.rest.listener import HttpServer, serve_http
from basketgex_server.api.roll import Roll
from basketgex_server.api.rpc.liveness import Liveness, stop
from basketgex_server.api.rpc.servicer import ExposureServicer
from basketgex_server.api.rpc.standard import HEALTH, SERVICE, Reflection
from basketgex_server.api.rpc.token import TokenInterceptor
from basketgex_server.binding import bind
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

GRACE = 5.0
"""Seconds that requests under way may take once the server is told to end; those of a desk once its calls have landed."""

OPTIONS = (
    *CHANNEL_OPTIONS,
    *GRPC_OPTIONS,
    ("grpc.so_reuseport", 0),
    # Without these some thousand calls at once are the most: the others are cancelled.
    ("grpc.server.max_pending_requests", 1 << 20),
    ("grpc.server.max_pending_requests_hard_limit", 1 << 20),
)


class Doors:
    """The doors of one server, which open to the home's ``token`` and to the people of the ``roll``.

    ``patience``: seconds for which calls of the source that are under way may land; ``asked_at``: when somebody last asked, in
    monotonic seconds.
    """

    def __init__(self, token: str, roll: Roll, now: Callable[[], float], patience: float) -> None:
        self.asked_at = time.monotonic()
        self._token = token
        self._roll = roll
        self._now = now
        self._patience = patience
        self._gateway: HttpServer | None = None

    def asked(self) -> None:
        """Note that somebody asks."""
        self.asked_at = time.monotonic()

    async def open(
        self, servicer: ExposureServicer, liveness: Liveness, settings: Settings
    ) -> tuple[str, str]:
        """Open to gRPC; return where: on this machine, and with TLS, if it does. Raises BadSettings."""
        interceptor = TokenInterceptor(self._token, self.asked, self._roll)
        self._server = grpc.aio.server(interceptors=[interceptor], options=OPTIONS)
        add_ExposureServiceServicer_to_server(servicer, self._server)
        liveness.add_to(self._server)
        self._server.add_generic_rpc_handlers((Reflection((SERVICE, HEALTH)),))
        address, beyond = bind(self._server, settings)
        await self._server.start()
        return address, beyond

    async def open_gateway(self, dispatcher: Dispatcher, settings: Settings) -> str:
        """Open to REST where that is wanted; return where, empty where it is not. Raises BadSettings."""
        if not settings.http_listen:
            return ""
        self.adopt(dispatcher, settings)

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(scope, receive, send)

        where = address_of(settings.http_listen)
        self._gateway = await serve_http(front, *where, GRACE + self._patience)
        return self._gateway.address

    def adopt(self, dispatcher: Dispatcher, settings: Settings) -> None:
        """Answer from another dispatcher."""
        if settings.http_listen:
            self._app = self._make_app(dispatcher, settings)

    async def close(self, landed: Awaitable[None] | None) -> None:
        """Let nobody in, and those inside out once what they wait for has ``landed``."""
        stopping = stop(self._server, landed, self._patience, GRACE)
        await asyncio.gather(stopping, *([self._gateway.stop()] if self._gateway else []))

    def _make_app(self, dispatcher: Dispatcher, settings: Settings) -> ASGIApp:
        from basketgex_server.api.rest.app import (
            make_app,  # a quarter of a second to load, for those who want it
        )

        return make_app(dispatcher, settings, self._token, self._roll, self._now, self.asked)
