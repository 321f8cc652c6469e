"""Every address against everything that must not come in, over raw sockets to a real host."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from itertools import product

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message

from basketgex_addin.web.guard import MOST_BODY, PageGuard
from basketgex_addin.web.keys import key, make_ticket
from tests.addin.web.hosts import WebHost

POSTS = (
    *("/sheet/enter", "/sheet/evaluate", "/sheet/news", "/sheet/refresh", "/sheet/open", "/sheet/save"),
    *("/sheet/refresh-shown", "/sheet/end", "/sheet/try"),
)
GETS = (
    *("/sheet/functions", "/sheet/status", "/sheet/books", "/sheet/books/watchlist"),
    *("/sheet/report", "/sheet/doctor", "/sheet/gateway"),
)
PAGES = ("/", "/status", "/try", "/static/sheet.js", "/assets/0/react.js", "/no/such")
Change = Callable[[dict[str, str], str], None]


def ask(
    host: WebHost, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, str, bytes]:
    """Send a request as it stands; return the status, the headers and the body of the reply."""
    address, port = host.running.http.removeprefix("http://").split(":")
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection((address, int(port)), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode("latin1") + body)
        with connection.makefile("rb") as reply:
            found = reply.read()
    head, _, rest = found.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin1").lower(), rest


def proper(host: WebHost, path: str, size: int = 2) -> dict[str, str]:
    headers = {"Host": host.running.http.removeprefix("http://"), "Connection": "close"}
    if path.startswith("/sheet/"):
        headers["Authorization"] = f"Bearer {host.key}"
        headers["Sec-Fetch-Site"] = "same-origin"
        headers["Origin"] = host.running.http
    if path in POSTS:
        headers |= {"Content-Type": "application/json", "Content-Length": str(size)}
    return headers


def without(name: str) -> Change:
    return lambda headers, port: headers.pop(name, None) and None


def with_(name: str, value: str) -> Change:
    return lambda headers, port: headers.update({name: value.replace("PORT", port)})


KEYS = {
    "no key": without("Authorization"),
    "another key": with_("Authorization", f"Bearer {key('guessed')}"),
    "an empty key": with_("Authorization", "Bearer "),
    "another scheme": with_("Authorization", "Basic Og=="),
    "not of this alphabet": with_("Authorization", "Bearer \xe9"),
}
ORIGINS = {
    "a foreign origin": with_("Origin", "https://example.com"),
    "an origin of another port": with_("Origin", "http://127.0.0.1:1"),
    "no origin at all": with_("Origin", "null"),
    "https": with_("Origin", "https://127.0.0.1:PORT"),
    "another site": with_("Sec-Fetch-Site", "cross-site"),
    "another port of this site": with_("Sec-Fetch-Site", "same-site"),
    "typed": with_("Sec-Fetch-Site", "none"),
}
HOSTS = {
    "a name of somebody's": with_("Host", "example.com:PORT"),
    "another port": with_("Host", "127.0.0.1:1"),
    "no port": with_("Host", "127.0.0.1"),
    "any address": with_("Host", "0.0.0.0:PORT"),
    "a name that begins so": with_("Host", "127.0.0.1.example.com:PORT"),
    "empty": with_("Host", ""),
}
KINDS = {
    "text": with_("Content-Type", "text/plain"),
    "a form": with_("Content-Type", "application/x-www-form-urlencoded"),
    "none": without("Content-Type"),
    "only begins so": with_("Content-Type", "application/jsonp"),
}


def refused(host: WebHost, path: str, change: Change, status: int) -> None:
    headers = proper(host, path)
    change(headers, headers["Host"].rpartition(":")[2])
    found, _, body = ask(
        host, "POST" if path in POSTS else "GET", path, headers, b"{}" if path in POSTS else b""
    )
    assert found == status
    assert host.key.encode() not in body


@pytest.mark.parametrize(("path", "what"), [*product((*POSTS[1:], *GETS), KEYS)])
def test_without_the_key(host: WebHost, path: str, what: str) -> None:
    refused(host, path, KEYS[what], 401)


@pytest.mark.parametrize(("path", "what"), [*product((*POSTS, *GETS), ORIGINS)])
def test_from_another_origin(host: WebHost, path: str, what: str) -> None:
    refused(host, path, ORIGINS[what], 403)


@pytest.mark.parametrize(("path", "what"), [*product((*POSTS, *GETS, *PAGES), HOSTS)])
def test_for_another_host(host: WebHost, path: str, what: str) -> None:
    refused(host, path, HOSTS[what], 403)


@pytest.mark.parametrize(("path", "what"), [*product(POSTS, KINDS)])
def test_of_another_kind(host: WebHost, path: str, what: str) -> None:
    refused(host, path, KINDS[what], 415)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        *product(POSTS, ("GET", "PUT", "DELETE", "OPTIONS", "PATCH")),
        *product((*GETS, "/", "/status", "/try"), ("POST", "PUT", "DELETE", "OPTIONS", "PATCH")),
    ],
)
def test_by_another_method(host: WebHost, path: str, method: str) -> None:
    headers = proper(host, path) | {"Content-Type": "application/json", "Content-Length": "2"}
    status, head, _ = ask(host, method, path, headers, b"{}")
    assert status == 405
    assert "access-control" not in head


@pytest.mark.parametrize("path", POSTS)
def test_too_large(host: WebHost, path: str) -> None:
    assert ask(host, "POST", path, proper(host, path, MOST_BODY + 1))[0] == 413
    assert ask(host, "POST", path, proper(host, path, 10**12))[0] == 413


@pytest.mark.parametrize("path", POSTS)
def test_too_large_in_pieces(host: WebHost, path: str) -> None:
    """A size that is not declared is counted as it comes; what is too much is not waited for."""
    headers = proper(host, path) | {"Transfer-Encoding": "chunked"}
    del headers["Content-Length"]
    piece = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    assert ask(host, "POST", path, headers, piece * 8 + b"1\r\n \r\n")[0] == 413


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"page":1}', b"\xff", b"[" * 100_000])
def test_not_to_be_understood(host: WebHost, path: str, body: bytes) -> None:
    status, _, said = ask(host, "POST", path, proper(host, path, len(body)), body)
    assert (status, json.loads(said)) == (
        400,
        {"problem": "This request cannot be understood: reload the page."},
    )


def test_a_header_given_twice(host: WebHost) -> None:
    """Which of two would count is not left to chance."""
    headers = proper(host, "/sheet/status") | {"AUTHORIZATION": "Bearer x"}
    assert ask(host, "GET", "/sheet/status", headers)[0] == 401


def enter(host: WebHost, ticket: str) -> tuple[int, bytes]:
    body = json.dumps({"ticket": ticket}).encode()
    headers = proper(host, "/sheet/enter", len(body))
    del headers["Authorization"]
    status, _, said = ask(host, "POST", "/sheet/enter", headers, body)
    return status, said


def test_a_ticket_is_traded_once(host: WebHost) -> None:
    ticket = make_ticket(host.key, host.running.boot)
    assert enter(host, ticket) == (200, json.dumps({"key": host.key}, separators=(",", ":")).encode())
    assert enter(host, ticket)[0] == 401


def test_tickets_that_are_refused(host: WebHost) -> None:
    late = make_ticket(host.key, host.running.boot, lambda: 0.0)
    other = make_ticket(host.key, "another start")
    forged = make_ticket(key("guessed"), host.running.boot)
    for ticket in (late, other, forged, "", "x", host.key):
        assert enter(host, ticket)[0] == 401


@pytest.mark.parametrize("path", [*PAGES, *POSTS, *GETS])
def test_every_reply_is_shut(host: WebHost, path: str) -> None:
    """Refusals too: no page may frame ours, no script of others runs in it, and nobody is told where one came from."""
    for headers in (proper(host, path), {"Host": "example.com", "Connection": "close"}):
        _, head, _ = ask(host, "GET", path, headers)
        assert "content-security-policy: default-src 'none'; script-src 'self'; " in head
        assert "frame-ancestors 'none'" in head
        assert "unsafe-eval" not in head
        assert "referrer-policy: no-referrer" in head
        assert "x-content-type-options: nosniff" in head
        assert "set-cookie" not in head
        assert "access-control" not in head
        assert "server:" not in head


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2fguard.py",
        "/static/%2e%2e/guard.py",
        "/static/..",
        "/static/.",
        "/assets/x/..%2f..%2fguard.py",
    ],
)
def test_no_other_file_is_sent(host: WebHost, path: str) -> None:
    assert ask(host, "GET", path, proper(host, path))[0] == 404


@pytest.mark.parametrize(
    ("port", "name", "status"),
    [(80, "[::1]", 200), (80, "[::1]:80", 200), (8080, "[::1]", 403), (80, "example.com", 403)],
)
def test_browsers_leave_the_standard_port_out(port: int, name: str, status: int) -> None:
    guard = PageGuard(PlainTextResponse("whole"), lambda: "key", ("[::1]",))
    request = {"type": "http", "method": "GET", "path": "/", "scheme": "http", "server": ("::1", port)}
    told: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        told.append(message)

    asyncio.run(guard({**request, "headers": [(b"host", name.encode())]}, receive, send))
    assert told[0]["status"] == status
