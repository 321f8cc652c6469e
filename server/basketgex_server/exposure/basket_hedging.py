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


class Times(NamedTuple):
    """The rows of a charm clock: their ``kinds``, and the moments (Unix seconds) of all but the weekend, the last."""

    now: float
    kinds: tuple[str, ...]
    until: tuple[float, ...]

    def ticks(self, buy: Sequence[float]) -> tuple[Tick, ...]:
        """Return the clock of what is bought until each row."""
        return tuple(map(Tick, self.kinds, [*self.until, self.now + WEEKEND * DAY], buy))


def clock_times(now: float) -> Times:
    """Return the rows of the charm clock from the moment of the newest chain on.

    Where the session is over, or has not begun, the hours are those of the next one.
    """
    begin, close = next_session(now)
    first = math.floor(max(now, begin) / HOUR) + 1
    at = [h * HOUR for h in range(first, math.ceil(close / HOUR))]
    return Times(now, (*["hour"] * len(at), "close", "weekend"), (*at, close))


class NameHedge(NamedTuple):
    """What dealers of one name buy in scenarios and until the rows of a clock, USD of stock, and its chain's moment."""

    as_of: float
    buy: tuple[float, ...]
    clock: tuple[float, ...]


def name_hedge(
    scenarios: Sequence[Scenario], beta: float, until: Sequence[float], chain: Chain, terms: Terms
) -> NameHedge | None:
    """Return what dealers of a name must trade; None where no row of its chain counts, or a figure overflows.

    ``until``: the moments of a clock, of which the chain may be a little younger; none: no clock.
    """
    passing = [*(max(t - chain.as_of, 0.0) / DAY for t in until), WEEKEND] if until else []
    found = ladder([Hedged(chain, terms, beta=beta)], [*scenarios, *(Scenario(days=d) for d in passing)])
    if found is None:
        return None
    return NameHedge(chain.as_of, found.buy[: len(scenarios)], found.buy[len(scenarios) :])


def basket_hedge(
    names: Mapping[str, NameHedge],
    basket: Basket,
    betas: Mapping[str, float],
    scenarios: Sequence[Scenario],
    times: Times | None,
    *,
    per_weight: bool,
) -> BasketHedge | None:
    """Return what dealers of a basket must trade; None where no name counts, or a figure overflows.

    A hedge is additive over names. ``betas`` by symbol; ``per_weight``: a name counts its weight, else 1.
    """
    load = dict(
        zip(basket.symbols, basket.weights if per_weight else [1.0] * len(basket.symbols), strict=True)
    )
    members = tuple(s for s in load if load[s] and s in names)
    covered = math.fsum(load[s] for s in members)
    if not members:
        return None
    counts = tuple(load[s] / covered if per_weight else 1.0 for s in members)
    buy = summed(counts, [names[s].buy for s in members])
    bought = summed(counts, [names[s].clock for s in members])
    if not all(map(math.isfinite, (*buy, *bought))):
        return None
    return BasketHedge(
        ladder=Ladder(tuple(scenarios), buy, members),
        clock=times.ticks(bought) if times else (),
        symbols=members,
        counts=counts,
        betas=tuple(betas[s] for s in members),
        as_of=tuple(names[s].as_of for s in members),
        covered_weight=covered / math.fsum(load.values()),
    )


def summed(counts: Sequence[float], buys: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the sum of count times what is bought, a scenario each.

    >>> summed([0.5, 2.0], [(10.0, 20.0), (1.0, -1.0)])
    (7.0, 8.0)
    """
    return tuple(
        sum(c * x for c, x in zip(counts, column, strict=True)) for column in zip(*buys, strict=True)
    )


def implied_betas(
    held: Mapping[str, tuple[Chain, Terms]], index: str, members: Basket, horizon_days: float
) -> Betas | None:
    """Return the betas that volatilities at the money and horizon imply; None where there is no implied correlation."""
    volatility = {
        symbol: found
        for symbol, (chain, terms) in held.items()
        if (found := at_the_money(chain, terms.rate, terms.dividend_yield, horizon_days)) is not None
    }
    return betas_of_volatilities(volatility, index, members)


def betas_of_volatilities(volatility: Mapping[str, float], index: str, members: Basket) -> Betas | None:
    """Return the betas that volatilities (per 1.00, by symbol) imply; None likewise."""
    of_index = volatility.get(index)
    return None if of_index is None else implied(of_index, members, volatility)
