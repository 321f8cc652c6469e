"""One symbol's levels: each is a call of its own, however many ask, and what it brings stays until the figure is another."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from basketgex_server.dispatch.backoff import LEVELS, SOURCE, error_of
from basketgex_server.dispatch.freshness import believable
from basketgex_server.dispatch.people import ShareSpent
from basketgex_server.dispatch.snapshots import SnapshotCache
from basketgex_server.dispatch.spending import Spender
from basketgex_server.errors import Draining
from basketgex_server.sources.port import ExposureSource

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels


class _Known(NamedTuple):
    """A symbol's levels, None where it has none, and the ``fetched_at`` of the figure that they belong to."""

    levels: Levels | None
    figure: float
    asked_at: float


class LevelCalls:
    """Finds levels. That a symbol has none holds for ``missing_ttl`` seconds; ``now`` gives Unix seconds.

    A call goes on when nobody waits for it any more: it has cost its debit, and the next to ask has what it brings. Otherwise a
    source that is slower than the patience of a cell would cost a debit with every recalculation, and never show anything.
    """

    __slots__ = ("_asking", "_draining", "_known", "_missing_ttl", "_now", "_source", "_spender", "_tasks")

    def __init__(
        self, source: ExposureSource, spender: Spender, missing_ttl: float, now: Callable[[], float]
    ) -> None:
        self._source = source
        self._spender = spender
        self._missing_ttl = missing_ttl
        self._now = now
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[Levels | None]] = {}
        self._tasks: set[asyncio.Task[Levels | None]] = set()
        self._draining = False

    def __repr__(self) -> str:
        return f"<LevelCalls {len(self._known)} known, {len(self._tasks)} on their way>"

    @property
    def under_way(self) -> int:
        """How many calls are in flight, or about to leave."""
        return len(self._tasks)

    def forget(self) -> None:
        """Forget everything, and give nobody what is still on its way: the source's origin is another."""
        self._known, self._asking = {}, {}

    def last(self, symbol: str, since: float) -> Levels | None:
        """Return what a symbol's levels were when last asked for, where that was after a moment."""
        known = self._known.get(symbol)
        return known.levels if known is not None and known.asked_at >= since else None

    async def find(self, cache: SnapshotCache, symbol: str) -> Levels | None:
        """Return a symbol's levels, None where it has none. Raises what stands in the way."""
        snapshot = cache.snapshots.get(symbol)
        figure = snapshot.fetched_at if snapshot is not None else 0.0
        known = self._known.get(symbol)
        if known is not None and known.figure == figure:
            lasts = math.inf if known.levels is not None else self._missing_ttl
            if believable(known.asked_at, self._now()) and self._now() < known.asked_at + lasts:
                return known.levels
        while (task := self._asking.get(symbol)) is not None:
            with suppress(ShareSpent):  # another's share: this one may have some left
                return await self._answer(task)
        if self._draining:
            raise Draining
        task = self._asking[symbol] = asyncio.ensure_future(
            self._ask(cache, symbol, figure, self._known, self._asking)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await self._answer(task)

    @staticmethod
    async def _answer(task: asyncio.Task[Levels | None]) -> Levels | None:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise Draining from None
            raise

    async def drain(self) -> None:
        """Let no further call leave, and wait for those under way."""
        self._draining = True
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End the calls under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(
        self,
        cache: SnapshotCache,
        symbol: str,
        figure: float,
        known: dict[str, _Known],
        asking: dict[str, asyncio.Task[Levels | None]],
    ) -> Levels | None:
        now, name = self._now(), symbol + LEVELS
        try:
            for held in (name, LEVELS, SOURCE):
                if failure := cache.failures.held(held, now):
                    raise error_of(failure, now)
            if self._source.metered and (late := cache.paced(cache.levels, now)):
                raise late
            found = await self._spender.spend(cache, (name,), LEVELS, lambda: self._source.levels(symbol))
        finally:
            del asking[symbol]
        self._spender.recover(cache, [name])
        known[symbol] = _Known(found, figure, now)
        return found
