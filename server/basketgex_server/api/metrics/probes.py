"""``/metrics``, ``/livez`` and ``/readyz``: open as the health service is, and as silent about who asks for what."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from basketgex_server.api.metrics.metrics import Metrics

NEVER = {"Cache-Control": "no-store"}


def make_app(metrics: Metrics, unready: Callable[[], str]) -> Starlette:
    """Return the application; ``unready`` says in a word why nobody should ask this server, empty where they may."""

    async def tell(request: Request) -> Response:
        return Response(metrics.text(), headers=NEVER, media_type=CONTENT_TYPE_LATEST)

    async def live(request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=NEVER)  # it can say so: the loop turns

    async def ready(request: Request) -> Response:
        why = unready()
        return PlainTextResponse(f"{why or 'ok'}\n", 503 if why else 200, headers=NEVER)

    return Starlette(routes=[Route("/metrics", tell), Route("/livez", live), Route("/readyz", ready)])
