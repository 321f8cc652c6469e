"""People on a desk of two replicas, as its operator lets them in: what is spent on one counts, and is told, on the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from basketgex.home import CHANNEL_OPTIONS
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from tests.e2e.clocked import reply
from tests.e2e.commands import said
from tests.e2e.desk.replicas import PLENTY, desk
from tests.e2e.serving import Server, status, until
from tests.standin.upstream import Upstream

PATIENCE = 30.0


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(limit=PLENTY) as serving:
        yield serving


class Person:
    """Somebody with a token of their own, who asks any replica."""

    def __init__(self, name: str, folder: Path, store: str, *options: str) -> None:
        added = said(folder, "desk", "person", "add", name, *options, environ={"BASKETGEX_STORE": store})
        self.token = (("authorization", f"Bearer {added.splitlines()[-1]}"),)

    def sees(self, server: Server, *symbols: str, refresh: str = "NORMAL") -> list[str]:
        """Return the symbols of a basket that is answered, or the code of what stands in the way."""
        request = pb.GetBasketRequest(symbols=symbols, refresh=pb.Refresh.Value(f"REFRESH_{refresh}"))
        with stub(server) as service:
            try:
                answer = service.GetBasket(request, metadata=self.token, timeout=PATIENCE)
            except grpc.RpcError as error:
                return [code_of(error)]
        return sorted(row.symbol for row in answer.basket.constituents)


@contextmanager
def stub(server: Server) -> Iterator[ExposureServiceStub]:
    with grpc.insecure_channel(server.address, options=CHANNEL_OPTIONS) as channel:
        yield ExposureServiceStub(channel)


def code_of(error: Any) -> str:
    return str(dict(error.trailing_metadata())["basketgex-code"])


def test_a_cap_holds_on_every_replica_and_what_others_ask_for_still_serves(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 2, window_quiet=0.3, window_longest=2.0) as (one, other):
        reply(one.home, "SPY")  # it tells of the quota
        ann = Person("ann", tmp_path / "operator", desk_store, "--debits", "1")
        bob = Person("bob", tmp_path / "operator", desk_store)
        assert ann.sees(one, "A") == ["A"]
        assert ann.sees(other, "B") == ann.sees(one, "B") == ["share_spent"]
        assert ann.sees(other, "A", refresh="FORCE") == ["A"]  # the last good value
        assert upstream.debits == 2
        assert bob.sees(one, "B") == ["B"]
        until(lambda: ann.sees(other, "B", refresh="CACHE_ONLY") == ["B"])
        start = threading.Barrier(2)

        def ask(person: Person, server: Server, symbol: str) -> list[str]:
            start.wait()
            return person.sees(server, symbol)

        with ThreadPoolExecutor(2) as crowd:  # in one call, whose empty seat is free
            found = crowd.map(ask, (ann, bob), (one, other), ("C", "D"))
            assert list(found) == [["C"], ["D"]]
        assert sorted(upstream.asked[-1]) == ["C", "D"]
        assert upstream.debits == 4
        until(lambda: status(one.home).debits_total == upstream.debits)
        spent = said(tmp_path / "operator", "desk", "spent", environ={"BASKETGEX_STORE": desk_store})
        assert [line.split() for line in spent.splitlines()[1:4]] == [
            ["bob", "2.00"],
            ["ann", "1.00"],
            ["(the", "home's", "own)", "1.00"],
        ]
