"""Every call that fails says so three times: a status and a sentence, our own trailing metadata, and google.rpc's details."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.errors import BasketgexError, NoData, QuotaSpent, RateLimited, SourceUnavailable
from basketgex_server.settings import Settings
from tests.server.servers import NOON, PATIENCE, FakeSource, Served, serving

SERVICE = "/basketgex.v1.ExposureService/"
UNLIKE = pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1], symbol_index=[0], weights=[])
BEYOND = pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1], symbol_index=[9], weights=[1])
BACKWARDS = pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1, 0, 1], symbol_index=[0], weights=[1])


class Said:
    """A failed call, as a client of google.rpc reads it."""

    def __init__(self, error: Any) -> None:
        status = rpc_status.from_call(error)
        assert status is not None, "no details"
        assert (status.code, status.message) == (error.code().value[0], error.details())
        self.code, self.sentence = error.code(), error.details()
        self.trailing = dict(error.trailing_metadata())
        found = {}
        for kind in ("ErrorInfo", "BadRequest", "RetryInfo"):
            for packed in status.details:
                if packed.Is(getattr(error_details_pb2, kind).DESCRIPTOR):
                    packed.Unpack(detail := getattr(error_details_pb2, kind)())
                    found[kind] = detail
        assert len(found) == len(status.details)
        self.info, self.bad, self.retry = (found.get(k) for k in ("ErrorInfo", "BadRequest", "RetryInfo"))
        assert self.info.domain == "basketgex"
        assert self.info.reason == self.trailing["basketgex-code"]

    @property
    def field(self) -> str:
        """The field of the request that is wrong."""
        assert self.bad is not None
        (violation,) = self.bad.field_violations
        assert (violation.description, violation.reason) == (self.sentence, self.info.reason)
        assert violation.field == self.trailing["basketgex-argument"]
        return str(violation.field)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home")) as served:
        yield served


def failed(served: Served, method: str, request: Any, **options: Any) -> Said:
    options = {"metadata": served.token, "timeout": PATIENCE} | options
    call: Any = (
        served.channel.unary_unary(SERVICE + method)
        if isinstance(request, bytes)
        else getattr(served.stub, method)
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(call(request, **options))
    return Said(caught.value)


@pytest.mark.parametrize(
    ("method", "request_", "code", "field"),
    [
        ("GetBasket", pb.GetBasketRequest(), "missing_symbols", "symbols"),
        ("GetBasket", pb.GetBasketRequest(symbols=["A", "?"]), "invalid_symbol", "symbols"),
        ("GetBasket", pb.GetBasketRequest(symbols=["A"], weights=[-1]), "invalid_weights", "weights"),
        ("GetBasket", pb.GetBasketRequest(symbols=["A"], weights=[1, 2]), "weight_count_mismatch", "weights"),
        ("BatchGetBaskets", UNLIKE, "invalid_batch", "weights"),
        ("BatchGetBaskets", BEYOND, "invalid_batch", "symbol_index"),
        ("BatchGetBaskets", BACKWARDS, "invalid_batch", "offsets"),
        ("BatchGetBaskets", pb.BatchGetBasketsRequest(), "invalid_batch", "offsets"),
        ("GetRegimes", pb.GetRegimesRequest(baskets=UNLIKE), "invalid_batch", "baskets.weights"),
        ("GetRegimes", pb.GetRegimesRequest(), "invalid_batch", "baskets.offsets"),
        ("WatchBaskets", pb.WatchBasketsRequest(baskets=BEYOND), "invalid_batch", "baskets.symbol_index"),
        (
            "WatchBaskets",
            pb.WatchBasketsRequest(baskets=pb.BatchGetBasketsRequest(refresh=pb.REFRESH_FORCE)),
            "invalid_batch",
            "baskets.refresh",
        ),
        ("GetSymbol", pb.GetSymbolRequest(symbol="?"), "invalid_symbol", "symbol"),
        ("GetSymbol", pb.GetSymbolRequest(), "invalid_symbol", "symbol"),
        ("GetProfile", pb.GetProfileRequest(symbols=["?"]), "invalid_symbol", "symbols"),
        ("GetProfile", pb.GetProfileRequest(symbols=["A"], from_move=-1), "invalid_range", "from_move"),
        ("GetProfile", pb.GetProfileRequest(symbols=["A"], to_move=99), "invalid_range", "to_move"),
        ("GetProfile", pb.GetProfileRequest(symbols=["A"], levels=1), "invalid_range", "levels"),
        ("GetProfile", pb.GetProfileRequest(symbols=["A"], measures=[9]), "invalid_range", "measures"),
        ("GetDispersion", pb.GetDispersionRequest(index="?", symbols=["A"]), "invalid_symbol", "index"),
        ("GetDispersion", pb.GetDispersionRequest(index="SPY", symbols=["?"]), "invalid_symbol", "symbols"),
        ("GetDispersion", pb.GetDispersionRequest(index="SPY"), "missing_symbols", "symbols"),
        (
            "GetDispersion",
            pb.GetDispersionRequest(index="SPY", symbols=["A"], horizon_days=-1),
            "invalid_horizon",
            "horizon_days",
        ),
        ("GetBasket", b"\xff\xff\xff", "unreadable_request", ""),
        ("WatchBaskets", b"\xff\xff\xff", "unreadable_request", ""),
    ],
)
def test_a_wrong_request_names_its_field(
    sample: Served, method: str, request_: Any, code: str, field: str
) -> None:
    said = failed(sample, method, request_)
    assert said.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (said.info.reason, said.field) == (code, field)
    assert said.retry is None
    assert said.sentence.endswith(".")


@pytest.mark.parametrize(
    ("method", "request_", "options", "status", "code"),
    [
        ("GetStatus", pb.GetStatusRequest(), {"metadata": ()}, "UNAUTHENTICATED", "token_refused"),
        ("WatchBaskets", pb.WatchBasketsRequest(), {"metadata": ()}, "UNAUTHENTICATED", "token_refused"),
        ("Nothing", b"", {}, "UNIMPLEMENTED", "unknown_method"),
        ("GetBasket", pb.GetBasketRequest(symbols=["GHOST"]), {}, "NOT_FOUND", "no_data"),
        ("GetSymbol", pb.GetSymbolRequest(symbol="GHOST"), {}, "NOT_FOUND", "no_data"),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=["PHANTOM"], refresh=pb.REFRESH_CACHE_ONLY),
            {},
            "NOT_FOUND",
            "not_cached",
        ),
    ],
)
def test_whatever_fails_has_its_code(
    sample: Served, method: str, request_: Any, options: dict[str, Any], status: str, code: str
) -> None:
    said = failed(sample, method, request_, **options)
    assert (said.code.name, said.info.reason) == (status, code)
    assert said.bad is said.retry is None


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RateLimited("Not so fast.", retry_after=1.5), 1.5),
        (QuotaSpent(NOON + 90.0), 90.0),
        (QuotaSpent(NOON + 90.0, retry_after=7.0), 7.0),
        (SourceUnavailable("Out of order.", retry_after=60.0), 60.0),
        (RateLimited("Never again.", retry_after=1e300), 1e9),
        (SourceUnavailable("Out of order."), None),
        (NoData("Nothing."), None),
        (ValueError("secret"), None),
    ],
)
def test_when_asking_again_makes_sense(tmp_path: Path, error: Exception, wait: float | None) -> None:
    source = FakeSource(lambda: NOON, error=error)
    quick = Settings(window_quiet=0.0, window_longest=0.0)
    with serving(tmp_path, quick, lambda _, __: source, now=lambda: NOON) as served:
        said = failed(served, "GetBasket", pb.GetBasketRequest(symbols=["NVDA"]))
    assert said.info.reason == (error.code if isinstance(error, BasketgexError) else "internal")
    assert "secret" not in said.sentence + str(said.trailing)
    found = None if said.retry is None else said.retry.retry_delay.ToTimedelta().total_seconds()
    assert found == wait


def test_health_of_a_service_that_there_is_not(sample: Served) -> None:
    stub = health_pb2_grpc.HealthStub(sample.channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="of.nobody"), timeout=PATIENCE)
    said = Said(caught.value)
    assert (said.code, said.info.reason) == (grpc.StatusCode.NOT_FOUND, "unknown_service")
    watching = stub.Watch(health_pb2.HealthCheckRequest(service="of.nobody"), timeout=PATIENCE)
    assert next(watching).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watching.cancel()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_known_in_any_case(sample: Served, scheme: str) -> None:
    metadata = (("authorization", f"{scheme} {sample.home.token()}"),)
    assert sample.stub.GetStatus(pb.GetStatusRequest(), metadata=metadata, timeout=PATIENCE).version
