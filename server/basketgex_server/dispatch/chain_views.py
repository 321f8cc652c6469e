"""What is made of single chains beyond their exposures: once for each figure, however many cells ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Origin, Terms
from basketgex_server.errors import NotOffered
from basketgex_server.sources.port import ChainSource, ExposureSource

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain

MOST_KEPT = 4_096
"""Views that are kept for who asks again."""
T = TypeVar("T")


class ChainViews:
    """Makes views of a source's chains, and keeps them until a symbol's figure is another."""

    __slots__ = ("_kept", "_making", "_source")

    def __init__(self, source: ExposureSource) -> None:
        # Looked at once: a look at a protocol takes longer than most views.
        self._source = source if isinstance(source, ChainSource) else None
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[object]] = {}

    def __repr__(self) -> str:
        return f"<ChainViews {len(self._kept)} kept>"

    @property
    def offered(self) -> bool:
        """Whether the source has chains."""
        return self._source is not None

    async def of(
        self, found: CachedFigure, origin: Origin, named: Hashable, work: Callable[[Chain, Terms], T]
    ) -> T | None:
        """Return what ``work`` makes of the chain of a figure, by the name of the view; None where there is no chain.

        The chain may be a little younger than the figure. Raises NotOffered where there are no chains, and BadChain.
        """
        if self._source is None:
            raise NotOffered("This source has no option chains, so no figures of that kind.")
        symbol = found.snapshot.exposure.symbol
        key = (symbol, named, found.snapshot.fetched_at, origin)
        if key in self._kept:
            self._kept.move_to_end(key)
            return cast("T | None", self._kept[key])
        # Many cells ask at once: it is made once, and goes on where one of them has gone.
        if key not in self._making:
            self._making[key] = asyncio.ensure_future(self._source.read(symbol, work))
            self._making[key].add_done_callback(partial(self._made, key))
        return cast("T | None", await asyncio.shield(self._making[key]))

    def _made(self, key: Hashable, done: asyncio.Task[object]) -> None:
        del self._making[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._kept[key] = done.result()
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
