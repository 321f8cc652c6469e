"""The REST door: FlashAlpha's contract over HTTP, for every SDK, script and dashboard that speaks it.

It answers on loopback only: the Host header must name this machine and the port, and an Origin header must be loopback's
too, so that no web page reaches it by a name of its own. There are no CORS headers. Every address but ``/health`` and
``/openapi.json``, which tell nothing of anybody's figures, wants a token, in ``X-Api-Key`` or as ``apiKey``: the home's, or a
person's, who then pays.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from functools import cache, lru_cache
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from basketgex_server.addresses import is_loopback
from basketgex_server.api.reply_cache import ReplyCache
from basketgex_server.api.rest import refusals
from basketgex_server.api.rest.asking import Asking, Work, encoded
from basketgex_server.api.rest.directory import Directory
from basketgex_server.api.rest.directory_bodies import Health
from basketgex_server.api.rest.figures import MEASURES, Figures
from basketgex_server.api.rest.shapes import Body
from basketgex_server.api.rest.views import Views
from basketgex_server.api.roll import Roll
from basketgex_server.dispatch.dispatcher import Dispatcher, fault
from basketgex_server.dispatch.people import ASKS
from basketgex_server.dispatch.quota import QuotaStatus
from basketgex_server.errors import (
    BasketgexError,
    Draining,
    Internal,
    NotOffered,
)
from basketgex_server.settings import Settings

LOG = logging.getLogger(__name__)
NOT_OFFERED = (
    *("/optionquote/", "/historical/", "/v1/adv_volatility/", "/v1/earnings/", "/v1/expected-move/"),
    *(f"/v1/exposure/{what}/" for what in ("history", "narrative", "oi-diff")),
    *("/v1/flow/", "/v1/liquidity/", "/v1/macro/", "/v1/pricing/", "/v1/screener", "/v1/stock/"),
    *("/v1/strategies/", "/v1/structures/", "/v1/surface/", "/v1/volatility/", "/v1/vrp/"),
)
"""What FlashAlpha has and this server does not, whatever its source: a 404 would say that a symbol has no data."""
SYMBOL = "{symbol:path}"
"""A ticker in an address, which may have a stroke in it: BRK/B."""

_JSON = "application/json; charset=utf-8"

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def make_app(
    dispatcher: Dispatcher,
    settings: Settings,
    token: str,
    roll: Roll,
    now: Callable[[], float],
    asked: Callable[[], None],
) -> Starlette:
    """Return the gateway over a dispatcher. ``now`` gives Unix seconds; ``asked`` hears of every request with a token.

    ``token`` is the home's, ``roll`` has those of people.
    """
    door = ApiKeyGuard(token, roll, asked, dispatcher, now)
    asking = Asking(dispatcher, settings.request_timeout)
    figures, views = Figures(asking, ReplyCache(dispatcher, now)), Views(asking)
    directory = Directory(asking, now)
    keyed: dict[str, Work] = {
        "/v1/exposure/basket": figures.basket,
        **{f"/v1/exposure/{measure}/{SYMBOL}": figures.strikes(measure) for measure in MEASURES},
        f"/v1/exposure/levels/{SYMBOL}": figures.levels,
        f"/v1/exposure/summary/{SYMBOL}": figures.summary,
        f"/v1/exposure/zero-dte/{SYMBOL}": views.zero_dte,
        f"/v1/exposure/term-structure/{SYMBOL}": views.term_structure,
        f"/v1/exposure/sheet/{SYMBOL}": views.sheet,
        f"/v1/maxpain/{SYMBOL}": views.max_pain,
        f"/v1/options/{SYMBOL}": views.options,
        f"/stockquote/{SYMBOL}": directory.quote,
        "/v1/dispersion": directory.dispersion,
        "/v1/symbols": directory.symbols,
        "/v1/tickers": directory.tickers,
        "/v1/universe": directory.universe,
        "/v1/account": directory.account,
    }
    routes: list[BaseRoute] = [
        *(_get(path, door.keyed(work)) for path, work in keyed.items()),
        *(
            Route(f"{path}{{rest:path}}", door.keyed(_not_offered), methods=["GET", "POST"])
            for path in NOT_OFFERED
        ),
        _get("/health", _fixed(Health())),
        _get("/openapi.json", _document),
    ]
    app = Starlette(
        routes=routes, middleware=[Middleware(LoopbackOnly)], exception_handlers={HTTPException: _unknown}
    )
    app.router.redirect_slashes = False
    return app


class ApiKeyGuard:
    """What every request with a key passes: the key, then on the way out the quota's headers and the errors' bodies."""

    def __init__(
        self,
        token: str,
        roll: Roll,
        asked: Callable[[], None],
        dispatcher: Dispatcher,
        now: Callable[[], float],
    ) -> None:
        self._token = token.encode()
        self._roll = roll
        self._asked = asked
        self._dispatcher = dispatcher
        self._now = now

    def keyed(self, work: Work) -> Endpoint:
        """Return the endpoint around what works out its reply."""

        async def endpoint(request: Request) -> Response:
            try:
                if (person := await self._who(request)) is None:
                    return _reply(401, encoded(refusals.Unauthorized()), {})
            except BasketgexError as away:
                # Whose token it is cannot be told: nor what is left of the day.
                status, why, headers = refusals.problem(away, None, self._now())
                return _reply(status, encoded(why), headers)
            ASKS.set(person)
            self._asked()
            self._dispatcher.counts.rest_requests += 1
            refused: BasketgexError
            try:
                body = await work(request)
                return _reply(200, body, refusals.rate_limits(await self._quota()))
            except BasketgexError as error:
                refused = error
            except asyncio.CancelledError:  # the server ends, and this has outlasted its grace
                refused = Draining()
            except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
                LOG.error("A request failed: %s.", fault(error))
                refused = Internal()
            return await self._refusal(refused)

        return endpoint

    async def _who(self, request: Request) -> str | None:
        """Return whose token a request has, "" of the home's, None where it is nobody's. Raises StoreUnavailable."""
        given = (request.headers.get("x-api-key") or request.query_params.get("apiKey", "")).encode()
        if hmac.compare_digest(given, self._token):
            return ""
        return await self._roll.find(given) if given else None

    async def _quota(self) -> QuotaStatus:
        # Not dispatcher.quota(), which waits for the ledger too: the headers need nothing of it.
        return (await self._dispatcher.cache()).quota.status(self._now())

    async def _refusal(self, error: BasketgexError) -> Response:
        quota: QuotaStatus | None = None
        try:
            quota = await self._quota()
        except Exception as also:  # noqa: BLE001 - the refusal matters more
            LOG.error("The quota is not known: %s.", fault(also))
        status, body, headers = refusals.problem(error, quota, self._now())
        return _reply(status, encoded(body), headers | (refusals.rate_limits(quota) if quota else {}))


class LoopbackOnly:
    """Rejects requests whose Host header is not this loopback address, which guards against DNS rebinding."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with what is wrong with its address."""
        if scope["type"] != "http":
            return
        port, hosts, app = scope["server"][1], [], self._app
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == b"origin" and not _is_ours(value, None):
                app = _STRANGE_ORIGIN
        if len(hosts) != 1 or not _is_ours(b"http://" + hosts[0], port):
            app = _STRANGE_HOST
        await app(scope, receive, send)


