"""Made-up figures and sources, and real servers on loopback in temporary homes, for the tests of the server."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import grpc

from basketgex.home import CHANNEL_OPTIONS, Home
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_server import lifecycle
from basketgex_server.domain import Fetched, Measures, Origin, QuotaReading, StrikeRow, SymbolExposure
from basketgex_server.errors import NotEntitled, NotOffered
from basketgex_server.lifecycle import Serving
from basketgex_server.settings import Settings
from basketgex_server.sources.factory import make_source

PATIENCE = 30.0
"""Seconds by which whatever a test waits for has long happened."""
NOON = 1_795_019_400.0
"""A moment of a New York session: Wednesday 18 November 2026, 11:30."""
LIVE = Origin("fake", "made-up figures", location="here")
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine, but not for ever."""

    async def bounded() -> T:
        return await asyncio.wait_for(work, PATIENCE)

    return asyncio.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something has happened."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + PATIENCE
    while not condition():
        assert loop.time() < give_up, "it never happened"
        await asyncio.sleep(0)


async def turns(count: int = 50) -> None:
    """Let the loop turn so often that whatever was going to happen without further news has happened."""
    for _ in range(count):
        await asyncio.sleep(0)


def made_up(symbol: str, as_of: float = NOON, gex: float | None = None) -> SymbolExposure:
    """Return figures that a symbol's letters determine."""
    seed = sum(ord(c) * 31**i for i, c in enumerate(symbol)) % 997
    net = Measures(float(seed - 400) * 1e6 if gex is None else gex, seed * 1e7, -seed * 1e4, seed * 1e3)
    half = Measures(*(x / 2 for x in net))
    row = StrikeRow(100.0, half, half, 10.0, 20.0)
    return SymbolExposure(symbol, 100.0 + seed, net, as_of, strikes=(row,))


@dataclass
class Clock:
    """Unix seconds that pass when told."""

    at: float = NOON

    def __call__(self) -> float:
        return self.at


@dataclass(eq=False)
class FakeSource:
    """An exposure source that remembers its calls and answers when, and as, it is told."""

    clock: Callable[[], float]
    symbols_per_call: int = 50
    metered: bool = True
    has_strikes: bool = True
    delay: float = 0.0
    quota: QuotaReading | None = None
    says: Callable[[], QuotaReading | None] = lambda: None
    of_account: QuotaReading | None = None
    comes_from: Origin = LIVE
    lags: float = 0.0
    nothing: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    uncovered: set[str] = field(default_factory=set)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    calls: list[tuple[str, ...]] = field(default_factory=list)
    closed: bool = False
    before: Callable[[], None] = lambda: None

    def origin(self) -> Origin:
        return self.comes_from

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        self.calls.append(symbols)
        self.before()
        assert not self.symbols_per_call or len(symbols) <= self.symbols_per_call
        if self.gate is not None:
            await self.gate.wait()
        if (said := self.says()) is not None:
            self.quota = replace(said)
        if self.error is not None:
            raise self.error
        for symbol in (s for s in symbols if s in self.uncovered):  # the service names the first
            raise NotEntitled(f"The plan does not cover {symbol}.", symbols=(symbol,))
        at = self.clock() - self.lags
        good = [s for s in symbols if s not in self.nothing and s not in self.broken]
        return Fetched(
            {s: made_up(s, at) for s in good},
            frozenset(symbols) & self.nothing,
            {s: self.broken[s] for s in symbols if s in self.broken},
        )

    async def account(self) -> QuotaReading | None:
        return self.of_account

    async def levels(self, symbol: str) -> None:
        raise NotOffered("This source has no levels.")

    async def close(self) -> None:
        self.closed = True


@dataclass
class Served:
    """A server that runs in a thread of this process, and a channel to it."""

    home: Home
    serving: Serving
    channel: grpc.Channel
    stub: ExposureServiceStub
    token: tuple[tuple[str, str], ...]
    thread: threading.Thread

    def stop(self) -> None:
        if self.thread.is_alive():
            with suppress(grpc.RpcError):  # it may be ending already, by itself
                self.stub.Shutdown(pb.ShutdownRequest(), metadata=self.token, timeout=PATIENCE)
        self.thread.join(PATIENCE)
        self.channel.close()
        assert not self.thread.is_alive(), "the server did not end"


def bearer(home: Home) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {home.token()}"),)


@contextmanager
def serving(
    folder: Path,
    settings: Settings | None = None,
    source: Callable[[Settings, Executor], Any] = make_source,
    **clock: Callable[[], float],
) -> Iterator[Served]:
    """Serve a home in a thread for as long as the block lasts; the sample, unless another source is given."""
    home = Home(folder)
    told: queue.Queue[Serving | BaseException] = queue.Queue()

    def work() -> None:
        try:
            lifecycle.serve(home, settings or Settings(), source, told.put, **clock)
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
            told.put(error)

    thread = threading.Thread(target=work, name="server", daemon=True)
    thread.start()
    line = told.get(timeout=PATIENCE)
    if isinstance(line, BaseException):
        raise line
    channel = grpc.insecure_channel(line.grpc, options=CHANNEL_OPTIONS)
    served = Served(home, line, channel, ExposureServiceStub(channel), bearer(home), thread)
    try:
        yield served
    finally:
        served.stop()
