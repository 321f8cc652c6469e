"""Requests of the contract as values of the domain; what cannot be meant is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.dispatch.batch.types import Batch
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.queries import HORIZON, checked_horizon
from basketgex_server.domain import Basket, levels_between
from basketgex_server.errors import InvalidRange
from basketgex_server.tickers import basket

RANGE = (0.8, 1.2)
"""The moves of a profile that does not say between which,"""

LEVELS, MOST_LEVELS = 60, 2_000
"""and how many prices where it does not say; at most."""

HIGHEST = 10.0

_REFRESH = {
    pb.REFRESH_UNSPECIFIED: Refresh.NORMAL,
    pb.REFRESH_NORMAL: Refresh.NORMAL,
    pb.REFRESH_FORCE: Refresh.FORCE,
    pb.REFRESH_CACHE_ONLY: Refresh.CACHE_ONLY,
}


class OfBasket(Protocol):
    """A request about a basket."""

    @property
    def symbols(self) -> Iterable[str]:
        """Its names as typed."""

    @property
    def weights(self) -> Iterable[float]:
        """One beside each, or none."""


class OfVolatilities(Protocol):
    """A request that volatilities at a horizon are needed for."""

    @property
    def horizon_days(self) -> float:
        """Calendar days."""

    def HasField(self, field_name: Literal["horizon_days"], /) -> bool:  # noqa: N802 - the message's own
        """Tell whether they are given."""


def asked(request: OfBasket, most: int) -> Basket:
    """Return the basket of a request; raises what ``basket`` raises."""
    return basket(list(request.symbols), list(request.weights) or None, most)


def refresh(value: pb.Refresh.ValueType) -> Refresh:
    """Return what a request may cause; a value of a later version counts as NORMAL."""
    return _REFRESH.get(value, Refresh.NORMAL)


def batch(request: pb.BatchGetBasketsRequest) -> Batch:
    """Return the question of a batch request."""
    return Batch(
        symbols=list(request.symbols),
        offsets=request.offsets,  # the columns as they are: arrays are made of them without a detour
        symbol_index=request.symbol_index,
        weights=request.weights,
        equal_weight=frozenset(request.equal_weight),
    )


def profile_moves(request: pb.GetProfileRequest) -> tuple[float, ...]:
    """Return the moves at which a profile is asked for. Raises InvalidRange."""
    low = request.from_move if request.HasField("from_move") else RANGE[0]
    high = request.to_move if request.HasField("to_move") else RANGE[1]
    if not (0 < low < high <= HIGHEST):
        raise InvalidRange(
            f"The range must go from a lower to a higher price, in units of spot, above 0 and up to {HIGHEST:g}: 0.8 and 1.2.",
            argument="from_move" if not 0 < low <= HIGHEST else "to_move",
        )
    if request.levels == 1 or request.levels > MOST_LEVELS:
        raise InvalidRange(f"A profile has 2 to {MOST_LEVELS:,} levels.", argument="levels")
    return levels_between(low, high, request.levels or LEVELS)


def profile_measures(request: pb.GetProfileRequest) -> tuple[int, ...]:
    """Return the places, in Measures, of the measures asked for, all four where none is. Raises InvalidRange."""
    if any(measure not in range(1, 5) for measure in request.measures):
        raise InvalidRange("A measure is one of GEX, DEX, VEX and CHEX.", argument="measures")
    return tuple(sorted({measure - 1 for measure in request.measures})) or (0, 1, 2, 3)


def horizon(request: OfVolatilities) -> float:
    """Return the calendar days at which volatilities are asked for. Raises InvalidHorizon."""
    return checked_horizon(request.horizon_days if request.HasField("horizon_days") else HORIZON)