@lru_cache(maxsize=64)
def _is_ours(address: bytes, port: int | None) -> bool:
    """Tell whether an origin such as ``http://localhost:8080`` is loopback, and of this port where one is given."""
    try:
        parts = urlsplit(address.decode("ascii"))
        host, its_port = parts.hostname or "", parts.port or 80
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return bare and is_loopback(host) and port in (None, its_port)


def _get(path: str, endpoint: Endpoint) -> Route:
    route = Route(path, endpoint, methods=["GET"])
    route.methods = {"GET"}  # starlette adds HEAD, which the contract does not have
    return route


def _fixed(body: Body) -> Endpoint:
    content = encoded(body)

    async def endpoint(request: Request) -> Response:
        return _reply(200, content, {})

    return endpoint


async def _document(request: Request) -> Response:
    """Answer with what there is: worked out when somebody asks for it, since it takes as long to load as all else here."""
    return _reply(200, await asyncio.to_thread(_described), {})


@cache
def _described() -> bytes:
    from basketgex_server.api.rest.openapi import DOCUMENT

    return encoded(DOCUMENT)


async def _unknown(request: Request, error: Exception) -> Response:
    """Answer what no route does."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        body = refusals.Error(error="method_not_allowed", message="Only GET is answered here.")
        return _reply(405, encoded(body), {"Allow": "GET"})
    body = refusals.Error(
        error="not_found", message="There is nothing at this address: /openapi.json names what there is."
    )
    return _reply(404, encoded(body), {})


async def _not_offered(request: Request) -> bytes:
    raise NotOffered("FlashAlpha has this, and this server does not: /openapi.json names what there is.")


def _reply(status: int, body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, status, headers, media_type=_JSON)


_STRANGE_HOST, _STRANGE_ORIGIN = (
    _reply(403, encoded(refusals.Error(error=error, message=message)), {})
    for error, message in (
        ("host_refused", "The gateway answers to 127.0.0.1 and its own port only."),
        ("origin_refused", "The gateway answers no web page of another origin."),
    )
)
