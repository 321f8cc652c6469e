"""A replica, or the store, is killed at each point of a call; afterwards the ledger has every debit, and what may be one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from basketgex_addin.cells import Reply
from tests.desk.postgres import Cluster
from tests.desk.relay import Relay
from tests.e2e.clocked import asked, reply
from tests.e2e.desk.books import BOOKS, FIGURES, Held, knows, over, said, until_books, until_wanted
from tests.e2e.desk.replicas import Asking, desk
from tests.e2e.serving import until
from tests.standin.upstream import Gate, Upstream, gated

UNHURRIED = {"window_quiet": 5, "window_longest": 5}
"""The settings of a replica whose wants wait long enough to be met."""


@pytest.fixture
def line(upstream: Upstream) -> Iterator[Relay]:
    """The way to the source."""
    with Relay(urlsplit(upstream.url).port or 0) as relay:
        yield relay


def _by_way_of(line: Relay) -> dict[str, str]:
    return {"flashalpha_base_url": f"http://127.0.0.1:{line.port}"}


def test_a_replica_killed_before_it_departs_has_spent_nothing(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with (
        desk(tmp_path, desk_store, upstream, 1) as (other,),
        desk(tmp_path / "one", desk_store, upstream, 1, **UNHURRIED) as (one,),
    ):
        reply(other.home, "SPY")
        until_books(desk_store, upstream, landed=1)  # whoever hears of it looks what may leave
        lost = Asking(one, ["A", "B"])
        until_wanted(desk_store, "A", "B")
        one.kill()
        assert reply(other.home, "B", "C").rows
        lost.answer()
        until_books(desk_store, upstream, landed=2)
        assert upstream.debits == 2


def test_a_replica_killed_between_its_commit_and_its_call(
    tmp_path: Path, desk_store: str, upstream: Upstream, line: Relay
) -> None:
    with desk(tmp_path, desk_store, upstream, 1, **_by_way_of(line)) as (one,):
        reply(one.home, "SPY")
        line.hold()
        lost = Asking(one, ["A", "B"])
        line.wait_waiting()
        with desk(tmp_path / "beside", desk_store, upstream, 1, **_by_way_of(line)) as (other,):
            waiting = Asking(other, ["B"])
            one.kill()
            line.cut()
            line.mend()
            assert isinstance(waiting.answer(), Reply)
            lost.answer()
            until_books(desk_store, upstream, landed=2, lost=1)
            assert upstream.debits == 2  # the one that is lost was not spent


def test_a_replica_killed_after_its_answer_and_before_it_lands(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 1) as (one,):
        reply(one.home, "SPY")
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        with Held(desk_store, BOOKS) as held:
            gate.open()
            assert isinstance(asking.answer(), Reply)  # its callers have their figures
            held.wait_waiting()
            one.kill()
        with desk(tmp_path / "beside", desk_store, upstream, 1) as (other,):
            assert reply(other.home, "A").rows  # asked for again: one debit more than needed
            until_books(desk_store, upstream, landed=2, lost=1)
            assert upstream.debits == 3


def test_a_replica_killed_while_it_lands_has_landed_nothing(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 1) as (one,):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        with Held(desk_store, FIGURES) as held:
            gate.open()
            assert isinstance(asking.answer(), Reply)
            held.wait_waiting()
            one.kill()
        until(lambda: not said(desk_store, "SELECT FROM pg_locks WHERE relation = 'snapshot'::regclass"))
        assert said(desk_store, "SELECT edition FROM account") == [(1,)]
        assert [s for (s,) in said(desk_store, "SELECT symbol FROM newest")] == ["SPY"]
        with desk(tmp_path / "beside", desk_store, upstream, 1) as (other,):
            assert reply(other.home, "A").rows
            until_books(desk_store, upstream, landed=2, lost=1)


def test_a_replica_killed_when_its_landing_was_committed_has_landed_all(
    tmp_path: Path, postgres: Cluster, desk_store: str, upstream: Upstream
) -> None:
    with (
        Relay(postgres.port) as line,
        desk(tmp_path, over(line, postgres, desk_store), upstream, 1) as (one,),
        desk(tmp_path / "beside", desk_store, upstream, 1) as (other,),
    ):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        line.lose_answer(b'"A"', b"COMMIT", resets=False)
        gate.open()
        assert isinstance(asking.answer(), Reply)
        line.wait_lost()
        one.kill()
        until(lambda: knows(other, "A", "B"))
        until_books(desk_store, upstream, landed=2)
        assert upstream.debits == 2


def test_a_replica_alone_loses_the_store_with_its_call_under_way(
    tmp_path: Path, postgres: Cluster, desk_store: str, upstream: Upstream
) -> None:
    with (
        Relay(postgres.port) as line,
        desk(tmp_path, over(line, postgres, desk_store), upstream, 1) as (one,),
    ):
        reply(one.home, "SPY")
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        with desk(tmp_path / "beside", desk_store, upstream, 1) as (other,):
            line.cut()
            assert reply(other.home, "B").rows  # its lock is free: the others ask again
            until_books(desk_store, upstream, landed=2, lost=1)
            gate.open()
            assert isinstance(asking.answer(), Reply)  # its own waiters are answered
            line.mend()
            until_books(desk_store, upstream, landed=3)  # what was lost has landed after all
            assert upstream.debits == 3
            until(lambda: knows(other, "A"))


def test_the_store_is_killed_before_a_call_departs(
    tmp_path: Path, crashing: Cluster, upstream: Upstream, capfd: pytest.CaptureFixture[str]
) -> None:
    store = crashing.database()
    with (
        desk(tmp_path, store, upstream, 1) as (other,),
        desk(tmp_path / "one", store, upstream, 1, **UNHURRIED) as (one,),
    ):
        reply(other.home, "SPY")
        until_books(store, upstream, landed=1)  # whoever hears of it looks what may leave
        waiting = Asking(one, ["A", "B"])
        until_wanted(store, "A", "B")
        crashing.kill()
        crashing.start()
        waiting.answer()  # of a store that is away for more than 2 s it says so
        until(lambda: isinstance(asked(one.home, ["A", "B"])[0], Reply))
        until_books(store, upstream, landed=2)
        assert upstream.debits == 2
    assert capfd.readouterr().err == ""  # a library's tracebacks are nobody's matter


def test_the_store_is_killed_between_a_commit_and_its_call(
    tmp_path: Path, crashing: Cluster, upstream: Upstream, line: Relay
) -> None:
    store = crashing.database()
    with desk(tmp_path, store, upstream, 2, **_by_way_of(line)) as (one, other):
        reply(one.home, "SPY")
        until(lambda: knows(other, "SPY"))  # whoever hears of it looks what may leave
        line.hold()
        asking = Asking(one, ["A", "B"])
        line.wait_waiting()
        crashing.kill()
        line.release()
        assert isinstance(asking.answer(), Reply)
        crashing.start()
        until(lambda: knows(other, "A", "B"))
        until_books(store, upstream, landed=2)
        assert upstream.debits == 2


@pytest.mark.parametrize("locks", [BOOKS, FIGURES], ids=["after the answer", "in the landing"])
def test_the_store_is_killed_behind_an_answer(
    tmp_path: Path, crashing: Cluster, upstream: Upstream, locks: str
) -> None:
    store = crashing.database()
    with desk(tmp_path, store, upstream, 2) as (one, other):
        reply(one.home, "SPY")
        until_books(store, upstream, landed=1)
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        with Held(store, locks) as held:
            gate.open()
            assert isinstance(asking.answer(), Reply)
            held.wait_waiting()
            crashing.kill()
        crashing.start()
        until(lambda: knows(other, "A", "B"))
        until_books(store, upstream, landed=2)
        assert upstream.debits == 2
