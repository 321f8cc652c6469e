"""The FlashAlpha REST service as a source of exposures: one basket call for up to 50 symbols, one debit a call.

Contract: ``GET {base}/v1/exposure/basket?symbols=…``; the key goes in a header. Units at the door: VEX is published per 1.00
of volatility and becomes USD of delta per vol point (× 0.01); CHEX, whose unit and sign are not established, passes as it is.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import math
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from basketgex_server.domain import (
    Convention,
    Fetched,
    Measures,
    Origin,
    QuotaReading,
    SymbolExposure,
    ticker,
)
from basketgex_server.errors import BadSettings, BasketgexError, InvalidSymbol, SourceUnavailable
from basketgex_server.sources.flashalpha.errors import (
    SourceKeyMissing,
    SourceUnreached,
    error_of,
    moment,
    read_refusal,
    retry_after,
    window_of,
)
from basketgex_server.sources.flashalpha.keys import Secret, get_key
from basketgex_server.sources.http import connection_problem, new_client
from basketgex_server.underlyings import INDEXES_AND_ETFS

if TYPE_CHECKING:  # half a second to load, and the server listens before that
    import httpx

    from basketgex_server.exposure.levels import Levels

DEFAULT_BASE_URL = "https://lab.flashalpha.com"
SEATS = 50
VOL_POINT = 0.01
"""VEX per 1.00 of volatility × this is VEX per vol point."""
CHEX: Final = "as published"
"""Its CHEX is passed through: never to be compared or mixed with the engine's."""
TIMEOUT = 30.0
"""Seconds for a call with all that belongs to it."""
SHORT_WAIT = 2.0
"""A 429 that asks for no longer a pause is asked again, once. Seconds."""
REFUSED_WAIT = 0.1
"""The pause before a refused connection is tried again, once. Seconds."""

_LARGE = 1 << 18  # bytes of a reply that is not read on the event loop
_MOST = 16 << 20  # bytes beyond which a reply is none
_FIELDS = {
    "underlying_price": "underlying price",
    "net_gex": "net GEX",
    "net_dex": "net DEX",
    "net_vex": "net VEX",
    "net_chex": "net CHEX",
}
_LEVELS = (
    "gamma_flip",
    "call_wall",
    "put_wall",
    "max_positive_gamma",
    "max_negative_gamma",
    "highest_oi_strike",
    "zero_dte_magnet",
)
_UNREADABLE = "FlashAlpha's reply cannot be read. Recalculate to ask again."
_BROKEN_OFF = "The connection to FlashAlpha broke off. Recalculate to ask again."
# At these levels they write URLs (httpx) and every header, the key among them (hpack).
_TALKATIVE = (
    "httpx",
    *(f"httpcore.{name}" for name in ("connection", "http11", "http2", "proxy", "socks")),
    "hpack.hpack",
    "hpack.table",
)
T = TypeVar("T")


class _Basket(msgspec.Struct):
    constituents: list[object]
    as_of: object = None
    missing_symbols: object = None
    data_as_of: object = None


class _LevelsReply(msgspec.Struct):
    levels: dict[str, object]


class _Account(msgspec.Struct):
    usage_today: object = None
    plan: object = None
    daily_limit: object = None
    remaining: object = None
    resets_at: object = None


@dataclass(frozen=True, slots=True)
class _Reply:
    key: Secret
    status: int
    headers: Mapping[str, str]
    body: bytes


