"""Cboe's delayed quotes as a source of exposures: one file per underlying, without a key, fifteen minutes late.

``GET {base}/{SYMBOL}.json``; indexes have an underscore before their name, share classes no dot. For personal use under Cboe's
terms, so that it is off unless asked for, and polite: two files at a time, and after a 429 nothing until its pause is over.

This module is imported before the server listens, so what needs numpy or httpx is imported where it is used.

Names, pace and retries share what one host has said, and so one file.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from basketgex_server.addresses import base_url as base_url_of
from basketgex_server.domain import Basket, Fetched, Origin, SymbolExposure, Terms
from basketgex_server.errors import BadChain, BasketgexError, RateLimited, SourceUnavailable
from basketgex_server.sources.computed import Computed, weighted
from basketgex_server.sources.http import connection_problem, new_client, retry_after
from basketgex_server.sources.port import ChainProvider, Compared, Held, Profiled, Together
from basketgex_server.sources.progress import Progress

if TYPE_CHECKING:
    import httpx

    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.levels import Levels

TERMS = (
    "Cboe's delayed quotes are 15 minutes late and for personal, non-commercial use under the terms on cboe.com: "
    "do not pass them on."
)
DEFAULT_BASE_URL = "https://cdn.cboe.com/api/global/delayed_quotes/options"
DELAY = 900.0
AT_A_TIME = 2
TIMEOUT = 30.0
"""Seconds for one file."""
PAUSE = 60.0
"""Seconds of silence after a 429 that names none."""
LONGEST_PAUSE = 3_600.0
"""Seconds of silence at most, whatever a 429 names."""
RECENT, MOST_RECENT = 30.0, 64
"""Seconds for which a chain serves whatever else is asked of it, and how many are kept for that."""
T = TypeVar("T")
_MOST = 256 << 20  # bytes beyond which a reply is none
_NAMES = (
    "SPX XSP NANOS SPESG NDX XND VOLQ RUT MRUT RLG RLV RUI DJX OEX XEO VIX VIXW MXEA MXEF MXACW MXUSA MXWLD "
    "BKX HGX OSX SOX XAU UTY XDA XDB XDC XDE XDN XDS XDZ CBTX MBTX SPEQX MGTN"
)
_INDEXES = frozenset(_NAMES.split())


def name_at_cboe(symbol: str) -> str:
    """Return what Cboe calls a symbol.

    >>> [name_at_cboe(symbol) for symbol in ("SPX", "BRK.B", "NVDA")]
    ['_SPX', 'BRKB', 'NVDA']
    """
    plain = symbol.replace(".", "")
    return f"_{plain}" if plain in _INDEXES else plain


class Cboe:
    """A ChainSource over httpx. ``computed`` makes a source of a provider of the chains that came.

    Raises BadSettings where the base URL is neither https nor on this machine.
    """

    symbols_per_call = 0
    metered = False
    has_strikes = True
    delay = DELAY
    quota = None

    def __init__(
        self,
        base_url: str,
        executor: Executor,
        computed: Callable[[ChainProvider], Computed],
        *,
        timeout: float = TIMEOUT,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._base, self._loopback = base_url_of(base_url, "cboe_base_url", example=DEFAULT_BASE_URL)
        self._executor = executor
        self._computed = computed
        self._timeout = timeout
        self._now = now
        self._quiet_until = 0.0
        self.progress = Progress()
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._client: httpx.AsyncClient | None = None
        self._recent: dict[str, tuple[float, Chain]] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._origin = computed(FetchedChains(self._base, {})).origin()

    def __repr__(self) -> str:
        return f"Cboe({urlsplit(self._base).hostname})"

    def origin(self) -> Origin:
        """Return where its figures come from."""
        return self._origin

    def prepare(self) -> httpx.AsyncClient:
        """Load what the first call needs."""
        if self._client is None:
            import basketgex_server.sources.readers.chains  # noqa: F401

            self._client = new_client(self._timeout, loopback=self._loopback)
        return self._client

    async def account(self) -> None:
        """There is none to ask."""

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        """Return the exposures of symbols; one whose file cannot be had or read has failed, and leaves the others alone.

        Raises what the first of them ran into where none could be asked for.
        """
        exposures: dict[str, SymbolExposure] = {}
        missing: set[str] = set()
        failed: dict[str, str] = {}
        errors: list[BasketgexError] = []
        chains: dict[str, Chain] = {}

        async def one(symbol: str) -> None:
            async with self._turns:
                try:
                    chain = await self._chain(symbol)
                except BadChain as error:
                    failed[symbol] = error.sentence
                    return
                except BasketgexError as error:
                    failed[symbol] = error.sentence
                    errors.append(error)
                    return
                found = await self._computed(FetchedChains(self._base, {symbol: chain})).fetch((symbol,))
                part.step()
            exposures.update(found.exposures)
            missing.update(found.missing)
            failed.update(found.failed)
            chains.update(found.chains)

        with self.progress.of(len(symbols)) as part:
            await asyncio.gather(*map(one, symbols))
        if errors and len(errors) == len(symbols):
            raise errors[0]
        return Fetched(exposures, frozenset(missing), failed, chains)

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels. Raises what ``fetch`` raises, and BadChain."""
        return await (await self._holding(symbol)).levels(symbol)

    async def read(self, symbol: str, work: Callable[[Chain, Terms], T]) -> T | None:
        """Return what ``work`` makes of one chain. Raises what ``fetch`` raises, and BadChain."""
        return await (await self._holding(symbol)).read(symbol, work)

    async def profile(self, basket: Basket, moves: Sequence[float], measures: Sequence[int]) -> Profiled:
        """Return the profile of a basket. Raises what ``fetch`` raises."""
        symbols = weighted(basket)
        with self.progress.of(len(symbols)):
            held = await self._held(symbols)
            return await self._computed(held).profile(basket, moves, measures)

    async def dispersion(self, index: str, members: Basket, horizon_days: float) -> Compared:
        """Return an index against its members at a horizon in calendar days. Raises what ``fetch`` raises."""
        symbols = {index, *weighted(members)}
        with self.progress.of(len(symbols)):
            held = await self._held(symbols)
            return await self._computed(held).dispersion(index, members, horizon_days)

    async def together(self, symbols: Sequence[str], work: Callable[[Held], T]) -> Together[T]:
        """Return what ``work`` makes of chains. Raises what ``fetch`` raises."""
        with self.progress.of(len(symbols)):
            held = await self._held(symbols)
            return await self._computed(held).together(symbols, work)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _held(self, symbols: Iterable[str]) -> FetchedChains:
        """Ask for the chains of distinct symbols, or learn why one cannot be read. Raises what ``fetch`` raises."""
        chains: dict[str, Chain | BadChain | None] = {}

        async def one(symbol: str) -> None:
            try:
                chains[symbol] = await self._at_hand(symbol)
            except BadChain as error:
                chains[symbol] = error

        await asyncio.gather(*map(one, symbols))
        return FetchedChains(self._base, chains)

    async def _holding(self, symbol: str) -> Computed:
        """Return a source of one chain: the one that came a moment ago, where one did."""
        return self._computed(FetchedChains(self._base, {symbol: await self._at_hand(symbol)}))

    async def _at_hand(self, symbol: str) -> Chain | None:
        """Return the chain that came a moment ago, or ask for it; who wants the same one meanwhile waits for that."""
        async with self._asking.setdefault(symbol, asyncio.Lock()):
            came, chain = self._recent.get(symbol, (-math.inf, None))
            if not 0 <= self._now() - came < RECENT:
                async with self._turns:
                    chain = await self._chain(symbol)
            return chain

    async def _chain(self, symbol: str) -> Chain | None:
        """Ask for one file and read it; None where there is none, as of futures."""
        if "=" in symbol:
            return None
        body = await self._ask(symbol)
        if body is None:
            return None
        chain = await asyncio.get_running_loop().run_in_executor(self._executor, read_reply, body, symbol)
        self._recent.pop(symbol, None)
        self._recent[symbol] = (self._now(), chain)
        while len(self._recent) > MOST_RECENT:
            del self._recent[next(iter(self._recent))]
        return chain

    async def _ask(self, symbol: str) -> bytes | None:
        import httpx

        if 0 < (wait := self._quiet_until - self._now()) <= LONGEST_PAUSE:
            raise _too_fast(wait)
        loop = asyncio.get_running_loop()
        if (client := self._client) is None:
            client = await loop.run_in_executor(self._executor, self.prepare)
        problem: BasketgexError
        try:
            async with asyncio.timeout(self._timeout):
                async with client.stream("GET", f"{self._base}/{name_at_cboe(symbol)}.json") as response:
                    body = bytearray()
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > _MOST:
                            raise SourceUnavailable("Cboe's reply is larger than a chain can be.")
                    return self._judged(response.status_code, response.headers, bytes(body))
        except (TimeoutError, httpx.TimeoutException):
            problem = SourceUnavailable(
                f"Cboe did not answer within {self._timeout:g} seconds. Recalculate to ask again."
            )
        except (httpx.ConnectError, httpx.ProxyError) as error:
            problem = connection_problem(error, "Cboe") or SourceUnavailable(
                "Cboe cannot be reached: check the network, then recalculate."
            )
        except httpx.HTTPError:
            problem = SourceUnavailable("The connection to Cboe broke off. Recalculate to ask again.")
        raise problem

    def _judged(self, status: int, headers: Mapping[str, str], body: bytes) -> bytes | None:
        if status == 200:
            return body
        if status == 404 or (status == 403 and b"<Code>AccessDenied</Code>" in body):
            return None  # the store behind the service denies what it does not have
        if status == 429:
            wait = min(retry_after(headers, self._now()) or PAUSE, LONGEST_PAUSE)
            self._quiet_until = max(self._quiet_until, self._now() + wait)
            raise _too_fast(wait)
        if 300 <= status < 400:
            raise SourceUnavailable(
                "Cboe sends to another address, which is not followed: its service has moved."
            )
        raise SourceUnavailable(f"Cboe answered with the status {status}. Recalculate to ask again.")


