"""What a call costs: warm cells against an echo, a batch against single calls, collecting, four thousand at once."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from basketgex.home import CHANNEL_OPTIONS, Home
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from benchmarks.bench_server import ECHO
from benchmarks.pairs import Result, compare

NAMES = ("NVDA", "AMD", "AVGO", "MU", "SMCI", "TSM")
LONE = 300
BATCH = 1_000
ARRIVALS = 2_000
SPREAD = 0.050
AT_ONCE = 4_000


def spawn(mode: str, home: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server of ``bench_server``; return it and its address. Both kinds find compiled modules, as installed ones do."""
    command = [sys.executable, "-m", "benchmarks.bench_server", mode, str(home)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(home.parent / "compiled")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["grpc"]


@contextmanager
def serving(mode: str, home: Path) -> Iterator[str]:
    process, address = spawn(mode, home)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()  # type: ignore[union-attr]


class Peer:
    """A client of the benchmark server: its service, its echo, and the CPU time of both processes."""

    def __init__(self, home: Path, address: str) -> None:
        self.channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self.token = [("authorization", f"Bearer {Home(home).token()}")]
        self.service = ExposureServiceStub(self.channel)
        self.echo: Any = self.channel.unary_unary(ECHO)
        self.server = Home(home).read_runtime().pid  # type: ignore[union-attr]

    def cpu(self) -> float:
        """Seconds of CPU time, client and server together."""
        user, system = Path(f"/proc/{self.server}/stat").read_text().rpartition(")")[2].split()[11:13]
        return time.process_time() + (int(user) + int(system)) / 100.0


def measure(folder: Path) -> Iterator[Result]:
    home = folder / "calls"
    with serving("real", home) as address:
        peer = Peer(home, address)
        request = pb.GetBasketRequest(symbols=NAMES, weights=[1.0] * 6)
        reply = peer.service.GetBasket(request, metadata=peer.token, timeout=60)
        yield from _lone_cells(peer, request, reply.SerializeToString())
        yield _batch(peer, request)
        yield _collected(home)
        yield _at_once(peer, request)
        peer.channel.close()


def _lone_cells(peer: Peer, request: pb.GetBasketRequest, answer: bytes) -> Iterator[Result]:
    """A warm cell against an echo of a message as long as its reply."""

    def cell() -> None:
        peer.service.GetBasket(request, metadata=peer.token)

    def echo() -> None:
        peer.echo(answer, metadata=peer.token)

    def p50(call: Any) -> float:
        taken = []
        for _ in range(LONE):
            begin = time.perf_counter()
            call()
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken) * 1e3

    def cpu(call: Any) -> float:
        begin = peer.cpu()
        for _ in range(5 * LONE):
            call()
        return (peer.cpu() - begin) / (5 * LONE) * 1e3

    yield compare(
        "warm unary cell, p50", "an echo on the same channel", 1.3, lambda: p50(cell), lambda: p50(echo)
    )
    yield compare(
        "warm unary cell, CPU", "an echo on the same channel", 1.25, lambda: cpu(cell), lambda: cpu(echo)
    )


def _batch(peer: Peer, request: pb.GetBasketRequest) -> Result:
    columns = pb.BatchGetBasketsRequest(
        symbols=NAMES,
        offsets=range(0, 6 * BATCH + 1, 6),
        symbol_index=list(range(6)) * BATCH,
        weights=[1.0] * (6 * BATCH),
    )

    def batch() -> float:
        begin = time.perf_counter()
        reply = peer.service.BatchGetBaskets(columns, metadata=peer.token)
        taken = (time.perf_counter() - begin) * 1e3
        assert len(reply.baskets.gex) == BATCH
        return taken

    def unary() -> float:
        begin = time.perf_counter()
        for _ in range(BATCH):
            peer.service.GetBasket(request, metadata=peer.token)
        return (time.perf_counter() - begin) * 1e3

    return compare("1,000 cells in one columnar batch", "1,000 unary calls", 1 / 100, batch, unary)


def _collected(home: Path) -> Result:
    """2,000 cells, each with a basket of its own, arriving one by one over 50 ms; against arrivals that ask nothing."""
    client = BasketClient(Home(home))
    client.ask(Ask(NAMES))
    weight = 1.0

    def arrivals(ask: bool) -> float:
        nonlocal weight
        answers: list[Future[Reply | Problem]] = []
        begin = time.perf_counter()
        for number in range(ARRIVALS):
            if (early := begin + SPREAD * number / ARRIVALS - time.perf_counter()) > 0:
                time.sleep(early)
            if ask:
                weight += 1.0  # nothing is answered from memory
                answers.append(client.submit(Ask(NAMES, (weight, 1.0, 1.0, 1.0, 1.0, 1.0))))
        assert all(isinstance(answer.result(60), Reply) for answer in answers)
        return (time.perf_counter() - begin) * 1e3

    try:
        return compare(
            "2,000 single cells arriving over 50 ms, collected by the client",
            "the arrival schedule alone",
            1.5,
            lambda: arrivals(True),
            lambda: arrivals(False),
        )
    finally:
        client.close()


def _at_once(peer: Peer, request: pb.GetBasketRequest) -> Result:
    failed = 0
    begin = time.perf_counter()
    futures = [
        peer.service.GetBasket.future(request, metadata=peer.token, timeout=60) for _ in range(AT_ONCE)
    ]
    for future in futures:
        failed += future.exception() is not None
    taken = (time.perf_counter() - begin) * 1e3
    return Result("calls that fail among 4,000 simultaneous unary", "-", 0, failed, taken, 0.0, "ms")
