"""The questions that both doors ask: one symbol, its levels, a profile, an index against its members.

Each ends within its timeout, in figures or in the error that stands in their way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup, Refresh
from basketgex_server.domain import Basket
from basketgex_server.errors import (
    BadChain,
    BasketgexError,
    Draining,
    InvalidHorizon,
    NoData,
    NotOffered,
    TimedOut,
)
from basketgex_server.sources.port import ChainSource, Compared, ExposureSource

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.dispersion import Comparison
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.profile import Profile

HORIZON, LONGEST = 30.0, 3_650.0
"""Calendar days of a dispersion that does not say how many; at most."""

T = TypeVar("T")


async def find_symbol(
    dispatcher: Dispatcher,
    symbol: str,
    *,
    refresh: Refresh = Refresh.NORMAL,
    strikes: bool = False,
    timeout: float,
    absent: type[NoData] = NoData,
) -> tuple[CachedFigure, Lookup]:
    """Return one symbol's figure. Raises ``absent`` where there is none, and what stands in the source's way."""
    lookup = (await dispatcher.find([symbol], refresh=refresh, timeout=timeout, strikes=strikes)).alone()
    if (problem := lookup.problem(symbol)) is not None:
        raise problem
    if symbol not in lookup.found:
        raise absent(f"The source has no data for {symbol}: check the spelling.")
    return lookup.found[symbol], lookup


async def find_levels(
    dispatcher: Dispatcher, symbol: str, *, timeout: float, absent: type[NoData] = NoData
) -> Levels:
    """Return one symbol's levels. Raises TimedOut, ``absent`` where there are none, and what stands in the source's way."""
    known = await within(timeout, dispatcher.levels(symbol))
    if known is None:
        raise absent(f"The source has no levels of {symbol}: check the spelling.")
    return known


async def find_levels_or_last(dispatcher: Dispatcher, symbol: str, *, timeout: float) -> tuple[Levels, str]:
    """Return likewise; where they cannot be had, the last ones of this session, and a notice that says so and why."""
    try:
        return await find_levels(dispatcher, symbol, timeout=timeout), ""
    except (NoData, Draining):
        raise
    except BasketgexError as error:
        if (last := dispatcher.last_levels(symbol)) is None:
            raise
        return last, f"Last good value: {error.sentence}"


async def find_profile(
    source: ExposureSource,
    question: Basket,
    moves: Sequence[float],
    measures: Sequence[int],
    *,
    timeout: float,
) -> tuple[Profile, Mapping[str, str]]:
    """Return a basket's profile over spot prices, and what of it could not be read.

    Raises NotOffered, TimedOut, BadChain and NoData.
    """
    if not isinstance(source, ChainSource):
        raise NotOffered("This source has no option chains, so no profile over spot prices.")
    found = await within(timeout, source.profile(question, moves, measures))
    if found.profile is None:
        if found.failed:
            raise BadChain(next(iter(found.failed.values())))
        raise NoData(f"The source has no data for {', '.join(question.symbols[:5])}: check the spelling.")
    return found.profile, found.failed


async def find_dispersion(
    source: ExposureSource, index: str, members: Basket, horizon: float, *, timeout: float
) -> Compared:
    """Return an index against its members. Raises NotOffered, TimedOut, BadChain, and NoData where either has none."""
    if not isinstance(source, ChainSource):
        raise NotOffered("This source has no option chains, so no volatilities to compare.")
    found = await within(timeout, source.dispersion(index, members, horizon))
    known = found.comparison
    no_index = known.index is None and known.index_volatility is None
    if no_index or (known.basket is None and known.covered_weight == 0):
        asked = (index,) if no_index else members.symbols
        if failed := [found.failed[s] for s in asked if s in found.failed]:
            raise BadChain(failed[0])
        raise NoData(f"The source has no data for {', '.join(asked[:5])}: check the spelling.")
    return found


def checked_horizon(days: float) -> float:
    """Return the calendar days at which a dispersion is asked for. Raises InvalidHorizon."""
    if not 0 < days <= LONGEST:
        raise InvalidHorizon(
            f"The horizon must be a number of calendar days above 0 and up to {LONGEST:,.0f}.",
            argument="horizon_days",
        )
    return days


class Correlation(NamedTuple):
    """An implied correlation, or the range that it lies in, and the share of the index that is known.

    ``status``: "available"; "equal_weights": no weights were given, so that they are not the index's own; "part_of_index": less
    than nine tenths of it are known; "too_few_members", "no_index_volatility": there is none.
    """

    status: str
    value: float | None
    low: float | None
    high: float | None
    covered: float


def correlation(known: Comparison, weights: Sequence[float] | None) -> Correlation:
    """Return what a comparison says of the index's correlation; ``weights`` as they were given, the index's own."""
    from basketgex_server.exposure.dispersion import COVERED, correlation_range, share_of_index

    covered = known.covered_weight * share_of_index(weights)
    parts = known.dispersion
    if parts is None:
        return Correlation("no_index_volatility", None, None, None, covered)
    if covered < COVERED:
        low, high = correlation_range(parts, covered) or (None, None)
        return Correlation("part_of_index", None, low, high, covered)
    value = parts.implied_correlation
    status = "too_few_members" if value is None else "available" if weights else "equal_weights"
    return Correlation(status, value, value, value, covered)


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Return what comes within so many seconds. Raises TimedOut."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise TimedOut from None
