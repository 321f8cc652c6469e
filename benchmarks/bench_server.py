"""A server for the benchmarks: the real one with an echo beside its service, or a bare one with the echo alone.

``python -m benchmarks.bench_server real|bare HOME`` prints the ready line.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import grpc.aio

ECHO = "/benchmarks.Echo/Echo"


def add_echo(server: grpc.aio.Server) -> None:
    async def echo(request: bytes, context: object) -> bytes:
        return request

    handler = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("benchmarks.Echo", {"Echo": handler}),)
    )


def real(home: Path) -> None:
    gc.disable()  # as the command serve does
    from basketgex.home import Home
    from basketgex_server import lifecycle
    from basketgex_server.settings import Settings
    from basketgex_server.sources.factory import make_source

    create = grpc.aio.server

    def with_echo(*arguments: object, **options: object) -> grpc.aio.Server:
        server = create(*arguments, **options)
        add_echo(server)
        return server

    grpc.aio.server = with_echo
    lifecycle.serve(Home(home), Settings(idle_stop=600.0), make_source, lifecycle.announce)


def bare(home: Path) -> None:
    async def run() -> None:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_echo(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(json.dumps({"grpc": f"127.0.0.1:{port}"}), flush=True)
        await server.wait_for_termination(600)

    asyncio.run(run())


if __name__ == "__main__":
    modes: dict[str, Callable[[Path], None]] = {"real": real, "bare": bare}
    modes[sys.argv[1]](Path(sys.argv[2]))
