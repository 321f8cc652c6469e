"""A basket in units of its index: betas that option prices imply, stock flow and GEX for 1 % of the index, and expected moves.

With σ_I the index's volatility at the money, σᵢ the members', wᵢ their weights, adding up to 1, and ρ the one implied
correlation between all pairs (``dispersion``)::

    βᵢ = σᵢ · [(1 − ρ) · wᵢ · σᵢ + ρ · Σ wⱼσⱼ] ÷ σ_I²         so that Σ wᵢβᵢ = 1
    stock flow per 1 % of the index       Σ βᵢ · Gᵢ           what members' dealers sell, USD, when the index rises by 1 %
    index-equivalent GEX                  Σ βᵢ² · Gᵢ          the GEX on the index that loses as much by its curvature
    GEX per daily sigma                   Gᵢ · 100 · σᵢ ÷ √252
    expected move of a basket             √(Σᵢⱼ wᵢwⱼρᵢⱼmᵢmⱼ), mᵢ = σᵢ√T, as a part of its value
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from basketgex_server.domain import Basket
from basketgex_server.exposure.chain import DAYS_PER_YEAR
from basketgex_server.exposure.dispersion import HIGHEST, dispersion

TRADING_DAYS = 252.0


@dataclass(frozen=True, slots=True)
class Betas:
    """Implied betas by symbol, of the members that have a volatility; ``missing`` have none. ``correlation`` is the ρ used."""

    correlation: float
    betas: dict[str, float]
    missing: tuple[str, ...]
    covered_weight: float


def implied(index_volatility: float, members: Basket, volatilities: Mapping[str, float]) -> Betas | None:
    """Return the betas to an index that volatilities per 1.00 imply; None where there is no implied correlation.

    Two of 40 % and 20 % that weigh the same, in an index of 24 %: ρ = 0.19.

    >>> found = implied(0.24, Basket(("A", "B"), (1, 1)), {"A": 0.4, "B": 0.2})
    >>> {symbol: round(beta, 4) for symbol, beta in found.betas.items()}
    {'A': 1.5208, 'B': 0.4792}
    """
    found = dispersion(index_volatility, members, volatilities)
    if found is None or found.implied_correlation is None:
        return None
    rho, variance = found.implied_correlation, index_volatility**2
    parts = {part.symbol: part for part in found.contributions}
    return Betas(
        correlation=rho,
        betas={
            symbol: part.volatility
            * ((1 - rho) * part.contribution + rho * found.basket_volatility)
            / variance
            for symbol in members.symbols
            if (part := parts.get(symbol)) is not None
        },
        missing=found.missing,
        covered_weight=found.covered_weight,
    )


def flow_per_index_percent(gex: Sequence[float], betas: Sequence[float], counts: Sequence[float]) -> float:
    """Return Σ c·β·G, USD of stock per 1 % of the index; ``counts`` are 1 a name, or its weight."""
    return math.fsum(c * beta * g for g, beta, c in zip(gex, betas, counts, strict=True))


def index_equivalent(gex: Sequence[float], betas: Sequence[float], counts: Sequence[float]) -> float:
    """Return Σ c·β²·G, USD per 1 % of the index.

    >>> index_equivalent([100.0, -40.0], [2.0, 0.5], [1.0, 1.0])
    390.0
    """
    return math.fsum(c * beta * beta * g for g, beta, c in zip(gex, betas, counts, strict=True))


def per_daily_sigma(gex: float, volatility: float) -> float:
    """Return GEX for a move of one standard deviation a day, USD, instead of 1 %.

    >>> round(per_daily_sigma(1e6, 0.32))
    2015811
    """
    return gex * 100.0 * volatility / math.sqrt(TRADING_DAYS)


def expected_move(
    weights: Sequence[float], volatilities: Sequence[float], correlation: float, days: float
) -> float | None:
    """Return a basket's expected move to a horizon in calendar days, one standard deviation, as a part of its value.

    Volatilities per 1.00, weights on any scale, one correlation between all pairs. None where the correlation is none that the
    names can have, so that no variance comes out.

    >>> round(expected_move([1, 1], [0.4, 0.2], 0.19, 365.0), 6)
    0.24
    """
    total = math.fsum(weights)
    if not (total > 0 and days > 0 and all(0 < v <= HIGHEST for v in volatilities)):
        return None
    parts = [w / total * v for w, v in zip(weights, volatilities, strict=True)]
    variance = (1 - correlation) * math.fsum(p * p for p in parts) + correlation * math.fsum(parts) ** 2
    return math.sqrt(variance * days / DAYS_PER_YEAR) if variance >= 0 else None
