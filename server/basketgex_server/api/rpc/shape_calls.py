"""The calls about the shape of a basket: by expiry, by strike, its expected move; max pain; and the flow of a book."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

import grpc.aio

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceServicer
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.settings import Settings

Reply = TypeVar("Reply")
if TYPE_CHECKING:
    from basketgex_server.api.rpc.shape_answers import ShapeAnswers

    Context = grpc.aio.ServicerContext[Any, Any]  # generic for the type checker only


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
        return await self._guarded(context, lambda: self._shape(context).expiries(request))

    async def GetStrikes(self, request: pb.GetStrikesRequest, context: Context) -> pb.GetStrikesResponse:  # noqa: N802
        """Answer with a basket by the distance of strikes from spot."""
        return await self._guarded(context, lambda: self._shape(context).strikes(request))

    async def GetMaxPain(self, request: pb.GetMaxPainRequest, context: Context) -> pb.GetMaxPainResponse:  # noqa: N802
        """Answer with the max pain of one name."""
        return await self._guarded(context, lambda: self._shape(context).max_pain(request))

    async def GetExpectedMove(  # noqa: N802
        self, request: pb.GetExpectedMoveRequest, context: Context
    ) -> pb.GetExpectedMoveResponse:
        """Answer with how far a basket is expected to move."""
        return await self._guarded(context, lambda: self._shape(context).expected_move(request))

    async def GetFlow(self, request: pb.GetFlowRequest, context: Context) -> pb.GetFlowResponse:  # noqa: N802
        """Answer with the flow of a book."""
        return await self._guarded(context, lambda: self._shape(context).flow(request))

    async def GetChange(self, request: pb.GetChangeRequest, context: Context) -> pb.GetChangeResponse:  # noqa: N802
        """Answer with what made the change of a basket."""
        return await self._guarded(context, lambda: self._shape(context).change(request))

    async def GetHistory(self, request: pb.GetHistoryRequest, context: Context) -> pb.GetHistoryResponse:  # noqa: N802
        """Answer with how a basket stood on the days before."""
        return await self._guarded(context, lambda: self._shape(context).history(request))

    async def GetVolumeGex(  # noqa: N802
        self, request: pb.GetVolumeGexRequest, context: Context
    ) -> pb.GetVolumeGexResponse:
        """Answer with a basket's GEX by what was traded."""
        return await self._guarded(context, lambda: self._shape(context).volume_gex(request))

    def _shape(self, context: Context) -> ShapeAnswers:
        from basketgex_server.api.rpc.shape_answers import ShapeAnswers

        return ShapeAnswers(
            self._dispatcher, self._settings.max_symbols, self._compute, self._time_left(context)
        )
