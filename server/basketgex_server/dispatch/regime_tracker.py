"""The thin shell around ``regime_history.py``: what the store keeps is read once, what calls bring is added."""

from __future__ import annotations

import asyncio
import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import cache
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from basketgex_server.dispatch.batch.choose import arrays
from basketgex_server.dispatch.batch.types import Batch
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.snapshots import SHORT_TTL, SnapshotCache, past_gex
from basketgex_server.stores.port import PastGex

if TYPE_CHECKING:
    from basketgex_server.dispatch.batch.arrays import Asked
    from basketgex_server.dispatch.regime_history import History, Standings

AT_ONCE = 100
"""Symbols whose past is read together: a debit that is to be written does not wait for more."""
T = TypeVar("T")


@cache
def history() -> ModuleType:
    """Return ``regime_history.py``, loaded at the first call, for which the compute thread is the place: it brings numpy."""
    return importlib.import_module("basketgex_server.dispatch.regime_history")


class Regimes:
    """Tells since when baskets have been in their regime. ``most`` names a basket; ``compute`` has one thread."""

    def __init__(self, dispatcher: Dispatcher, compute: Executor, most: int) -> None:
        self._dispatcher = dispatcher
        self._compute = compute
        self._most = most
        self._cache: SnapshotCache | None = None
        self._read: set[str] = set()
        self._history: History | None = None
        self._reading = asyncio.Lock()

    async def prepare(self, batch: Batch) -> Asked:
        """Return a batch with its errors found. Raises InvalidBatch."""
        columns = await self._run(arrays)
        asked: Asked = await self._run(columns.prepare, batch, self._most)
        return asked

    async def standings(self, asked: Asked) -> Standings:
        """Return how the baskets stand, at no source call."""
        module = await self._run(history)
        async with self._reading:
            cache = await self._dispatcher.cache()
            if self._cache is not cache or cache.news is None:
                self._cache, self._read, self._history, cache.news = cache, set(), module.History(), []
            past = await self._past(cache, [t for t in asked.tickers if t not in self._read])
            self._read.update(asked.tickers)
            # What came while it was read is in the news too; of others the store knows all there is to know.
            if cache.news is None:  # more than is kept came in that moment: read all of it the next time
                self._cache = None
            news, cache.news = cache.news or [], []
            for symbol, figure in news:
                if symbol in self._read:
                    past.setdefault(symbol, []).append(figure)
        return await self._run(_judged, self._history, past, asked)

    async def ttl(self, asked: Asked, limit: float) -> float:
        """Return the seconds, at most ``limit``, for which the standings hold as far as age goes."""
        lookup = await self._dispatcher.find(asked.tickers, refresh=Refresh.CACHE_ONLY)
        ttls = [found.ttl for found in lookup.found.values()] + list(lookup.missing.values())
        return SHORT_TTL if lookup.failed else max(min([limit, *ttls]), SHORT_TTL)

    async def _past(self, cache: SnapshotCache, symbols: Sequence[str]) -> dict[str, list[PastGex]]:
        found: dict[str, list[PastGex]] = {}
        rest = iter(symbols)
        while part := list(islice(rest, AT_ONCE)):
            found |= await self._dispatcher.past.gex(cache.origin, part, history().MOST)
        for symbol in symbols:
            # A desk's store may have yet to write what the answer before has shown.
            if (shown := cache.snapshots.get(symbol)) is not None:
                found[symbol].append(past_gex(shown))
            if (at := cache.missing.get(symbol)) is not None:
                found[symbol].append((at, at, math.nan))
        return found

    async def _run(self, work: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._compute, work, *values)


def _judged(history: History, past: Mapping[str, Sequence[PastGex]], asked: Asked) -> Standings:
    history.learn(past)
    return history.standings(asked)
