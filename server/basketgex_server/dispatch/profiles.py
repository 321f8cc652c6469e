"""The question for a profile of names that each move by their beta times the market's move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from basketgex_server.dispatch.hedges import BetasOf, names_of, none_of, resolved
from basketgex_server.dispatch.queries import within
from basketgex_server.domain import Basket
from basketgex_server.errors import NotOffered
from basketgex_server.sources.port import ChainSource, ExposureSource, Held

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.profile import Profile


@dataclass(frozen=True, slots=True)
class BetaProfile:
    """A profile over moves of the market, betas by symbol, and the correlation of implied ones; ``failed`` as in Fetched."""

    profile: Profile
    betas: Mapping[str, float]
    correlation: float | None
    failed: Mapping[str, str]


async def find_beta_profile(
    source: ExposureSource,
    basket: Basket,
    moves: Sequence[float],
    measures: Sequence[int],
    betas: BetasOf,
    *,
    timeout: float,
) -> BetaProfile:
    """Return a basket's profile over moves of the market. Raises NotOffered, TimedOut, BadChain and NoData."""
    if not isinstance(source, ChainSource):
        raise NotOffered("This source has no option chains, so no profile over spot prices.")
    weight = dict(zip(basket.symbols, basket.weights, strict=True))

    def work(held: Held) -> tuple[Profile | None, Mapping[str, float], float | None]:
        from basketgex_server.exposure.profile import Member, profile

        known, rho = resolved(held, basket, betas)
        known = known or {}
        members = [Member(*held[s], w) for s, w in weight.items() if w and s in held and s in known]
        return profile(members, moves, measures, known), known, rho

    found = await within(timeout, source.together(names_of(basket, betas, per_weight=True), work))
    made, known, rho = found.made
    if made is None:
        raise none_of(basket, found.failed)
    covered = math.fsum(weight[s] for s in made.symbols) / math.fsum(basket.weights)
    return BetaProfile(replace(made, covered_weight=covered), known, rho, found.failed)
