"""A stand-in for the FlashAlpha service: its public contract over real HTTP, with counted debits and scripted faults.

``with Upstream() as upstream: … upstream.url …`` serves on 127.0.0.1 from a thread. Faults are for the next calls, one each:
``upstream.script(reset(), status(502))``. HTTP is spoken by hand, since faults reach down to the socket. Not a copy of the
project's own arithmetic: aggregates are exact fractions, rounded once.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import math
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from http import HTTPStatus
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

KEY = "fa-test-7c1f9e02b6d84a55"
PATIENCE = 30.0
"""Seconds by which whatever a test waits for has long happened."""
PLANS: dict[str, int | None] = {"Free": 5, "Basic": 100, "Growth": 2_500, "Alpha": None}
RANKS = tuple(PLANS)
SEATS = 50
DAY = 86_400
MEASURES = ("net_gex", "net_dex", "net_vex", "net_chex")
ENDPOINT_VERSION = "2026.08.25"


class Figures(NamedTuple):
    """One name's exposures as the service publishes them: VEX per 1.00 of volatility."""

    underlying_price: float
    net_gex: float
    net_dex: float
    net_vex: float
    net_chex: float


def figures(symbol: str) -> Figures:
    """Figures that the symbol alone determines: whole numbers for every other name, negative GEX for some."""
    parts = struct.unpack(">5I12x", hashlib.sha256(symbol.encode()).digest())
    price = 5 + parts[0] % 99_500 / 100
    raw = [(p / 2**32 - bias) * scale for p, bias, scale in zip(
        parts[1:], (0.4, 0.3, 0.5, 0.6), (6e9, 4e10, 2e11, 4e7), strict=True)]  # fmt: skip
    return Figures(price, *(map(round, raw) if parts[0] % 2 else raw))


@dataclass(frozen=True)
class Call:
    """A call as the service saw it. ``order`` counts from 1; ``charged`` whether it cost a debit.

    ``beside``: the others (by order) that were under way when it came, their replies not begun.
    """

    order: int
    path: str
    symbols: tuple[str, ...]
    charged: bool
    headers: Mapping[str, str]
    query: Mapping[str, str]
    beside: tuple[int, ...] = ()


@dataclass
class Reply:
    """What is about to be sent.

    ``cut_at``: so many bytes of the body and no more, and before the connection ends ``holds`` is waited for; ``reset``:
    nothing but a reset; ``closes``: the connection ends with it.
    """

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    reset: bool = False
    closes: bool = False
    holds: Callable[[], Awaitable[None]] | None = None

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    """A call on its way through the service."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass
class Fault:
    """What happens to one call: ``before`` it is looked at, and to the ``change``d reply. ``answer`` replaces the service.

    An ``answer`` that is not ``charged`` costs no debit.
    """

    before: Callable[[], Awaitable[None]] | None = None
    answer: Reply | None = None
    charged: bool = True
    change: Callable[[Reply], Reply] = lambda reply: reply


class Gate:
    """Shut until opened; a call that waits at it has been counted."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        """Let every call pass, now and later."""
        with self._changed:
            self._is_open = True
            for loop, passed in self._waiting:
                with suppress(RuntimeError):  # the service may have ended
                    loop.call_soon_threadsafe(passed.set)

    def wait_entered(self, count: int = 1) -> None:
        """Wait until so many calls have come to it."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._waiting) >= count, PATIENCE)
            assert came, "no call came to the gate"

    async def __call__(self) -> None:
        passed = asyncio.Event()
        with self._changed:
            self._waiting.append((asyncio.get_running_loop(), passed))
            self._changed.notify_all()
            if self._is_open:
                passed.set()
        await passed.wait()


# -- faults ------------------------------------------------------------------------------------------------------------


def slow(seconds: float) -> Fault:
    """A reply that takes its time."""
    return Fault(before=lambda: asyncio.sleep(seconds))


def gated(gate: Gate) -> Fault:
    """A reply that comes when the gate opens; the debit is counted before."""
    return Fault(before=gate)


def reset() -> Fault:
    """The connection is reset instead of a reply; the debit is counted."""
    return Fault(change=lambda reply: replace(reply, reset=True))


def cut_off(at: int = 40) -> Fault:
    """The connection ends in the middle of the body."""
    return Fault(change=lambda reply: replace(reply, cut_at=at))


def halted(gate: Gate, at: int = 40) -> Fault:
    """Nothing more comes after so many bytes of the body; the connection ends when the gate opens."""
    return Fault(change=lambda reply: replace(reply, cut_at=at, holds=gate))


def truncated() -> Fault:
    """A reply in good HTTP whose JSON ends too early."""
    return Fault(change=lambda reply: replace(reply, body=reply.encoded()[:-30]))


