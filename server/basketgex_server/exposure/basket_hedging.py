"""A basket's hedges: who counts how much, by which beta each moves, the ladder, and the charm clock.

The charm clock is what passing time alone makes dealers trade: ``H(0, 0, t)`` to each whole hour of New York until the close,
every contract repriced to that moment, since CHEX × time is a slope that near the close leads elsewhere; and over a weekend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from basketgex_server.domain import Basket, Terms
from basketgex_server.exposure.betas import Betas, implied
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.hedging import DAY, Hedged, Ladder, Scenario, ladder
from basketgex_server.market_hours import next_session

HOUR = 3_600.0
WEEKEND = 3.0
"""Calendar days from a Friday to the Monday after it."""


class Tick(NamedTuple):
    """What dealers buy until a moment (Unix seconds) as time passes, USD of stock; ``kind``: hour, close or weekend."""

    kind: str
    at: float
    buy: float


@dataclass(frozen=True, slots=True)
class BasketHedge:
    """The ladder of a basket, and its charm clock where that was asked for.

    ``symbols`` had a contract that counts and a beta; beside them what each counts (1, or its weight renormalised to sum to 1),
    its beta, and the moment of its chain. ``covered_weight`` is their share of the weight asked for, or of the names.
    """

    ladder: Ladder
    clock: tuple[Tick, ...]
    symbols: tuple[str, ...]
    counts: tuple[float, ...]
    betas: tuple[float, ...]
    as_of: tuple[float, ...]
    covered_weight: float


def basket_hedge(
    held: Mapping[str, tuple[Chain, Terms]],
    basket: Basket,
    betas: Mapping[str, float] | None,
    scenarios: Sequence[Scenario],
    *,
    per_weight: bool,
    clock: bool = False,
) -> BasketHedge | None:
    """Return what dealers of a basket must trade; None where no member has a row that counts, or a figure overflows.

    ``betas`` None: each name moves as the market; a name that it lacks is left out. ``per_weight``: a name counts its weight,
    else 1. Raises what ``ladder`` raises.
    """
    load = dict(
        zip(basket.symbols, basket.weights if per_weight else [1.0] * len(basket.symbols), strict=True)
    )
    known = dict.fromkeys(load, 1.0) if betas is None else betas
    members = [
        Hedged(*held[s], counts=load[s], beta=known[s]) for s in load if load[s] and s in held and s in known
    ]
    first = ladder(members, [Scenario()]) if members else None
    if first is None:
        return None
    members = [m for m in members if m.chain.symbol in first.symbols]
    covered = math.fsum(m.counts for m in members)
    if per_weight:
        members = [m._replace(counts=m.counts / covered) for m in members]
    found = ladder(members, scenarios)
    if found is None:
        return None
    return BasketHedge(
        ladder=found,
        clock=charm_clock(members) if clock else (),
        symbols=found.symbols,
        counts=tuple(m.counts for m in members),
        betas=tuple(m.beta for m in members),
        as_of=tuple(m.chain.as_of for m in members),
        covered_weight=covered / math.fsum(load.values()),
    )


def charm_clock(members: Sequence[Hedged]) -> tuple[Tick, ...]:
    """Return the charm clock from the newest chain's moment on, an earlier chain's time passing from its own.

    Where the session is over, or has not begun, the hours are those of the next one. Empty where a figure overflows.
    """
    now = max(m.chain.as_of for m in members)
    begin, close = next_session(now)
    first = math.floor(max(now, begin) / HOUR) + 1
    at = [h * HOUR for h in range(first, math.ceil(close / HOUR))]
    kinds = ["hour"] * len(at) + ["close", "weekend"]
    until = [*at, close]
    bought = [0.0] * len(kinds)
    for member in members:
        passing = [*((t - member.chain.as_of) / DAY for t in until), WEEKEND]
        part = ladder([member], [Scenario(days=days) for days in passing])
        if part is None:
            return ()
        bought = [a + b for a, b in zip(bought, part.buy, strict=True)]
    return tuple(map(Tick, kinds, [*until, now + WEEKEND * DAY], bought))


def implied_betas(
    held: Mapping[str, tuple[Chain, Terms]], index: str, members: Basket, horizon_days: float
) -> Betas | None:
    """Return the betas that volatilities at the money and horizon imply; None where there is no implied correlation."""
    volatility = {
        symbol: found
        for symbol, (chain, terms) in held.items()
        if (found := at_the_money(chain, terms.rate, terms.dividend_yield, horizon_days)) is not None
    }
    of_index = volatility.get(index)
    return None if of_index is None else implied(of_index, members, volatility)
