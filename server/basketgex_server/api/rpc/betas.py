"""The call GetBetas: a basket in units of its index, and in units in which its names compare."""

from __future__ import annotations

import math
from collections.abc import Sequence

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import messages, requests
from basketgex_server.api.rpc.hedges import Asking, absent, betas_of, counting_of
from basketgex_server.dispatch.index_units import find_index_units
from basketgex_server.tickers import ticker


async def get_betas(request: pb.GetBetasRequest, asking: Asking) -> pb.GetBetasResponse:
    """Answer with a basket in units that compare. Raises BasketgexError."""
    question = requests.asked(request, asking.most)
    counting = counting_of(request)
    found = await find_index_units(
        asking.source,
        question,
        betas_of(request.symbols, request.betas, request.index, requests.horizon(request), "index"),
        per_weight=counting == pb.COUNTING_WEIGHT,
        timeout=asking.timeout,
    )
    units = found.units
    place = {symbol: i for i, symbol in enumerate(units.symbols)}
    return pb.GetBetasResponse(
        symbols=units.symbols,
        counts=units.counts,
        betas=units.betas,
        volatility=_or_nan(units.volatilities),
        gex=units.gex,
        gex_per_sigma=_or_nan(units.per_sigma),
        place=[place.get(ticker(symbol), -1) for symbol in request.symbols],
        total_gex=units.total,
        flow_per_index_percent=units.flow,
        index_equivalent_gex=units.index_equivalent,
        total_gex_per_sigma=units.total_per_sigma,
        correlation=found.correlation,
        correlation_status=_status(request) if request.index else "",
        counting=counting,
        missing_symbols=absent(question, units.symbols, counting),
        covered_weight=units.covered_weight,
        as_of=min(units.as_of),
        as_of_newest=max(units.as_of),
        client_ttl=asking.ttl,
        notice=" ".join(found.failed.values()),
        origin=messages.origin(asking.source.origin()),
    )


def _or_nan(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _status(request: pb.GetBetasRequest) -> str:
    """Return how an implied correlation is to be read, by the weights that the request gives."""
    from basketgex_server.exposure.dispersion import COVERED, share_of_index

    if not request.weights:
        return "equal_weights"
    return "available" if share_of_index(request.weights) >= COVERED else "part_of_index"
