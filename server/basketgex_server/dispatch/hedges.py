"""The question what dealers of a basket must trade: its scenarios and betas checked, its chains read once, and put together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup
from basketgex_server.dispatch.queries import HORIZON, within
from basketgex_server.dispatch.shape_queries import of_each, volatilities_of
from basketgex_server.domain import Basket
from basketgex_server.errors import BadChain, BasketgexError, InvalidScenario, NoData, NotOffered
from basketgex_server.sources.port import Held
from basketgex_server.tickers import ticker

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.basket_hedging import BasketHedge, NameHedge
    from basketgex_server.exposure.betas import Betas

MOST_SCENARIOS = 1_000
MOST_MOVE, MOST_VOL, MOST_DAYS, MOST_BETA = 1.0, 1.0, 365.0, 20.0
"""A move from -1 (not reached) to this, volatility by this per 1.00 either way, calendar days, and a beta's size at most."""
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BetasOf:
    """By which beta each name moves: ``given`` ones, those that options imply to an ``index`` at a horizon, or else 1."""

    given: Mapping[str, float] | None = None
    index: str = ""
    horizon: float = HORIZON


@dataclass(frozen=True, slots=True)
class HedgeFound:
    """A basket's hedge; ``correlation`` is the one that implied betas have; ``failed`` says why chains cannot be read."""

    hedge: BasketHedge
    correlation: float | None
    failed: Mapping[str, str]


async def find_hedge(
    dispatcher: Dispatcher,
    basket: Basket,
    scenarios: Sequence[Three],
    betas: BetasOf,
    *,
    per_weight: bool,
    clock: bool,
    timeout: float,
) -> HedgeFound:
    """Return what dealers of a basket must trade in scenarios of move, volatility and days.

    Each name is repriced once for all baskets that ask the same of it, and its part is kept as long as its figure.
    Raises InvalidScenario, NotOffered, TimedOut, BadChain, NoData, and what stands in the source's way.
    """
    if not dispatcher.views.offered:
        raise NotOffered("This source has no option chains, so nothing can be repriced.")
    lookup = (await dispatcher.find(names_of(basket, betas, per_weight=per_weight), timeout=timeout)).alone()
    if lookup.failed:
        raise next(iter(lookup.failed.values()))
    return await within(
        timeout, _hedge(dispatcher, lookup, basket, scenarios, betas, per_weight=per_weight, clock=clock)
    )


async def _hedge(
    dispatcher: Dispatcher,
    lookup: Lookup,
    basket: Basket,
    scenarios: Sequence[Three],
    betas: BetasOf,
    *,
    per_weight: bool,
    clock: bool,
) -> HedgeFound:
    from basketgex_server.exposure.basket_hedging import basket_hedge, clock_times, name_hedge
    from basketgex_server.exposure.hedging import Scenario

    known, rho = await _betas(dispatcher, lookup, basket, betas)
    check_betas(known, [move for move, _, _ in scenarios])
    beta = dict.fromkeys(basket.symbols, 1.0) if known is None else known
    asked = tuple(Scenario(*scenario) for scenario in scenarios)
    own = lookup._replace(
        found={s: lookup.found[s] for s in basket.symbols if s in lookup.found and s in beta}
    )
    now = max((f.snapshot.exposure.as_of for f in own.found.values()), default=0.0)
    times = clock_times(now) if clock and own.found else None

    async def reprice(symbol: str, figure: CachedFigure) -> NameHedge:
        question = (asked, beta[symbol], times.until if times else ())
        work = partial(name_hedge, *question)
        made = await dispatcher.views.of(figure, lookup.origin, ("hedge", *question), work)
        if made is None:
            raise NoData(f"No contract of {symbol} can be repriced.")
        return made

    names, without = await of_each(own, reprice)
    found = basket_hedge(names, basket, beta, asked, times, per_weight=per_weight)
    unread = {**lookup.unreadable, **without}.items()
    failed = {symbol: error.sentence for symbol, error in unread if not isinstance(error, NoData)}
    if found is None:
        raise none_of(basket, failed)
    return HedgeFound(found, rho, failed)


