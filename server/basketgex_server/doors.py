"""Where a home's server can be asked: gRPC always; REST, and metrics and probes, where they are wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1.exposure_pb2_grpc import add_ExposureServiceServicer_to_server
from basketgex_server.addresses import address_of, is_loopback, metrics_address_of
from basketgex_server.api.limits import GRPC_OPTIONS
from basketgex_server.api.rest.listener import HttpServer, serve_http
from basketgex_server.api.roll import Roll
from basketgex_server.api.rpc.liveness import Liveness, stop
from basketgex_server.api.rpc.servicer import ExposureServicer
from basketgex_server.api.rpc.standard import HEALTH, SERVICE, Reflection
from basketgex_server.api.rpc.token import TokenInterceptor
from basketgex_server.binding import bind
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings
from basketgex_server.stores.meter import Meter

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from basketgex_server.api.metrics.metrics import Metrics, State
    from basketgex_server.tls import Tls

GRACE = 5.0
"""Seconds that requests under way may take once the server is told to end; those of a desk once its calls have landed."""

LAST = 1.0
"""Seconds that a probe under way may take at the end."""

OPTIONS = (
    *CHANNEL_OPTIONS,
    *GRPC_OPTIONS,
    ("grpc.so_reuseport", 0),
    # Without these some thousand calls at once are the most: the others are cancelled.
    ("grpc.server.max_pending_requests", 1 << 20),
    ("grpc.server.max_pending_requests_hard_limit", 1 << 20),
)


class Doors:
    """The doors of one server, which open to the home's ``token`` and to the people of the ``roll``. Raises BadSettings.

    ``patience``: seconds for which calls of the source that are under way may land; ``asked_at``: when somebody last asked, in
    monotonic seconds.
    """

    def __init__(
        self, token: str, roll: Roll, now: Callable[[], float], settings: Settings, patience: float
    ) -> None:
        self.asked_at = time.monotonic()
        self._token = token
        self._roll = roll
        self._now = now
        self._patience = patience
        self._gateway: HttpServer | None = None
        self._probes: HttpServer | None = None
        self._metrics = _make_metrics() if settings.metrics_listen else None
        self.meter = self._metrics or Meter()
        self._tls = _make_tls(settings) if settings.tls_certificate else None

    def asked(self) -> None:
        """Note that somebody asks."""
        self.asked_at = time.monotonic()

    def look(self) -> None:
        """Heed the TLS files where they have changed."""
        if self._tls is not None:
            self._tls.look()

    async def open(
        self, servicer: ExposureServicer, liveness: Liveness, settings: Settings
    ) -> tuple[str, str]:
        """Open to gRPC; return where: on this machine, and with TLS, if it does. Raises BadSettings."""
        interceptors: list[grpc.aio.ServerInterceptor]
        interceptors = [TokenInterceptor(self._token, self.asked, self._roll)]
        if self._metrics is not None:
            from basketgex_server.api.metrics.calls import CallMeter

            interceptors.insert(0, CallMeter(self._metrics.request_ended))
        self._server = grpc.aio.server(interceptors=interceptors, options=OPTIONS)
        add_ExposureServiceServicer_to_server(servicer, self._server)
        liveness.add_to(self._server)
        self._server.add_generic_rpc_handlers((Reflection((SERVICE, HEALTH)),))
        address, beyond = bind(self._server, settings, self._tls.credentials() if self._tls else None)
        await self._server.start()
        return address, beyond

    async def open_gateway(self, dispatcher: Dispatcher, settings: Settings) -> str:
        """Open to REST where that is wanted; return where, empty where it is not. Raises BadSettings."""
        if not settings.http_listen:
            return ""
        self.adopt(dispatcher, settings)

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(scope, receive, send)

        app: ASGIApp = front
        if self._metrics is not None:
            from basketgex_server.api.metrics.calls import metered

            app = metered(front, self._metrics.request_ended)
        where = address_of(settings.http_listen)
        self._gateway = await serve_http(app, *where, GRACE + self._patience)
        return self._gateway.address

    async def open_probes(
        self,
        settings: Settings,
        look: Callable[[float | None, bool | None], State],
        unready: Callable[[], str],
    ) -> str:
        """Open to probes and Prometheus where that is wanted; return where, empty where it is not. Raises BadSettings.

        ``look`` tells how the server stands, given when its certificate expires and whether that is what its
        files say; ``unready`` why nobody should ask it.
        """
        if self._metrics is None:
            return ""
        from basketgex_server.api.metrics.probes import make_app

        tls = self._tls
        self._metrics.look_at(lambda: look(tls.expires_at(), tls.is_current) if tls else look(None, None))
        host, port = metrics_address_of(settings.metrics_listen, settings.tls_certificate)
        context = None if tls is None or is_loopback(host) else tls.context()
        app = make_app(self._metrics, unready)
        self._probes = await serve_http(app, host, port, LAST, "metrics_listen", context)
        return self._probes.address

    async def close_probes(self) -> None:
        """Tell probes nothing more: the last door, since until then it tells that the server is ending."""
        if self._probes is not None:
            await self._probes.stop()

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


def _make_tls(settings: Settings) -> Tls:
    from basketgex_server.tls import Tls

    return Tls(settings)


def _make_metrics() -> Metrics:
    try:
        from basketgex_server.api.metrics.metrics import Metrics
    except ImportError as error:
        raise BadSettings(
            "metrics_listen needs the extra desk: run pip install '.[desk]' in the folder of this project, "
            "with the pip of basketgex's Python."
        ) from error
    return Metrics()
