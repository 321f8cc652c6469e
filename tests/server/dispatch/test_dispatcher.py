"""The dispatcher over a made-up live source: an injected clock, a real store, and no window."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from basketgex_server.dispatch.batch.choose import answer_one
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.lookups import CachedFigure, Lookup, Refresh
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.domain import Basket, Freshness, QuotaReading
from basketgex_server.errors import (
    BadChain,
    Internal,
    NoData,
    NotCached,
    NotEntitled,
    QuotaSpent,
    SourceUnavailable,
    TimedOut,
    TooManyCalls,
)
from basketgex_server.settings import Settings
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import LIVE, NOON, Clock, FakeSource, made_up, run, turns, until

DAY = 86_400.0
SETTINGS = Settings(window_quiet=0, window_longest=0)
AWAY = SourceUnavailable("The source is away.")
Story = Callable[[], Coroutine[Any, Any, None]]


class Bench:
    """A dispatcher with everything around it."""

    def __init__(self, folder: Path, settings: Settings, **source: Any) -> None:
        self.clock = Clock()
        self.source = FakeSource(self.clock, **source)
        self.path = folder / "state.db"
        self.state = SqliteStore(self.path, settings.history_days)
        self.dispatcher = Dispatcher(self.source, self.state, settings, NewYorkSessions(), self.clock)

    async def find(self, symbols: str, **options: Any) -> Lookup:
        return await self.dispatcher.find(symbols.split(), **options)

    async def one(self, symbol: str, **options: Any) -> CachedFigure:
        return (await self.find(symbol, **options)).found[symbol]

    async def landed(self, calls: int) -> None:
        """Wait until so many calls have been made and none is under way."""
        await until(lambda: len(self.source.calls) == calls)
        batcher = self.dispatcher._batcher
        await until(lambda: repr(batcher) == "<Batcher 0 wanted, 0 on their way in 0 calls>")

    def debits(self) -> int:
        """Count the ledger as another process would see it."""
        with closing(sqlite3.connect(self.path)) as other:
            return int(other.execute("SELECT count(*) FROM debit").fetchone()[0])


@asynccontextmanager
async def bench(folder: Path, settings: Settings = SETTINGS, **source: Any) -> AsyncIterator[Bench]:
    made = Bench(folder, settings, **source)
    try:
        yield made
    finally:
        await made.dispatcher.close()
        made.state.close()
        assert made.source.closed


def test_fresh_is_answered_from_the_shelf(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            first = await b.find("A B")
            assert (first.debits, first.origin) == (1, LIVE)
            b.clock.at += 59
            again = await b.find("B A")
            assert again.debits == 0
            assert {s: f.freshness for s, f in again.found.items()} == dict.fromkeys("BA", Freshness.FRESH)
            assert again.found["A"].snapshot.exposure == made_up("A")
            assert (again.found["A"].ttl, again.found["A"].notice) == (2.0, "")
            assert first.found["A"].ttl == 30.0
            assert b.source.calls == [("A", "B")]

    run(story())


def test_stale_is_served_at_once_and_refreshed_behind(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at += 60
            b.source.gate = asyncio.Event()
            stale = await b.one("A")  # answered while the source is shut
            assert (stale.freshness, stale.ttl, stale.notice) == (Freshness.STALE, 2.0, "")
            await until(lambda: len(b.source.calls) == 2)
            await b.one("A")
            b.source.gate.set()
            await b.landed(2)
            fresh = await b.one("A")
            assert (fresh.freshness, fresh.snapshot.fetched_at) == (Freshness.FRESH, NOON + 60)
            assert len(b.source.calls) == 2

    run(story())


def test_expired_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at += 900
            found = await b.one("A")
            assert (found.freshness, found.snapshot.fetched_at) == (Freshness.FRESH, NOON + 900)
            assert b.source.calls == [("A",), ("A",)]

    run(story())


@pytest.mark.parametrize(
    ("error", "notice"),
    [
        (AWAY, "Last good value: The source is away."),
        (OSError("/secret/path"), f"Last good value: {Internal().sentence}"),
    ],
)
def test_the_last_good_value_is_served_with_a_notice(tmp_path: Path, error: Exception, notice: str) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at += 1_000
            b.source.error = error
            lookup = await b.find("A B")
            found = lookup.found["A"]
            assert (found.freshness, found.ttl, found.notice) == (Freshness.EXPIRED, 2.0, notice)
            assert found.snapshot.fetched_at == NOON
            assert list(lookup.failed) == ["B"]
            assert lookup.debits == 1  # a failed call is spent
            assert "secret" not in b.dispatcher.counts.last_problem

    run(story())


def test_nothing_crosses_a_session(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at = NOON + DAY
            b.source.error = AWAY
            lookup = await b.find("A")
            assert (dict(lookup.found), lookup.failed) == ({}, {"A": AWAY})
            cached = await b.find("A", refresh=Refresh.CACHE_ONLY)
            assert isinstance(cached.failed["A"], NotCached)
            b.source.error = None
            b.clock.at += 60  # a failure is left alone for a minute
            assert (await b.one("A")).freshness is Freshness.FRESH

    run(story())


def test_the_close_lasts_over_the_weekend(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            friday = NOON + 2 * DAY + 5 * 3_600  # 16:30
            b.clock.at = friday
            await b.find("A")
            b.clock.at = friday + 2 * DAY
            b.source.error = AWAY
            found = await b.one("A")
            assert (found.freshness, found.ttl, found.notice) == (Freshness.FRESH, 30.0, "")
            b.clock.at = friday + 2.65 * DAY  # Monday, 08:06
            assert (await b.find("A")).failed == {"A": AWAY}
            assert len(b.source.calls) == 2

    run(story())


def test_missing_is_remembered_and_costs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}) as b:
            assert (await b.find("A GONE")).missing == {"GONE": 30.0}
            for later in (1, 599):
                b.clock.at = NOON + later
                lookup = await b.find("GONE")
                assert (lookup.missing, lookup.debits) == ({"GONE": 30.0}, 0)
            assert len(b.source.calls) == 1
            b.clock.at = NOON + 600
            b.source.nothing.clear()
            assert (await b.find("GONE")).found["GONE"].freshness is Freshness.FRESH
            assert len(b.source.calls) == 2

    run(story())


def test_a_symbol_that_lost_its_data_is_missing_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.source.nothing.add("A")
            lookup = await b.find("A", refresh=Refresh.FORCE)
            assert (dict(lookup.found), list(lookup.missing)) == ({}, ["A"])

    run(story())


def test_force_asks_whatever_the_age(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, comes_from=LIVE._replace(historical=True)) as b:
            await b.find("A")
            b.clock.at += 1
            found = await b.one("A", refresh=Refresh.FORCE)
            assert (found.freshness, found.snapshot.fetched_at) == (Freshness.HISTORICAL, NOON + 1)
            b.clock.at += 100 * DAY
            assert (await b.one("A")).ttl == 30.0
            assert len(b.source.calls) == 2

    run(story())


def test_cache_only_never_asks(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}) as b:
            first = await b.find("A", refresh=Refresh.CACHE_ONLY)
            assert first.failed["A"].sentence == (
                "The server has no figure yet, and it was told not to ask the source."
            )
            await b.find("A GONE")
            b.clock.at += 1_000
            lookup = await b.find("A GONE B", refresh=Refresh.CACHE_ONLY)
            assert lookup.found["A"].freshness is Freshness.EXPIRED
            assert list(lookup.missing) == ["GONE"]
            assert list(lookup.failed) == ["B"]
            await turns()
            assert len(b.source.calls) == 1

    run(story())


def test_too_many_calls_are_refused_basket_by_basket(tmp_path: Path) -> None:
    async def story() -> None:
        settings = replace(SETTINGS, max_calls_per_request=2)
        async with bench(tmp_path, settings, symbols_per_call=2) as b:
            baskets = [["A", "B"], ["C", "D", "E"], ["A", "C"]]
            lookup = await b.find("A B C D E", baskets=lambda: baskets)
            assert sorted(lookup.found) == ["A", "B", "C"]
            assert {n: e.sentence for n, e in lookup.refused.items()} == {
                1: "The sheet asks for more new names at once than 2 source calls carry: "
                "recalculate to ask for the rest, or refresh explicitly."
            }
            assert len(b.source.calls) == 2
            with pytest.raises(TooManyCalls):
                await answer_one(b.dispatcher, Basket(tuple("LMNOP"), (1.0,) * 5), Refresh.NORMAL)
            assert len(b.source.calls) == 2
            assert len((await b.find("D E F G H", refresh=Refresh.FORCE)).found) == 5
            assert len(b.source.calls) == 5

    run(story())


def test_a_source_without_a_price_may_be_asked_for_any_number(tmp_path: Path) -> None:
    async def story() -> None:
        settings = replace(SETTINGS, max_calls_per_request=1)
        async with bench(tmp_path, settings, symbols_per_call=1, metered=False) as b:
            lookup = await b.find("A B C")
            assert (len(lookup.found), lookup.debits) == (3, 0)
            assert b.debits() == 0

    run(story())


def test_what_is_refreshed_behind_is_limited_too(tmp_path: Path) -> None:
    async def story() -> None:
        settings = replace(SETTINGS, max_calls_per_request=2)
        async with bench(tmp_path, settings, symbols_per_call=2) as b:
            await b.find("A B C D")
            await b.find("E F G H")
            b.clock.at += 100
            lookup = await b.find("A B C D E F G H NEW")
            assert len(lookup.found) == 9
            await b.landed(6)
            assert sorted(s for call in b.source.calls[4:] for s in call) == ["A", "B", "C", "NEW"]

    run(story())


def test_a_debit_is_committed_before_the_call_leaves(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            seen: list[int] = []
            b.source.before = lambda: seen.append(b.debits())
            await b.find("A")
            await b.find("B")
            assert seen == [1, 2]
            b.source.error = AWAY
            await b.find("C")
            assert (b.debits(), b.dispatcher.counts.debits) == (3, 3)

    run(story())


def test_a_debit_is_taken_back_only_where_the_call_certainly_cost_nothing(tmp_path: Path) -> None:
    class Unreached(SourceUnavailable):
        uncharged = True

    async def story() -> None:
        async with bench(tmp_path) as b:
            seen: list[int] = []
            b.source.before = lambda: seen.append(b.debits())
            b.source.says = lambda: QuotaReading(2_500, 2_500)
            b.source.error = Unreached("Nobody there.")
            lookup = await b.find("A")
            assert (lookup.failed["A"].sentence, lookup.debits) == ("Nobody there.", 0)
            assert seen == [1]  # committed before it left all the same
            assert (b.debits(), b.dispatcher.counts.debits) == (0, 0)
            quota, spent = await b.dispatcher.quota()
            assert (quota.used, quota.left, spent.today) == (0, 2_500, 0)
            b.source.error = AWAY
            assert (await b.find("A")).debits == b.debits() == 1

    run(story())


def test_what_others_get_back_is_no_debit_less_for_oneself(tmp_path: Path) -> None:
    class Unreached(SourceUnavailable):
        uncharged = True

    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.source.error, b.source.gate = Unreached("Nobody there."), asyncio.Event()
            first = asyncio.create_task(b.find("B"))
            await until(lambda: len(b.source.calls) == 2)
            joins = asyncio.create_task(b.find("B"))
            await turns()
            b.source.gate.set()
            assert [(await task).debits for task in (first, joins)] == [0, 0]

    run(story())


@pytest.mark.parametrize("uncovered", ["X", "X Y", "X Y Z"])
def test_what_the_plan_does_not_cover_fails_alone(tmp_path: Path, uncovered: str) -> None:
    async def story() -> None:
        async with bench(tmp_path, uncovered=set(uncovered.split())) as b:
            seen: list[int] = []
            b.source.before = lambda: seen.append(b.debits())
            lookup = await b.find("A X Y Z B")
            gone = uncovered.split()
            assert {s: e.sentence for s, e in lookup.failed.items()} == {
                s: f"The plan does not cover {s}." for s in gone
            }
            assert sorted(lookup.found) == sorted(set("ABXYZ") - set(gone))
            assert lookup.debits == b.debits() == len(b.source.calls) == 1 + len(gone)
            assert seen == list(range(1, 2 + len(gone)))  # each debit before its call
            again = await b.find("A X Y Z B")
            assert (again.debits, set(again.failed)) == (0, set(gone))

    run(story())


def test_of_many_that_the_plan_does_not_cover_the_rest_fails_in_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, uncovered=set("VWXYZ")) as b:
            lookup = await b.find("A V W X Y Z")
            last = "The plan does not cover Y."
            assert lookup.failed["A"].sentence == lookup.failed["Z"].sentence == last
            assert lookup.failed["V"].sentence == "The plan does not cover V."
            assert [len(c) for c in b.source.calls] == [6, 5, 4, 3]
            assert sorted((await b.find("A Z")).failed) == ["Z"]  # four are remembered

    run(story())


def test_where_the_source_names_nobody_the_call_fails_as_a_whole(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=NotEntitled("Not in your plan.", symbols=("OTHER",))) as b:
            assert sorted((await b.find("A B")).failed) == ["A", "B"]
            b.source.error = NotEntitled("Not in your plan.")
            b.clock.at += 60
            assert sorted((await b.find("A B")).failed) == ["A", "B"]
            assert len(b.source.calls) == b.debits() == 2

    run(story())


def test_the_quota_is_looked_at_before_the_rest_is_asked_for_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, uncovered={"X"}) as b:
            b.source.says = lambda: QuotaReading(5, 0)
            lookup = await b.find("A X")
            assert lookup.failed["X"].code == "not_entitled"
            assert isinstance(lookup.failed["A"], QuotaSpent)
            assert len(b.source.calls) == b.debits() == 1

    run(story())


def test_what_the_plan_no_longer_covers_does_not_ride_along(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A X")
            b.clock.at += 61
            b.source.uncovered = {"X"}
            await b.find("B")
            assert [set(c) for c in b.source.calls[1:]] == [{"A", "B", "X"}, {"A", "B"}]
            b.clock.at += 61
            await b.find("C")
            assert [set(c) for c in b.source.calls[3:]] == [{"A", "B", "C"}]

    run(story())


def test_without_a_ledger_no_call_leaves(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.dispatcher.cache()
            with closing(sqlite3.connect(b.path)) as other:
                other.execute("DROP TABLE debit")
                other.commit()
            lookup = await b.find("A")
            assert lookup.failed["A"].sentence == Internal().sentence
            assert (b.source.calls, b.dispatcher.counts.debits) == ([], 0)

    run(story())


def test_another_origin_starts_with_nothing_of_this_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.source.comes_from = LIVE._replace(convention="dealer")
            found = await b.find("A", refresh=Refresh.CACHE_ONLY)
            assert isinstance(found.failed["A"], NotCached)
            assert found.origin.convention == "dealer"
            await b.find("A")
            assert len(b.source.calls) == 2
            b.source.comes_from = LIVE
            back = await b.find("A")
            assert (back.origin, back.debits) == (LIVE, 0)
            assert back.found["A"].snapshot.exposure == made_up("A")

    run(story())


def test_figures_of_a_source_that_changed_meanwhile_are_not_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.gate = asyncio.Event()
            waiting = asyncio.create_task(b.find("A"))
            await until(lambda: b.source.calls)
            b.source.comes_from = LIVE._replace(location="elsewhere")
            b.source.gate.set()
            lookup = await waiting
            assert lookup.failed["A"].sentence == (
                "The source changed while it was asked. Recalculate to ask again."
            )
            b.source.comes_from = LIVE
            assert list((await b.find("A", refresh=Refresh.CACHE_ONLY)).failed) == ["A"]

    run(story())


def test_no_symbol_is_fetched_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=5) as b:
            b.source.gate = asyncio.Event()
            names = [f"S{i}" for i in range(40)]
            await b.dispatcher.cache()  # so that all arrive in one turn of the loop
            tasks = [
                asyncio.create_task(b.dispatcher.find(names[i : i + 7]))
                for i in (*range(0, 34, 3), *range(0, 34, 2))
            ]
            await until(lambda: b.source.calls)
            late = asyncio.create_task(b.dispatcher.find(names))
            await turns()
            b.source.gate.set()
            for lookup in await asyncio.gather(*tasks, late):
                assert not lookup.failed
            seated = [s for call in b.source.calls for s in call]
            assert sorted(seated) == sorted(names)
            assert len(b.source.calls) == b.debits() == 8

    run(story())


def test_ageing_symbols_ride_along_the_oldest_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=3) as b:
            for symbol in ("YOUNG", "OLD", "FORGOTTEN"):
                b.source.lags = {"YOUNG": 0.0, "OLD": 30.0, "FORGOTTEN": 50.0}[symbol]
                await b.find(symbol)
            b.source.lags = 0.0
            b.clock.at += 61
            await b.find("NEW")
            assert b.source.calls[-1] == ("NEW", "FORGOTTEN", "OLD")
            await b.find("NEWER")
            assert b.source.calls[-1] == ("NEWER", "YOUNG")
            b.clock.at += 3_601
            await b.find("NEWEST")
            assert b.source.calls[-1] == ("NEWEST",)  # nobody has used the others for an hour

    run(story())


def test_a_broken_chain_fails_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, broken={"BAD": "The chain of BAD is broken."}) as b:
            lookup = await b.find("A BAD")
            assert list(lookup.found) == ["A"]
            assert isinstance(lookup.unreadable["BAD"], BadChain) and not lookup.failed
            assert b.dispatcher.counts.last_problem == "The chain of BAD is broken."

    run(story())


def test_a_timeout_serves_what_there_is(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.clock.at += 1_000
            b.source.gate = asyncio.Event()
            lookup = await b.find("A B", timeout=0.01)
            assert lookup.found["A"].notice == (
                "Last good value: The source did not answer in time. Recalculate to ask again."
            )
            assert isinstance(lookup.failed["B"], TimedOut)
            b.source.gate.set()

    run(story())


def test_strikes_are_fetched_where_the_store_has_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
        async with bench(tmp_path) as b:
            plain = await b.one("A")
            assert plain.snapshot.exposure.strikes == ()
            assert b.source.calls == []
            rich = await b.one("A", strikes=True)
            assert len(rich.snapshot.exposure.strikes) == 1
            await b.one("A", strikes=True)
            assert b.source.calls == [("A",)]
            b.source.has_strikes = False

    run(story())


def test_a_restart_knows_what_was_learnt(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}) as b:
            await b.find("A GONE")
        async with bench(tmp_path, error=AWAY) as b:
            lookup = await b.find("A GONE")
            assert lookup.found["A"].snapshot.exposure == made_up("A")
            assert lookup.missing == {"GONE": 30.0}
            assert (b.source.calls, b.debits()) == ([], 1)

    run(story())


def test_a_missing_basket_is_no_data(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={"X"}) as b:
            with pytest.raises(NoData) as caught:
                await answer_one(b.dispatcher, Basket(("X",), (1.0,)), Refresh.NORMAL)
            assert caught.value.sentence == "The source has no data for X: check the spelling."

    run(story())


def test_the_account_is_asked_once_for_all_who_ask_at_once_and_again_after_a_while(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            asked: list[float] = []
            gate = asyncio.Event()

            async def account() -> QuotaReading:
                asked.append(b.clock.at)
                await gate.wait()
                return QuotaReading(2_500, 2_000 - len(asked))

            b.source.account = account  # type: ignore[method-assign]
            both = [asyncio.create_task(b.dispatcher.quota(reconcile=True)) for _ in range(20)]
            await turns()
            both[0].cancel()  # who gives up takes nothing from the others
            gate.set()
            assert {q.left for q, _ in await asyncio.gather(*both[1:])} == {1_999}
            assert (await b.dispatcher.quota(reconcile=True))[0].left == 1_999
            assert asked == [NOON]
            b.clock.at += 10
            assert (await b.dispatcher.quota(reconcile=True))[0].left == 1_998

    run(story())


def test_an_account_that_does_not_answer_is_not_asked_again_and_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            asked = 0

            async def account() -> QuotaReading:
                nonlocal asked
                asked += 1
                raise AWAY

            b.source.account = account  # type: ignore[method-assign]
            for _ in range(5):
                with pytest.raises(SourceUnavailable):
                    await b.dispatcher.quota(reconcile=True)
            assert asked == 1
            assert (await b.dispatcher.quota())[0].left is None

    run(story())
