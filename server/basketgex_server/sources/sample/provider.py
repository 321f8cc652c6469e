"""The embedded sample: invented chains of well-known names, the same on every run and machine. No market data in it.

Prices, volatilities and open interest are made up to look like a Wednesday before a monthly expiry; ``generator`` draws
the chains from them when they are asked for, and ``past`` those of the ten sessions before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from basketgex_server.domain import Origin
from basketgex_server.sources.sample.names import BY_SYMBOL

if TYPE_CHECKING:  # numpy comes with it, and the server listens before that is loaded
    from basketgex_server.exposure.chain import Chain


class Sample:
    """A ChainProvider of the invented chains. Drawn when asked for, and only the one asked for."""

    def __repr__(self) -> str:
        return f"Sample({len(BY_SYMBOL)} symbols)"

    def origin(self) -> Origin:
        """Return the sample's origin: synthetic, and of a moment that has passed."""
        return Origin(source="sample", label="synthetic sample", synthetic=True, historical=True)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols there are, sector by sector."""
        return tuple(BY_SYMBOL)

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of a symbol, or None where the sample does not have it."""
        if (name := BY_SYMBOL.get(symbol)) is None:
            return None
        from basketgex_server.sources.sample.generator import draw

        return draw(symbol, name)

    def moments(self) -> tuple[float, ...]:
        """Return the closes of the sessions before."""
        from basketgex_server.sources.sample.past import moments

        return moments()

    def chain_at(self, symbol: str, moment: float) -> Chain | None:
        """Return the chain that a symbol is said to have had at one of the moments, as invented as that of today."""
        if (name := BY_SYMBOL.get(symbol)) is None:
            return None
        from basketgex_server.sources.sample.past import draw_past

        return draw_past(symbol, name, moment)
