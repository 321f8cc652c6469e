"""Days of a metered source, simulated: the clock is moved, every call is counted, and what is on the sheet is looked at."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Freshness, QuotaReading
from basketgex_server.errors import NotEntitled, QuotaSpent, RateLimited
from tests.server.dispatch.test_dispatcher import SETTINGS, Bench, bench
from tests.server.servers import NOON, run

NEW_YORK = ZoneInfo("America/New_York")
LIMIT, RESERVE = 2_500, 50
SYMBOLS = [f"S{n}" for n in range(400)]
DAY = 86_400.0
BASKETS = [SYMBOLS[n * 4 : n * 4 + 4] for n in range(100)]


def at(day: str, clock: str) -> float:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=NEW_YORK).timestamp()


def metered(b: Bench, limit: int = LIMIT) -> None:
    """Let the source say with each reply what is left of its quota."""
    b.source.says = lambda: QuotaReading(limit, limit - len(b.source.calls), plan="Growth")


def unhurried(b: Bench) -> None:
    """Let the store not wait for the disk: thousands of debits in one test are no reason to wear it."""
    b.state._thread.submit(lambda: b.state._connection.execute("PRAGMA synchronous = OFF")).result()


@pytest.mark.parametrize(
    ("day", "close", "limit", "step"),
    [("2026-11-18", "16:00", LIMIT, 10.0), ("2026-11-27", "13:00", LIMIT // 5, 30.0)],
    ids=["whole", "half"],
)
def test_a_day_stays_within_its_quota_and_every_symbol_within_the_paced_bound(
    tmp_path: Path, day: str, close: str, limit: int, step: float
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b, limit)
            unhurried(b)
            b.clock.at, ends, oldest = at(day, "09:30:00"), at(day, close), 0.0
            began = b.clock.at
            await b.find(" ".join(SYMBOLS))
            while b.clock.at < ends:
                b.clock.at += step
                found = await b.dispatcher.find(SYMBOLS, baskets=lambda: BASKETS)
                assert len(found.found) == len(SYMBOLS)
                ages = [b.clock.at - f.snapshot.exposure.as_of for f in found.found.values()]
                oldest = max(oldest, *ages)
                await b.landed(len(b.source.calls))
            spent, free = len(b.source.calls), limit - RESERVE
            sweep = len(SYMBOLS) / 50
            pace = max((ends + 900 - began) / free, step)  # a call at most every step of this simulation
            assert spent <= free
            assert oldest <= 60 + 2 * sweep * pace
            assert spent >= 0.5 * (ends - began) / pace  # it is used, too

    asyncio.run(story())  # longer than other tests' patience


def test_a_spent_quota_serves_the_last_good_values_and_keeps_the_reserve(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(LIMIT, RESERVE, plan="Growth")
            await b.find("A B")
            b.clock.at += 1_000
            calls = len(b.source.calls)
            served = await b.find("A B")
            assert [f.freshness for f in served.found.values()] == [Freshness.EXPIRED] * 2
            assert served.found["A"].notice.startswith(
                "Last good value: Today's debits are spent but for the 50"
            )
            unknown = await b.find("NEW")
            assert isinstance(unknown.failed["NEW"], QuotaSpent)
            assert len(b.source.calls) == calls == b.debits()
            forced = await b.find("A", refresh=Refresh.FORCE)
            assert forced.found["A"].freshness is Freshness.FRESH
            assert len(b.source.calls) == calls + 1

    run(story())


def test_a_restart_remembers_what_was_left(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(100, 10, plan="Basic")
            await b.find("A")
        async with bench(tmp_path) as again:
            assert isinstance((await again.find("B")).failed["B"], QuotaSpent)
            assert again.source.calls == []
        async with bench(tmp_path) as tomorrow:
            tomorrow.clock.at += 86_400
            assert "B" in (await tomorrow.find("B")).found

    run(story())


def test_the_source_refusing_stops_the_calls_until_it_says(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A")
            b.source.error = QuotaSpent(NOON + 7_200, sentence="Spent.")
            b.clock.at += 1_000
            assert (await b.one("A")).notice == "Last good value: Spent."
            b.source.error = None
            assert (await b.one("A")).notice.startswith("Last good value: Today's debits are spent")
            assert len(b.source.calls) == 2
            b.clock.at = NOON + 7_200
            assert (await b.one("A")).notice == ""

    run(story())


def test_a_source_that_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.error = RateLimited("Not now.", retry_after=60.0)
            for _ in range(3):
                assert (await b.find("A")).failed["A"].sentence == "Not now."
            assert len(b.source.calls) == b.debits() == 1
            b.source.error = None
            b.clock.at += 60
            assert "A" in (await b.find("A")).found

    run(story())


def test_what_the_plan_does_not_cover_is_not_asked_again_before_the_reset(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.error = NotEntitled("The plan does not cover ZZ.", symbols=("ZZ",))
            assert (await b.find("ZZ")).failed["ZZ"].sentence == "The plan does not cover ZZ."
            b.source.error = None
            for refresh in (Refresh.NORMAL, Refresh.FORCE):
                found = await b.find("ZZ A", refresh=refresh)
                assert found.failed["ZZ"].code == "not_entitled" and "A" in found.found
            assert [c for c in b.source.calls if "ZZ" in c] == [("ZZ",)]
            b.clock.at += 86_400
            assert "ZZ" in (await b.find("ZZ")).found

    run(story())


def test_a_symbol_that_warms_up_is_asked_once_more_where_a_seat_is_free(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.nothing = {"COLD", "GHOST"}
            await b.find("COLD GHOST")
            b.source.nothing = {"GHOST"}
            assert (await b.find("COLD")).missing and len(b.source.calls) == 1  # no call of its own
            await b.find("A")
            assert b.source.calls[1] == ("A", "COLD", "GHOST")
            assert "COLD" in (await b.find("COLD")).found
            await b.find("B")
            assert b.source.calls[2] == ("B",)  # a ghost is asked once more, not for ever

    run(story())


@pytest.mark.parametrize("behind", [3_600.0, DAY, 10 * DAY], ids=["hour", "day", "ten days"])
@pytest.mark.parametrize(
    ("stands", "limit"), [(True, 100), (False, 500)], ids=["stands still", "clock behind"]
)
def test_a_source_with_old_figures_takes_a_small_quota_no_further_than_one_with_new(
    tmp_path: Path, behind: float, stands: bool, limit: int
) -> None:
    """They are old at once, so that age would be a reason to ask every minute, and to wait for it each time."""

    async def story() -> None:
        async with bench(tmp_path) as b:
            unhurried(b)
            moments: list[float] = []
            b.source.before = lambda: moments.append(b.clock.at)

            def today() -> int:
                return sum(m // DAY == b.clock.at // DAY for m in moments)

            b.source.says = lambda: QuotaReading(limit, limit - today())
            b.clock.at = began = at("2026-11-18", "09:45:00")

            async def until_it_is(ends: float, step: float) -> None:
                while b.clock.at < ends:
                    b.source.lags = b.clock.at - began + behind if stands else behind
                    await b.one("A")
                    await b.landed(len(b.source.calls))
                    b.clock.at += step

            await until_it_is(at("2026-11-18", "13:00:00"), 30.0)
            assert (await b.one("A")).freshness is Freshness.EXPIRED
            assert 20 <= today() <= 0.55 * (limit - limit // 10)  # half the time, half the debits
            await until_it_is(at("2026-11-18", "16:15:00"), 30.0)
            assert today() <= limit - limit // 10
            calls = len(moments)
            await until_it_is(at("2026-11-19", "08:00:00"), 120.0)
            assert len(moments) - calls <= 18
            b.source.lags = 0.0
            b.clock.at += 60
            assert (await b.one("A")).freshness is Freshness.FRESH

    asyncio.run(story())


def test_before_the_open_interest_is_ready_yesterdays_is_never_fresh(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.clock.at = at("2026-11-18", "16:30:00")
            assert (await b.one("A")).freshness is Freshness.FRESH
            b.clock.at = at("2026-11-19", "07:59:00")
            assert (
                await b.one("A")
            ).freshness is Freshness.FRESH  # still last session's, and nothing newer exists
            b.clock.at = at("2026-11-19", "08:00:00")
            b.source.error = QuotaSpent(NOON + 86_400, sentence="Spent.")
            assert (await b.find("A")).failed["A"].sentence == "Spent."  # not even as a last good value

    run(story())


def test_over_a_holiday_nothing_is_spent(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.clock.at = at("2026-11-25", "16:30:00")  # the eve of Thanksgiving
            await b.find("A B C")
            for clock in ("00:30:00", "08:30:00", "12:00:00", "20:00:00"):
                b.clock.at = at("2026-11-26", clock)
                assert (await b.one("A")).freshness is Freshness.FRESH
            assert len(b.source.calls) == 1

    run(story())


def test_baskets_of_more_than_a_call_carries_are_exact_at_the_fewest_calls(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, replace(SETTINGS, max_symbols=600)) as b:
            names = [f"S{n}" for n in range(503)]
            found = await b.dispatcher.find(names)
            assert sorted(found.found) == sorted(names)
            assert [len(c) for c in b.source.calls] == [50] * 10 + [3]

    run(story())
