"""What is known of the days before: what the store keeps, and beyond that what the source itself knows, at no source call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from basketgex_server.domain import Origin
from basketgex_server.sources.port import ExposureSource, HasPast
from basketgex_server.stores.chains import KeepsChains
from basketgex_server.stores.closes import KeepsCloses
from basketgex_server.stores.port import PastGex, Store

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.past import Close

DAY = 86_400.0
LONG_AGO = 2.0**31
"""Seconds: by so much earlier does the source's own past count as fetched, which is before anything that ever was."""


class Past:
    """Joins both pasts: of a day of which the store has something the source has nothing to say."""

    def __init__(self, source: ExposureSource, state: Store) -> None:
        self._source = source
        self._state = state

    async def gex(self, origin: Origin, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return past net GEX of some symbols, the oldest first, the ``most`` newest of each; of the source what is earlier."""
        found = await self._state.past(origin.key, symbols, most)
        for symbol, own in (await self._own(origin, symbols)).items():
            first = min((as_of for _, as_of, _ in found[symbol]), default=own[-1].as_of + DAY)
            earlier = [(c.as_of - LONG_AGO, c.as_of, c.gex) for c in own if c.as_of // DAY < first // DAY]
            found[symbol] = [*earlier, *found[symbol]][-most:]
        return found

    async def closes(self, origin: Origin, symbols: Sequence[str], since: float) -> dict[str, list[Close]]:
        """Return closing figures since a moment (Unix seconds), the oldest first; of no symbol where there are none of any."""
        state = self._state
        found = await state.closes(origin.key, symbols, since) if isinstance(state, KeepsCloses) else {}
        for symbol, own in (await self._own(origin, symbols)).items():
            kept = found.get(symbol, [])
            known = {c.as_of // DAY for c in kept}
            others = [c for c in own if c.as_of >= since and c.as_of // DAY not in known]
            found[symbol] = sorted([*kept, *others], key=lambda c: c.as_of)
        return found

    async def chain(self, origin: Origin, symbol: str, moment: float) -> Chain | None:
        """Return the newest chain of a symbol that is not later than a moment (Unix seconds); None where none is known."""
        state, source = self._state, self._source
        kept = (
            await state.chains.before(origin.key, symbol, moment) if isinstance(state, KeepsChains) else None
        )
        if not isinstance(source, HasPast) or source.origin() != origin:
            return kept
        own = await source.before(symbol, moment)
        return kept if own is None or (kept and kept.as_of // DAY >= own.as_of // DAY) else own

    async def _own(self, origin: Origin, symbols: Sequence[str]) -> Mapping[str, Sequence[Close]]:
        source = self._source
        if not isinstance(source, HasPast) or source.origin() != origin:
            return {}
        return await source.closes(symbols)
