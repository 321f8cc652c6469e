"""A replica is told to end: what has left lands, nothing more leaves, and its health says so before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_addin.cells import Problem, Reply
from tests.desk.postgres import Cluster, cluster
from tests.e2e.clocked import asked, reply
from tests.e2e.desk.replicas import PROBED, Asking, desk, probe
from tests.e2e.serving import Server, status, until
from tests.standin.upstream import Gate, Upstream, gated

PATIENCE = 90.0
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that may be killed."""
    with cluster() as made:
        monkeypatch.setenv("PGPASSFILE", str(made.password_file))
        yield made


def health(server: Server, service: str = "") -> int:
    with grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return int(health_pb2_grpc.HealthStub(channel).Check(request, timeout=PATIENCE).status)


def test_what_has_left_lands_and_what_has_not_goes_elsewhere(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 1, drain=60, **PROBED) as (one,):
        reply(one.home, "SPY")
        gate = Gate()
        upstream.script(gated(gate))
        with grpc.insecure_channel(one.address, options=CHANNEL_OPTIONS) as channel:
            token = [("authorization", f"Bearer {one.home.token()}")]
            request = pb.GetBasketRequest(symbols=["A", "B"])
            leaves = ExposureServiceStub(channel).GetBasket.future(request, metadata=token, timeout=PATIENCE)
            gate.wait_entered()
            leaves.cancel()  # nobody waits for A any more
        joins, waits = Asking(one, ["B"]), Asking(one, ["C"])  # in the hope of company
        until(lambda: status(one.home).awaited == 3)
        with grpc.insecure_channel(one.address, options=CHANNEL_OPTIONS) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(), timeout=PATIENCE
            )
            assert next(watch).status == SERVING
            one.process.terminate()
            assert next(watch).status == NOT_SERVING
            refused = waits.answer()
            assert isinstance(refused, Problem) and refused.code == "draining", refused
            watch.cancel()
        assert one.process.poll() is None
        assert (probe(one).says("/livez"), probe(one).says("/readyz")) == ((200, "ok"), (503, "draining"))
        assert probe(one).value("flights") == 1
        # Begun only now: it might have asked for the others' names itself.
        with desk(tmp_path / "beside", desk_store, upstream, 1) as (other,):
            gate.open()
            assert isinstance(joins.answer(), Reply)
            assert one.process.wait(PATIENCE) == 0
            until(lambda: isinstance(asked(other.home, ["A", "B"], refresh="CACHE_ONLY")[0], Reply))
            assert upstream.debits == 2
            assert isinstance(asked(other.home, ["C"])[0], Reply)
            until(lambda: status(other.home).debits_total == upstream.debits == 3)


def test_a_store_that_is_away_makes_no_replica_unready_that_knows_what_is_known(
    tmp_path: Path, mortal: Cluster, upstream: Upstream
) -> None:
    url = mortal.database()
    mortal.kill()
    never_asked = {"idle_stop": 0.01}  # it does not end all the same
    with desk(tmp_path, url, upstream, 1, **never_asked, **PROBED) as (one,):
        assert health(one) == health(one, "store") == NOT_SERVING
        assert (probe(one).says("/livez"), probe(one).says("/readyz")) == ((200, "ok"), (503, "loading"))
        mortal.start()
        until(lambda: health(one) == health(one, "store") == SERVING)
        mortal.kill()
        until(lambda: health(one, "store") == NOT_SERVING)
        assert health(one) == SERVING
        assert probe(one).says("/readyz") == (200, "ok")
        assert probe(one).value("store_up") == 0
        mortal.start()
        until(lambda: health(one, "store") == SERVING)
        assert probe(one).value("store_up") == 1
