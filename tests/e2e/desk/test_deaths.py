"""What goes wrong on a desk, and what then: after each, source debits ≤ ledger ≤ source debits + calls that may be spent."""

from __future__ import annotations

import time
from pathlib import Path

from basketgex_addin.cells import Reply
from tests.desk.postgres import Cluster
from tests.e2e.clocked import asked, problem, reply
from tests.e2e.desk.replicas import PROBED, Asking, desk, probe
from tests.e2e.serving import Server, status, until
from tests.standin.upstream import Gate, Upstream, gated


def _ledger_is_exact(server: Server, upstream: Upstream, may_be_spent: int = 0) -> None:
    until(lambda: upstream.debits <= status(server.home).debits_total <= upstream.debits + may_be_spent)


def test_a_replica_killed_in_its_call_and_another_takes_over_what_the_living_want(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    dead_ones, common, own = (
        [f"D{i}" for i in range(10)],
        [f"C{i}" for i in range(5)],
        [f"O{i}" for i in range(3)],
    )
    with desk(tmp_path, desk_store, upstream, 1) as (one,):
        reply(one.home, "SPY")
        gate = Gate()
        upstream.script(gated(gate))
        lost = Asking(one, dead_ones + common)
        gate.wait_entered()
        # Begun only now: the call might have been its own.
        with desk(tmp_path / "beside", desk_store, upstream, 1, **PROBED) as (other,):
            waiting = Asking(other, common + own)
            one.kill()
            found = waiting.answer()
            gate.open()
            lost.answer()
            assert isinstance(found, Reply), found
            assert sorted(row.symbol for row in found.rows) == sorted(common + own)
            asked_for = [set(call.symbols) for call in upstream.calls]
            assert not any(set(dead_ones) & names for names in asked_for[2:])
            assert probe(other).value("debits_total", state="lost") == 1
            _ledger_is_exact(other, upstream)


def test_a_replica_that_ends_gives_its_wants_back_and_loses_no_call(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 2) as (one, other):
        reply(other.home, "SPY")
        upstream.latency = 0.5
        asking = Asking(one, ["A", "B"])
        upstream.wait_calls(2)
        one.process.terminate()
        asking.answer()
        assert one.process.wait(30) == 0
        until(lambda: isinstance(asked(other.home, ["A", "B"])[0], Reply))
        _ledger_is_exact(other, upstream)


def test_the_store_is_killed_and_comes_back(tmp_path: Path, crashing: Cluster, upstream: Upstream) -> None:
    with desk(tmp_path, crashing.database(), upstream, 2) as (one, other):
        reply(one.home, "SPY", "AMD")
        until(lambda: isinstance(asked(other.home, ["AMD"], refresh="CACHE_ONLY")[0], Reply))
        before = upstream.debits
        crashing.kill()
        assert reply(one.home, "SPY", "AMD").rows and reply(other.home, "AMD").rows  # known figures as before
        away = problem(one.home, "NVDA")
        assert (away.code, away.sentence) == (
            "store_away",
            "The desk's store is away, so nothing may be spent. Known figures are still shown.",
        )
        assert upstream.debits == before
        crashing.start()
        began = time.monotonic()
        until(lambda: isinstance(asked(one.home, ["NVDA"])[0], Reply))
        assert time.monotonic() - began < 10
        until(lambda: isinstance(asked(other.home, ["NVDA"], refresh="CACHE_ONLY")[0], Reply))
        assert upstream.debits == before + 1
        for server in (one, other):
            _ledger_is_exact(server, upstream)


def test_the_store_is_killed_while_a_call_is_under_way_and_its_landing_is_tried_until_it_succeeds(
    tmp_path: Path, crashing: Cluster, upstream: Upstream
) -> None:
    with desk(tmp_path, crashing.database(), upstream, 2) as (one, other):
        reply(one.home, "SPY")
        reply(other.home, "SPY")
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        crashing.kill()
        gate.open()
        assert isinstance(asking.answer(), Reply)  # its own waiters are answered
        crashing.start()
        until(lambda: isinstance(asked(other.home, ["A", "B"], refresh="CACHE_ONLY")[0], Reply))
        assert upstream.debits == 2
        _ledger_is_exact(other, upstream)


def test_no_replica_spends_where_there_never_was_a_store(tmp_path: Path, upstream: Upstream) -> None:
    with desk(tmp_path, "postgresql://desk@127.0.0.1:9/none", upstream, 1) as (one,):
        assert problem(one.home, "SPY").code == "store_away"
        assert upstream.debits == 0