def garbled(body: bytes, code: int = 200) -> Fault:
    """Any bytes as the body."""
    return Fault(change=lambda reply: replace(reply, status=code, body=body))


def html(code: int = 200) -> Fault:
    """An error page, as a proxy in between makes it."""
    page = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
    headers = {"content-type": "text/html"}
    return Fault(answer=Reply(code, page, headers))


def status(code: int, body: Any = None, *, charged: bool = True, **headers: str) -> Fault:
    """A status with a body; a header's name is written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(answer=Reply(code, {} if body is None else body, named), charged=charged)


def rate_limited(retry_after: str | None = "1") -> Fault:
    """A 429 about the rate of calls, not the day's quota."""
    headers = {} if retry_after is None else {"retry_after": retry_after}
    return status(429, {"error": "rate_limited", "message": "Slow down."}, charged=False, **headers)


def edited(edit: Callable[[dict[str, Any]], None]) -> Fault:
    """The good reply, edited in place: wrong types, nulls, duplicate rows."""

    def change(reply: Reply) -> Reply:
        body = json.loads(reply.encoded())
        edit(body)
        return replace(reply, body=body)

    return Fault(change=change)


# -- the service -------------------------------------------------------------------------------------------------------


class Refused(Exception):
    def __init__(self, code: int, body: Any, **headers: str) -> None:
        super().__init__(code)
        self.reply = Reply(code, body, {k.replace("_", "-"): v for k, v in headers.items()})


