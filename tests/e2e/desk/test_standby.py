"""The link to a synchronous standby stands still, then the store is lost and the standby promoted: no acknowledged debit is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from basketgex_addin.cells import Reply
from tests.desk.postgres import STANDBY, Cluster
from tests.desk.relay import Relay
from tests.e2e.clocked import asked, problem, reply
from tests.e2e.desk.books import calls, knows, over, said, until_books, waits_for
from tests.e2e.desk.replicas import PROBED, Asking, desk, probe
from tests.e2e.serving import until
from tests.standin.upstream import Gate, Upstream, gated

WAIT = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
STREAMS = "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'"


@contextmanager
def _standby(primary: Cluster, store: str, link: Relay) -> Iterator[Cluster]:
    """A standby that streams by way of a link, and without which nothing is committed."""
    made = primary.standby(link.port)
    try:
        made.start()
        waits_for(store, STANDBY)
        until(lambda: said(store, STREAMS))
        yield made
    finally:
        made.stop()
        made.remove()


def _fail_over(primary: Cluster, standby: Cluster, store: str, link: Relay) -> str:
    """Lose a cluster, and what is still on the link to its standby; return where the store is now."""
    primary.kill()
    link.cut()
    standby.promote()
    return store.replace(f":{primary.port}/", f":{standby.port}/")


def test_a_standby_is_promoted_after_its_link_stood_still(
    tmp_path: Path, crashing: Cluster, upstream: Upstream
) -> None:
    store = crashing.database()
    with (
        Relay(crashing.port) as link,
        Relay(crashing.port) as line,
        _standby(crashing, store, link) as standby,
        desk(tmp_path, over(line, crashing, store), upstream, 2) as (one, other),
    ):
        reply(one.home, "SPY")
        until_books(store, upstream, landed=1)
        until(lambda: knows(other, "SPY"))
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()  # its debit is committed, so the standby has it

        link.hold()
        gate.open()
        assert isinstance(asking.answer(), Reply)  # its own waiters are answered, whatever the store does
        for server in (one, other):
            assert problem(server.home, "NVDA").code == "store_away"
            assert reply(server.home, "SPY").rows
        assert upstream.debits == 2
        until(lambda: knows(other, "A", "B"))  # a wait that was given up is a commit all the same

        promoted = _fail_over(crashing, standby, store, link)
        assert sum(calls(promoted).values()) == 2  # all that was acknowledged
        line.lead_to(standby.port)
        until(lambda: isinstance(asked(one.home, ["NVDA"])[0], Reply))
        until(lambda: knows(other, "NVDA"))
        until_books(promoted, upstream, landed=3)
        assert upstream.debits == 3
        found = said(promoted, "SELECT symbol FROM newest ORDER BY symbol")
        assert [symbol for (symbol,) in found] == ["A", "B", "NVDA", "SPY"]


def test_what_a_promoted_standby_lacks_since_its_operator_would_not_wait_is_said_again(
    tmp_path: Path, crashing: Cluster, upstream: Upstream
) -> None:
    """Else the call that has ended would be in flight there, and hold back the others until its lease ends."""
    store = crashing.database()
    with (
        Relay(crashing.port) as link,
        Relay(crashing.port) as line,
        _standby(crashing, store, link) as standby,
        desk(tmp_path, over(line, crashing, store), upstream, 2, **PROBED) as (one, other),
    ):
        reply(one.home, "SPY")
        until(lambda: knows(other, "SPY"))
        gate = Gate()
        upstream.script(gated(gate))
        asking = Asking(one, ["A", "B"])
        gate.wait_entered()
        link.hold()
        gate.open()
        assert isinstance(asking.answer(), Reply)
        until(lambda: said(store, f"SELECT pg_cancel_backend(pid) {WAIT}"))
        until(lambda: probe(one).value("store_seconds_count", operation="land") == 2)
        until(lambda: knows(other, "A", "B"))

        promoted = _fail_over(crashing, standby, store, link)
        assert calls(promoted) == {"landed": 1, "flying": 1}
        line.lead_to(standby.port)
        until_books(promoted, upstream, landed=2)
        until(lambda: isinstance(asked(one.home, ["NVDA"])[0], Reply))
        until(lambda: knows(other, "NVDA"))
        until_books(promoted, upstream, landed=3)
        assert upstream.debits == 3
