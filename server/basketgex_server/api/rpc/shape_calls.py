"""The calls about the shape of a basket: by expiry, by strike, its expected move; max pain; and the flow of a book."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import grpc.aio

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceServicer
from basketgex_server.api.rpc import requests
from basketgex_server.api.rpc import shape_replies as replies
from basketgex_server.dispatch import shape_queries as queries
from basketgex_server.dispatch.change_queries import find_change
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.flow_queries import book, find_flow
from basketgex_server.dispatch.history_queries import find_history
from basketgex_server.domain import Basket
from basketgex_server.errors import InvalidRange
from basketgex_server.settings import Settings
from basketgex_server.tickers import basket, ticker

Reply = TypeVar("Reply")
if TYPE_CHECKING:  # generic for the type checker only
    Context = grpc.aio.ServicerContext[Any, Any]

STEP, NARROWEST, WIDEST = 0.01, 0.0001, 1.0
"""A bucket of strikes, in units of spot: where a request does not say, at least, and at most."""
DAYS, MOST_DAYS = 400.0, 3_650.0
"""Of a history where a request does not say, and at most."""


class ShapeCalls(ExposureServiceServicer):
    """Answers them. What it needs of the servicer is named here."""

    _dispatcher: Dispatcher
    _settings: Settings
    _compute: Executor

    @abstractmethod
    async def _guarded(
        self,
        context: Context,
        work: Callable[[], Awaitable[Reply]],
        field: Callable[[str], str] = str,
        counted: bool = True,
    ) -> Reply:
        """Answer, or end the call."""

    @abstractmethod
    def _time_left(self, context: Context) -> float:
        """Return the seconds that a call may take."""

    async def GetExpiries(self, request: pb.GetExpiriesRequest, context: Context) -> pb.GetExpiriesResponse:  # noqa: N802
        """Answer with a basket by time to expiry."""

        async def work() -> pb.GetExpiriesResponse:
            found = await queries.find_expiries(
                self._dispatcher,
                self._asked(request),
                each_day=request.each_day,
                compute=self._compute,
                timeout=self._time_left(context),
            )
            return replies.expiries_reply(*found)

        return await self._guarded(context, work)

    async def GetStrikes(self, request: pb.GetStrikesRequest, context: Context) -> pb.GetStrikesResponse:  # noqa: N802
        """Answer with a basket by the distance of strikes from spot."""

        async def work() -> pb.GetStrikesResponse:
            found = await queries.find_moves(
                self._dispatcher,
                self._asked(request),
                _step(request),
                compute=self._compute,
                timeout=self._time_left(context),
            )
            return replies.strikes_reply(*found)

        return await self._guarded(context, work)

    async def GetMaxPain(self, request: pb.GetMaxPainRequest, context: Context) -> pb.GetMaxPainResponse:  # noqa: N802
        """Answer with the max pain of one name."""

        async def work() -> pb.GetMaxPainResponse:
            symbol, expiry = ticker(request.symbol, "symbol"), _day(request.expiry)
            found = await queries.find_max_pain(
                self._dispatcher, symbol, expiry, timeout=self._time_left(context)
            )
            return replies.max_pain_reply(*found)

        return await self._guarded(context, work)

    async def GetExpectedMove(  # noqa: N802
        self, request: pb.GetExpectedMoveRequest, context: Context
    ) -> pb.GetExpectedMoveResponse:
        """Answer with how far a basket is expected to move."""

        async def work() -> pb.GetExpectedMoveResponse:
            horizon = requests.horizon(request)
            found = await queries.find_expected_move(
                self._dispatcher,
                self._asked(request),
                list(request.weights) or None,
                horizon,
                _together(request),
                timeout=self._time_left(context),
            )
            return replies.expected_move_reply(*found)

        return await self._guarded(context, work)

    async def GetFlow(self, request: pb.GetFlowRequest, context: Context) -> pb.GetFlowResponse:  # noqa: N802
        """Answer with the flow of a book."""

        async def work() -> pb.GetFlowResponse:
            asked = book(request.symbols, request.money, request.adv, self._settings.max_symbols)
            found = await find_flow(self._dispatcher, asked, timeout=self._time_left(context))
            return replies.flow_reply(asked, *found)

        return await self._guarded(context, work)

    async def GetChange(self, request: pb.GetChangeRequest, context: Context) -> pb.GetChangeResponse:  # noqa: N802
        """Answer with what made the change of a basket."""

        async def work() -> pb.GetChangeResponse:
            asked, most = self._asked(request), self._settings.max_symbols
            before = list(request.weights_before)
            was = basket(list(request.symbols), before, most) if before else None
            since = request.since if request.HasField("since") else 0.0
            if not math.isfinite(since) or since < 0:
                raise InvalidRange("since must be a moment in Unix seconds.", argument="since")
            found = await find_change(self._dispatcher, asked, was, since, timeout=self._time_left(context))
            return replies.change_reply(*found)

        return await self._guarded(context, work)

    async def GetHistory(self, request: pb.GetHistoryRequest, context: Context) -> pb.GetHistoryResponse:  # noqa: N802
        """Answer with how a basket stood on the days before."""

        async def work() -> pb.GetHistoryResponse:
            days = request.days if request.HasField("days") else DAYS
            if not 0 < days <= MOST_DAYS:
                raise InvalidRange(f"days must be above 0 and up to {MOST_DAYS:,.0f}.", argument="days")
            found = await find_history(
                self._dispatcher, self._asked(request), days, timeout=self._time_left(context)
            )
            return replies.history_reply(*found)

        return await self._guarded(context, work)

    def _asked(self, request: requests.OfBasket) -> Basket:
        """Return the basket of a request; raises what ``basket`` raises."""
        return requests.asked(request, self._settings.max_symbols)


def _step(request: pb.GetStrikesRequest) -> float:
    step = request.step if request.HasField("step") else STEP
    if not NARROWEST <= step <= WIDEST:
        raise InvalidRange(
            f"The step must be a part of spot from {NARROWEST:g} to {WIDEST:g}: 0.01 is 1 %.", argument="step"
        )
    return step


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidRange("The expiry must be a day such as 2026-09-18.", argument="expiry") from None


def _together(request: pb.GetExpectedMoveRequest) -> queries.Together:
    if not request.HasField("correlation"):
        return queries.Together(index=ticker(request.index, "index") if request.index else "")
    if request.index:
        raise InvalidRange("Give a correlation or an index, not both.", argument="correlation")
    if not -1 <= request.correlation <= 1 or math.isnan(request.correlation):
        raise InvalidRange("The correlation must be a number from -1 to 1.", argument="correlation")
    return queries.Together(request.correlation)
