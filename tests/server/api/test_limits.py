"""What the doors allow: clients that ask whether the server is there, strangers that send much, and large questions."""

from __future__ import annotations

import asyncio
import gc
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import grpc
import h2.config
import h2.connection
import httpx
import pytest
from grpc_health.v1 import health_pb2

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_server import doors
from basketgex_server.api.rest import http_protocol
from basketgex_server.api.rpc import standard
from basketgex_server.dispatch.batch.choose import answer_batch
from basketgex_server.dispatch.batch.types import MOST_BASKETS, Batch
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.settings import Settings
from basketgex_server.stores.sqlite import SqliteStore
from tests.e2e.serving import Server
from tests.server.servers import NOON, PATIENCE, FakeSource, Served, bearer, run, serving

SERVICE = "/basketgex.v1.ExposureService/"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(http_listen="127.0.0.1:0")
    with serving(tmp_path_factory.mktemp("home"), settings) as served:
        yield served


def connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def closed(wire: socket.socket) -> bool:
    """Whether the other side ends the connection, whatever it says before."""
    try:
        while wire.recv(1 << 16):
            pass
    except ConnectionError:
        return True
    return True  # a time-out is raised


class Raw:
    """A client of HTTP/2 that sends what it likes, and so much of it."""

    def __init__(self, address: str) -> None:
        self.wire = connected(address)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http.initiate_connection()
        self.flush()

    def open(self, path: str, *more: tuple[str, str]) -> int:
        stream = self.http.get_next_available_stream_id()
        usual = ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"))
        grpcs = (("content-type", "application/grpc"), ("te", "trailers"))
        self.http.send_headers(stream, [*usual, *grpcs, *more])
        return stream

    def flush(self) -> None:
        self.wire.sendall(self.http.data_to_send())

    def status(self) -> str:
        """Wait for the end of a call, and return its status."""
        while True:
            for event in self.http.receive_data(self.wire.recv(1 << 16)):
                found = dict(getattr(event, "headers", None) or ())
                if "grpc-status" in found:
                    return str(found["grpc-status"])
            self.flush()


# -- the watcher's connection --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [True, False])
def test_a_client_may_ask_whether_the_server_is_there(sample: Served, calls: bool) -> None:
    """By gRPC's own rules a quiet stream ends so after three seconds; and a connection without calls likewise."""
    options = [
        *CHANNEL_OPTIONS,
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.keepalive_time_ms", 150),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    one = pb.BatchGetBasketsRequest(symbols=["SPY"], offsets=[0, 1], symbol_index=[0], weights=[1])
    request = pb.WatchBasketsRequest(baskets=one, pace=3_600)
    with grpc.insecure_channel(sample.serving.grpc, options=options) as channel:
        seen: list[grpc.ChannelConnectivity] = []
        if calls:
            stub = ExposureServiceStub(channel)
            stream = stub.WatchBaskets(request, metadata=sample.token, timeout=6)
            next(stream)
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        else:
            grpc.channel_ready_future(channel).result(PATIENCE)
            channel.subscribe(seen.append)
            other = ExposureServiceStub(sample.channel).WatchBaskets(
                request, metadata=sample.token, timeout=5
            )
            with pytest.raises(grpc.RpcError):
                list(other)  # five seconds pass
            assert set(seen) == {grpc.ChannelConnectivity.READY}


# -- before the token counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        SERVICE + "GetBasket",
        SERVICE + "BatchGetBaskets",
        SERVICE + "WatchBaskets",
        SERVICE + "Nothing",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/of.nobody/Knows",
    ],
)
@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),)])
def test_nothing_is_read_before_the_token_counts(
    sample: Served, path: str, metadata: tuple[tuple[str, str], ...]
) -> None:
    raw = Raw(sample.serving.grpc)
    with closing(raw.wire):
        raw.open(path, *metadata)
        raw.flush()  # the request itself never comes
        assert raw.status() == str(grpc.StatusCode.UNAUTHENTICATED.value[0])


@pytest.mark.parametrize("size", [2_000, 5_000_000])
def test_a_long_question_about_health_is_refused(sample: Served, size: int) -> None:
    call = sample.channel.unary_unary("/grpc.health.v1.Health/Check")
    request = health_pb2.HealthCheckRequest(service="x" * size).SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=PATIENCE)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_health_of_a_question_that_never_comes_keeps_nobody_waiting(sample: Served) -> None:
    raw = Raw(sample.serving.grpc)
    call = sample.channel.unary_unary("/grpc.health.v1.Health/Check")
    with closing(raw.wire):
        for _ in range(5):
            raw.open("/grpc.health.v1.Health/Check")
        raw.flush()
        assert call(b"", timeout=PATIENCE) == health_pb2.HealthCheckResponse(status=1).SerializeToString()


