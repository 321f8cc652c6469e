"""A provider's earlier chains, made figures on an executor; none where the provider has none.

This module is imported before the server listens, so what needs numpy is imported where it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from basketgex_server.domain import Terms
from basketgex_server.sources.port import ChainProvider, PastChains

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.past import Close


class Earlier:
    """The past of one provider under fixed ``terms``."""

    def __init__(self, provider: ChainProvider, executor: Executor, terms: Callable[[str], Terms]) -> None:
        self._provider = provider if isinstance(provider, PastChains) else None
        self._executor = executor
        self._terms = terms
        self._closes: dict[str, tuple[Close, ...]] = {}

    async def closes(self, symbols: Sequence[str]) -> dict[str, tuple[Close, ...]]:
        """Return closing figures by symbol, the oldest first: worked out once each, a symbol on each turn of the executor."""
        provider, loop = self._provider, asyncio.get_running_loop()
        if provider is None:
            return {}
        for symbol in symbols:
            if symbol not in self._closes:
                terms = self._terms(symbol)
                found = await loop.run_in_executor(self._executor, _closes, provider, symbol, terms)
                if found:  # of those that the provider has, which are few; others could be any number
                    self._closes[symbol] = found
        return {symbol: self._closes[symbol] for symbol in symbols if symbol in self._closes}

    async def before(self, symbol: str, moment: float) -> Chain | None:
        """Return the newest chain not later than a moment (Unix seconds), made on the executor; None where there is none."""
        provider, loop = self._provider, asyncio.get_running_loop()
        if provider is None:
            return None
        return await loop.run_in_executor(self._executor, _before, provider, symbol, moment)


def _closes(provider: PastChains, symbol: str, terms: Terms) -> tuple[Close, ...]:
    from basketgex_server.exposure.past import Close
    from basketgex_server.exposure.symbol import exposure

    chains = (provider.chain_at(symbol, moment) for moment in provider.moments())
    found = [figure for chain in chains if chain and (figure := exposure(chain, *terms))]
    return tuple(Close(figure.as_of, *figure.net, figure.gross_gex) for figure in found)


def _before(provider: PastChains, symbol: str, moment: float) -> Chain | None:
    earlier = [at for at in provider.moments() if at <= moment]
    return provider.chain_at(symbol, earlier[-1]) if earlier else None
