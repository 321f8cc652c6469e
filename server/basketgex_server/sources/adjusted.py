"""A provider whose chains are adjusted before anything is computed: ``dividends = "implied"``, ``missing_volatility = "fill"``.

This module is imported before the server listens, so what needs numpy is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from basketgex_server.domain import DAY_COUNT, IMPLIED, DayCount, Origin
from basketgex_server.sources.port import ChainProvider, PastChains, at_hand

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain

Rates = Callable[[str], tuple[float, float]]
"""The rate and the dividend yield that a symbol's figures are computed with."""


class Adjusted:
    """A ChainProvider over another; its figures are of another origin than those of chains left as they are.

    ``implied``: each expiry has the dividend yield that put-call parity means, where that can be trusted. ``filled``: absent
    volatilities are filled in.
    """

    def __init__(
        self,
        provider: ChainProvider,
        rates: Rates,
        day_count: DayCount = DAY_COUNT,
        *,
        implied: bool = False,
        filled: bool = False,
    ) -> None:
        self._provider = provider
        self._rates = rates
        self._day_count = day_count
        self._implied = implied
        self._filled = filled

    def __repr__(self) -> str:
        return f"Adjusted({self._provider!r}, implied={self._implied}, filled={self._filled})"

    def origin(self) -> Origin:
        """Return the provider's origin, apart from its own."""
        origin = self._provider.origin()
        return origin._replace(
            location=f"{origin.location}|filled" if self._filled else origin.location,
            by_symbol=IMPLIED if self._implied else origin.by_symbol,
        )

    async def at_hand(self, symbols: Sequence[str]) -> Adjusted:
        """Return the same over what the provider has at hand. Raises what the provider raises."""
        found = await at_hand(self._provider, symbols)
        return Adjusted(found, self._rates, self._day_count, implied=self._implied, filled=self._filled)

    def symbols(self) -> tuple[str, ...]:
        """Return the provider's symbols."""
        return self._provider.symbols()

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of a symbol, adjusted. Raises what the provider raises."""
        return self._adjusted(symbol, self._provider.chain(symbol))

    def moments(self) -> tuple[float, ...]:
        """Return the provider's earlier closes."""
        return self._provider.moments() if isinstance(self._provider, PastChains) else ()

    def chain_at(self, symbol: str, moment: float) -> Chain | None:
        """Return the chain of a symbol at one of them, adjusted likewise."""
        if not isinstance(self._provider, PastChains):
            return None
        return self._adjusted(symbol, self._provider.chain_at(symbol, moment))

    def _adjusted(self, symbol: str, chain: Chain | None) -> Chain | None:
        from basketgex_server.exposure.implied import adjusted

        rate, dividend_yield = self._rates(symbol)
        return chain and adjusted(
            chain, rate, dividend_yield, self._day_count, implied=self._implied, filled=self._filled
        )
