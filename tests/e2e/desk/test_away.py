"""A store that is there and does not do as it should: commits that wait, a full disk, answers and news that get lost."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from basketgex_addin.cells import LevelFigures, Problem, Reply
from basketgex_addin.client import BasketClient
from tests.desk.postgres import Cluster
from tests.desk.relay import Relay
from tests.e2e.clocked import asked, problem, reply
from tests.e2e.desk.books import calls, done, knows, over, said, until_books, waits_for
from tests.e2e.desk.replicas import Asking, desk
from tests.e2e.desk.sharing import share_a_call
from tests.e2e.serving import until
from tests.standin.upstream import Upstream

FULL = """
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION no_room()
"""
ROOM = "DROP TRIGGER no_room ON {0}"


def test_while_commits_wait_for_a_standby_nothing_is_spent(
    tmp_path: Path, crashing: Cluster, upstream: Upstream
) -> None:
    store = crashing.database()
    with desk(tmp_path, store, upstream, 2) as (one, other):
        reply(one.home, "SPY")
        until_books(store, upstream, landed=1)
        until(lambda: knows(other, "SPY"))
        waits_for(store, "nobody")
        for server in (one, other):
            assert problem(server.home, "NVDA").code == "store_away"
            assert reply(server.home, "SPY").rows
        assert upstream.debits == 1
        waits_for(store, "")
        until(lambda: isinstance(asked(one.home, ["NVDA"])[0], Reply))
        until_books(store, upstream, landed=2)
        assert upstream.debits == 2


def test_a_full_disk_lets_nothing_leave_and_what_has_ended_lands_when_there_is_room(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 2) as (one, other):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        done(desk_store, FULL.format("snapshot"))
        assert reply(one.home, "A", "B").rows
        assert not knows(other, "A")
        done(desk_store, ROOM.format("snapshot"))
        until_books(desk_store, upstream, landed=2)
        until(lambda: knows(other, "A", "B"))
        done(desk_store, FULL.format("call"))
        for server in (one, other):
            assert problem(server.home, "NVDA").code == "store_away"
            assert reply(server.home, "SPY").rows
        assert upstream.debits == 2
        done(desk_store, ROOM.format("call"))
        assert reply(one.home, "NVDA").rows
        until_books(desk_store, upstream, landed=3)


def test_without_the_store_levels_stay_as_they_were_and_say_so(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 1) as (one,), closing(BasketClient(one.home, 60.0)) as client:
        before = client.levels("SPY")
        assert isinstance(before, LevelFigures) and not before.notice
        reply(one.home, "SPY", refresh="FORCE")  # another figure, to which those levels do not belong
        until_books(desk_store, upstream, landed=3)
        done(desk_store, FULL.format("call"))
        after = client.levels("SPY")
        assert isinstance(after, LevelFigures) and after.notice.startswith(
            "Last good value: The desk's store"
        )
        assert (after.call_wall, after.gamma_flip) == (before.call_wall, before.gamma_flip)
        assert after.client_ttl <= 2.0
        assert isinstance(client.levels("NVDA"), Problem)
        assert upstream.debits == 3
        done(desk_store, ROOM.format("call"))
        again = client.levels("SPY")
        assert isinstance(again, LevelFigures) and not again.notice
        until_books(desk_store, upstream, landed=4)


@pytest.mark.parametrize("resets", [True, False], ids=["a reset", "silence"])
def test_a_departure_whose_commit_is_not_heard_of_makes_no_call(
    tmp_path: Path, postgres: Cluster, desk_store: str, upstream: Upstream, resets: bool
) -> None:
    with (
        Relay(postgres.port) as line,
        desk(tmp_path, over(line, postgres, desk_store), upstream, 1) as (one,),
    ):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        line.lose_answer(b'"A"', b"COMMIT", resets=resets)
        asking = Asking(one, ["A", "B"])
        line.wait_lost()
        asking.answer()
        until(lambda: isinstance(asked(one.home, ["A", "B"])[0], Reply))
        until_books(desk_store, upstream, landed=2)
        assert calls(desk_store)["free"] == 1
        assert upstream.debits == 2


def test_news_that_nobody_is_told_of_is_read_all_the_same(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 2) as (one, other):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        until(lambda: knows(other, "SPY"))
        ((text,),) = said(desk_store, "SELECT pg_get_functiondef('desk_land'::regproc)")
        tells = "PERFORM pg_notify('basketgex', k);"
        assert tells in text
        done(desk_store, text.replace(tells, ""))
        gate, asks, joins = share_a_call(desk_store, upstream, one, other, "A")
        gate.open()
        assert isinstance(asks.answer(), Reply)
        assert isinstance(joins.answer(), Reply)  # who waits looks
        reply(one.home, "B")
        until(lambda: knows(other, "B"))  # and so does, now and then, who does not
        until_books(desk_store, upstream, landed=3)
        assert upstream.debits == 3