class FlashAlpha:
    """An ExposureSource over httpx. ``quota`` is what the last reply's headers said, None before the first.

    ``key`` may block; it is called before the first call, and again after the service has refused what it gave. Large replies
    are read on ``executor``. Only what cannot have been charged is tried again, and once: a connection that did not come
    about, and a 429 that asks for a pause of two seconds at most.
    """

    seats = SEATS
    metered = True
    has_strikes = False
    delay = 0.0
    chex = CHEX

    def __init__(
        self,
        base_url: str = DEFAULT_BASE_URL,
        *,
        convention: Convention = "flashalpha",
        key: Callable[[], Secret | None] = get_key,
        executor: Executor | None = None,
        timeout: float = TIMEOUT,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if convention != "flashalpha":
            raise BadSettings(
                f"convention is {convention}, but FlashAlpha's figures come in its own: set convention to flashalpha."
            )
        self._base, self._loopback = _checked(base_url)
        self._origin = Origin("flashalpha", "FlashAlpha", location=self._base, chex=CHEX)
        self._find_key = key
        self._executor = executor
        self._timeout = timeout
        self._now = now
        self._pause = pause
        self._client: httpx.AsyncClient | None = None
        self._secret: Secret | None = None
        self._preparing = threading.Lock()
        self.quota: QuotaReading | None = None

    def __repr__(self) -> str:
        return f"<FlashAlpha {urlsplit(self._base).hostname}, {self.quota}>"

    def origin(self) -> Origin:
        """Return where its figures come from."""
        return self._origin

    def prepare(self) -> httpx.AsyncClient:
        """Load what the first call needs; on any thread, so that the first call does not wait for it."""
        with self._preparing:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        """Ask for at most 50 symbols: one call.

        A row that lacks something is in ``failed``. Raises SourceUnavailable, and where the service refuses the call as a
        whole one of the errors of ``flashalpha.errors``.
        """
        if not symbols:
            return Fetched({})
        reply = await self._ask("/v1/exposure/basket", {"symbols": ",".join(symbols)})
        if self._has_no_data(reply):
            return Fetched({}, frozenset(symbols))
        self._raise_refused(reply, symbols)
        return await self._read(lambda: _fetched(_decoded(reply.body, _Basket), symbols), len(reply.body))

    async def levels(self, symbol: str) -> Levels | None:
        """Ask for one symbol's levels: one call; None where it has no data. Raises as ``fetch`` does."""
        reply = await self._ask(f"/v1/exposure/levels/{quote(symbol, safe='')}", {})
        if self._has_no_data(reply):
            return None
        self._raise_refused(reply, (symbol,))
        # numpy comes with it
        return await asyncio.to_thread(_levels, _decoded(reply.body, _LevelsReply).levels)

    async def account(self) -> QuotaReading:
        """Ask what is left of the day's quota. Raises as ``fetch`` does."""
        reply = await self._ask("/v1/account", {})
        self._raise_refused(reply, ())
        return _account(_decoded(reply.body, _Account))

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # -- one call --------------------------------------------------------------------------------------------------

    async def _ask(self, path: str, query: Mapping[str, str]) -> _Reply:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(path, query)
        except TimeoutError:
            pass  # raised below: nothing of a library's exception is to hang on to ours
        raise self._timed_out()

    async def _exchange(self, path: str, query: Mapping[str, str]) -> _Reply:
        if self._client is not None and self._secret is not None:
            client, key = self._client, self._secret
        else:
            client, key = await asyncio.to_thread(self._make_ready)
        reply = await self._send(client, key, path, query)
        if reply is None:
            await self._pause(REFUSED_WAIT)
            reply = await self._send(client, key, path, query)
        elif reply.status == 429:
            wait = retry_after(reply.headers, self._now())
            if wait is not None and wait <= SHORT_WAIT:
                await self._pause(wait)
                reply = await self._send(client, key, path, query)
        if reply is None:
            raise SourceUnreached
        return reply

    async def _send(
        self, client: httpx.AsyncClient, key: Secret, path: str, query: Mapping[str, str]
    ) -> _Reply | None:
        """Make one HTTP call; None where no connection came about."""
        import httpx

        problem: BasketgexError
        try:
            async with client.stream(
                "GET", self._base + path, params=query, headers={"X-Api-Key": key.reveal()}
            ) as response:
                self.quota = _quota(response.headers) or self.quota
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST:
                        break
                else:
                    return _Reply(key, response.status_code, response.headers, bytes(body))
            problem = SourceUnavailable(_UNREADABLE)
        except (httpx.ConnectError, httpx.ProxyError) as error:
            found = connection_problem(error, "FlashAlpha")
            if found is None:
                return None
            problem = found
        except httpx.TimeoutException:
            problem = self._timed_out()
        except httpx.DecodingError:
            problem = SourceUnavailable(_UNREADABLE)
        except httpx.HTTPError:
            problem = SourceUnavailable(_BROKEN_OFF)
        raise problem

    def _has_no_data(self, reply: _Reply) -> bool:
        """Tell this 404 from the one of an address that is not the service's."""
        return reply.status == 404 and read_refusal(reply.body, reply.key.reveal()).code in (
            "no_data",
            "symbol_not_found",
        )

    def _raise_refused(self, reply: _Reply, asked: Sequence[str]) -> None:
        if reply.status == 200:
            return
        if reply.status == 401 and self._secret is reply.key:
            self._secret = None
        refusal = read_refusal(reply.body, reply.key.reveal())
        raise error_of(reply.status, refusal, reply.headers, asked, self._now())

    async def _read(self, work: Callable[[], T], size: int) -> T:
        if size < _LARGE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _make_ready(self) -> tuple[httpx.AsyncClient, Secret]:
        key = self._secret or self._find_key()
        if key is None:
            raise SourceKeyMissing
        self._secret = key
        return self.prepare(), key

    def _make_client(self) -> httpx.AsyncClient:
        import httpx

        for name in _TALKATIVE:
            logger = logging.getLogger(name)
            logger.setLevel(logging.WARNING)
            logger.addFilter(_only_warnings)
        return new_client(
            self._timeout,
            loopback=self._loopback,
            http2=find_spec("h2") is not None,
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=90.0),
        )

    def _timed_out(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"FlashAlpha did not answer within {self._timeout:g} seconds. Recalculate to ask again."
        )


