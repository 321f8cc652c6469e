"""The REST door: FlashAlpha's contract over HTTP, for every SDK, script and dashboard that speaks it.

It answers on loopback only: the Host header must name this machine and the port, and an Origin header must be loopback's
too, so that no web page reaches it by a name of its own. There are no CORS headers. Every address but ``/health`` and
``/openapi.json``, which tell nothing of anybody's figures, wants the home's token, in ``X-Api-Key`` or as ``apiKey``.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from basketgex_server.api import rest_bodies as bodies
from basketgex_server.api.http import is_loopback
from basketgex_server.api.openapi import DOCUMENT
from basketgex_server.api.warm import WarmReplies
from basketgex_server.dispatch.answers import answer_one
from basketgex_server.dispatch.dispatcher import Dispatcher, Findings, Found, Refresh, fault
from basketgex_server.dispatch.quota import QuotaStatus
from basketgex_server.domain import StrikeRow, basket, ticker
from basketgex_server.errors import (
    BadRequest,
    BasketgexError,
    Draining,
    Internal,
    NoData,
    NotOffered,
    SourceUnavailable,
    TimedOut,
)
from basketgex_server.settings import Settings

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels

LOG = logging.getLogger(__name__)
MOST_SYMBOLS = 50
"""Distinct symbols of a basket, by the contract."""
MEASURES: tuple[bodies.Measure, ...] = ("gex", "dex", "vex", "chex")
NOT_OFFERED = (
    *("/optionquote/", "/historical/", "/v1/adv_volatility/", "/v1/earnings/", "/v1/expected-move/"),
    *(f"/v1/exposure/{what}/" for what in ("history", "narrative", "oi-diff")),
    *("/v1/flow/", "/v1/liquidity/", "/v1/macro/", "/v1/pricing/", "/v1/screener", "/v1/stock/"),
    *("/v1/strategies/", "/v1/structures/", "/v1/surface/", "/v1/volatility/", "/v1/vrp/"),
)
"""What FlashAlpha has and this server does not, whatever its source: a 404 would say that a symbol has no data."""

_JSON = "application/json; charset=utf-8"
_LONGEST_KEPT = 4_096  # bytes of a query whose reply is kept: the longest sensible basket has half of that
_WEIGHT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_BAD_KEY = {"title": "Unauthorized", "status": 401, "detail": "Invalid API key."}

Work: TypeAlias = Callable[[Request], Awaitable[bytes]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class SymbolNotFound(NoData):
    """The one symbol of a question has no data."""

    code = "symbol_not_found"


class InvalidParameter(BadRequest):
    """A query parameter that cannot be read."""

    code = "invalid_parameter"


def make_app(
    dispatcher: Dispatcher,
    settings: Settings,
    token: str,
    now: Callable[[], float],
    asked: Callable[[], None],
) -> Starlette:
    """Return the gateway over a dispatcher. ``now`` gives Unix seconds; ``asked`` hears of every request with the token."""
    door, gateway = _Door(token, asked, dispatcher, now), _Gateway(dispatcher, settings, now)
    routes: list[BaseRoute] = [
        _get("/v1/exposure/basket", door.keyed(gateway.basket)),
        *(
            _get(f"/v1/exposure/{measure}/{{symbol:path}}", door.keyed(gateway.strikes(measure)))
            for measure in MEASURES
        ),
        _get("/v1/exposure/levels/{symbol:path}", door.keyed(gateway.levels)),
        _get("/v1/exposure/summary/{symbol:path}", door.keyed(gateway.summary)),
        _get("/v1/account", door.keyed(gateway.account)),
        *(
            Route(f"{path}{{rest:path}}", door.keyed(_not_offered), methods=["GET", "POST"])
            for path in NOT_OFFERED
        ),
        _get("/health", _fixed({"status": "Healthy"})),
        _get("/openapi.json", _fixed(DOCUMENT)),
    ]
    app = Starlette(
        routes=routes, middleware=[Middleware(_Loopback)], exception_handlers={HTTPException: _unknown}
    )
    app.router.redirect_slashes = False
    return app


class _Gateway:
    """The contract's endpoints: from a request to the bytes of its reply. What stands in the way is raised."""

    def __init__(self, dispatcher: Dispatcher, settings: Settings, now: Callable[[], float]) -> None:
        self._dispatcher = dispatcher
        self._timeout = settings.request_timeout
        self._warm: WarmReplies[bytes] = WarmReplies(dispatcher, now)

    async def basket(self, request: Request) -> bytes:
        query: bytes = request.scope["query_string"]
        if (warm := self._warm.get(query)) is not None:
            return warm
        tokens = ",".join(request.query_params.getlist("symbols")).split(",")
        symbols = [token for token in tokens if token.strip()]
        question = basket(symbols, _weights(request.query_params.getlist("weights")), MOST_SYMBOLS)
        answer = await answer_one(self._dispatcher, question, Refresh.NORMAL, self._timeout)
        self._dispatcher.answered([len(question.symbols)])
        body = _encoded(bodies.basket(answer))
        if len(query) <= _LONGEST_KEPT:
            self._warm.keep(query, answer, body)
        return body

    def strikes(self, measure: bodies.Measure) -> Work:
        async def work(request: Request) -> bytes:
            symbol, least = ticker(request.path_params["symbol"]), _least_interest(request)
            if request.query_params.get("expiration"):
                raise NotOffered("Figures of one expiration are not to be had: leave expiration out.")
            if not self._dispatcher.source.has_strikes:
                raise NotOffered(
                    "This source has no figures for each strike: ask for summary or basket instead."
                )
            found, findings = await self._find(symbol, strikes=True)
            rows = found.snapshot.exposure.strikes
            if not rows:  # the net figures are stored, and the source cannot be asked for the rest
                raise SourceUnavailable(
                    "There are no figures for each strike at the moment. Ask again later."
                )
            kept: Sequence[StrikeRow] = [
                r for r in rows if r.call_open_interest + r.put_open_interest >= least
            ]
            known = await self._levels_or_why(symbol) if measure == "gex" else None
            return _encoded(bodies.strikes(measure, found, findings.origin, kept, known))

        return work

    async def levels(self, request: Request) -> bytes:
        symbol = ticker(request.path_params["symbol"])
        found, findings = await self._find(symbol)
        return _encoded(bodies.levels(found, findings.origin, await self._levels(symbol)))

    async def summary(self, request: Request) -> bytes:
        symbol = ticker(request.path_params["symbol"])
        found, findings = await self._find(symbol)
        known, whole = await self._levels_or_why(symbol), self._dispatcher.source.has_strikes
        return _encoded(bodies.summary(found, findings.origin, known, whole_chain=whole))

    async def account(self, request: Request) -> bytes:
        quota, _ = await self._dispatcher.quota()
        return _encoded(bodies.account(quota))

    async def _find(self, symbol: str, *, strikes: bool = False) -> tuple[Found, Findings]:
        findings = await self._dispatcher.find([symbol], timeout=self._timeout, strikes=strikes)
        if 0 in findings.refused:
            raise findings.refused[0]
        if symbol in findings.failed:
            raise findings.failed[symbol]
        if symbol not in findings.found:
            raise SymbolNotFound(f"The source has no data for {symbol}: check the spelling.")
        return findings.found[symbol], findings

    async def _levels(self, symbol: str) -> Levels:
        try:
            async with asyncio.timeout(self._timeout):
                known = await self._dispatcher.levels(symbol)
        except TimeoutError:
            raise TimedOut from None
        if known is None:
            raise SymbolNotFound(f"The source has no levels of {symbol}: check the spelling.")
        return known

    async def _levels_or_why(self, symbol: str) -> Levels | str:
        """Return the levels, or the code of what stands in their way: the rest of the reply does without them."""
        try:
            return await self._levels(symbol)
        except BasketgexError as error:
            return error.code


