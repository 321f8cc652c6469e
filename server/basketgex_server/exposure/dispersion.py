"""Implied correlation of an index against its members, and the parts it is made of.

With σ_I the index's volatility, σᵢ the members' and wᵢ their weights, adding up to 1::

    ρ = (σ_I² − Σ wᵢ²σᵢ²) / ((Σ wᵢσᵢ)² − Σ wᵢ²σᵢ²)

the one correlation between all pairs at which the members' volatilities make the index's. All volatilities are at the money and
of one horizon, interpolated between expiries in total variance σ²T. Source: FlashAlpha's public contract; CBOE, S&P 500 Implied
Correlation Index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from basketgex_server.domain import Basket, BasketExposure, SymbolExposure, regime
from basketgex_server.errors import NoData
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.basket import aggregate
from basketgex_server.exposure.chain import DAYS_PER_YEAR, Chain
from basketgex_server.exposure.symbol import exposure

if TYPE_CHECKING:  # whose flips ask here for a volatility
    from basketgex_server.exposure.profile import Member

COVERED = 0.9
"""Where less of an index is known, its implied correlation is a range and no number."""
HIGHEST = 100.0
"""Volatilities above this, per 1.00, count as absent."""
SHORTEST = 1.0 / DAYS_PER_YEAR
"""Years: expiries nearer than a day are not asked, whose volatility at the money is that of the last hours."""


class Contribution(NamedTuple):
    """A member's volatility per 1.00 at the horizon, its renormalised weight and ``weight · volatility``."""

    symbol: str
    weight: float
    volatility: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Implied correlation at a horizon, volatilities per 1.00.

    ``implied_correlation`` is None where the denominator is not above 0 (there is one member); it may lie outside −1..1 where
    index and members are quoted at odds. ``basket_volatility`` is Σ wᵢσᵢ: the index's, were ρ 1; ``independent_volatility`` is
    √Σ wᵢ²σᵢ²: were it 0. ``contributions``: the largest first. ``missing`` have no volatility at the money; the others' weights
    add up to 1, and ``covered_weight`` is the share of the weight asked for that they had.
    """

    implied_correlation: float | None
    index_volatility: float
    basket_volatility: float
    independent_volatility: float
    contributions: tuple[Contribution, ...]
    missing: tuple[str, ...]
    covered_weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """An index against the members that have a weight, at a horizon.

    ``dispersion`` is None where the index or all members have no volatility there, ``index`` and ``basket`` where there is no
    exposure. ``missing``, ``covered_weight``: as in Dispersion. ``opposed``: the members whose own regime is not the index's.
    ``as_of`` are the moments of the chains, the index's first.
    """

    dispersion: Dispersion | None
    index_volatility: float | None
    index: SymbolExposure | None
    basket: BasketExposure | None
    opposed: tuple[str, ...]
    missing: tuple[str, ...]
    covered_weight: float
    as_of: tuple[float, ...]


def compare(
    index: Member | None, members: Basket, chains: Sequence[Member], horizon_days: float
) -> Comparison:
    """Return an index against its members; ``chains`` are those that there are, each by its symbol in ``members``."""
    weighted = {s: w for s, w in zip(members.symbols, members.weights, strict=True) if w > 0}
    held = [m for m in chains if m.chain.symbol in weighted]
    volatilities = {
        m.chain.symbol: found for m in held if (found := _volatility(m, horizon_days)) is not None
    }
    of_index = None if index is None else _volatility(index, horizon_days)
    own = {m.chain.symbol: known for m in held if (known := exposure(m.chain, *m.terms)) is not None}
    whole = None if index is None else exposure(index.chain, *index.terms)
    try:
        basket = aggregate(Basket(tuple(weighted), tuple(weighted.values())), own)
    except NoData:
        basket = None
    covered = math.fsum(weighted[s] for s in volatilities)
    return Comparison(
        dispersion=None if of_index is None else dispersion(of_index, members, volatilities),
        index_volatility=of_index,
        index=whole,
        basket=basket,
        opposed=tuple(s for s in weighted if s in own and regime(own[s].net.gex) != regime(whole.net.gex))
        if whole is not None
        else (),
        missing=tuple(s for s in weighted if s not in volatilities),
        covered_weight=covered / math.fsum(weighted.values()),
        as_of=tuple(m.chain.as_of for m in (index, *held) if m is not None and math.isfinite(m.chain.as_of)),
    )


def _volatility(member: Member, horizon_days: float) -> float | None:
    return at_the_money(member.chain, member.terms.rate, member.terms.dividend_yield, horizon_days)


def dispersion(
    index_volatility: float, members: Basket, volatilities: Mapping[str, float]
) -> Dispersion | None:
    """Return the dispersion of members against their index; None where no weighted member has a volatility.

    ``volatilities`` per 1.00 by symbol; one that is absent, or not above 0 and up to HIGHEST, is missing.

    Two of 40 % and 20 %, weighing the same, and an index of 24 %: (0.0576 − 0.05) / (0.09 − 0.05) = 0.19.

    >>> found = dispersion(0.24, Basket(("A", "B"), (1, 1)), {"A": 0.4, "B": 0.2})
    >>> round(found.implied_correlation, 6), round(found.basket_volatility, 6)
    (0.19, 0.3)
    """
    if not 0 < index_volatility <= HIGHEST:
        return None
    weighted = [(s, w) for s, w in zip(members.symbols, members.weights, strict=True) if w > 0]
    known = {s: v for s, _ in weighted if 0 < (v := volatilities.get(s, math.nan)) <= HIGHEST}
    covered = math.fsum(w for s, w in weighted if s in known)
    if covered <= 0:
        return None
    parts = [
        Contribution(s, w / covered, known[s], w / covered * known[s]) for s, w in weighted if s in known
    ]
    whole, own = math.fsum(p.contribution for p in parts), math.fsum(p.contribution**2 for p in parts)
    before = [0.0, *accumulate(p.contribution for p in parts)]
    among = math.fsum(2 * p.contribution * b for p, b in zip(parts, before, strict=False))
    return Dispersion(
        implied_correlation=(index_volatility**2 - own) / among if among > 0 else None,
        index_volatility=index_volatility,
        basket_volatility=whole,
        independent_volatility=math.sqrt(own),
        contributions=tuple(sorted(parts, key=lambda p: -p.contribution)),
        missing=tuple(s for s, _ in weighted if s not in known),
        covered_weight=covered / math.fsum(members.weights),
    )


def share_of_index(weights: Sequence[float] | None) -> float:
    """Return which part of an index the weights given add up to: as shares up to 1, as per cent up to 100.

    1 where none are given, or where they add up to more: they have a scale of their own then, and are taken for the whole.

    >>> share_of_index([0.07, 0.06]), share_of_index([40, 35, 25]), share_of_index([9.0, 8.0]), share_of_index([300, 100])
    (0.13, 1.0, 0.17, 1.0)
    """
    total = math.fsum(weights or ())
    for whole in (1.0, 100.0):
        if 0 < total <= whole * (1 + 1e-6):
            return min(total / whole, 1.0)
    return 1.0


def correlation_range(found: Dispersion, covered: float) -> tuple[float, float] | None:
    """Return the lowest and the highest implied correlation where only the share ``covered`` of the index is known.

    The rest may have any volatility between the members' lowest and highest, and be many small names or as few as there can
    be of the largest member's weight. None where even so there is no correlation.
    """
    rest = max(1.0 - covered, 0.0)
    variance, known = found.index_volatility**2, covered * found.basket_volatility
    own = (covered * found.independent_volatility) ** 2
    largest = max((covered * part.weight for part in found.contributions), default=0.0)
    ends = []
    for volatility in (f(part.volatility for part in found.contributions) for f in (min, max)):
        for of_one in (0.0, min(largest, rest)):
            alone = own + rest * of_one * volatility**2
            among = (known + rest * volatility) ** 2 - alone
            if among > 0:
                ends.append((variance - alone) / among)
    return (min(ends), max(ends)) if ends else None


def at_the_money(chain: Chain, rate: float, dividend_yield: float, horizon_days: float) -> float | None:
    """Return a chain's volatility at the money per 1.00 at a horizon in calendar days; None where it has none.

    Of each expiry at least a day away: at its forward S e^((r − q)T), q the chain's own where it has one, linear between the
    two strikes beside it, calls and puts of a strike averaged; an expiry without a strike on either side of the forward has
    none. Between expiries linear in total variance; before the first and after the last the volatility is theirs.
    """
    if not (
        math.isfinite(chain.spot) and chain.spot > 0 and math.isfinite(horizon_days) and horizon_days > 0
    ):
        return None
    with np.errstate(all="ignore"):
        years = chain.years()
        usable = np.isfinite(years) & (years >= SHORTEST) & (chain.expiry > chain.seen_at)
        for column in (chain.volatility, chain.strike):
            usable &= np.isfinite(column) & (column > 0)
    terms: list[tuple[float, float]] = []
    yields = np.broadcast_to(chain.yields(dividend_yield), len(chain))
    for expiry in np.unique(years[usable]).tolist():
        rows = usable & (years == expiry)
        forward = _forward(chain.spot, (rate - float(yields[rows][0])) * expiry)
        found = volatility_at(chain.strike[rows], chain.volatility[rows], forward)
        if found is not None:
            terms.append((expiry, found))
    if not terms:
        return None
    at = min(max(horizon_days / DAYS_PER_YEAR, terms[0][0]), terms[-1][0])
    variance = float(np.interp(at, [t for t, _ in terms], [v * v * t for t, v in terms]))
    return math.sqrt(variance / at)


def _forward(spot: float, growth: float) -> float:
    try:
        return spot * math.exp(growth)
    except OverflowError:
        return math.inf


def volatility_at(strike: Floats, volatility: Floats, forward: float) -> float | None:
    """Return the volatility at the forward, between the strikes beside it; None where it does not lie between two."""
    strikes, place = np.unique(strike, return_inverse=True)
    if not strikes[0] <= forward <= strikes[-1]:
        return None
    with np.errstate(over="ignore"):
        mean = np.bincount(place, volatility) / np.bincount(place)
        found = float(np.interp(forward, strikes, mean))
    return found if 0 < found <= HIGHEST else None
