"""A fresh desk of sample servers has the sample's past on every replica, and its store keeps none of it."""

from __future__ import annotations

from pathlib import Path

from basketgex_addin.cells import Ask, Since
from basketgex_addin.cells.shape import Change, Past
from basketgex_addin.client import BasketClient
from basketgex_server.sources.sample.past import SESSIONS
from tests.e2e.desk.books import said
from tests.e2e.desk.replicas import desk
from tests.standin.upstream import Upstream

BASKET = Ask(("NVDA", "AMD", "AVGO"))


def test_every_replica_shows_the_same_past(tmp_path: Path, desk_store: str, upstream: Upstream) -> None:
    seen = []
    with desk(tmp_path, desk_store, upstream, 2, source="sample") as servers:
        for server in servers:
            client = BasketClient(server.home)
            past, change, since = client.history(BASKET, 400.0), client.change(BASKET), client.since(BASKET)
            client.close()
            assert isinstance(past, Past) and isinstance(change, Change) and isinstance(since, Since)
            assert (len(past.rows), past.gex.days, since.previous != "") == (SESSIONS + 1, SESSIONS, True)
            assert since.since in [row[0] for row in past.rows] and change.since == past.rows[-2][0]
            seen.append((past.rows, past.gex, change[:8], since[:3]))
        assert seen[0] == seen[1]
        assert {row[0] for row in said(desk_store, "SELECT as_of FROM snapshot")} == {past.rows[-1][0]}
        assert len(said(desk_store, "SELECT FROM call")) == 1
    assert not upstream.calls
