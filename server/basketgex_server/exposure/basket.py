"""The basket contract for one basket: drops, renormalised weights, contribution, regime. Plain Python, no arrays.

``basket_arrays.py`` does the same for many baskets at once; a property test holds the two together.

Source: the public contract of FlashAlpha's ``/v1/exposure/basket``, with the coverage and breadth that this project adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from basketgex_server.domain import Basket, BasketExposure, Constituent, Measures, SymbolExposure
from basketgex_server.errors import NoData


def aggregate(basket: Basket, exposures: Mapping[str, SymbolExposure]) -> BasketExposure:
    """Return the exposure of a basket from its members' own; a member that is not in ``exposures`` is missing.

    The aggregate of each measure is Σ wᵢ·xᵢ over the members with data, their weights renormalised to sum to 1; a
    contribution is 100·|wᵢ·gexᵢ| / Σ|wⱼ·gexⱼ|, 0 where that sum is 0. Raises NoData where no weighted member has data.

    Two names of GEX +30 and −10, the first three times as heavy: 0.75 · 30 − 0.25 · 10 = 20.

    >>> def name(s, gex): return SymbolExposure(s, 100.0, Measures(gex, 0, 0, 0), as_of=0)
    >>> found = aggregate(Basket(("A", "B"), (3, 1)), {"A": name("A", 30), "B": name("B", -10)})
    >>> found.net.gex, found.net_to_gross, [c.contribution_pct for c in found.constituents]
    (20.0, 0.8, [90.0, 10.0])
    """
    kept = [(exposures[s], w) for s, w in zip(basket.symbols, basket.weights, strict=True) if s in exposures]
    missing = tuple(s for s in basket.symbols if s not in exposures)
    covered = _sum(w for _, w in kept)
    if covered <= 0:
        raise NoData(_no_data_sentence(basket, bool(kept)))
    weighted = [(e, w / covered) for e, w in kept]
    gross = _sum(abs(w * e.net.gex) for e, w in weighted)
    net = Measures(*(_sum(w * e.net[m] for e, w in weighted) for m in range(4)))
    negative = [w for e, w in weighted if e.net.gex < 0]
    return BasketExposure(
        constituents=tuple(
            Constituent(e, w, 100.0 * abs(w * e.net.gex) / gross if gross > 0 else 0.0) for e, w in weighted
        ),
        missing=missing,
        net=net,
        net_to_gross=net.gex / gross if gross > 0 else 0.0,
        covered_weight=covered / _sum(basket.weights),
        negative_names=len(negative),
        negative_weight=_sum(negative),
        usable_open_interest=_sum(w * e.usable_open_interest for e, w in weighted),
    )


def _sum(values: Iterable[float]) -> float:
    """Add from the first to the last, as ``basket_arrays.py`` does: a cell must not change with how it was asked for.

    Neither ``fsum`` nor, from Python 3.12 on, ``sum`` would.
    """
    total = 0.0
    for value in values:
        total += value
    return total


def _no_data_sentence(basket: Basket, some_unweighted: bool) -> str:
    if some_unweighted:
        return (
            "None of the names that have a weight has data: check the tickers, or give other names a weight."
        )
    shown = ", ".join(basket.symbols[:5]) + (", …" if len(basket.symbols) > 5 else "")
    return f"The source has no data for {shown}: check the spelling."
