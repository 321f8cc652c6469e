"""The end of a server: what has landed is answered, and nobody who only watches keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from basketgex.home import CHANNEL_OPTIONS
from basketgex_server.api.rpc.liveness import Liveness, stop
from tests.server.servers import PATIENCE, run

CHECK = health_pb2.HealthCheckRequest()
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def told(story: Callable[[grpc.aio.Server, Liveness, health_pb2_grpc.HealthStub], Awaitable[None]]) -> None:
    async def over_a_server() -> None:
        server, alive = grpc.aio.server(), Liveness()
        alive.add_to(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await alive.tell(ready=True, store=True)
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
            try:
                await story(server, alive, health_pb2_grpc.HealthStub(channel))
            finally:
                await server.stop(None)

    run(over_a_server())


def test_whoever_watches_its_health_does_not_keep_a_server() -> None:
    async def story(server: grpc.aio.Server, alive: Liveness, stub: health_pb2_grpc.HealthStub) -> None:
        watch = stub.Watch(CHECK)
        assert (await watch.read()).status == SERVING
        landing = asyncio.Event()

        async def landed() -> None:
            await landing.wait()

        await alive.end()
        assert (await watch.read()).status == NOT_SERVING
        stopping = asyncio.ensure_future(stop(server, landed(), PATIENCE, 0.01))
        await asyncio.wait([stopping], timeout=0.1)
        assert not stopping.done()  # a call is under way
        landing.set()
        await stopping
        with pytest.raises(grpc.aio.AioRpcError):
            await watch.read()

    told(story)


def test_without_calls_under_way_it_ends_at_once() -> None:
    async def story(server: grpc.aio.Server, alive: Liveness, stub: health_pb2_grpc.HealthStub) -> None:
        assert (await stub.Check(CHECK)).status == SERVING
        await stop(server, None, 0.0, 2 * PATIENCE)

    told(story)


def test_the_store_is_told_by_its_name() -> None:
    async def story(server: grpc.aio.Server, alive: Liveness, stub: health_pb2_grpc.HealthStub) -> None:
        await alive.tell(ready=True, store=False)
        of_store = health_pb2.HealthCheckRequest(service="store")
        assert (await stub.Check(of_store)).status == NOT_SERVING
        assert (await stub.Check(CHECK)).status == SERVING
        await alive.tell(ready=False, store=True)
        assert (await stub.Check(of_store)).status == SERVING
        assert (await stub.Check(CHECK)).status == NOT_SERVING

    told(story)