async def _betas(
    dispatcher: Dispatcher, lookup: Lookup, basket: Basket, betas: BetasOf
) -> tuple[Mapping[str, float] | None, float | None]:
    """Return what ``resolved`` does, each name's volatility being kept as long as its figure."""
    if not betas.index:
        return betas.given, None
    from basketgex_server.exposure.basket_hedging import betas_of_volatilities

    volatilities, _ = await volatilities_of(dispatcher, lookup, betas.horizon)
    return _implied(betas_of_volatilities(volatilities, betas.index, basket), betas.index)


def names_of(basket: Basket, betas: BetasOf, *, per_weight: bool) -> list[str]:
    """Return the distinct names whose chains it takes: the index, and those that count, or that betas are implied from."""
    own = [s for s, w in zip(basket.symbols, basket.weights, strict=True) if w or not per_weight]
    return list(dict.fromkeys([betas.index, *own] if betas.index else own))


def resolved(held: Held, basket: Basket, betas: BetasOf) -> tuple[Mapping[str, float] | None, float | None]:
    """Return betas by symbol, None for 1 each, and the correlation of implied ones. Raises NoData where there are none."""
    if not betas.index:
        return betas.given, None
    from basketgex_server.exposure.basket_hedging import implied_betas

    return _implied(implied_betas(held, betas.index, basket, betas.horizon), betas.index)


def _implied(found: Betas | None, index: str) -> tuple[Mapping[str, float], float]:
    if found is None:
        raise NoData(
            f"No betas to {index} can be implied: that takes volatilities of the index and of two names. Give betas instead."
        )
    return found.betas, found.correlation


def none_of(basket: Basket, failed: Mapping[str, str]) -> BasketgexError:
    """Return what to say where nothing of a basket can be computed with."""
    if failed:
        return BadChain(next(iter(failed.values())))
    return NoData(f"The source has no data for {', '.join(basket.symbols[:5])}: check the spelling.")


def checked_scenarios(scenarios: Sequence[Three]) -> Sequence[Three]:
    """Return scenarios of move, volatility and days, all of them within bounds. Raises InvalidScenario."""
    if not 0 < len(scenarios) <= MOST_SCENARIOS:
        raise InvalidScenario(f"Ask for 1 to {MOST_SCENARIOS:,} scenarios at a time.", argument="move")
    for move, vol, days in scenarios:
        if not -1 < move <= MOST_MOVE:
            raise InvalidScenario(
                "A move must be above -1 and at most 1, as a part of the price: -0.02 is 2 % down.",
                argument="move",
            )
        if not abs(vol) <= MOST_VOL:
            raise InvalidScenario(
                "A change of volatility must lie between -1 and 1: 0.01 is one point up.", argument="vol"
            )
        if not 0 <= days <= MOST_DAYS:
            raise InvalidScenario("days must be calendar days, 0 to 365.", argument="days")
    return scenarios


def betas_by_symbol(symbols: Sequence[str], betas: Sequence[float]) -> dict[str, float]:
    """Return betas, one beside each symbol as typed, by symbol. Raises InvalidScenario."""
    if len(symbols) != len(betas):
        raise InvalidScenario(
            f"{len(symbols):,} symbols but {len(betas):,} betas: give one beta beside each symbol, or none.",
            argument="betas",
        )
    found: dict[str, float] = {}
    for symbol, beta in zip(map(ticker, symbols), betas, strict=True):
        if not abs(beta) <= MOST_BETA:
            raise InvalidScenario(
                f"The beta of {symbol} must be a number from -{MOST_BETA:g} to {MOST_BETA:g}.",
                argument="betas",
            )
        if found.setdefault(symbol, beta) != beta:
            raise InvalidScenario(f"{symbol} has two betas: give it one.", argument="betas")
    return found


def check_betas(betas: Mapping[str, float] | None, moves: Sequence[float]) -> None:
    """Refuse a move that would take a name to nothing. Raises InvalidScenario."""
    for symbol, beta in (betas or {}).items():
        if not all(math.isfinite(beta) and beta * move > -1 for move in moves):
            raise InvalidScenario(
                f"With a beta of {beta:g} such a move would leave {symbol} no price above 0: ask for a smaller one.",
                argument="move",
            )