class _Door:
    """What every request with a key passes: the key, then on the way out the quota's headers and the errors' bodies."""

    def __init__(
        self, token: str, asked: Callable[[], None], dispatcher: Dispatcher, now: Callable[[], float]
    ) -> None:
        self._token = token.encode()
        self._asked = asked
        self._dispatcher = dispatcher
        self._now = now

    def keyed(self, work: Work) -> Endpoint:
        """Return the endpoint around what works out its reply."""

        async def endpoint(request: Request) -> Response:
            if not self._knows(request):
                return _reply(401, _encoded(_BAD_KEY), {})
            self._asked()
            self._dispatcher.counts.rest_requests += 1
            refused: BasketgexError
            try:
                body = await work(request)
                return _reply(200, body, bodies.rate_limits(await self._quota()))
            except BasketgexError as error:
                refused = error
            except asyncio.CancelledError:  # the server ends, and this has outlasted its grace
                refused = Draining()
            except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
                LOG.error("A request failed: %s.", fault(error))
                refused = Internal()
            return await self._refusal(refused)

        return endpoint

    def _knows(self, request: Request) -> bool:
        given = request.headers.get("x-api-key") or request.query_params.get("apiKey", "")
        return hmac.compare_digest(given.encode(), self._token)

    async def _quota(self) -> QuotaStatus:
        # Not dispatcher.quota(), which waits for the ledger too: the headers need nothing of it.
        return (await self._dispatcher.shelf()).quota.status(self._now())

    async def _refusal(self, error: BasketgexError) -> Response:
        quota: QuotaStatus | None = None
        try:
            quota = await self._quota()
        except Exception as also:  # noqa: BLE001 - the refusal matters more
            LOG.error("The quota is not known: %s.", fault(also))
        status, body, headers = bodies.problem(error, quota, self._now())
        return _reply(status, _encoded(body), headers | (bodies.rate_limits(quota) if quota else {}))


