"""A basket in units that compare: of its index by betas, of a day's standard deviation, name by name and together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from basketgex_server.domain import Basket, Terms
from basketgex_server.exposure.betas import flow_per_index_percent, index_equivalent, per_daily_sigma
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.symbol import exposure


@dataclass(frozen=True, slots=True)
class IndexUnits:
    """The names that have net GEX and a beta, and beside them what each counts (1, or its weight renormalised to sum to 1).

    ``gex`` in USD per 1 % of the name, ``volatilities`` at the money and horizon per 1.00, None where there is none; ``as_of``
    the moments of the chains. ``covered_weight`` is their share of the weight asked for, or of the names.
    """

    symbols: tuple[str, ...]
    counts: tuple[float, ...]
    betas: tuple[float, ...]
    volatilities: tuple[float | None, ...]
    gex: tuple[float, ...]
    as_of: tuple[float, ...]
    covered_weight: float

    @property
    def total(self) -> float:
        """Net GEX together, USD for a move of 1 % of every name."""
        return math.fsum(c * g for c, g in zip(self.counts, self.gex, strict=True))

    @property
    def flow(self) -> float:
        """What dealers sell, USD of stock, when the index rises by 1 %."""
        return flow_per_index_percent(self.gex, self.betas, self.counts)

    @property
    def index_equivalent(self) -> float:
        """The GEX on the index that curves as much, USD per 1 % of it."""
        return index_equivalent(self.gex, self.betas, self.counts)

    @property
    def per_sigma(self) -> tuple[float | None, ...]:
        """GEX for a day's standard deviation instead of 1 %, USD; None where there is no volatility."""
        pairs = zip(self.gex, self.volatilities, strict=True)
        return tuple(None if v is None else per_daily_sigma(g, v) for g, v in pairs)

    @property
    def total_per_sigma(self) -> float | None:
        """The same together, every name moving by its own; None where one of them has no volatility."""
        known = [s for s in self.per_sigma if s is not None]
        if len(known) < len(self.symbols):
            return None
        return math.fsum(c * s for c, s in zip(self.counts, known, strict=True))


def index_units(
    held: Mapping[str, tuple[Chain, Terms]],
    basket: Basket,
    betas: Mapping[str, float] | None,
    horizon_days: float,
    *,
    per_weight: bool,
) -> IndexUnits | None:
    """Return a basket in comparable units; None where no name has net GEX and a beta. ``betas`` None: 1 each."""
    load = dict(
        zip(basket.symbols, basket.weights if per_weight else [1.0] * len(basket.symbols), strict=True)
    )
    known = dict.fromkeys(load, 1.0) if betas is None else betas
    found = {
        s: figures.net.gex
        for s, weight in load.items()
        if weight and s in held and s in known and (figures := exposure(held[s][0], *held[s][1])) is not None
    }
    if not found:
        return None
    chains = [held[s] for s in found]
    covered = math.fsum(load[s] for s in found)
    return IndexUnits(
        symbols=tuple(found),
        counts=tuple(load[s] / covered if per_weight else 1.0 for s in found),
        betas=tuple(known[s] for s in found),
        volatilities=tuple(_volatilities(chains, horizon_days)),
        gex=tuple(found.values()),
        as_of=tuple(chain.as_of for chain, _ in chains),
        covered_weight=covered / math.fsum(load.values()),
    )


def _volatilities(chains: Sequence[tuple[Chain, Terms]], horizon_days: float) -> list[float | None]:
    return [at_the_money(chain, terms.rate, terms.dividend_yield, horizon_days) for chain, terms in chains]
