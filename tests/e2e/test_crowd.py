"""Many callers whose source hangs: each has the last good value, or a typed error, before its own clock ends its call."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from tests.e2e.clocked import Clock, reply
from tests.e2e.serving import serving
from tests.standin.upstream import Gate, Upstream, gated

DEADLINE = 8.0


def outcome(call: Any) -> str:
    try:
        return str(call.result().basket.notice).partition(":")[0]
    except grpc.RpcError as error:
        return str(dict(error.trailing_metadata() or ()).get("basketgex-code", "cut off"))


@pytest.mark.parametrize("known", [True, False], ids=["known", "cold"])
@pytest.mark.parametrize("callers", [20, 300, 800])
def test_the_last_good_value_is_lost_to_nobody(
    tmp_path: Path, clock: Clock, upstream: Upstream, callers: int, known: bool
) -> None:
    gate = Gate()
    with serving(tmp_path, clock, upstream) as server:
        if known:
            reply(server.home, "AMD", "NVDA")
            clock.advance(901)
        upstream.script(gated(gate))
        token = (("authorization", f"Bearer {server.home.token()}"),)
        with grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel:
            ask = ExposureServiceStub(channel).GetBasket.future
            requests = [
                pb.GetBasketRequest(symbols=["AMD", "NVDA"], weights=[n + 1, 1]) for n in range(callers)
            ]
            calls = [ask(request, metadata=token, timeout=DEADLINE) for request in requests]
            found = Counter(map(outcome, calls))
        gate.open()
    assert found["Last good value" if known else "timed_out"] >= 0.98 * callers, found
    assert len(upstream.calls) == 1 + known
