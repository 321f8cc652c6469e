"""Nobody holds a connection by being slow: over real sockets to the host's own protocol and guard, its patience made short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import cycle

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from uvicorn.server import ServerState

from basketgex_addin.web import guard, host, http_protocol

SHORT = 0.3
"""Seconds in which a request must have come here."""
FAR = 20.0
"""Seconds after which a connection counts as held for ever."""
PIECE = 0.01
"""Seconds between two bytes of a slow client."""
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[object]]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "LATEST", SHORT)


async def answer(request: Request) -> Response:
    await request.body()
    return PlainTextResponse("whole")


async def think(request: Request) -> Response:
    """A reply that takes longer than a request may: a page that waits for news."""
    await asyncio.sleep(2 * SHORT)
    return PlainTextResponse("whole")


def served(client: Client) -> object:
    """Let a client loose on a host; return what it does."""

    async def run() -> object:
        routes = [Route("/think", think), Route("/{any:path}", answer, methods=["GET", "POST"])]
        config = host._config(guard.PageGuard(Starlette(routes=routes), lambda: "key"))
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config, state, {}), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.timeout(FAR):
                return await client(reader, writer, f"127.0.0.1:{port}")
        finally:
            writer.close()
            server.close()

    return asyncio.run(run())


async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str, rest: str) -> bytes:
    """Send ``head`` at once, and then ``rest`` byte by byte, for ever; return what came until the connection was closed."""
    writer.write(head.encode())
    said = b""
    for byte in cycle(rest.encode()):
        try:
            piece = await asyncio.wait_for(reader.read(1 << 16), PIECE)
        except TimeoutError:
            writer.write(bytes((byte,)))
            continue
        except ConnectionResetError:
            return said
        if not piece:
            return said
        said += piece
    raise AssertionError


POST = "POST /sheet/x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer key\r\nContent-Type: application/json\r\n"
SLOW = {
    "a request line": ("", "GET"),
    "headers": ("GET / HTTP/1.1\r\nHost: {}\r\n", "X-Slow: 1\r\n"),
    "a header after a reply": ("GET / HTTP/1.1\r\nHost: {}\r\n\r\nGET", "x"),
    "a body that nobody reads": ("GET /no/such HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000\r\n\r\n", "x"),
    "a body that is refused": (POST.replace("key", "none") + "Content-Length: 100000\r\n\r\n", "x"),
    "a body": (POST + "Content-Length: 100000\r\n\r\n", "x"),
    "a body in pieces": (POST + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_slow_client_is_let_go(what: str) -> None:
    head, rest = SLOW[what]
    served(lambda reader, writer, at: dribble(reader, writer, head.format(at), rest))


def test_a_client_that_says_nothing_is_let_go() -> None:
    assert served(lambda reader, writer, at: reader.read()) == b""


def test_the_guard_says_what_was_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body that does not come: the connection ends a little later."""
    monkeypatch.setattr(guard, "SLOWEST", SHORT / 3)
    head = POST + "Content-Length: 100000\r\n\r\n"
    said = served(lambda reader, writer, at: dribble(reader, writer, head.format(at), "x"))
    assert isinstance(said, bytes) and said.startswith(b"HTTP/1.1 408 ")
    assert guard.SENTENCES[408].encode() in said


def test_a_whole_request_has_all_the_time_it_needs() -> None:
    """Neither a reply that takes long nor a pause between two requests ends a connection."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, at: str) -> list[bytes]:
        said = []
        for path in ("/think", "/"):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {at}\r\n\r\n".encode())
            said.append((await reader.readuntil(b"whole")).split(b"\r\n")[0])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 2 * SHORT)
        return said

    assert served(ask) == [b"HTTP/1.1 200 OK"] * 2
