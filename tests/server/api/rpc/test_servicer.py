"""The gRPC door of a real server on loopback, over the sample or a made-up source."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from basketgex import __version__
from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api.rpc import servicer
from basketgex_server.errors import Internal, NotEntitled, NotOffered, SourceUnavailable
from basketgex_server.settings import Settings
from tests.server.servers import NOON, PATIENCE, Clock, FakeSource, Served, made_up, serving

LIVE_SETTINGS = Settings(window_quiet=0.0, window_longest=0.0)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home")) as served:
        yield served


class Live:
    """A server over a made-up source, with an injected clock."""

    def __init__(self, served: Served, source: FakeSource, clock: Clock) -> None:
        self.served, self.source, self.clock = served, source, clock
        self.stub = served.stub

    def call(self, method: str, request: Any, timeout: float = PATIENCE) -> Any:
        return getattr(self.stub, method)(request, metadata=self.served.token, timeout=timeout)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    clock = Clock()
    source = FakeSource(clock)
    with serving(tmp_path, LIVE_SETTINGS, lambda _, __: source, now=clock) as served:
        yield Live(served, source, clock)


def ask(served: Served, method: str, request: Any, timeout: float = PATIENCE) -> Any:
    return getattr(served.stub, method)(request, metadata=served.token, timeout=timeout)


def refused(
    served: Served, method: str, request: Any, timeout: float = PATIENCE
) -> tuple[Any, str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        ask(served, method, request, timeout)
    error: Any = caught.value
    assert "Traceback" not in error.details()
    assert str(served.home.path) not in error.details() + str(error.trailing_metadata())
    return error.code(), error.details(), dict(error.trailing_metadata())


REQUESTS = {
    "GetBasket": pb.GetBasketRequest(symbols=["NVDA"]),
    "BatchGetBaskets": pb.BatchGetBasketsRequest(offsets=[0]),
    "GetSymbol": pb.GetSymbolRequest(symbol="NVDA"),
    "GetRegimes": pb.GetRegimesRequest(baskets=pb.BatchGetBasketsRequest(offsets=[0])),
    "WatchBaskets": pb.WatchBasketsRequest(baskets=pb.BatchGetBasketsRequest(offsets=[0])),
    "GetProfile": pb.GetProfileRequest(symbols=["NVDA"]),
    "GetDispersion": pb.GetDispersionRequest(index="SPY", symbols=["NVDA"]),
    "GetExpiries": pb.GetExpiriesRequest(symbols=["NVDA"]),
    "GetStrikes": pb.GetStrikesRequest(symbols=["NVDA"]),
    "GetMaxPain": pb.GetMaxPainRequest(symbol="NVDA"),
    "GetExpectedMove": pb.GetExpectedMoveRequest(symbols=["NVDA"]),
    "GetFlow": pb.GetFlowRequest(symbols=["SPX"], money=[-1.0]),
    "GetChange": pb.GetChangeRequest(symbols=["SPX"]),
    "GetHistory": pb.GetHistoryRequest(symbols=["SPX"]),
    "GetVolumeGex": pb.GetVolumeGexRequest(symbols=["NVDA"]),
    "GetHedge": pb.GetHedgeRequest(symbols=["NVDA"]),
    "BatchGetHedges": pb.BatchGetHedgesRequest(hedges=[pb.GetHedgeRequest(symbols=["NVDA"])]),
    "GetBetas": pb.GetBetasRequest(symbols=["NVDA"]),
    "ListSymbols": pb.ListSymbolsRequest(),
    "GetStatus": pb.GetStatusRequest(),
    "GetSettings": pb.GetSettingsRequest(),
    "ChangeSettings": pb.ChangeSettingsRequest(values={"rate": "0.5"}),
    "Shutdown": pb.ShutdownRequest(),
}


def test_every_method_of_the_contract_is_tested_here() -> None:
    assert set(REQUESTS) == {m.name for m in pb.DESCRIPTOR.services_by_name["ExposureService"].methods}


@pytest.mark.parametrize("method", REQUESTS)
@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Bearer wrong"),),
        (("authorization", "Bearer "),),
        (("authorization", "Bearer"),),
    ],
)
def test_no_call_without_the_token(
    sample: Served, method: str, metadata: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        found = getattr(sample.stub, method)(REQUESTS[method], metadata=metadata, timeout=PATIENCE)
        next(found)  # of a stream
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error.details() == "The server refused the token: use the one in its home folder."
    assert ("basketgex-code", "token_refused") in error.trailing_metadata()


@pytest.mark.parametrize("peer", ["ipv4:192.0.2.7:50123", "ipv6:%5B2001:db8::1%5D:50123", ""])
def test_settings_are_no_matter_of_other_machines(peer: str) -> None:
    class Stranger:
        def peer(self) -> str:
            return peer

    with pytest.raises(NotEntitled) as caught:
        servicer._refuse_strangers(Stranger())  # type: ignore[arg-type]
    assert caught.value.sentence == (
        "Settings are a matter of the server's own machine: run basketgex config there."
    )


def test_the_token_without_its_scheme_is_refused(sample: Served) -> None:
    bare = sample.token[0][1].removeprefix("Bearer ")
    with pytest.raises(grpc.RpcError) as caught:
        sample.stub.GetStatus(pb.GetStatusRequest(), metadata=(("authorization", bare),), timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    "name", ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]
)
def test_reflection_by_both_names_wants_the_token(sample: Served, name: str) -> None:
    call = sample.channel.stream_stream(
        f"/{name}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    listing = reflection_pb2.ServerReflectionRequest(list_services="")
    (reply,) = call(iter([listing]), metadata=sample.token, timeout=PATIENCE)
    services = [s.name for s in reply.list_services_response.service]
    assert services == [
        "basketgex.v1.ExposureService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]
    questions = [reflection_pb2.ServerReflectionRequest(file_containing_symbol=s) for s in services]
    for service, told in zip(
        services, call(iter(questions), metadata=sample.token, timeout=PATIENCE), strict=True
    ):
        files = map(FileDescriptorProto.FromString, told.file_descriptor_response.file_descriptor_proto)
        assert service in {f"{file.package}.{s.name}" for file in files for s in file.service}
    with pytest.raises(grpc.RpcError) as caught:
        list(call(iter([listing]), timeout=PATIENCE))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("service", ["", "basketgex.v1.ExposureService", "store"])
def test_health_wants_none(sample: Served, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(sample.channel)
    reply = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_an_unknown_method_wants_the_token_first(sample: Served) -> None:
    call = sample.channel.unary_unary("/basketgex.v1.ExposureService/Nothing")
    codes = []
    for metadata in ((), sample.token):
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", metadata=metadata, timeout=PATIENCE)
        codes.append(caught.value.code())
    assert codes == [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED]


def test_get_basket(sample: Served) -> None:
    request = pb.GetBasketRequest(symbols=["nvda", "AAPL US Equity", "NOPE", "TSLA"], weights=[2, 1, 1, 0])
    reply = ask(sample, "GetBasket", request)
    b = reply.basket
    assert [c.symbol for c in b.constituents] == ["NVDA", "AAPL", "TSLA"]
    assert [c.weight for c in b.constituents] == pytest.approx([2 / 3, 1 / 3, 0])
    for measure in ("gex", "dex", "vex", "chex"):
        own = [getattr(c.net, measure) for c in b.constituents]
        assert getattr(b.net, measure) == pytest.approx(own[0] * 2 / 3 + own[1] / 3)
    assert sum(c.contribution_pct for c in b.constituents) == pytest.approx(100)
    for c in b.constituents:
        assert c.regime == (pb.REGIME_POSITIVE_GAMMA if c.net.gex >= 0 else pb.REGIME_NEGATIVE_GAMMA)
        assert c.freshness == pb.FRESHNESS_HISTORICAL
    assert b.regime == (pb.REGIME_POSITIVE_GAMMA if b.net.gex >= 0 else pb.REGIME_NEGATIVE_GAMMA)
    assert (list(b.missing_symbols), list(b.unweighted_symbols)) == (["NOPE"], ["TSLA"])
    assert b.covered_weight == pytest.approx(0.75)
    assert (b.freshness, b.client_ttl, b.notice) == (pb.FRESHNESS_HISTORICAL, 30.0, "")
    assert (reply.origin.source, reply.origin.synthetic, reply.origin.convention) == (
        "sample",
        True,
        "flashalpha",
    )


def test_the_batch_says_the_same_as_the_basket(sample: Served) -> None:
    baskets: list[tuple[list[str], list[float]]] = [
        (["NVDA", "AMD"], [3, 1]),
        (["GHOST", "AMD", "NVDA"], [1, 1, 2]),
        (["MSFT", "^SPX"], [1, 1]),
    ]
    request = batch(baskets, equal={2})
    reply = ask(sample, "BatchGetBaskets", request)
    assert not reply.errors
    for number, (symbols, weights) in enumerate(baskets):
        one = ask(
            sample, "GetBasket", pb.GetBasketRequest(symbols=symbols, weights=weights if number != 2 else [])
        ).basket
        entries = range(reply.offsets[number], reply.offsets[number + 1])
        assert [reply.symbols.symbol[reply.symbol_index[e]] for e in entries] == [
            c.symbol for c in one.constituents
        ]
        assert [reply.weights[e] for e in entries] == [c.weight for c in one.constituents]
        assert [reply.contribution_pct[e] for e in entries] == [c.contribution_pct for c in one.constituents]
        columns = reply.baskets
        assert [getattr(columns, m)[number] for m in ("gex", "dex", "vex", "chex")] == [
            getattr(one.net, m) for m in ("gex", "dex", "vex", "chex")
        ]
        for field in (
            "net_to_gross",
            "covered_weight",
            "negative_names",
            "negative_weight",
            "as_of",
            "freshness",
        ):
            assert getattr(columns, field)[number] == getattr(one, field)
        gaps = reply.missing_index[reply.missing_offsets[number] : reply.missing_offsets[number + 1]]
        assert [reply.missing_symbols[i] for i in gaps] == list(one.missing_symbols)


def batch(baskets: list[tuple[list[str], list[float]]], equal: set[int] = frozenset()) -> Any:  # type: ignore[assignment]
    symbols = list(dict.fromkeys(s for names, _ in baskets for s in names))
    place = {s: i for i, s in enumerate(symbols)}
    return pb.BatchGetBasketsRequest(
        symbols=symbols,
        offsets=[0, *itertools.accumulate(len(names) for names, _ in baskets)],
        symbol_index=[place[s] for names, _ in baskets for s in names],
        weights=[w for _, weights in baskets for w in weights],
        equal_weight=sorted(equal),
    )


def test_errors_of_a_batch_are_its_baskets_own(sample: Served) -> None:
    request = batch(
        [(["NVDA"], [1]), (["NVDA", "not one"], [1, 1]), (["AMD"], [-1]), (["GHOST"], [1]), ([], [])]
    )
    reply = ask(sample, "BatchGetBaskets", request)
    found = [
        (e.basket, e.problem.code, e.problem.reason, e.problem.sentence, e.problem.argument)
        for e in reply.errors
    ]
    assert found == [
        (
            1,
            "invalid_symbol",
            "INVALID_ARGUMENT",
            '"not one" is not a ticker: correct or clear it.',
            "symbols",
        ),
        (
            2,
            "invalid_weights",
            "INVALID_ARGUMENT",
            "The weight of AMD is negative: weights must be 0 or more. For a short leg use a basket of its own.",
            "weights",
        ),
        (3, "no_data", "NOT_FOUND", "The source has no data for GHOST: check the spelling.", ""),
        (4, "missing_symbols", "INVALID_ARGUMENT", "No symbols: give at least one ticker.", "symbols"),
    ]
    assert reply.baskets.gex[0] != 0
    assert list(reply.baskets.gex[1:]) == [0.0] * 4
    assert list(reply.offsets) == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("method", "request_", "code", "sentence", "trailing"),
    [
        (
            "GetBasket",
            pb.GetBasketRequest(),
            grpc.StatusCode.INVALID_ARGUMENT,
            "No symbols: give at least one ticker.",
            ("missing_symbols", "symbols"),
        ),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=["NVDA", "é" * 30]),
            grpc.StatusCode.INVALID_ARGUMENT,
            f'"{"é" * 24}…" is not a ticker: correct or clear it.',
            ("invalid_symbol", "symbols"),
        ),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=["NVDA"], weights=[1, 2]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "1 symbols but 2 weights: give one weight beside each symbol, or none at all.",
            ("weight_count_mismatch", "weights"),
        ),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=[f"S{i}" for i in range(1_001)]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "1,001 distinct symbols: a basket may have 1,000. Split it or shorten the range.",
            ("too_many_symbols", "symbols"),
        ),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=[f"S{i}" for i in range(601)]),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "This basket alone would take 13 source calls, and one request may cause 12: "
            "ask for fewer new names, or refresh explicitly.",
            ("too_many_calls", "symbols"),
        ),
        (
            "GetBasket",
            pb.GetBasketRequest(symbols=["PHANTOM"], refresh=pb.REFRESH_CACHE_ONLY),
            grpc.StatusCode.NOT_FOUND,
            "The server has no figure yet, and it was told not to ask the source.",
            ("not_cached", ""),
        ),
        (
            "GetSymbol",
            pb.GetSymbolRequest(symbol="GHOST"),
            grpc.StatusCode.NOT_FOUND,
            "The source has no data for GHOST: check the spelling.",
            ("no_data", ""),
        ),
        (
            "BatchGetBaskets",
            pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1], symbol_index=[9], weights=[1]),
            grpc.StatusCode.INVALID_ARGUMENT,
            "The batch has a symbol index beyond its symbols.",
            ("invalid_batch", "symbol_index"),
        ),
    ],
)
def test_errors(
    sample: Served, method: str, request_: Any, code: Any, sentence: str, trailing: tuple[str, str]
) -> None:
    found = refused(sample, method, request_)
    assert found[:2] == (code, sentence)
    assert (found[2]["basketgex-code"], found[2]["basketgex-argument"]) == trailing


def test_get_symbol_per_strike(sample: Served) -> None:
    plain = ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="$spx"))
    assert (plain.symbol, len(plain.strikes.strike)) == ("SPX", 0)
    rich = ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="SPX", per_strike=True))
    s = rich.strikes
    assert len(s.strike) > 20
    assert list(s.strike) == sorted(set(s.strike))
    for measure in ("gex", "dex", "vex", "chex"):
        call, put = getattr(s, f"call_{measure}"), getattr(s, f"put_{measure}")
        assert len(call) == len(put) == len(s.strike)
        assert sum(call) == pytest.approx(getattr(rich.sides.call, measure), rel=1e-9)
        assert sum(call) + sum(put) == pytest.approx(getattr(rich.net, measure), rel=1e-9, abs=1e-3)
    assert rich.rows.used > 0


def test_get_symbol_with_levels(sample: Served) -> None:
    assert not ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="NVDA")).HasField("levels")
    found = ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="NVDA", levels=True))
    levels = found.levels
    assert levels.gamma_flip_status in ("available", "no_boundary")
    assert levels.HasField("gamma_flip") == (levels.gamma_flip_status == "available")
    strikes = set(
        ask(sample, "GetSymbol", pb.GetSymbolRequest(symbol="NVDA", per_strike=True)).strikes.strike
    )
    assert {levels.call_wall, levels.put_wall, levels.highest_oi_strike} <= strikes
    assert found.net.gex != 0


def test_levels_that_the_source_does_not_offer(live: Live) -> None:
    code, details, trailing = refused(
        live.served, "GetSymbol", pb.GetSymbolRequest(symbol="A", levels=True), PATIENCE
    )
    assert (code, details) == (grpc.StatusCode.UNIMPLEMENTED, "This source has no levels.")
    assert trailing["basketgex-code"] == NotOffered.code


def test_the_symbols_there_are(sample: Served, live: Live, tmp_path: Path) -> None:
    every = ask(sample, "ListSymbols", pb.ListSymbolsRequest())
    assert every.complete
    assert every.origin.label == "synthetic sample"
    assert list(every.symbols) == sorted({*every.symbols})
    assert {"SPX", "BRK.B", "NVDA"} <= set(every.symbols)
    answered = ask(sample, "GetBasket", pb.GetBasketRequest(symbols=every.symbols))
    assert not answered.basket.missing_symbols

    live.call("GetBasket", pb.GetBasketRequest(symbols=["MU", "AMD"]))
    known = live.call("ListSymbols", pb.ListSymbolsRequest())
    assert (list(known.symbols), known.complete) == (["AMD", "MU"], False)
    assert len(live.source.calls) == 1

    chains = tmp_path / "chains"
    chains.mkdir()
    for name in ("_SPX.json", "brkb.csv", "underlyings.json", "README"):
        (chains / name).write_text("")
    for adjusted in ({}, {"dividends": "implied"}, {"missing_volatility": "fill"}):
        settings = Settings(source="chain-files", chain_folder=str(chains), **adjusted)
        with serving(tmp_path / f"home{len(adjusted)}{adjusted.get('dividends')}", settings) as served:
            found = ask(served, "ListSymbols", pb.ListSymbolsRequest())
            assert (list(found.symbols), found.complete) == (["BRKB", "SPX"], True)


def test_what_the_source_can_give(sample: Served, live: Live) -> None:
    def capabilities(status: Any) -> list[str]:
        return [pb.Capability.Name(c).removeprefix("CAPABILITY_") for c in status.capabilities]

    every = ["STRIKES", "LEVELS", "PROFILE", "DISPERSION", "SYMBOLS"]
    assert capabilities(ask(sample, "GetStatus", pb.GetStatusRequest())) == every
    live.source.has_strikes = False
    assert capabilities(live.call("GetStatus", pb.GetStatusRequest())) == ["LEVELS"]


def test_regimes(live: Live) -> None:
    request = pb.GetRegimesRequest(baskets=batch([(["A", "B"], [1, 1]), (["A"], [-1]), (["C"], [1])]))
    nothing = live.call("GetRegimes", request)
    assert list(nothing.regimes.regime) == [pb.REGIME_UNSPECIFIED] * 3
    assert (nothing.client_ttl, live.source.calls) == (2.0, [])
    live.call("GetBasket", pb.GetBasketRequest(symbols=["A", "B", "C"]))
    found = live.call("GetRegimes", request)
    gex = [made_up("A").net.gex + made_up("B").net.gex, 0, made_up("C").net.gex]
    expected = [pb.REGIME_POSITIVE_GAMMA if x >= 0 else pb.REGIME_NEGATIVE_GAMMA for x in gex]
    assert list(found.regimes.regime) == [expected[0], pb.REGIME_UNSPECIFIED, expected[2]]
    assert list(found.regimes.known_from) == [NOON, 0.0, NOON]
    assert list(found.regimes.since) == [0.0] * 3
    assert [(e.basket, e.problem.code) for e in found.errors] == [(1, "invalid_weights")]
    assert (found.client_ttl, len(live.source.calls)) == (30.0, 1)


def test_status(live: Live) -> None:
    live.call("GetBasket", pb.GetBasketRequest(symbols=["A", "B"]))
    live.call("BatchGetBaskets", batch([(["A"], [1]), (["C"], [1])]))
    status = live.call("GetStatus", pb.GetStatusRequest())
    assert status.version == __version__
    assert (status.symbols_known, status.requests, status.baskets) == (3, 2, 3)
    assert (status.source_calls, status.symbols_fetched) == (2, 3)
    assert (status.debits_today, status.debits_total, status.metered, status.seats) == (2, 2, True, 50)
    assert status.sentence == "Source: made-up figures (live); convention flashalpha."
    assert (status.started_at, status.last_problem) == (NOON, "")
    assert "here" not in str(status)  # the location is nobody's business


@pytest.mark.parametrize(
    "error", [SourceUnavailable("The source is away."), OSError("/secret/path and a key")]
)
def test_a_failing_source(live: Live, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    live.call("GetBasket", pb.GetBasketRequest(symbols=["A"]))
    live.source.error = error
    live.clock.at += 1_000
    sentence = "The source is away." if isinstance(error, SourceUnavailable) else Internal().sentence
    served = live.call("GetBasket", pb.GetBasketRequest(symbols=["A"])).basket
    assert (served.freshness, served.notice) == (pb.FRESHNESS_EXPIRED, f"Last good value: {sentence}")
    code, details, trailing = refused(live.served, "GetBasket", pb.GetBasketRequest(symbols=["B"]))
    assert details == sentence
    expected = (
        ("UNAVAILABLE", "source_unavailable") if details != Internal().sentence else ("INTERNAL", "internal")
    )
    assert (code.name, trailing["basketgex-code"]) == expected
    assert "A call for 1 symbols failed" in caplog.text
    assert "secret" not in caplog.text


def test_a_fault_of_the_servers_own_tells_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("/secret")

    monkeypatch.setattr(live.source, "origin", fail)
    code, details, _ = refused(live.served, "GetBasket", pb.GetBasketRequest(symbols=["B"]))
    assert (code, details) == (grpc.StatusCode.INTERNAL, Internal().sentence)
    monkeypatch.undo()


def test_the_deadline_is_kept_and_takes_nothing_from_others(live: Live) -> None:
    live.source.gate = gate = asyncio.Event()
    asked = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def arrive() -> None:
        loops.append(asyncio.get_running_loop())
        asked.set()

    live.source.before = arrive
    patient = live.stub.GetBasket.future(
        pb.GetBasketRequest(symbols=["A", "B"]), metadata=live.served.token, timeout=PATIENCE
    )
    assert asked.wait(PATIENCE)
    begin = time.monotonic()
    code, details, trailing = refused(
        live.served, "GetBasket", pb.GetBasketRequest(symbols=["A"]), timeout=0.5
    )
    took = time.monotonic() - begin
    assert (code, trailing.get("basketgex-code")) == (grpc.StatusCode.DEADLINE_EXCEEDED, "timed_out")
    assert details == "The source did not answer in time. Recalculate to ask again."
    assert 0.3 < took < 5.0
    loops[0].call_soon_threadsafe(gate.set)
    assert len(patient.result(PATIENCE).basket.constituents) == 2
    assert len(live.source.calls) == 1


def test_stale_is_said(live: Live) -> None:
    live.call("GetBasket", pb.GetBasketRequest(symbols=["A"]))
    live.clock.at += 100
    stale = live.call("GetBasket", pb.GetBasketRequest(symbols=["A"])).basket
    assert (stale.freshness, stale.client_ttl, stale.as_of) == (pb.FRESHNESS_STALE, 2.0, NOON)


def test_moments_far_apart_are_called_mixed(live: Live) -> None:
    live.source.lags = 901.0
    live.call("GetBasket", pb.GetBasketRequest(symbols=["A"]))
    live.source.lags = 0.0
    mixed = live.call("GetBasket", pb.GetBasketRequest(symbols=["A", "B"])).basket
    assert (mixed.as_of, mixed.as_of_newest, mixed.as_of_mixed) == (NOON - 901, NOON, True)
    assert not live.call("GetBasket", pb.GetBasketRequest(symbols=["A"])).basket.as_of_mixed


def test_a_later_versions_refresh_counts_as_normal(live: Live) -> None:
    for _ in range(2):
        live.call("GetBasket", pb.GetBasketRequest(symbols=["A"], refresh=99))  # type: ignore[arg-type]
    assert len(live.source.calls) == 1


def test_four_thousand_calls_at_once(live: Live) -> None:
    names = [f"S{i}" for i in range(100)]
    calls = [
        live.stub.GetBasket.future(
            pb.GetBasketRequest(symbols=[names[i % 100]]), metadata=live.served.token, timeout=120
        )
        for i in range(4_000)
    ]
    for i, call in enumerate(calls):
        assert call.result(120).basket.net.gex == made_up(names[i % 100]).net.gex
    assert sorted(s for sent in live.source.calls for s in sent) == sorted(names)


def test_a_thousand_names_in_a_thousand_baskets(tmp_path: Path) -> None:
    def source(_: Settings, __: Executor) -> FakeSource:
        return FakeSource(clock, symbols_per_call=0, metered=False)

    clock = Clock()
    names = [f"S{i}" for i in range(1_000)]
    rows = [(names[i:] + names[:i], [1.0] * 1_000) for i in range(0, 1_000, 5)]
    request = batch(rows)
    with serving(tmp_path, LIVE_SETTINGS, source, now=clock) as served:
        reply = ask(served, "BatchGetBaskets", request)
        assert not reply.errors
        assert len(reply.symbol_index) == 200_000
        assert reply.ByteSize() > 2 << 20
        mean = sum(made_up(s).net.gex for s in names) / 1_000
        assert list(reply.baskets.gex) == pytest.approx([mean] * 200, rel=1e-9)


def test_one_basket_of_a_thousand_names(tmp_path: Path) -> None:
    clock = Clock()
    names = [f"S{i}" for i in range(1_000)]
    with serving(
        tmp_path, LIVE_SETTINGS, lambda _, __: FakeSource(clock, symbols_per_call=0, metered=False), now=clock
    ) as served:
        reply = ask(served, "GetBasket", pb.GetBasketRequest(symbols=names))
        assert [c.symbol for c in reply.basket.constituents] == names


def test_shutdown(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.home.is_served()
        assert served.home.read_runtime() is not None
        ask(served, "Shutdown", pb.ShutdownRequest())
        served.thread.join(PATIENCE)
        assert not served.thread.is_alive()
        assert not served.home.is_served()
        assert served.home.read_runtime() is None