class FetchedChains:
    """A ChainProvider of chains at hand, or of why there is none."""

    def __init__(self, base: str, chains: Mapping[str, Chain | BadChain | None]) -> None:
        self._base = base
        self._chains = chains

    def origin(self) -> Origin:
        """Return where they came from."""
        return Origin(source="cboe", label="Cboe, 15 minutes delayed", location=self._base)

    def symbols(self) -> tuple[str, ...]:
        """Return those at hand."""
        return tuple(self._chains)

    def chain(self, symbol: str) -> Chain | None:
        """Return one of them. Raises BadChain."""
        chain = self._chains.get(symbol)
        if isinstance(chain, BadChain):
            raise chain
        return chain


def read_reply(body: bytes, symbol: str) -> Chain:
    """Return the chain of a reply, as from the same bytes in a file. Raises BadChain."""
    from basketgex_server.sources.readers.chains import chain_of_columns, with_place
    from basketgex_server.sources.readers.json_forms import json_chain
    from basketgex_server.sources.readers.text import utf8

    name = f"Cboe's reply for {symbol}"
    columns = with_place(json_chain(utf8(body, name), name), name)
    if columns.as_of is None or columns.spot is None:
        raise BadChain(f"{name} does not say its moment or its price.")
    return chain_of_columns(columns, symbol, columns.spot, columns.as_of, name, strict=False)


def _too_fast(wait: float) -> RateLimited:
    return RateLimited(
        f"Cboe asks for a pause of {max(1, round(wait))} seconds. Recalculate after it.", retry_after=wait
    )
