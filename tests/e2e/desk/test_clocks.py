"""A replica whose clock is off says so to whoever looks after it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.settings import Settings
from tests.server.metered import Probe
from tests.server.servers import PATIENCE, FakeSource, serving

BEHIND = 3_600.0


def test_how_far_a_replicas_clock_is_off_is_told(tmp_path: Path, desk_store: str) -> None:
    def late() -> float:
        return time.time() - BEHIND

    settings = Settings(store=desk_store, metrics_listen="127.0.0.1:0")
    with serving(tmp_path, settings, lambda *_: FakeSource(late), now=late) as served:
        request = pb.GetBasketRequest(symbols=["SPY"])
        served.stub.GetBasket(request, metadata=served.token, timeout=PATIENCE)
        found = Probe(f"http://{served.serving.metrics}").value("clock_offset_seconds")
        assert found == pytest.approx(BEHIND, abs=60)
