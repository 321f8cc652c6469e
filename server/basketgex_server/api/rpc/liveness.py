"""What the standard health service tells: of the server, and by the name ``store`` of where it keeps its books. And its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import grpc.aio
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import OVERALL_HEALTH
from grpc_health.v1.health import aio as health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from basketgex_server.api.rpc.standard import SERVICE, STORE


class Liveness:
    """A server's health. A store that is away makes no server unready: what is known is shown without it."""

    def __init__(self) -> None:
        self._servicer = health.HealthServicer()
        self._said: dict[str, bool] = {}

    def add_to(self, server: grpc.aio.Server) -> None:
        """Let a server tell it."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def tell(self, *, ready: bool, store: bool) -> None:
        """Tell whether the server may be asked, and whether its store can be reached."""
        for name, well in ((SERVICE, ready), (OVERALL_HEALTH, ready), (STORE, store)):
            if self._said.get(name) != well:
                self._said[name] = well
                status = HealthCheckResponse.SERVING if well else HealthCheckResponse.NOT_SERVING
                await self._servicer.set(name, status)

    async def end(self) -> None:
        """Tell from now on that the server is ending."""
        await self._servicer.enter_graceful_shutdown()


async def stop(
    server: grpc.aio.Server, landed: Awaitable[None] | None, patience: float, grace: float
) -> None:
    """Take no more calls, and let those under way end: what has ``landed`` within the patience is answered within the grace.

    Others, such as somebody who watches the health, keep the server no longer than that (seconds).
    """
    stopping = asyncio.ensure_future(server.stop(patience + grace))
    if landed is not None:
        await landed
    await asyncio.wait([stopping], timeout=grace)
    if not stopping.done():
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        await server.stop(None)
