"""People on a desk of two replicas, as its operator lets them in: what is spent on one counts, and is told, on the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_cli.main import main
from tests.desk.postgres import Cluster
from tests.e2e.clocked import reply
from tests.e2e.desk.replicas import PLENTY, desk
from tests.e2e.serving import Server, status, until
from tests.standin.upstream import Upstream

pytestmark = pytest.mark.xdist_group("people of a desk")  # one desk for all
PATIENCE = 30.0
Token = tuple[tuple[str, str], ...]


@dataclass
class Desk:
    """Two replicas, and what they ask."""

    servers: list[Server]
    store: str
    upstream: Upstream


@pytest.fixture(scope="module")
def replicas(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch, Upstream(limit=PLENTY) as upstream:
        patch.setenv("PGPASSFILE", str(postgres.password_file))
        folder, store = tmp_path_factory.mktemp("desk"), postgres.database()
        window = {"window_quiet": 0.3, "window_longest": 2.0}  # two who ask at once share a call
        with desk(folder, store, upstream, 2, **window) as servers:
            for server in servers:
                reply(server.home, "SPY")  # it tells of the quota
            yield Desk(servers, store, upstream)


class Operator:
    """Whoever runs the desk: at the command line, in a home of their own."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._home = home
        self._capsys = capsys

    def said(self, *words: str) -> str:
        assert main(["--home", str(self._home), "desk", *words]) == 0
        return self._capsys.readouterr().out

    def add(self, name: str, *options: str) -> Token:
        """Let somebody in; return the token as a call carries it."""
        return (("authorization", f"Bearer {self.said('person', 'add', name, *options).splitlines()[-1]}"),)

    def spent(self, *options: str) -> dict[str, str]:
        rows = self.said("spent", *options).splitlines()[1:-1]
        return {row.split()[0]: row.split()[-1] for row in rows}


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, replicas: Desk
) -> Operator:
    monkeypatch.setenv("BASKETGEX_STORE", replicas.store)
    return Operator(tmp_path / "operator", capsys)


@contextmanager
def stub(server: Server) -> Iterator[ExposureServiceStub]:
    with grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel:
        yield ExposureServiceStub(channel)


def sees(token: Token, server: Server, *symbols: str, refresh: str = "NORMAL") -> list[str]:
    """Return the symbols of a basket that is answered, or the code of what stands in the way."""
    request = pb.GetBasketRequest(symbols=symbols, refresh=pb.Refresh.Value(f"REFRESH_{refresh}"))
    with stub(server) as service:
        try:
            answer = service.GetBasket(request, metadata=token, timeout=PATIENCE)
        except grpc.RpcError as error:
            return [code_of(error)]
    return sorted(row.symbol for row in answer.basket.constituents)


def code_of(error: Any) -> str:
    return str(dict(error.trailing_metadata())["basketgex-code"])


def test_a_cap_holds_on_every_replica_and_what_others_ask_for_still_serves(
    replicas: Desk, operator: Operator
) -> None:
    (one, other), upstream = replicas.servers, replicas.upstream
    ann, bob = operator.add("ann", "--debits", "1"), operator.add("bob")
    assert sees(ann, one, "A") == ["A"]
    assert sees(ann, other, "B") == sees(ann, one, "B") == ["share_spent"]
    assert sees(ann, other, "A", refresh="FORCE") == ["A"]  # the last good value
    assert upstream.debits == 2
    assert sees(bob, one, "B") == ["B"]
    until(lambda: sees(ann, other, "B", refresh="CACHE_ONLY") == ["B"])
    start = threading.Barrier(2)

    def ask(token: Token, server: Server, symbol: str) -> list[str]:
        start.wait()
        return sees(token, server, symbol)

    with ThreadPoolExecutor(2) as crowd:  # in one call, whose empty seat is free
        assert list(crowd.map(ask, (ann, bob), (one, other), ("C", "D"))) == [["C"], ["D"]]
    assert sorted(upstream.asked[-1]) == ["C", "D"]
    assert upstream.debits == 4
    until(lambda: status(one.home).debits_total == upstream.debits)
    assert operator.spent() == {"bob": "2.00", "ann": "1.00", "(the": "1.00"}
    assert operator.spent("--by", "symbol") == dict.fromkeys(("SPY", "A", "B", "D"), "1.00")


def test_who_is_revoked_is_refused_on_every_replica_within_two_seconds_and_so_are_the_streams(
    replicas: Desk, operator: Operator
) -> None:
    cy, dan = operator.add("cy"), operator.add("dan")
    baskets = pb.BatchGetBasketsRequest(symbols=["SPY"], offsets=[0, 1], symbol_index=[0], weights=[1])
    watch = pb.WatchBasketsRequest(baskets=baskets, pace=0.5, heartbeat=1)
    with ExitStack() as stack:
        services = [stack.enter_context(stub(server)) for server in replicas.servers]
        of_cy, of_dan = (
            [service.WatchBaskets(watch, metadata=token, timeout=PATIENCE) for service in services]
            for token in (cy, dan)
        )
        for stream in (*of_cy, *of_dan):
            assert next(stream).HasField("baskets")
        operator.said("person", "revoke", "cy")
        begun = time.monotonic()
        for stream in of_cy:
            with pytest.raises(grpc.RpcError) as ended:
                list(stream)
            assert code_of(ended.value) == "token_refused"
        assert time.monotonic() - begun < 2
        for server in replicas.servers:
            assert sees(cy, server, "SPY") == ["token_refused"]
            assert sees(dan, server, "SPY") == ["SPY"]
        for stream in of_dan:
            assert next(stream)
            stream.cancel()
