"""What all addresses share: how a request is read, how it is answered, and that nothing of ours reaches a page by a fault."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from basketgex import __version__
from basketgex_addin.web import assets
from basketgex_addin.web.guard import SENTENCES, refuse

FAULT = "The web host failed to answer. Reload the page, and run basketgex doctor if it fails again."

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that is understood to be wrong; ``status`` says how."""

    def __init__(self, status: int) -> None:
        super().__init__(SENTENCES[status])
        self.status = status


def guarded(answer: Endpoint) -> Endpoint:
    """Return what answers an address, behind the last guard."""

    async def within(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            return refuse(refused.status)
        except Exception:  # noqa: BLE001 - the last guard: nothing of ours may reach a page
            return reply({"problem": FAULT}, 500)

    return within


async def read(request: Request, kind: type[T]) -> T:
    """Return what a request says. Raises Refused where that cannot be understood."""
    try:
        body = await request.body()
        body.decode()  # what is read later as it is, is not looked at yet
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400) from None


def reply(said: Any, status: int = 200) -> Response:
    """Return an answer as JSON, which nobody keeps."""
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(said), status, headers, "application/json")


def page(name: str, status: int = 200, **words: str) -> Response:
    """Return a page of ours; it holds nothing of anybody's but its version."""
    text = (assets.STATIC / name).read_text("utf-8").replace("OWN_VERSION", __version__)
    for word, value in words.items():
        text = text.replace(word, value)
    return Response(text, status, {"Cache-Control": "no-cache"}, "text/html")
