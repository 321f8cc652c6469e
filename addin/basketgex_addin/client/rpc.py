"""The contract's single calls by name, each with the types of its request and its response."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from basketgex_addin.cells import Ask

if TYPE_CHECKING:
    from basketgex.v1 import exposure_pb2 as pb

M = TypeVar("M")
R = TypeVar("R")


class Rpc(str, Generic[M, R]):
    """A call that sends an M and is answered with an R; the text is its name."""

    __slots__ = ()

    def request(self, **values: object) -> M:
        """Return a request with values for its fields."""
        from basketgex.v1 import exposure_pb2

        make: Callable[..., M] = getattr(exposure_pb2, f"{self}Request")
        return make(**values)


GET_STATUS: Rpc[pb.GetStatusRequest, pb.GetStatusResponse] = Rpc("GetStatus")
GET_SETTINGS: Rpc[pb.GetSettingsRequest, pb.GetSettingsResponse] = Rpc("GetSettings")
CHANGE_SETTINGS: Rpc[pb.ChangeSettingsRequest, pb.ChangeSettingsResponse] = Rpc("ChangeSettings")
GET_SYMBOL: Rpc[pb.GetSymbolRequest, pb.GetSymbolResponse] = Rpc("GetSymbol")
GET_PROFILE: Rpc[pb.GetProfileRequest, pb.GetProfileResponse] = Rpc("GetProfile")
GET_DISPERSION: Rpc[pb.GetDispersionRequest, pb.GetDispersionResponse] = Rpc("GetDispersion")
GET_REGIMES: Rpc[pb.GetRegimesRequest, pb.GetRegimesResponse] = Rpc("GetRegimes")
GET_HEDGE: Rpc[pb.GetHedgeRequest, pb.GetHedgeResponse] = Rpc("GetHedge")
GET_BETAS: Rpc[pb.GetBetasRequest, pb.GetBetasResponse] = Rpc("GetBetas")
GET_EXPIRIES: Rpc[pb.GetExpiriesRequest, pb.GetExpiriesResponse] = Rpc("GetExpiries")
GET_STRIKES: Rpc[pb.GetStrikesRequest, pb.GetStrikesResponse] = Rpc("GetStrikes")
GET_MAX_PAIN: Rpc[pb.GetMaxPainRequest, pb.GetMaxPainResponse] = Rpc("GetMaxPain")
GET_EXPECTED_MOVE: Rpc[pb.GetExpectedMoveRequest, pb.GetExpectedMoveResponse] = Rpc("GetExpectedMove")
GET_FLOW: Rpc[pb.GetFlowRequest, pb.GetFlowResponse] = Rpc("GetFlow")
GET_CHANGE: Rpc[pb.GetChangeRequest, pb.GetChangeResponse] = Rpc("GetChange")
GET_HISTORY: Rpc[pb.GetHistoryRequest, pb.GetHistoryResponse] = Rpc("GetHistory")
GET_VOLUME_GEX: Rpc[pb.GetVolumeGexRequest, pb.GetVolumeGexResponse] = Rpc("GetVolumeGex")
SHUTDOWN: Rpc[pb.ShutdownRequest, pb.ShutdownResponse] = Rpc("Shutdown")


def basket_fields(ask: Ask) -> dict[str, Any]:
    """Return the fields of a request that say which basket is asked about."""
    return {"symbols": ask.symbols, "weights": ask.weights or ()}
