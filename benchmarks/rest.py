"""A warm basket over REST, against a bare Starlette endpoint that returns the same bytes.

``python -m benchmarks.rest real|bare HOME`` is either server; it prints the ready line.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from basketgex.home import Home
from benchmarks.calls import NAMES
from benchmarks.pairs import Result, compare

CALLS = 500
PATH = f"/v1/exposure/basket?symbols={','.join(NAMES)}&weights=1,1,2,3,5,8"


class Client:
    """One connection, and no more work on this side than sending bytes and waiting for as many as the first reply had."""

    def __init__(self, address: str, token: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {PATH} HTTP/1.1\r\nHost: {address}\r\nX-Api-Key: {token}\r\n\r\n".encode()
        self._length = 0

    def body(self) -> bytes:
        """Ask once and read the reply as HTTP has it."""
        self._socket.sendall(self._request)
        found = b""
        while b"\r\n\r\n" not in found:
            found += self._socket.recv(1 << 16)
        head, _, body = found.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(
            int(line.split(b":")[1])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += self._socket.recv(1 << 16)
        self._length = len(head) + 4 + length
        return body

    def call(self) -> None:
        self._socket.sendall(self._request)
        left = self._length
        while left:
            left -= len(self._socket.recv(1 << 16))

    def p50(self) -> float:
        taken = []
        for _ in range(CALLS):
            begin = time.perf_counter()
            self.call()
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken) * 1e3

    def close(self) -> None:
        self._socket.close()


def measure(folder: Path) -> Iterator[Result]:
    home = folder / "rest"
    with ExitStack() as stack:
        ours = Client(stack.enter_context(_serving("real", home)), Home(home).token())
        stack.callback(ours.close)
        ours.body()
        (home / "body.json").write_bytes(ours.body())  # the second: the first one's debit is no part of it
        theirs = Client(stack.enter_context(_serving("bare", home)), "-")
        stack.callback(theirs.close)
        assert theirs.body() == ours.body()
        against = "a bare Starlette endpoint returning the same bytes"
        yield compare("warm basket over REST, p50", against, 1.5, ours.p50, theirs.p50)


@contextmanager
def _serving(mode: str, home: Path) -> Iterator[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BASKETGEX_")}
    command = [sys.executable, "-m", "benchmarks.rest", mode, str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["http"]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _real(home: Path) -> None:
    from basketgex_server import lifecycle
    from basketgex_server.settings import Settings
    from basketgex_server.sources.factory import make_source

    settings = Settings(idle_stop=600.0, http_listen="127.0.0.1:0")
    lifecycle.serve(Home(home), settings, make_source, lifecycle.announce)


def _bare(home: Path) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from basketgex_server.api.rest.listener import serve_http

    body = (home / "body.json").read_bytes()

    async def endpoint(request: Request) -> Response:
        return Response(body, media_type="application/json")

    async def run() -> None:
        server = await serve_http(Starlette(routes=[Route("/v1/exposure/basket", endpoint)]), "127.0.0.1", 0)
        print(json.dumps({"http": server.address}), flush=True)
        await asyncio.sleep(600)

    asyncio.run(run())


if __name__ == "__main__":
    modes: dict[str, Callable[[Path], None]] = {"real": _real, "bare": _bare}
    modes[sys.argv[1]](Path(sys.argv[2]))
