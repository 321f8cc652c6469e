"""What the calls about the shape of a basket are answered. Loaded by the first of them: a spreadsheet waits for the start."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import requests
from basketgex_server.api.rpc import shape_replies as replies
from basketgex_server.dispatch import shape_queries as queries
from basketgex_server.dispatch.change_queries import find_change
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.flow_queries import book, find_flow
from basketgex_server.dispatch.history_queries import find_history
from basketgex_server.dispatch.volume_queries import find_volume_gex
from basketgex_server.domain import Basket
from basketgex_server.errors import InvalidRange
from basketgex_server.tickers import basket, ticker

STEP, NARROWEST, WIDEST = 0.01, 0.0001, 1.0
"""A bucket of strikes, in units of spot: where a request does not say, at least, and at most."""
DAYS, MOST_DAYS = 400.0, 3_650.0
"""Of a history where a request does not say, and at most."""


@dataclass(frozen=True, slots=True)
class ShapeAnswers:
    """Answers one call. ``most`` distinct names a basket; ``timeout``: the seconds that the call may take."""

    dispatcher: Dispatcher
    most: int
    compute: Executor
    timeout: float

    async def expiries(self, request: pb.GetExpiriesRequest) -> pb.GetExpiriesResponse:
        """Answer with a basket by time to expiry."""
        found = await queries.find_expiries(
            self.dispatcher,
            self._asked(request),
            each_day=request.each_day,
            compute=self.compute,
            timeout=self.timeout,
        )
        return replies.expiries_reply(*found)

    async def strikes(self, request: pb.GetStrikesRequest) -> pb.GetStrikesResponse:
        """Answer with a basket by the distance of strikes from spot."""
        found = await queries.find_moves(
            self.dispatcher,
            self._asked(request),
            _step(request),
            compute=self.compute,
            timeout=self.timeout,
        )
        return replies.strikes_reply(*found)

    async def max_pain(self, request: pb.GetMaxPainRequest) -> pb.GetMaxPainResponse:
        """Answer with the max pain of one name."""
        symbol, expiry = ticker(request.symbol, "symbol"), _day(request.expiry)
        found = await queries.find_max_pain(self.dispatcher, symbol, expiry, timeout=self.timeout)
        return replies.max_pain_reply(*found)

    async def expected_move(self, request: pb.GetExpectedMoveRequest) -> pb.GetExpectedMoveResponse:
        """Answer with how far a basket is expected to move."""
        horizon = requests.horizon(request)
        found = await queries.find_expected_move(
            self.dispatcher,
            self._asked(request),
            list(request.weights) or None,
            horizon,
            _together(request),
            timeout=self.timeout,
        )
        return replies.expected_move_reply(*found)

    async def flow(self, request: pb.GetFlowRequest) -> pb.GetFlowResponse:
        """Answer with the flow of a book."""
        asked = book(request.symbols, request.money, request.adv, self.most)
        found = await find_flow(self.dispatcher, asked, timeout=self.timeout)
        return replies.flow_reply(asked, *found)

    async def change(self, request: pb.GetChangeRequest) -> pb.GetChangeResponse:
        """Answer with what made the change of a basket."""
        asked, most = self._asked(request), self.most
        before = list(request.weights_before)
        was = basket(list(request.symbols), before, most) if before else None
        since = request.since if request.HasField("since") else 0.0
        if not math.isfinite(since) or since < 0:
            raise InvalidRange("since must be a moment in Unix seconds.", argument="since")
        found = await find_change(self.dispatcher, asked, was, since, timeout=self.timeout)
        return replies.change_reply(*found)

    async def history(self, request: pb.GetHistoryRequest) -> pb.GetHistoryResponse:
        """Answer with how a basket stood on the days before."""
        days = request.days if request.HasField("days") else DAYS
        if not 0 < days <= MOST_DAYS:
            raise InvalidRange(f"days must be above 0 and up to {MOST_DAYS:,.0f}.", argument="days")
        found = await find_history(self.dispatcher, self._asked(request), days, timeout=self.timeout)
        return replies.history_reply(*found)

    async def volume_gex(self, request: pb.GetVolumeGexRequest) -> pb.GetVolumeGexResponse:
        """Answer with a basket's GEX by what was traded."""
        found = await find_volume_gex(self.dispatcher, self._asked(request), timeout=self.timeout)
        return replies.volume_gex_reply(*found)

    def _asked(self, request: requests.OfBasket) -> Basket:
        """Return the basket of a request; raises what ``basket`` raises."""
        return requests.asked(request, self.most)


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
