"""What a desk of three replicas spends: the fewest calls for what all want together, and never one above the quota."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex_addin.cells import Problem, Reply
from tests.e2e.clocked import asked, reply
from tests.e2e.desk.replicas import PLENTY, PROBED, at_once, desk, overlapping, probe
from tests.e2e.serving import status, until
from tests.standin.upstream import Upstream, figures

ROUNDS = 10
PER_CALL = 50


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(limit=PLENTY) as serving:
        serving.latency = 0.15
        yield serving


def test_a_burst_over_three_replicas_takes_the_fewest_calls(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    chance = random.Random(7)
    # "At once" is a matter of the machine: a busy one takes tens of milliseconds to let three servers hear of the same moment.
    window = {"window_quiet": 0.1, "window_longest": 0.4}
    with desk(tmp_path, desk_store, upstream, 3, **window) as servers:
        reply(servers[0].home, "SPY")  # it tells of the quota
        for server in servers[1:]:
            reply(server.home, "SPY")
        assert upstream.debits == 1
        for count in (45, 180, 500):
            spent = []
            for number in range(ROUNDS):
                names = [f"N{count}X{number}X{i}" for i in range(count)]
                before, seen = upstream.debits, len(upstream.calls)
                for found in at_once(servers, overlapping(names, chance)):
                    assert isinstance(found, Reply), found
                    for row in found.rows:
                        assert row.gex == figures(row.symbol).net_gex
                asked_for = [s for call in upstream.calls[seen:] for s in call.symbols if s in set(names)]
                assert sorted(asked_for) == sorted(names)  # each once
                spent.append(upstream.debits - before)
            least = math.ceil(count / PER_CALL)
            assert max(spent) <= least + 1, (count, spent)
            assert sum(debits == least for debits in spent) >= 0.9 * ROUNDS, (count, spent)
        until(lambda: all(status(s.home).debits_total == upstream.debits for s in servers))


def test_with_the_window_as_it_comes_no_name_is_asked_for_twice(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    """How few calls it takes is a matter of 10 ms, which a busy machine does not have: ``make bench`` counts them."""
    chance = random.Random(11)
    with desk(tmp_path, desk_store, upstream, 3) as servers:
        for server in servers:
            reply(server.home, "SPY")
        for number in range(ROUNDS):
            names = [f"N{number}X{i}" for i in range(180)]
            assert all(isinstance(x, Reply) for x in at_once(servers, overlapping(names, chance)))
        asked_for = [symbol for call in upstream.calls for symbol in call.symbols]
        assert len(asked_for) == len(set(asked_for)) == 180 * ROUNDS + 1
        until(lambda: all(status(s.home).debits_total == upstream.debits for s in servers))


@pytest.mark.parametrize("size", [50, 25])
def test_the_quota_is_one_for_all_replicas(tmp_path: Path, desk_store: str, size: int) -> None:
    """7 debits are left, and three replicas want 18 calls: 7 leave, none is refused by the source, and no seat is wasted."""
    with Upstream(limit=8) as upstream, desk(tmp_path, desk_store, upstream, 3, reserve=0) as servers:
        reply(servers[0].home, "SPY")
        names = [[f"R{replica}N{i}" for i in range(300)] for replica in range(3)]
        baskets = [[own[first : first + size] for first in range(0, 300, size)] for own in names]
        found = at_once(servers, baskets)
        assert upstream.debits == 8
        assert all(call.charged for call in upstream.calls)
        whole = [x for x in found if isinstance(x, Reply) and len(x.rows) == size]
        refused = [x for x in found if isinstance(x, Problem)]
        assert {x.code for x in refused} == {"quota_spent"}
        assert len(whole) == 7 * 50 // size


def test_what_one_replica_has_fetched_another_knows_at_once(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path, desk_store, upstream, 2, **PROBED) as (one, other):
        reply(one.home, "SPY", "AMD")
        upstream.nothing.add("GONE")
        reply(other.home, "SPY")
        reply(one.home, "NVDA", "GONE")
        until(lambda: isinstance(asked(other.home, ("NVDA",), refresh="CACHE_ONLY")[0], Reply))
        # Whichever made the calls, the other had the news.
        until(lambda: any(probe(each).value("news_seconds_count") for each in (one, other)))
        until(
            lambda: any(probe(each).value("store_seconds_count", operation="land") for each in (one, other))
        )
        found = reply(other.home, "NVDA", "AMD", "GONE")
        assert tuple(found.missing) == ("GONE",)
        assert upstream.debits == 2


def test_a_replica_that_starts_later_knows_what_was_known(
    tmp_path: Path, desk_store: str, upstream: Upstream
) -> None:
    with desk(tmp_path / "first", desk_store, upstream, 1) as (one,):
        reply(one.home, "SPY", "AMD")
    with desk(tmp_path / "second", desk_store, upstream, 1) as (other,):
        assert reply(other.home, "AMD").rows[0].gex == figures("AMD").net_gex
        assert upstream.debits == 1
