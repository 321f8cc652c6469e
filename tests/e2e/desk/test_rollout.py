"""Two versions side by side: the next one has changed the store, and servers of this one serve on, and are begun anew.

With BASKETGEX_EARLIER=COMMIT servers of an earlier commit do so too, by their own code: before a release that of the last one.
A checkout without history does not have it, so that nobody is told to skip it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.clocked import problem, reply
from tests.e2e.desk.books import done, knows, said, until_books
from tests.e2e.desk.earlier import command
from tests.e2e.desk.replicas import desk
from tests.e2e.desk.sharing import join_and_take_over
from tests.e2e.serving import until
from tests.standin.upstream import Upstream, status

EARLIER = os.environ.get("BASKETGEX_EARLIER", "")

TABLES = ("account", "call", "share", "paid", "person", "wanted", "snapshot", "newest", "failure", "answered")
NEXT = ";".join(
    [
        *(f"ALTER TABLE {table} ADD COLUMN of_next text NOT NULL DEFAULT 'x'" for table in TABLES),
        "CREATE TABLE of_next (id bigint PRIMARY KEY)",
        """DO $$ BEGIN EXECUTE replace(pg_get_functiondef('desk_land'::regproc),
            'PERFORM pg_notify', 'INSERT INTO of_next VALUES (next); PERFORM pg_notify'); END $$""",
        "UPDATE layout SET version = version + 1, digest = 'of the next'",
    ]
)
"""What a version may do to the store while servers of the one before still run: it adds, and its functions do more."""


def test_servers_serve_on_where_the_next_version_has_added_to_the_store(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 1) as (one,):
        reply(one.home, "SPY")
        until_books(desk_store, upstream, landed=1)
        done(desk_store, NEXT)
        reply(one.home, "A")  # by statements of before
        with desk(tmp_path / "beside", desk_store, upstream, 1) as (other,):
            assert reply(other.home, "SPY", "A").rows
            reply(other.home, "B")
            until(lambda: knows(one, "B"))
            upstream.script(status(500))
            problem(one.home, "C")
            until_books(desk_store, upstream, landed=3, failed=1)
            until(lambda: ("C",) in said(desk_store, "SELECT name FROM failure"))
            other.again()
            assert reply(other.home, "A", "B").rows
            assert problem(other.home, "C").code == "source_unavailable"
        until(
            lambda: len(said(desk_store, "SELECT FROM of_next")) == 3
        )  # all landings since, of either server
        assert said(desk_store, "SELECT digest FROM layout") == [("of the next",)]
        assert upstream.debits == 4


if EARLIER:

    @pytest.mark.parametrize("begins", ["the earlier", "this one"])
    def test_servers_of_an_earlier_commit_serve_beside_this_ones(
        tmp_path: Path, desk_store: str, upstream: Upstream, begins: str
    ) -> None:
        ways = [{"command": command(EARLIER, tmp_path / "earlier")}, {}]
        first, second = ways if begins == "the earlier" else reversed(ways)
        with desk(tmp_path / "first", desk_store, upstream, 1, **first) as (one,):
            reply(one.home, "SPY")
            until_books(desk_store, upstream, landed=1)
            with desk(tmp_path / "second", desk_store, upstream, 1, **second) as (other,):
                assert knows(other, "SPY")
                join_and_take_over(desk_store, upstream, one, other)
                one.again()
                assert reply(one.home, "A", "B", "C").rows
                until_books(desk_store, upstream, landed=4, lost=1)
