"""A replica whose clock is off says so to whoever looks after it, and joins and takes over by the store's all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.settings import Settings
from tests.e2e.clocked import Clock, reply
from tests.e2e.desk.books import until_books
from tests.e2e.desk.replicas import desk
from tests.e2e.desk.sharing import join_and_take_over
from tests.server.metered import Probe
from tests.server.servers import PATIENCE, FakeSource, serving
from tests.standin.upstream import Upstream

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


@pytest.mark.parametrize("off", [-BEHIND, BEHIND], ids=["behind", "ahead"])
def test_a_replica_whose_clock_is_off_joins_and_takes_over_as_the_others_do(
    tmp_path: Path, desk_store: str, upstream: Upstream, off: float
) -> None:
    (tmp_path / "off").mkdir()
    wrong = Clock(tmp_path / "off", time.time() + off)
    with (
        desk(tmp_path, desk_store, upstream, 1) as (one,),
        desk(tmp_path / "off", desk_store, upstream, 1, command=wrong.command) as (other,),
    ):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        join_and_take_over(desk_store, upstream, one, other)
        until_books(desk_store, upstream, landed=4, lost=1)
        assert upstream.debits == 5