def test_only_so_many_watch_the_health_without_a_token(
    sample: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard, "MOST_OPEN", 3)
    call = sample.channel.unary_stream("/grpc.health.v1.Health/Watch")
    open_ = [call(b"", timeout=PATIENCE) for _ in range(3)]
    for stream in open_:
        next(stream)
    with pytest.raises(grpc.RpcError) as caught:
        next(call(b"", timeout=PATIENCE))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    for stream in open_:
        stream.cancel()
    asked = sample.stub.GetStatus(pb.GetStatusRequest(), metadata=sample.token, timeout=PATIENCE)
    assert asked.version


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only on Linux")
def test_calls_that_are_opened_and_reset_do_not_pile_up(tmp_path: Path) -> None:
    def memory(pid: int) -> int:
        (kilobytes,) = (
            line.split()[1]
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        )
        return int(kilobytes) >> 10

    with Server(tmp_path / "home") as server:
        channel = grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS)
        stub, token = ExposureServiceStub(channel), bearer(server.home)
        stub.GetStatus(pb.GetStatusRequest(), metadata=token, timeout=PATIENCE)
        before = memory(server.process.pid)
        raw = Raw(server.address)
        with closing(raw.wire), channel:
            for number in range(40_000):
                raw.http.reset_stream(raw.open(SERVICE + "GetStatus"))
                if number % 50 == 0:
                    raw.flush()
            stub.GetStatus(pb.GetStatusRequest(), metadata=token, timeout=PATIENCE)
            assert memory(server.process.pid) - before < 120  # it was 6 kB for each of them


# -- connections ---------------------------------------------------------------------------------------------------------


def test_a_connection_that_says_nothing_is_closed(sample: Served) -> None:
    with closing(connected(sample.serving.grpc)) as wire:
        assert closed(wire)


def test_there_are_only_so_many_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [*doors.OPTIONS, ("grpc.max_allowed_incoming_connections", 10)]
    monkeypatch.setattr(doors, "OPTIONS", tuple(dict(few).items()))
    with serving(tmp_path) as served, ExitStack() as stack:
        served.stub.GetStatus(pb.GetStatusRequest(), metadata=served.token, timeout=PATIENCE)
        held = [stack.enter_context(closing(connected(served.serving.grpc))) for _ in range(20)]
        assert closed(held[-1])
        served.stub.GetStatus(pb.GetStatusRequest(), metadata=served.token, timeout=PATIENCE)


SAYING: dict[str, Callable[[socket.socket, bytes], object]] = {
    "nothing": lambda wire, host: None,
    "half a request": lambda wire, host: wire.sendall(b"GET /health HTTP/1.1\r\nHost: " + host),
    "a second half a request": lambda wire, host: wire.sendall(
        b"GET /health HTTP/1.1\r\nHost: " + host + b"\r\n\r\nGET /he"
    ),
    "a body without end": lambda wire, host: wire.sendall(
        b"POST /health HTTP/1.1\r\nContent-Length: 99999999\r\nHost: " + host + b"\r\n\r\nxxx"
    ),
}


