"""The FlashAlpha REST service as a source of exposures: one basket call for up to 50 symbols, one debit per call.

Contract: ``GET {base}/v1/exposure/basket?symbols=…``; the key goes in a header.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlsplit

from basketgex_server.addresses import base_url as base_url_of
from basketgex_server.domain import (
    Convention,
    Fetched,
    Origin,
    QuotaReading,
)
from basketgex_server.errors import BadSettings, BasketgexError, SourceUnavailable
from basketgex_server.sources.flashalpha.errors import SourceKeyMissing, SourceUnreached
from basketgex_server.sources.flashalpha.keys import Secret, get_key
from basketgex_server.sources.flashalpha.refusals import error_of, read_refusal
from basketgex_server.sources.flashalpha.replies import (
    UNREADABLE,
    AccountReply,
    BasketReply,
    LevelsReply,
    account_of,
    decoded,
    fetched,
    levels_of,
    quota_of,
)
from basketgex_server.sources.http import connection_problem, new_client, retry_after

if TYPE_CHECKING:  # half a second to load, and the server listens before that
    import httpx

    from basketgex_server.exposure.levels import Levels

DEFAULT_BASE_URL = "https://lab.flashalpha.com"
SEATS = 50
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
_BROKEN_OFF = "The connection to FlashAlpha broke off. Recalculate to ask again."
# At these levels they write URLs (httpx) and every header, the key among them (hpack).
_TALKATIVE = (
    "httpx",
    *(f"httpcore.{name}" for name in ("connection", "http11", "http2", "proxy", "socks")),
    "hpack.hpack",
    "hpack.table",
)
T = TypeVar("T")


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

    symbols_per_call = SEATS
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
        self._base, self._loopback = base_url_of(
            base_url,
            "flashalpha_base_url",
            example="https://lab.flashalpha.com",
            so_that=", so that the key does not travel in the open",
        )
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
        return await self._read(lambda: fetched(decoded(reply.body, BasketReply), symbols), len(reply.body))

    async def levels(self, symbol: str) -> Levels | None:
        """Ask for one symbol's levels: one call; None where it has no data. Raises as ``fetch`` does."""
        reply = await self._ask(f"/v1/exposure/levels/{quote(symbol, safe='')}", {})
        if self._has_no_data(reply):
            return None
        self._raise_refused(reply, (symbol,))
        # numpy comes with it
        return await asyncio.to_thread(levels_of, decoded(reply.body, LevelsReply).levels)

    async def account(self) -> QuotaReading:
        """Ask what is left of the day's quota. Raises as ``fetch`` does."""
        reply = await self._ask("/v1/account", {})
        self._raise_refused(reply, ())
        return account_of(decoded(reply.body, AccountReply))

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
                self.quota = quota_of(response.headers) or self.quota
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST:
                        break
                else:
                    return _Reply(key, response.status_code, response.headers, bytes(body))
            problem = SourceUnavailable(UNREADABLE)
        except (httpx.ConnectError, httpx.ProxyError) as error:
            found = connection_problem(error, "FlashAlpha")
            if found is None:
                return None
            problem = found
        except httpx.TimeoutException:
            problem = self._timed_out()
        except httpx.DecodingError:
            problem = SourceUnavailable(UNREADABLE)
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


def _only_warnings(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