def unverified(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the index and ETF tickers among symbols: "entitlement unverified", the service does not check it.

    >>> unverified(["NVDA", "SPY", "SPX"])
    ('SPY', 'SPX')
    """
    return tuple(s for s in symbols if s in INDEXES_AND_ETFS)


def _checked(base_url: str) -> tuple[str, bool]:
    """Return the base URL in one spelling, and whether it is on this machine. Raises BadSettings."""
    try:
        parts = urlsplit(base_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    named = f"[{host}]" if ":" in host else host
    fits = re.fullmatch(r"[a-z0-9.:-]+", host) and not (parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not fits or parts.query or parts.fragment:
        raise BadSettings("flashalpha_base_url must be an address such as https://lab.flashalpha.com.")
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise BadSettings(
            "flashalpha_base_url must begin with https://, so that the key does not travel in the open."
        )
    at = f":{port}" if port is not None else ""
    return f"{parts.scheme}://{named}{at}{parts.path.rstrip('/')}", loopback


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _only_warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _decoded(body: bytes, shape: type[T]) -> T:
    """Return a reply's body as its shape. Raises SourceUnavailable."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Python's own reader takes NaN, and numbers too large: such a row fails, and the others live.
    try:
        return msgspec.convert(json.loads(body), shape)
    except (msgspec.ValidationError, ValueError, RecursionError):
        pass
    raise SourceUnavailable(_UNREADABLE)


def _fetched(reply: _Basket, asked: Sequence[str]) -> Fetched:
    """Sort what a reply says of each symbol that was asked for; a symbol's first row counts, strangers are ignored."""
    wanted = set(asked)
    as_of = moment(reply.as_of)
    feeds = reply.data_as_of
    oi_as_of = (moment(feeds.get("oi_feed")) if isinstance(feeds, dict) else None) or 0.0
    exposures: dict[str, SymbolExposure] = {}
    failed: dict[str, str] = {}
    nameless = False
    for row in reply.constituents:
        symbol = _symbol(row.get("symbol")) if isinstance(row, dict) else None
        if symbol is None or not isinstance(row, dict):
            nameless = True
        elif symbol in wanted and symbol not in exposures and symbol not in failed:
            found = _exposure(symbol, row, as_of, oi_as_of)
            if isinstance(found, str):
                failed[symbol] = found
            else:
                exposures[symbol] = found
    missing = wanted - exposures.keys() - failed.keys()
    if (
        nameless
    ):  # one of these may be whose row has lost its name: no reason to take it for a symbol without data
        named = reply.missing_symbols if isinstance(reply.missing_symbols, list) else []
        lost = missing - {_symbol(s) for s in named}
        failed |= {s: f"FlashAlpha's reply has a row without a name, and none for {s}." for s in sorted(lost)}
        missing -= lost
    return Fetched(exposures, frozenset(missing), failed)


def _exposure(
    symbol: str, row: Mapping[str, object], as_of: float | None, oi_as_of: float
) -> SymbolExposure | str:
    """Return a row's figures in the project's units, or the sentence that says why it has none."""
    if as_of is None:
        return f"FlashAlpha's figures of {symbol} do not say of when they are."
    values: list[float] = []
    for field, name in _FIELDS.items():
        value = _number(row.get(field))
        if value is None or (field == "underlying_price" and value <= 0):
            return f"FlashAlpha's row of {symbol} has no usable {name}."
        values.append(value)
    price, gex, dex, vex, chex = values
    net = Measures(gex, dex, vex * VOL_POINT, chex)
    return SymbolExposure(symbol, price, net, as_of, oi_as_of, unverified=symbol in INDEXES_AND_ETFS)


def _levels(said: Mapping[str, object]) -> Levels:
    """Return the levels of a reply; what it does not give as a number is None."""
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.trust import FLIP_AVAILABLE, FLIP_NO_BOUNDARY

    prices = {name: _number(said.get(name)) for name in _LEVELS}
    status = said.get("gamma_flip_status")
    if not (isinstance(status, str) and re.fullmatch(r"[a-z_]{1,40}", status)):
        status = FLIP_NO_BOUNDARY if prices["gamma_flip"] is None else FLIP_AVAILABLE
    return Levels(
        **prices,
        gamma_flip_status=status,
        zero_dte=None,
        gamma_flip_doubts=(),
        gamma_flip_roots=(),
        near_flip=False,
    )


def _account(said: _Account) -> QuotaReading:
    """Return what an account has left: the lower of what it says and what follows from its use."""
    unlimited = _is_unlimited(said.daily_limit) or _is_unlimited(said.remaining)
    limit, left, used = _whole(said.daily_limit), _whole(said.remaining), _whole(said.usage_today)
    if limit is not None and used is not None:
        left = max(limit - used, 0) if left is None else min(left, max(limit - used, 0))
    if left is None and not unlimited:
        raise SourceUnavailable(_UNREADABLE)
    fits = isinstance(said.plan, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9 +_-]{0,23}", said.plan)
    plan = said.plan if fits and isinstance(said.plan, str) else ""
    return QuotaReading(limit, None if unlimited else left, moment(said.resets_at), unlimited, plan)


def _symbol(value: object) -> str | None:
    try:
        return ticker(value) if isinstance(value, str) else None
    except InvalidSymbol:
        return None


def _number(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _quota(headers: Mapping[str, str]) -> QuotaReading | None:
    """Return what the headers say of the day's quota; None where they say nothing of it."""
    if window_of(headers) is not None:
        return None
    limit, left, reset = (headers.get(f"x-ratelimit-{n}") for n in ("limit", "remaining", "reset"))
    if limit is None and left is None:
        return None
    reset_at = _whole(reset)
    return QuotaReading(
        limit=_whole(limit),
        remaining=_whole(left),
        reset_at=float(reset_at) if reset_at is not None else None,
        unlimited=_is_unlimited(limit) or _is_unlimited(left),
    )


def _whole(value: object) -> int | None:
    """Return a count given as a number or as a text."""
    if type(value) is int:
        return max(value, 0)
    text = value.strip().replace(",", "") if isinstance(value, str) else ""
    return int(text) if re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _is_unlimited(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "unlimited"
