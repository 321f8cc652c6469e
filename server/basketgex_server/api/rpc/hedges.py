"""The calls GetHedge and BatchGetHedges: from their requests to the questions, and from what is found to their replies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import messages, requests
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.hedges import (
    BetasOf,
    HedgeFound,
    betas_by_symbol,
    checked_scenarios,
    find_hedge,
)
from basketgex_server.domain import Basket, Origin
from basketgex_server.errors import BasketgexError, InvalidBatch, InvalidScenario
from basketgex_server.sources.port import ExposureSource
from basketgex_server.tickers import ticker

if TYPE_CHECKING:
    from basketgex_server.exposure.basket_hedging import Tick

MOST_TOGETHER = 1_000
"""Questions of one request."""
_ROWS = {"hour": pb.CLOCK_ROW_HOUR, "close": pb.CLOCK_ROW_CLOSE, "weekend": pb.CLOCK_ROW_WEEKEND}


class Asking(NamedTuple):
    """Who answers: the source, how many symbols at most, within how many seconds, and for how many a client may keep it."""

    source: ExposureSource
    most: int
    timeout: float
    ttl: float


async def get_hedge(
    request: pb.GetHedgeRequest, asking: Asking, dispatcher: Dispatcher
) -> pb.GetHedgeResponse:
    """Answer with what dealers must trade. Raises BasketgexError."""
    question = requests.asked(request, asking.most)
    counting = counting_of(request)
    found = await find_hedge(
        dispatcher,
        question,
        _scenarios(request),
        betas_of(request.symbols, request.betas, request.beta_index, requests.horizon(request)),
        per_weight=counting == pb.COUNTING_WEIGHT,
        clock=request.clock,
        timeout=asking.timeout,
    )
    return hedge_reply(question, counting, found, asking.ttl, asking.source.origin())


async def get_hedges(
    request: pb.BatchGetHedgesRequest, asking: Asking, dispatcher: Dispatcher
) -> pb.BatchGetHedgesResponse:
    """Answer several questions; what stands in one's way is its own answer. Raises InvalidBatch."""
    if len(request.hedges) > MOST_TOGETHER:
        raise InvalidBatch(
            f"{len(request.hedges):,} hedges: one request may have {MOST_TOGETHER:,}. Send several.",
            argument="hedges",
        )

    async def answer(one: pb.GetHedgeRequest) -> pb.HedgeResult:
        try:
            return pb.HedgeResult(hedge=await get_hedge(one, asking, dispatcher))
        except BasketgexError as error:
            return pb.HedgeResult(problem=messages.problem(error))

    return pb.BatchGetHedgesResponse(results=await asyncio.gather(*map(answer, request.hedges)))


def _scenarios(request: pb.GetHedgeRequest) -> Sequence[tuple[float, float, float]]:
    """Return a request's scenarios. Raises InvalidScenario."""
    columns = (request.move, request.vol, request.days)
    lengths = {len(column) for column in columns if column}
    if len(lengths) > 1:
        raise InvalidScenario("move, vol and days must be columns of one length, or empty.", argument="move")
    rows = zip_longest(*columns, fillvalue=0.0)
    return checked_scenarios(list(rows) or [(0.0, 0.0, 0.0)])


def betas_of(
    symbols: Sequence[str], betas: Sequence[float], index: str, horizon: float, argument: str = "beta_index"
) -> BetasOf:
    """Return by which betas names move. Raises InvalidScenario and InvalidSymbol, of the ``argument`` that the index is."""
    if betas and index:
        raise InvalidScenario(
            "Give betas, or the index that they are to be implied from, but not both.", argument="betas"
        )
    if index:
        return BetasOf(None, ticker(index, argument), horizon)
    return BetasOf(betas_by_symbol(symbols, betas) if betas else None, horizon=horizon)


def counting_of(request: pb.GetHedgeRequest | pb.GetBetasRequest) -> pb.Counting.ValueType:
    """Return what a name counts: where the request does not say, its weight where there are weights."""
    return request.counting or (pb.COUNTING_WEIGHT if request.weights else pb.COUNTING_MARKET)


def absent(question: Basket, found: Sequence[str], counting: pb.Counting.ValueType) -> list[str]:
    """Return the names of a basket that count and are not among those found."""
    wanted = zip(question.symbols, question.weights, strict=True)
    return [s for s, weight in wanted if s not in found and (weight or counting == pb.COUNTING_MARKET)]


def hedge_reply(
    question: Basket, counting: pb.Counting.ValueType, found: HedgeFound, ttl: float, of: Origin
) -> pb.GetHedgeResponse:
    """Return what dealers must trade as a message."""
    hedge = found.hedge
    return pb.GetHedgeResponse(
        move=[s.move for s in hedge.ladder.scenarios],
        vol=[s.vol for s in hedge.ladder.scenarios],
        days=[s.days for s in hedge.ladder.scenarios],
        buy=hedge.ladder.buy,
        clock=_clock(hedge.clock) if hedge.clock else None,
        counting=counting,
        symbols=hedge.symbols,
        counts=hedge.counts,
        betas=hedge.betas,
        correlation=found.correlation,
        missing_symbols=absent(question, hedge.symbols, counting),
        covered_weight=hedge.covered_weight,
        as_of=min(hedge.as_of),
        as_of_newest=max(hedge.as_of),
        client_ttl=ttl,
        notice=" ".join(found.failed.values()),
        origin=messages.origin(of),
    )


def _clock(ticks: Sequence[Tick]) -> pb.CharmClock:
    return pb.CharmClock(
        row=[_ROWS[tick.kind] for tick in ticks],
        at=[tick.at for tick in ticks],
        buy=[tick.buy for tick in ticks],
    )