class _Loopback:
    """Refuses whatever was not meant for this machine's own address: a page of somebody's who points a name of his at it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
    return bare and (host == "localhost" or is_loopback(host)) and port in (None, its_port)


def _get(path: str, endpoint: Endpoint) -> Route:
    route = Route(path, endpoint, methods=["GET"])
    route.methods = {"GET"}  # starlette adds HEAD, which the contract does not have
    return route


def _fixed(body: dict[str, Any]) -> Endpoint:
    content = _encoded(body)

    async def endpoint(request: Request) -> Response:
        return _reply(200, content, {})

    return endpoint


async def _unknown(request: Request, error: Exception) -> Response:
    """Answer what no route does."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        body = bodies.refusal("method_not_allowed", "Only GET is answered here.")
        return _reply(405, _encoded(body), {"Allow": "GET"})
    body = bodies.refusal("not_found", "There is nothing at this address: /openapi.json names what there is.")
    return _reply(404, _encoded(body), {})


async def _not_offered(request: Request) -> bytes:
    raise NotOffered("FlashAlpha has this, and this server does not: /openapi.json names what there is.")


def _weights(given: list[str]) -> list[float] | None:
    """Return the weights of a query, what is no number as NaN: that is refused in its turn."""
    if not given:
        return None
    tokens = [token.strip() for token in ",".join(given).split(",")]
    return [float(token) if _WEIGHT.fullmatch(token) else float("nan") for token in tokens]


def _least_interest(request: Request) -> int:
    text = request.query_params.get("min_oi", "").strip()
    if text and not _WHOLE.fullmatch(text):
        raise InvalidParameter("min_oi must be a whole number of 0 or more.", argument="min_oi")
    return int(text or 0)


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _reply(status: int, body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, status, headers, media_type=_JSON)


_STRANGE_HOST = _reply(
    403,
    _encoded(bodies.refusal("host_refused", "The gateway answers to 127.0.0.1 and its own port only.")),
    {},
)
_STRANGE_ORIGIN = _reply(
    403, _encoded(bodies.refusal("origin_refused", "The gateway answers no web page of another origin.")), {}
)
