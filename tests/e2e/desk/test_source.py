"""What the source says, and what others spend of its quota, is said on every replica."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from basketgex_addin.cells import Problem
from tests.e2e.clocked import Clock, asked, problem, reply
from tests.e2e.desk.books import calls, done, said, until_books
from tests.e2e.desk.impatient import command
from tests.e2e.desk.replicas import PROBED, desk, probe
from tests.e2e.desk.sharing import share_a_call
from tests.e2e.serving import status, until
from tests.e2e.test_doctor import doctor
from tests.standin.upstream import DAY, Fault, Upstream, garbled, rate_limited, reset

SILENCE = 5
"""Seconds for which a source that says nothing is waited for."""
FAULTS = {
    "silence": (Fault(), "source_unavailable"),
    "a reset": (reset(), "source_unavailable"),
    "rubbish": (garbled(b"{"), "source_unavailable"),
    "too fast": (rate_limited("60"), "rate_limited"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_call_ran_into_is_told_on_every_replica(
    tmp_path: Path, desk_store: str, upstream: Upstream, name: str
) -> None:
    fault, code = FAULTS[name]
    silent = name == "silence"
    begun = {"command": command(SILENCE)} if silent else {}
    with desk(tmp_path, desk_store, upstream, 2, **PROBED, **begun) as (one, other):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        gate, asks, joins = share_a_call(desk_store, upstream, one, other, "A", fault)
        if not silent:
            gate.open()
        for found in (asks.answer(), joins.answer()):
            assert isinstance(found, Problem)
            assert found.code == code
        gate.open()
        pauses = code == "rate_limited"
        # It may have been charged, and counts.
        until_books(desk_store, upstream, landed=1, **{"refused" if pauses else "failed": 1})
        assert probe(one).value("debits_total", state="refused") == pauses
        made = len(upstream.calls)
        (found,) = asked(other.home, ["B"])
        assert (isinstance(found, Problem), len(upstream.calls) == made) == (pauses, pauses)


def test_what_is_spent_elsewhere_is_known_on_every_replica(tmp_path: Path, desk_store: str) -> None:
    with Upstream(limit=10) as upstream, desk(tmp_path, desk_store, upstream, 2, reserve=0) as (one, other):
        reply(one.home, "SPY")
        upstream.spend(9)
        assert problem(one.home, "A").code == "quota_spent"
        made = len(upstream.calls)
        assert problem(other.home, "B").code == "quota_spent"
        assert len(upstream.calls) == made
        until_books(desk_store, upstream, landed=1, refused=1)
        assert upstream.debits == 1


def test_the_day_turns_by_the_stores_clock(tmp_path: Path, desk_store: str) -> None:
    """Of replicas whose clocks are behind."""
    (tmp_path / "behind").mkdir()
    clock, behind = Clock(tmp_path), Clock(tmp_path / "behind")
    with (
        Upstream(limit=2, now=clock) as upstream,
        desk(tmp_path, desk_store, upstream, 2, reserve=0, command=behind.command) as (one, other),
    ):
        for server in (one, other):
            status(server.home)

        ((genuine,),) = said(desk_store, "SELECT pg_get_functiondef('desk_now'::regproc)")

        def now_is(at: float) -> None:
            clock.set(at)
            done(
                desk_store,
                genuine.replace("clock_timestamp()", f"clock_timestamp() + '{at - time.time()} s'"),
            )

        midnight = (clock() // DAY + 1) * DAY
        behind.set(midnight - 600)
        now_is(midnight - 600)
        for server, symbol in ((one, "A"), (other, "B")):
            reply(server.home, symbol)
            until(lambda: not calls(desk_store)["flying"])
        for server in (one, other):
            assert problem(server.home, "C").code == "quota_spent"
        now_is(midnight + 5)
        reply(one.home, "C")
        reply(other.home, "D")
        assert problem(one.home, "E").code == "quota_spent"
        until_books(desk_store, upstream, landed=4)
        assert upstream.debits == 4


def test_a_server_alone_with_the_desks_key_is_bounded_with_it_by_what_the_source_says(
    tmp_path: Path, desk_store: str
) -> None:
    with (
        Upstream(limit=6) as upstream,
        desk(tmp_path, desk_store, upstream, 1, reserve=0) as (one,),
        desk(tmp_path / "alone", "", upstream, 1, reserve=0) as (alone,),
    ):
        for number in range(3):
            reply(one.home, f"A{number}")
            reply(alone.home, f"B{number}")
        for server in (one, alone, one, alone):
            assert problem(server.home, "C").code == "quota_spent"
        assert upstream.debits == 6
        _, found, _ = doctor(alone.home)
        assert "3 of them were not spent here: the key is used elsewhere too." in found["quota"]["found"]
        # Whoever made the last call knows of it; the other has asked once more, and that may have been charged.
        assert [status(server.home).debits_total for server in (one, alone)] == [4, 3]
