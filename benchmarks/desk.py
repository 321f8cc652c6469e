"""A desk on one PostgreSQL against a server that is embedded, and what it spends against the least that can be spent.

Two replicas, three where debits are counted; the store is on this machine, with fsync on. Without PostgreSQL nothing of
it is measured.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import grpc.aio

from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from benchmarks import desk_debits
from benchmarks.asking import CHANNEL, Client, answered, request_of
from benchmarks.desk_debits import AGELESS, LATENCY, PER_CALL
from benchmarks.pairs import Result, compare, time_of
from tests.desk.postgres import Cluster, cluster, programs
from tests.e2e.desk.joining import Reachable, reachable
from tests.e2e.desk.replicas import PLENTY, desk, replica
from tests.e2e.serving import Server, until
from tests.standin.upstream import Upstream

STORED = [f"S{number}" for number in range(5_000)]
LONE, MISSES = 300, 3
BASKETS, WIDTH = 200, 20
STREAMS, PACE, IDLE = 500, 2.0, 6.0
"""Streams, the seconds between two of their looks, and those for which they are watched."""


def measure(folder: Path) -> Iterator[Result]:
    if programs() is None:
        print("| a desk | | | not measured: there is no PostgreSQL | | |")
        return
    with cluster(fsync=True) as store, _password(store), Upstream(limit=PLENTY) as upstream:
        full = store.database()
        with (
            replica(folder / "embedded", "", upstream, **AGELESS) as embedded,
            reachable(folder / "desk", full, upstream, 2, **AGELESS) as two,
        ):
            yield from _calls(embedded, two, upstream)
            yield _idle_streams(two.servers[0])
        yield _first_value(folder, full, upstream)
        with desk(folder / "three", store.database(), upstream, 3, **AGELESS) as three:
            yield from desk_debits.measure(folder, three, upstream)


@contextmanager
def _password(store: Cluster) -> Iterator[None]:
    """Have servers find the password of the store."""
    before = os.environ.get("PGPASSFILE")
    os.environ["PGPASSFILE"] = str(store.password_file)
    try:
        yield
    finally:
        del os.environ["PGPASSFILE"]
        if before is not None:
            os.environ["PGPASSFILE"] = before


def _known(client: Client) -> None:
    """Have a server know what is stored."""
    for n in range(0, len(STORED), 500):
        answered([client.batch(request_of([STORED[k : k + PER_CALL] for k in range(n, n + 500, PER_CALL)]))])


def _calls(embedded: Server, two: Reachable, upstream: Upstream) -> Iterator[Result]:
    one, other = two.servers
    with (
        Client(embedded) as alone,
        Client(one) as plain,
        Client(other) as beside,
        Client(one, two.authority, two.token("ann")) as person,
    ):
        for client in (alone, plain):
            _known(client)
        until(lambda: beside.knows(STORED[-1]))  # what is written behind the answers is written
        yield from _warm(alone, plain, person)
        upstream.latency = LATENCY
        yield from _misses(alone, plain, beside)
        upstream.latency = 0.0


def _warm(alone: Client, plain: Client, person: Client) -> Iterator[Result]:
    names, chance = STORED[:6], random.Random(1)
    request = request_of([chance.sample(STORED, WIDTH) for _ in range(BASKETS)])

    def p50(client: Client) -> float:
        return statistics.median(time_of(lambda: client.cell(*names)) for _ in range(LONE))

    def batch(client: Client) -> float:
        return statistics.median(time_of(lambda: answered([client.batch(request)])) for _ in range(9))

    against = "an embedded server"
    yield compare("warm cell of a desk, p50", against, 1.1, lambda: p50(plain), lambda: p50(alone))
    what = "warm cell of a desk, TLS and a person's token, p50"
    yield compare(what, against, 1.3, lambda: p50(person), lambda: p50(alone))
    what = f"warm batch of {BASKETS} baskets of {WIDTH} of a desk, TLS"
    yield compare(what, against, 1.1, lambda: batch(person), lambda: batch(alone))


def _misses(alone: Client, plain: Client, beside: Client) -> Iterator[Result]:
    names = (f"M{number}" for number in count())

    def miss(client: Client) -> float:
        return statistics.median(time_of(lambda: client.cell(next(names))) for _ in range(MISSES))

    def until_known() -> float:
        plain.cell(symbol := next(names))
        begin = time.perf_counter()
        while not beside.knows(symbol):
            time.sleep(0.001)
        return (time.perf_counter() - begin) * 1e3

    what, latency = f"a miss of a desk, a source call of {LATENCY * 1e3:.0f} ms", LATENCY * 1e3
    yield compare(what, "an embedded server", 1.25, lambda: miss(plain), lambda: miss(alone))
    what = "what one replica has fetched is known to another, from the first's answer on"
    yield compare(what, "the source's latency", 0.5, until_known, lambda: latency)


def _idle_streams(server: Server) -> Result:
    """The CPU time of a replica with streams in which nothing happens."""
    requests = [request_of([STORED[6 * n : 6 * n + 6]]) for n in range(STREAMS)]
    token = [("authorization", f"Bearer {server.home.token()}")]

    async def watched() -> tuple[float, float]:
        async with grpc.aio.insecure_channel(server.address, CHANNEL) as channel:
            service: Any = ExposureServiceStub(channel)
            streams = [
                service.WatchBaskets(pb.WatchBasketsRequest(baskets=asked, pace=PACE), metadata=token)
                for asked in requests
            ]
            for stream in streams:
                assert len((await stream.read()).changed) == 1
            await asyncio.sleep(PACE)
            used, begin = _cpu(server), time.perf_counter()
            await asyncio.sleep(IDLE)
            used, taken = _cpu(server) - used, time.perf_counter() - begin
            for stream in streams:
                stream.cancel()
            return used, taken

    used, taken = asyncio.run(watched())
    what = f"{STREAMS} streams in which nothing happens, CPU of the replica"
    return Result(what, "a core", 0.1, used / taken, used * 1e3, taken * 1e3, "ms")


def _cpu(server: Server) -> float:
    """Seconds of CPU time."""
    user, system = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _first_value(folder: Path, store: str, upstream: Upstream) -> Result:
    """A replica begins anew, and a home alone: until either has answered what is stored."""

    def first(server: Server) -> float:
        begin = time.perf_counter()
        with server, Client(server) as client:
            client.cell(*STORED[:6])
            return (time.perf_counter() - begin) * 1e3

    begun = replica(folder / "begun", store, upstream, **AGELESS)
    alone = replica(folder / "embedded", "", upstream, **AGELESS)
    what = f"first value of a replica that starts with {len(STORED):,} stored symbols"
    return compare(what, "an embedded server", 1.5, lambda: first(begun), lambda: first(alone))
