"""An index against its members, as both doors ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from basketgex_server.domain import Basket
from basketgex_server.errors import BadChain, BadRequest, NoData, NotOffered, TimedOut
from basketgex_server.sources.computed import Compared, Dispersions
from basketgex_server.sources.port import ExposureSource

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.dispersion import Comparison

HORIZON, LONGEST = 30.0, 3_650.0
"""Calendar days of a dispersion that does not say how many; at most."""


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


class InvalidHorizon(BadRequest):
    """A horizon that there is not."""

    code = "invalid_horizon"


def checked_horizon(days: float) -> float:
    """Return the calendar days at which a dispersion is asked for. Raises InvalidHorizon."""
    if not 0 < days <= LONGEST:
        raise InvalidHorizon(
            f"The horizon must be a number of calendar days above 0 and up to {LONGEST:,.0f}.",
            argument="horizon_days",
        )
    return days


async def compared(
    source: ExposureSource, index: str, members: Basket, horizon: float, timeout: float
) -> Compared:
    """Return an index against its members. Raises NotOffered, TimedOut, BadChain, and NoData where either has none."""
    if not isinstance(source, Dispersions):
        raise NotOffered("This source has no option chains, so no volatilities to compare.")
    try:
        async with asyncio.timeout(timeout):
            found = await source.dispersion(index, members, horizon)
    except TimeoutError:
        raise TimedOut from None
    known = found.comparison
    no_index = known.index is None and known.index_volatility is None
    if no_index or (known.basket is None and known.covered_weight == 0):
        asked = (index,) if no_index else members.symbols
        if failed := [found.failed[s] for s in asked if s in found.failed]:
            raise BadChain(failed[0])
        raise NoData(f"The source has no data for {', '.join(asked[:5])}: check the spelling.")
    return found