@pytest.mark.parametrize("saying", SAYING)
def test_a_request_must_come_in_time(sample: Served, saying: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HTTP_REQUEST", 0.2)
    with closing(connected(sample.serving.http)) as wire:
        SAYING[saying](wire, sample.serving.http.encode())
        assert closed(wire)


def test_a_reply_that_takes_longer_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late is the request, not the answer: a source may take its time."""
    monkeypatch.setattr(http_protocol, "HTTP_REQUEST", 0.2)
    gate = asyncio.Event()
    source = FakeSource(lambda: NOON, gate=gate)
    settings = Settings(http_listen="127.0.0.1:0", window_quiet=0.0, window_longest=0.0)
    loops: list[asyncio.AbstractEventLoop] = []
    source.before = lambda: loops.append(asyncio.get_running_loop())
    with (
        serving(tmp_path, settings, lambda _, __: source, now=lambda: NOON) as served,
        ThreadPoolExecutor(1) as caller,
    ):
        url = f"http://{served.serving.http}/v1/exposure/basket?symbols=SPY"
        asked = caller.submit(
            httpx.get, url, headers={"X-Api-Key": served.home.token()}, trust_env=False, timeout=PATIENCE
        )
        with closing(connected(served.serving.http)) as wire:  # this one goes meanwhile
            assert closed(wire)
        while not loops:
            time.sleep(0)
        loops[0].call_soon_threadsafe(gate.set)
        assert asked.result(PATIENCE).status_code == 200


def test_of_too_many_connections_the_idle_go(sample: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "MOST_HTTP", 20)
    host = sample.serving.http
    with ExitStack() as stack:
        held = [stack.enter_context(closing(connected(host))) for _ in range(60)]
        assert closed(held[0])
        reply = httpx.get(f"http://{host}/health", trust_env=False, timeout=PATIENCE)
        assert reply.json() == {"status": "Healthy"}


# -- large questions -----------------------------------------------------------------------------------------------------


def of(
    count: int, *, symbols: tuple[str, ...] = ("SPY",), each: int = 1, weight: float = 1.0
) -> pb.BatchGetBasketsRequest:
    """So many baskets of so many names."""
    index = list(itertools.islice(itertools.cycle(range(len(symbols))), count * each))
    return pb.BatchGetBasketsRequest(
        symbols=symbols,
        offsets=range(0, count * each + 1, each) if each else [0] * (count + 1),
        symbol_index=index,
        weights=[weight] * len(index),
    )


@pytest.mark.parametrize("method", ["BatchGetBaskets", "GetRegimes", "WatchBaskets"])
def test_a_hundred_thousand_baskets_are_refused(sample: Served, method: str) -> None:
    batch = of(100_000, each=0)
    wrapped: dict[str, Any] = {
        "BatchGetBaskets": batch,
        "GetRegimes": pb.GetRegimesRequest(baskets=batch),
        "WatchBaskets": pb.WatchBasketsRequest(baskets=batch),
    }
    with pytest.raises(grpc.RpcError) as caught:
        found = getattr(sample.stub, method)(wrapped[method], metadata=sample.token, timeout=PATIENCE)
        next(found)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "100,000 baskets: one request may have 50,000. Send several."


def test_as_many_errors_as_there_may_be(sample: Served) -> None:
    reply = sample.stub.BatchGetBaskets(of(MOST_BASKETS, each=0), metadata=sample.token, timeout=PATIENCE)
    assert {e.problem.code for e in reply.errors} == {"missing_symbols"}
    assert [e.basket for e in reply.errors] == list(range(MOST_BASKETS))
    stream = sample.stub.WatchBaskets(
        pb.WatchBasketsRequest(baskets=of(MOST_BASKETS, each=0)), metadata=sample.token, timeout=PATIENCE
    )
    seen: list[int] = []
    while len(seen) < MOST_BASKETS:
        message = next(stream)
        assert message.ByteSize() < 1 << 20
        seen += message.changed
    stream.cancel()
    assert seen == list(range(MOST_BASKETS))


@pytest.fixture
def small_heap() -> Iterator[None]:
    """What other tests have left in this process, the collector does not walk through: that alone takes half a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize(
    "batch",
    [
        of(MOST_BASKETS, each=0),
        of(MOST_BASKETS, weight=-1.0),
        of(MOST_BASKETS, weight=0.0),
        of(MOST_BASKETS, symbols=("NO TICKER",)),
        of(MOST_BASKETS, symbols=("GHOST",)),
    ],
    ids=["empty", "negative", "weightless", "no tickers", "unknown"],
)
def test_what_is_large_does_not_hold_the_loop(
    tmp_path: Path, batch: pb.BatchGetBasketsRequest, small_heap: None
) -> None:
    async def work() -> None:
        source = FakeSource(lambda: NOON, nothing={"GHOST"})
        state, compute = SqliteStore(tmp_path / "state.db", 30.0), ThreadPoolExecutor(1)
        settings = Settings(window_quiet=0.0, window_longest=0.0)
        dispatcher = Dispatcher(source, state, settings, NewYorkSessions(), lambda: NOON)
        asked = Batch(batch.symbols, batch.offsets, batch.symbol_index, batch.weights)

        async def answer() -> None:
            found = await answer_batch(dispatcher, asked, Refresh.NORMAL, most=1_000, compute=compute)
            assert len(found.errors) == MOST_BASKETS

        await answer()  # numpy is loaded
        begin = last = time.perf_counter()
        answering, longest = asyncio.ensure_future(answer()), 0.0
        while not answering.done():
            await asyncio.sleep(0)
            last, before = time.perf_counter(), last
            longest = max(longest, last - before)
        await answering
        took = last - begin
        assert longest < took / 2, f"held for {longest:.3f} of {took:.3f} s"
        await dispatcher.close()
        compute.shutdown()
        state.close()

    run(work())
