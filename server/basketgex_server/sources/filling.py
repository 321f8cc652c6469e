"""A provider of chains whose absent volatilities are filled in: the setting ``missing_volatility = "fill"``.

This module is imported before the server listens, so what needs numpy is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from basketgex_server.domain import Origin
from basketgex_server.sources.port import ChainProvider

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain

Rates = Callable[[str], tuple[float, float]]
"""The rate and the dividend yield that a symbol's volatilities are solved with."""


class Filling:
    """A ChainProvider over another. Its figures are of another origin than those of chains left as they are."""

    def __init__(self, provider: ChainProvider, rates: Rates) -> None:
        self._provider = provider
        self._rates = rates

    def __repr__(self) -> str:
        return f"Filling({self._provider!r})"

    def origin(self) -> Origin:
        """Return the provider's origin, apart from its own."""
        origin = self._provider.origin()
        return replace(origin, location=f"{origin.location}|filled")

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of a symbol, filled. Raises what the provider raises."""
        from basketgex_server.exposure.implied import fill

        chain = self._provider.chain(symbol)
        return fill(chain, *self._rates(symbol)).chain if chain else None
