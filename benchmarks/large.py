"""Many symbols in one request: 500 chains of 3,000 contracts, a million and a half.

The time a contract is beside that of one chain of 20,000, both from chains in memory through ``Computed.fetch``; then beside
that of fewer symbols, from files, which is what must grow no faster than they do. Memory is the largest that a process of its
own ever held, from files to the figures of all: ``python -m benchmarks.large FOLDER`` prints it.

The warm cell: one client asks for a basket every RATE seconds, alone and while the server works out all 500 for another, again
and again (asked with refresh FORCE, which costs what cold ones cost). A call that the last one's delay made late counts from
when it was due.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_server.domain import Origin
from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.computed import Computed
from basketgex_server.sources.files.folder import ChainFiles
from basketgex_server.sources.port import ChainProvider
from benchmarks import many
from benchmarks.pairs import Result, compare
from tests.e2e.serving import Server

SYMBOLS, CONTRACTS, EXPIRIES = 500, 3_000, 12
ONE, ONE_EXPIRIES = 20_000, 50
FEWER = (125, 250)
LINEAR = 1.15
"""What a contract may take of its time among fewer symbols: linear growth is 1, and machines are noisy."""
GIGABYTE = 1e9
WARM = 6
RATE = 0.010
CALLS = 400
FEW = 5
"""Pairs of a minute's work."""


class InMemory:
    """A ChainProvider of chains read before."""

    def __init__(self, files: ChainFiles) -> None:
        self._chains = {symbol: files.chain(symbol) for symbol in files.symbols()}

    def origin(self) -> Origin:
        return Origin("benchmark", "benchmark")

    def chain(self, symbol: str) -> Chain | None:
        return self._chains[symbol]

    def symbols(self) -> tuple[str, ...]:
        return tuple(self._chains)


def measure(folder: Path) -> Iterator[Result]:
    names, one, several = many.names(SYMBOLS + WARM), folder / "one", folder / "many"
    many.write(one, ["QONE"], ONE, ONE_EXPIRIES)
    many.write(several, names, CONTRACTS, EXPIRIES)
    names, warm = names[:SYMBOLS], names[SYMBOLS:]
    yield from _times(ChainFiles(one), ChainFiles(several), names)
    yield _memory(several)
    yield _warm_cell(folder / "large", several, names, warm)


def _times(one: ChainFiles, several: ChainFiles, names: Sequence[str]) -> Iterator[Result]:
    with _fetching(InMemory(one)) as alone, _fetching(InMemory(several)) as among:
        what = f"{SYMBOLS} symbols of {CONTRACTS:,} contracts, chains to figures, a contract"
        single = ["QONE"] * (SYMBOLS * CONTRACTS // ONE // 5)
        yield compare(
            what,
            f"one chain of {ONE:,} contracts, a contract",
            1.3,
            lambda: among(names) / CONTRACTS,
            lambda: alone(single) / ONE,
            unit="ns",
        )
    with _fetching(several) as read:
        for symbols in (FEWER[1], SYMBOLS):
            yield compare(
                f"{symbols} symbols of {CONTRACTS:,} contracts, files to figures, a contract",
                f"{FEWER[0]} symbols, a contract",
                LINEAR,
                lambda symbols=symbols: read(names[:symbols]) / CONTRACTS,
                lambda: read(names[: FEWER[0]]) / CONTRACTS,
                unit="ns",
                pairs=FEW,
            )


@contextmanager
def _fetching(provider: ChainProvider) -> Iterator[Callable[[Sequence[str]], float]]:
    """Yield a function that says how many nanoseconds a symbol took on average."""
    with ThreadPoolExecutor(1) as executor:
        source = Computed(provider, executor, convention="flashalpha", rate=0.04, dividend_yield=0.01)

        def taken(symbols: Sequence[str]) -> float:
            begin = time.perf_counter()
            found = asyncio.run(source.fetch(tuple(symbols)))
            spent = time.perf_counter() - begin
            assert found.exposures.keys() == set(symbols)
            return spent / len(symbols) * 1e9

        yield taken


def _memory(several: Path) -> Result:
    command = [sys.executable, "-m", "benchmarks.large", str(several)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    peak = float(done.stdout)
    what = f"peak memory of {SYMBOLS} symbols of {CONTRACTS:,} contracts, files to figures"
    return Result(what, "1 GB", 1.0, peak / GIGABYTE, peak / 1e6, GIGABYTE / 1e6, "MB")


def _peak(several: Path) -> int:
    """Return the bytes that this process held at most while it worked all out; macOS counts them one by one."""
    with _fetching(ChainFiles(several)) as read:
        read(many.names(SYMBOLS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _warm_cell(home: Path, several: Path, names: Sequence[str], warm: Sequence[str]) -> Result:
    with (
        Server(home, source="chain-files", chain_folder=several) as server,
        grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel,
    ):
        service, token = ExposureServiceStub(channel), [("authorization", f"Bearer {server.home.token()}")]
        cell = pb.GetBasketRequest(symbols=warm)
        all_of_them = pb.GetBasketRequest(symbols=names, refresh=pb.REFRESH_FORCE)
        service.GetBasket(cell, metadata=token, timeout=60)

        def alone() -> float:
            return _p99(lambda: service.GetBasket(cell, metadata=token, timeout=60))

        def computing() -> float:
            other: Any = None

            def ask() -> None:
                nonlocal other
                if other is None or other.done():
                    assert other is None or len(other.result().basket.constituents) == len(names)
                    other = service.GetBasket.future(all_of_them, metadata=token, timeout=120)
                service.GetBasket(cell, metadata=token, timeout=60)

            taken = _p99(ask)
            other.result()
            return taken

        what = f"warm cell while {SYMBOLS} cold symbols are worked out, p99"
        return compare(what, "the same cell alone, p99", 3.0, computing, alone, pairs=FEW)


def _p99(ask: Callable[[], object]) -> float:
    """Return the milliseconds within which 99 of 100 calls were answered, one due every RATE seconds."""
    taken, due = [], time.perf_counter()
    for _ in range(CALLS):
        if (early := due - time.perf_counter()) > 0:
            time.sleep(early)
            due = time.perf_counter()  # what sleeping overshot is not the server's
        ask()
        taken.append(time.perf_counter() - due)
        due += RATE
    return sorted(taken)[CALLS * 99 // 100] * 1e3


if __name__ == "__main__":
    print(_peak(Path(sys.argv[1])))
