"""The guard before every address: a page of another origin, or a program without the key, gets nothing.

Any page that a browser shows can send requests to this machine, and any program on it can connect. The Host header must name
this listener (which guards against DNS rebinding); data addresses also want the key in a header that no page may send to
another origin without asking first, and nobody is ever told yes.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

DATA = "/sheet/"
"""Below it lies what wants the key."""
ENTER = "/sheet/enter"
"""Where a ticket is traded for the key; it wants all the rest."""
MOST_BODY = 8 << 20
"""Bytes of a request."""
_DIGITS = 12
SLOWEST = 20.0
"""Seconds by which a request's body must have come whole."""
STANDARD = {"http": 80, "https": 443}
NAMES = ("127.0.0.1", "localhost")
"""What this machine may be called in a Host header."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Our pages load what this host serves and nothing else. Univer writes style attributes; it needs no eval."""

HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}

SENTENCES = {
    400: "This request cannot be understood: reload the page.",
    401: "This page has no key: open it with basketgex web.",
    403: "Only the pages of this address may ask it.",
    404: "There is nothing of that name.",
    408: "The request did not arrive in time: try again.",
    413: "Too much was asked at once: ask for less.",
    415: "Ask with Content-Type: application/json.",
}


class PageGuard:
    """Lets requests through to an application that it has reason to trust. ``key`` is looked up for each."""

    def __init__(self, app: ASGIApp, key: Callable[[], str], names: tuple[str, ...] = NAMES) -> None:
        self._app = app
        self._key = key
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in HEADERS.items() if header[0] not in given),
                ]
            await send(message)

        status = self._refusal(scope)
        if not status and scope["method"] == "POST":
            status, receive = await _whole(scope, receive)
        if status:
            await refuse(status)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> int:
        """Return the status with which a request is refused, 0 where it is not. A header given twice counts as wrong."""
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            headers[name] = b"" if name in headers else value
        port = scope["server"][1]
        hosts = {f"{name}:{port}" for name in self._names}
        if port == STANDARD[scope["scheme"]]:  # which a browser leaves out
            hosts.update(self._names)
        host = headers.get(b"host", b"").decode("latin1").lower()
        if host not in hosts:
            return 403
        if not scope["path"].startswith(DATA):
            return 0
        own = f"{scope['scheme']}://{host}".encode()
        if (
            headers.get(b"origin", own) != own
            or headers.get(b"sec-fetch-site", b"same-origin") != b"same-origin"
        ):
            return 403
        if scope["method"] == "POST":
            kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
            if kind != b"application/json":
                return 415
        if scope["path"] != ENTER:
            said = b"Bearer " + self._key().encode()
            if not hmac.compare_digest(headers.get(b"authorization", b""), said):
                return 401
        return 0


def refuse(status: int) -> JSONResponse:
    """Return a refusal, as one sentence."""
    return JSONResponse({"problem": SENTENCES[status]}, status)


async def _whole(scope: Scope, receive: Receive) -> tuple[int, Receive]:
    """Take in a request's body; return the status with which it is refused, or 0, and how the application gets it."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if not declared.isdigit() or len(declared) > _DIGITS or int(declared) > MOST_BODY:
        return 413, receive
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(SLOWEST):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 400, receive
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MOST_BODY:
                    return 413, receive
                more = message.get("more_body", False)
    except TimeoutError:
        return 408, receive
    body: list[Message] = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

    async def again() -> Message:
        return body.pop() if body else await receive()

    return 0, again
