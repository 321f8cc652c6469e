"""A clock that is wrong and put right again: no figure, failure, pause or debit of a future that never came counts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.dispatch.snapshots import AHEAD
from basketgex_server.domain import Freshness, QuotaReading
from basketgex_server.errors import RateLimited, SourceUnavailable
from tests.server.dispatch.test_dispatcher import SETTINGS, Bench, bench
from tests.server.servers import NOON, run

HOUR, DAY = 3_600.0, 86_400.0
MORNING = NOON - HOUR
AHEADS = [121.0, 8 * HOUR, 3 * DAY, 10 * DAY, 4_500 * DAY]
"""Seconds by which the clock was wrong: a little, over the close, into the next week, a month, 2039."""


def wrong(b: Bench, ahead: float, *, and_the_sources: bool = False) -> None:
    """Set the server's clock wrong; the source's stays right, unless it is wrong as well."""
    b.clock.at += ahead
    b.source.lags = 0.0 if and_the_sources else ahead


def right(b: Bench, at: float) -> None:
    b.clock.at, b.source.lags = at, 0.0


@pytest.mark.parametrize("both", [False, True], ids=["ours", "both"])
@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("ahead", AHEADS)
def test_a_figure_of_a_wrong_clock_is_not_fresh_when_it_is_put_right(
    tmp_path: Path, ahead: float, restart: bool, both: bool
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.clock.at = MORNING
            wrong(b, ahead, and_the_sources=both)
            await b.find("A")
            if not restart:
                await asked_again(b)
        if restart:
            async with bench(tmp_path) as again:
                await asked_again(again)

    async def asked_again(b: Bench) -> None:
        right(b, MORNING + 4 * HOUR)
        calls = len(b.source.calls)
        found = await b.one("A")
        assert (found.freshness, found.snapshot.exposure.as_of) == (Freshness.FRESH, b.clock.at)
        assert len(b.source.calls) == calls + 1
        b.clock.at += 5 * HOUR  # past the moment at which it said to have been fetched
        b.source.error = SourceUnavailable("Away.")
        assert (await b.one("A")).snapshot.fetched_at == MORNING + 4 * HOUR

    run(story())


@pytest.mark.parametrize("ahead", AHEADS[1:])
def test_while_the_source_is_away_it_is_the_last_good_one_by_the_sources_own_moment(
    tmp_path: Path, ahead: float
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.clock.at = MORNING
            wrong(b, ahead)
            await b.find("A")
            right(b, MORNING + 600)
            b.source.error = SourceUnavailable("Away.")
            found = (await b.find("A", refresh=Refresh.CACHE_ONLY)).found["A"]
            assert found.freshness is not Freshness.FRESH
            assert (found.snapshot.exposure.as_of, found.snapshot.fetched_at) == (MORNING, MORNING)

    run(story())


@pytest.mark.parametrize("ahead", AHEADS[1:])
def test_a_source_whose_clock_is_ahead_is_never_fresh_and_says_so(tmp_path: Path, ahead: float) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.lags = -ahead
            await b.find("A")
            found = await b.one("A")
            assert (found.freshness, found.notice) == (Freshness.STALE, AHEAD)
            b.clock.at += 59
            await b.one("A")
            assert len(b.source.calls) == 1
            b.source.lags = 0.0
            b.clock.at += 900
            found = await b.one("A")
            assert (found.freshness, found.notice) == (Freshness.FRESH, "")

    run(story())


def test_after_the_close_such_a_source_is_not_asked_all_night(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, lags=-10 * DAY) as b:
            b.clock.at = NOON + 5 * HOUR  # 16:30
            for _ in range(60):
                assert (await b.one("A")).freshness is Freshness.STALE
                b.clock.at += 600
            assert len(b.source.calls) == 1

    run(story())


@pytest.mark.parametrize("seconds", [0.0, 1.0, 60.0, 120.0])
def test_clocks_may_differ_by_two_minutes(tmp_path: Path, seconds: float) -> None:
    async def story() -> None:
        async with bench(tmp_path, lags=-seconds) as b:
            await b.find("A")
            found = await b.one("A")
            assert (found.freshness, found.notice) == (Freshness.FRESH, "")
            b.clock.at -= min(seconds, 60.0)
            await b.one("A")
            assert len(b.source.calls) == 1

    run(story())


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("ahead", [1 * DAY, 10 * DAY, 4_500 * DAY])
def test_the_debits_of_the_future_are_not_todays_and_stay_in_the_ledger(
    tmp_path: Path, ahead: float, restart: bool
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(2_500, 2_500 - len(b.source.calls))
            wrong(b, ahead)
            for n in range(8):
                await b.find(f"S{n}")
            if not restart:
                await counted(b)
        if restart:
            async with bench(tmp_path) as again:
                await counted(again)
        async with bench(tmp_path) as there:
            there.clock.at = NOON + ahead  # when the day comes, they are not its either
            _, spent = await there.dispatcher.quota()
            assert (spent.today, spent.total) == (0, 9)

    async def counted(b: Bench) -> None:
        right(b, NOON)
        await b.find("NEW")
        quota, spent = await b.dispatcher.quota()
        assert (spent.today, spent.total, b.debits()) == (1, 9, 9)
        assert quota.used <= 9

    run(story())


@pytest.mark.parametrize("ahead", AHEADS[1:])
def test_nothing_else_of_the_future_counts(tmp_path: Path, ahead: float) -> None:
    """A name without data, a failure, a pause, the turn of those behind."""

    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}, broken={"BAD": "Broken."}) as b:
            await b.find("OLD")
            wrong(b, ahead)
            await b.find("GONE BAD")
            b.source.error = RateLimited("Not now.", retry_after=3_000.0)
            await b.find("X")
            b.source.error = None
            b.source.nothing.clear()
            b.source.broken.clear()
            right(b, NOON + 61)
            found = await b.find("GONE BAD X")
            assert sorted(found.found) == ["BAD", "GONE", "X"]
            await b.find("OLD")
            await b.landed(len(b.source.calls))
            assert (await b.one("OLD")).freshness is Freshness.FRESH

    run(story())


def test_the_future_is_gone_from_the_store_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}) as b:
            wrong(b, 10 * DAY)
            await b.find("A GONE")
            right(b, NOON)
            await b.find("B")
        with closing(sqlite3.connect(b.path)) as other:
            for table, column in (("snapshot", "fetched_at"), ("missing", "found_at"), ("debit", "spent_at")):
                (latest,) = other.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()
                assert latest <= NOON

    run(story())


@pytest.mark.parametrize("shows", [0.0, 946_684_800.0, 1_700_000_000.0], ids=["1970", "2000", "2023"])
@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_clock_that_was_never_set_costs_neither_the_history_nor_the_ledger(
    tmp_path: Path, shows: float, restart: bool
) -> None:
    """A computer whose clock has no battery is started with it, until somebody tells it the time."""

    async def story() -> None:
        async with bench(tmp_path, nothing={"GONE"}) as b:
            for _ in range(3):
                await b.find("A B GONE", refresh=Refresh.FORCE)
                b.clock.at += 61
            if not restart:
                await unset(b)
        if restart:
            async with bench(tmp_path) as again:
                await unset(again)
        async with bench(tmp_path) as after:
            after.clock.at = NOON + 600
            cache = await after.dispatcher.cache()
            assert [
                len(past) for past in (await after.dispatcher.past.gex(cache.origin, ["A", "B"], 10)).values()
            ] == [
                4,
                3,
            ]
            _, spent = await after.dispatcher.quota()
            assert (spent.today, spent.total) == (3, 4)

    async def unset(b: Bench) -> None:
        b.clock.at = shows
        b.source.nothing.clear()
        found = await b.find("A GONE")
        assert len(b.source.calls[-1]) == 2
        assert sorted(found.found) == ["A", "GONE"]

    run(story())


def test_a_regime_does_not_begin_in_the_future(tmp_path: Path) -> None:
    async def story() -> None:
        from concurrent.futures import ThreadPoolExecutor

        from basketgex_server.dispatch.batch.types import Batch

        async with bench(tmp_path, SETTINGS) as b:
            with ThreadPoolExecutor(1) as compute:
                regimes = Regimes(b.dispatcher, compute, 10)
                asked = await regimes.prepare(Batch(["A"], [0, 1], [0], [1.0]))
                wrong(b, 10 * DAY)
                await b.find("A")
                await regimes.standings(asked)
                right(b, NOON)
                await b.find("A", refresh=Refresh.FORCE)
                known = (await regimes.standings(asked)).known_from
                assert known == [NOON]

    run(story())


def test_replies_that_were_kept_ready_are_not_given_any_more(tmp_path: Path) -> None:
    from basketgex_server.api.reply_cache import ReplyCache
    from basketgex_server.dispatch.batch.choose import answer_one
    from basketgex_server.domain import Basket

    async def story() -> None:
        async with bench(tmp_path) as b:
            warm: ReplyCache[str] = ReplyCache(b.dispatcher, b.clock)
            wrong(b, 8 * HOUR)
            await b.find("A")
            answer = await answer_one(b.dispatcher, Basket(("A",), (1.0,)), Refresh.NORMAL)
            warm.keep(b"A", answer._replace(notice=""), "kept")
            assert warm.get(b"A") == "kept"
            right(b, NOON)
            assert warm.get(b"A") is None

    run(story())
