"""From the start of the process to the first answer of a stored basket, against a bare grpc.aio server's first echo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from basketgex.home import CHANNEL_OPTIONS, Home
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from benchmarks.bench_server import ECHO
from benchmarks.calls import NAMES, spawn
from benchmarks.pairs import Result, compare


def measure(folder: Path) -> Iterator[Result]:
    home = folder / "start"
    request = pb.GetBasketRequest(symbols=NAMES)

    def first_answer(mode: str) -> float:
        begin = time.perf_counter()
        process, address = spawn(mode, home)
        try:
            with grpc.insecure_channel(
                address, options=(*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1))
            ) as channel:
                if mode == "real":
                    token = [("authorization", f"Bearer {Home(home).token()}")]
                    ExposureServiceStub(channel).GetBasket(
                        request, metadata=token, wait_for_ready=True, timeout=60
                    )
                else:
                    channel.unary_unary(ECHO)(b"", wait_for_ready=True, timeout=60)
            return (time.perf_counter() - begin) * 1e3
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()  # type: ignore[union-attr]

    what, against = "server start to first answer of a stored basket", "a bare grpc.aio server's first echo"
    yield compare(what, against, 2.0, lambda: first_answer("real"), lambda: first_answer("bare"))