class Upstream:
    """The service. All attributes may be changed while it serves.

    ``nothing``: symbols without data; ``cold``: symbols missing from the first call that names them; ``uncovered``: symbols
    that the plan does not cover; ``published``: figures instead of those that a symbol determines. ``latency``: seconds that
    every call takes. ``account_costs``: whether ``/v1/account`` costs a debit, which the public material leaves open.
    """

    def __init__(
        self,
        *,
        plan: str = "Growth",
        key: str = KEY,
        limit: int | None = None,
        port: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.plan = plan
        self.key = key
        self.limit = PLANS[plan] if limit is None else limit
        self.now = now
        self.nothing: set[str] = set()
        self.cold: set[str] = set()
        self.uncovered: set[str] = set()
        self.published: dict[str, Figures] = {}
        self.latency = 0.0
        self.account_costs = False
        self.data_as_of: dict[str, Any] | None = None
        self.calls: list[Call] = []
        self.connections = 0
        self.disconnections = 0
        self.url = ""
        self._port = port
        self._used = 0
        self._under_way: set[int] = set()
        self._day = -1
        self._faults: deque[Fault] = deque()
        self._changed = threading.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: dict[str, Callable[[Request, str], Reply]] = {
            "/v1/exposure/basket": self._basket,
            "/v1/exposure/levels/": self._levels,
            "/v1/account": self._account,
            "/health": lambda request, rest: Reply(200, {"status": "Healthy"}),
        }
        """By path, or by its beginning where it ends in "/"; what follows that is the second argument."""
        self.free_routes = {"/health"}
        """Without key, quota and faults."""

    # -- for tests

    def script(self, *faults: Fault) -> None:
        """Give the next calls these faults, one each."""
        self._faults.extend(faults)

    @property
    def debits(self) -> int:
        """Calls that cost one."""
        with self._changed:
            return sum(call.charged for call in self.calls)

    @property
    def asked(self) -> list[tuple[str, ...]]:
        """The symbols of each basket call."""
        with self._changed:
            return [call.symbols for call in self.calls if call.path == "/v1/exposure/basket"]

    @property
    def used(self) -> int:
        """The day's debits, spent by other programs too."""
        self._new_day()
        return self._used

    def spend(self, count: int) -> None:
        """Spend debits as another program would."""
        self._new_day()
        self._used += count

    def answer(self, path: str, query: Mapping[str, str]) -> Reply:
        """What the service would reply, without a call, a key or a debit."""
        return self._routed(path, Request(path, query, {}))

    def wait_calls(self, count: int) -> None:
        """Wait until so many calls have come in."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, PATIENCE), "they never came"

    def __enter__(self) -> Self:
        self._up = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="upstream", daemon=True
        )
        self._thread.start()
        assert self._up.wait(PATIENCE), "the stand-in did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the stand-in did not end"

    # -- HTTP

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        listener = socket.create_server(("127.0.0.1", self._port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = await asyncio.start_server(self._connected, sock=listener)
        self._up.set()
        await self._stopping.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.disconnections += 1

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether the connection lives on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        parts = urlsplit(target)
        query = {n: v[0] for n, v in parse_qs(parts.query, keep_blank_values=True).items()}
        reply = await self._answer(method, Request(unquote(parts.path), query, headers))
        if reply.reset:
            # Lingering for no time is what makes it a reset.
            writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            writer.transport.abort()
            return False
        body = reply.encoded()
        fields = {"content-type": "application/json; charset=utf-8", **self._quota_headers(), **reply.headers}
        if (
            "gzip" in headers.get("accept-encoding", "")
            and "content-encoding" not in fields
            and reply.cut_at is None
        ):
            body = gzip.compress(body, 1)
            fields["content-encoding"] = "gzip"
        fields["content-length"] = str(len(body))
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body[: reply.cut_at])
        await writer.drain()
        if reply.holds is not None:
            await reply.holds()
        return reply.cut_at is None and not reply.closes and headers.get("connection", "").lower() != "close"

    async def _answer(self, method: str, request: Request) -> Reply:
        path = request.path
        route = next((r for r in self.routes if path == r or (r.endswith("/") and path.startswith(r))), None)
        if method != "GET" or route is None:
            return Reply(404 if route is None else 405, {"title": "Not Found", "status": 404})
        if route in self.free_routes:
            return self.routes[route](request, "")
        fault = self._faults.popleft() if self._faults else Fault()
        problem = None if fault.answer else self._refusal(request)
        costs = path != "/v1/account" or self.account_costs
        charged = costs and (fault.charged if fault.answer else problem is None)
        order = self._count(request, charged)
        self._under_way.add(order)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault.before is not None:
                await fault.before()
        finally:
            self._under_way.discard(order)
        reply = fault.answer or problem
        if reply is None:
            reply = self._routed(route, request)
        return fault.change(reply)

    def _routed(self, route: str, request: Request) -> Reply:
        try:
            return self.routes[route](request, request.path[len(route) :])
        except Refused as refused:
            return refused.reply

    # -- key, plan, quota

    def _count(self, request: Request, charged: bool) -> int:
        with self._changed:
            self._new_day()
            self._used += charged
            symbols = tuple(
                t.strip().upper() for t in request.query.get("symbols", "").split(",") if t.strip()
            )
            self.calls.append(
                Call(
                    len(self.calls) + 1,
                    request.path,
                    symbols,
                    charged,
                    request.headers,
                    request.query,
                    beside=tuple(self._under_way),
                )
            )
            self._changed.notify_all()
            return len(self.calls)

    def _refusal(self, request: Request) -> Reply | None:
        """Key, then quota: such a call does nothing and costs nothing."""
        if self.key not in (request.headers.get("x-api-key"), request.query.get("apiKey")):
            return Reply(401, {"title": "Unauthorized", "status": 401, "detail": "Invalid API key."})
        self._new_day()
        if request.path == "/v1/account" or self.limit is None or self._used < self.limit:
            return None
        upgrade = RANKS[min(RANKS.index(self.plan) + 1, len(RANKS) - 1)]
        body = {
            "status": "ERROR",
            "error": "Quota exceeded",
            "message": f"You have exceeded your daily API quota of {self.limit} requests on the {self.plan} plan. "
            f"Please upgrade to {upgrade} for a higher limit.",
            "current_plan": self.plan,
            "limit": self.limit,
            "upgrade_to": upgrade,
            "reset_at": f"{datetime.fromtimestamp(self._midnight(), UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        return Reply(429, body, {"retry-after": str(math.ceil(self._midnight() - self.now()))})

    def _require(self, plan: str, what: str = "This endpoint") -> None:
        if RANKS.index(self.plan) < RANKS.index(plan):
            body = {
                "status": "ERROR",
                "error": "tier_restricted",
                "message": f"{what} requires the {plan} plan or higher.",
                "current_plan": self.plan,
                "required_plan": plan,
            }
            raise Refused(403, body)

    def _quota_headers(self) -> dict[str, str]:
        self._new_day()
        left = "unlimited" if self.limit is None else str(max(self.limit - self._used, 0))
        return {
            "X-RateLimit-Limit": "unlimited" if self.limit is None else str(self.limit),
            "X-RateLimit-Remaining": left,
            "X-RateLimit-Reset": str(self._midnight()),
        }

    def _midnight(self) -> int:
        return int(self.now() // DAY + 1) * DAY

    def _new_day(self) -> None:
        day = int(self.now() // DAY)
        if day != self._day:
            self._day, self._used = day, 0

    # -- endpoints

    def _basket(self, request: Request, _: str) -> Reply:
        self._require("Growth")
        weights = _weights(request.query)
        for symbol in weights:
            if symbol in self.uncovered:
                body = {
                    "status": "ERROR",
                    "error": "symbol_not_in_free_universe",
                    "message": f"The Free plan only covers ~250 tracked symbols. {symbol} isn't one of them. "
                    "Upgrade to Basic or higher for on-demand access to any US-listed symbol.",
                    "current_plan": "Free",
                    "required_plan": "Basic",
                }
                raise Refused(403, body)
        absent = [s for s in weights if s in self.nothing or s in self.cold]
        self.cold -= set(absent)  # the next call finds them warm
        found = {s: self.published.get(s) or figures(s) for s in weights if s not in absent}
        total = sum(weights[s] for s in found)
        if not found or not total:
            raise Refused(404, {"error": "no_data", "message": f"No data for {', '.join(weights)}."})
        shares = {s: weights[s] / total for s in found}
        gross = sum(abs(shares[s] * Fraction(x.net_gex)) for s, x in found.items())
        answer: dict[str, Any] = {
            "as_of": self._as_of(),
            "constituent_count": len(found),
            "missing_symbols": absent,
            "aggregate": {
                m: round(float(sum(shares[s] * Fraction(getattr(x, m)) for s, x in found.items())), 2)
                for m in MEASURES
            },
            "constituents": [
                {
                    "symbol": s,
                    "weight": float(shares[s]),
                    **x._asdict(),
                    "contribution_pct": round(float(100 * abs(shares[s] * Fraction(x.net_gex)) / gross), 2)
                    if gross
                    else 0,
                    "regime": "positive_gamma" if x.net_gex >= 0 else "negative_gamma",
                }
                for s, x in found.items()
            ],
            **self._envelope(),
        }
        return Reply(200, answer)

    def _levels(self, request: Request, symbol: str) -> Reply:
        symbol = symbol.upper()
        if symbol in self.nothing:
            raise Refused(404, {"error": "symbol_not_found", "message": f"No data for {symbol}."})
        price, gex, *_ = self.published.get(symbol) or figures(symbol)
        near = math.floor(price)
        found = {
            "gamma_flip": round(price * 0.99, 4) if gex >= 0 else None,
            "gamma_flip_status": "available" if gex >= 0 else "no_boundary",
            "max_positive_gamma": near + 1,
            "max_negative_gamma": near - 1,
            "call_wall": near + 5,
            "put_wall": near - 5,
            "highest_oi_strike": near - 10,
            "zero_dte_magnet": near,
        }
        body = {"symbol": symbol, "underlying_price": price, "as_of": self._as_of(), "levels": found}
        return Reply(200, body | self._envelope())

    def _account(self, request: Request, _: str) -> Reply:
        unlimited = self.limit is None
        left = 0 if self.limit is None else max(self.limit - self._used, 0)
        body = {
            "plan": self.plan,
            "daily_limit": "unlimited" if unlimited else str(self.limit),
            "usage_today": self._used,
            "remaining": "unlimited" if unlimited else str(left),
            "resets_at": f"{datetime.fromtimestamp(self._midnight(), UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        return Reply(200, body)

    def _as_of(self) -> str:
        ticks = int(self.now() * 10**7)
        return f"{datetime.fromtimestamp(ticks // 10**7, UTC):%Y-%m-%dT%H:%M:%S}.{ticks % 10**7:07}Z"

    def _envelope(self) -> dict[str, Any]:
        settled = datetime.fromtimestamp((self.now() // DAY - 1) * DAY + 20 * 3600, UTC)
        clocks = {"node": "standin", "index_feed": None, "oi_feed": f"{settled:%Y-%m-%dT%H:%M:%S}.000Z"}
        return {
            "endpoint_version": ENDPOINT_VERSION,
            "data_as_of": clocks if self.data_as_of is None else self.data_as_of,
        }


def _weights(query: Mapping[str, str]) -> dict[str, Fraction]:
    """The distinct symbols in the order asked, with their weights. Checked in the contract's order."""
    symbols = [token.strip().upper() for token in query.get("symbols", "").split(",") if token.strip()]
    if not symbols:
        raise Refused(400, {"error": "missing_symbols", "message": "symbols is required."})
    if len(set(symbols)) > SEATS:
        raise Refused(400, {"error": "too_many_symbols", "message": f"At most {SEATS} symbols."})
    if "weights" not in query:
        return dict.fromkeys(symbols, Fraction(1))
    tokens = query["weights"].split(",")
    if len(tokens) != len(symbols):
        raise Refused(
            400, {"error": "weight_count_mismatch", "message": "weights must be as many as symbols."}
        )
    weights = dict.fromkeys(symbols, Fraction(0))
    try:
        for symbol, token in zip(symbols, tokens, strict=True):
            weight = Fraction(float(token))  # NaN and infinity have no fraction
            if weight < 0:
                raise ValueError(token)
            weights[symbol] += weight
        if not sum(weights.values()):
            raise ValueError(query["weights"])
    except (ValueError, OverflowError):
        raise Refused(
            400, {"error": "invalid_weights", "message": "weights must be numbers of 0 or more."}
        ) from None
    return weights
