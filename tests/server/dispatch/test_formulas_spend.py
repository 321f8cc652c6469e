"""What a workbook of formulas alone can spend: explicit refreshes by a trigger that never rests, made-up names, levels."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Freshness, QuotaReading
from basketgex_server.errors import Paced, QuotaSpent, TooManyCalls
from basketgex_server.exposure.levels import Levels
from tests.server.dispatch.test_day import metered
from tests.server.dispatch.test_dispatcher import SETTINGS, Bench, bench
from tests.server.servers import LIVE, NOON, run

NAMES = [f"S{n}" for n in range(1_000)]
WIDE = replace(SETTINGS, max_calls_per_request=100)
DAY = 86_400.0


async def hammered(b: Bench, times: int, every: float, *, names: list[str] = NAMES) -> None:
    for _ in range(times):
        b.clock.at += every
        await b.dispatcher.find(names, refresh=Refresh.FORCE)


@pytest.mark.parametrize(("limit", "most"), [(300, 20), (1_000, 20), (2_500, 60), (100_000, 60)])
def test_a_trigger_that_never_rests_spends_a_part_of_the_day_and_nothing_of_the_reserve(
    tmp_path: Path, limit: int, most: int
) -> None:
    async def story() -> None:
        async with bench(tmp_path, WIDE) as b:
            metered(b, limit)
            await b.find("S0")
            await hammered(b, 16, every=2.0)
            assert 20 <= b.debits() - 1 <= most

    run(story())


def test_over_a_whole_day_it_leaves_more_than_half(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, WIDE) as b:
            b.clock.at = NOON - NOON % DAY
            metered(b, 2_500)
            await hammered(b, 24 * 60, every=59.0, names=NAMES[:50])
            assert 1_000 < b.debits() <= 1_250 + 50

    asyncio.run(story())


@pytest.mark.parametrize("every", [0.5, 2.0, 30.0, 59.0])
def test_what_comes_again_within_a_minute_does_not_touch_the_reserve(tmp_path: Path, every: float) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(2_500, 50, plan="Growth")
            await b.find("A")  # all but the reserve is spent
            b.clock.at += 1
            await b.find("A", refresh=Refresh.FORCE)
            calls = len(b.source.calls)
            await hammered(b, 40, every, names=["A"])
            assert len(b.source.calls) == calls == 2
            found = await b.one("A", refresh=Refresh.FORCE)
            assert found.notice == (
                "Last good value: Today's debits are spent but for the 50 kept for explicit requests, which have to be "
                "a minute apart: wait for that, or until 2026-11-19 00:00 UTC, when the count starts again."
            )
            b.clock.at += 60
            assert (await b.one("A", refresh=Refresh.FORCE)).notice == ""

    run(story())


def test_the_sentence_says_that_it_is_explicit_refreshes_and_the_figure_stays(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            await hammered(b, 51, every=1.0, names=["A"])
            assert len(b.source.calls) == 50
            lookup = await b.find("A NEW", refresh=Refresh.FORCE)
            assert lookup.found["A"].notice == (
                "Last good value: Explicit refreshes have caused as many source calls as formulas may cause "
                "in an hour (50): recalculate after 16:32 UTC."
            )
            assert lookup.found["A"].freshness is Freshness.FRESH
            assert lookup.found["NEW"].notice == ""  # which nobody has seen before
            b.clock.at += 120
            assert (await b.one("A", refresh=Refresh.FORCE)).notice == ""

    run(story())


def test_what_age_asks_for_is_not_held_back_by_explicit_refreshes(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await hammered(b, 60, every=1.0, names=["A"])
            b.clock.at += 20
            await b.find("A")
            b.clock.at += 901
            b.source.calls.clear()
            found = await b.one("A", refresh=Refresh.NORMAL)
            assert found.freshness is Freshness.FRESH and len(b.source.calls) == 1

    run(story())


@pytest.mark.parametrize("a_time", [1, 7, 50, 600])
def test_names_without_end_are_paced(tmp_path: Path, a_time: int) -> None:
    async def story() -> None:
        async with bench(tmp_path, nothing={f"X{n}" for n in range(0, 70_000, 2)}) as b:
            metered(b)
            await b.find("OLD")
            for turn in range(100):
                names = [f"X{turn * a_time + n}" for n in range(a_time)]
                found = await b.dispatcher.find(["OLD", *names])
                assert "OLD" in found.found
                b.clock.at += 0.6
            assert 50 <= b.debits() <= 62
            late = (await b.find("LATE")).failed["LATE"]
            assert isinstance(late, Paced) and late.sentence.startswith(
                "New names have caused as many source calls"
            )

    asyncio.run(story())


def test_a_workbook_of_names_is_opened_whole_and_known_names_are_not_new(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            for first in range(0, 2_400, 600):
                names = [f"S{n}" for n in range(first, first + 600)]
                assert len((await b.dispatcher.find(names)).found) == 600
            b.clock.at += DAY  # nothing of yesterday is of use, and nothing of it is new
            for first in range(0, 2_400, 600):
                names = [f"S{n}" for n in range(first, first + 600)]
                assert len((await b.dispatcher.find(names)).found) == 600
            assert b.debits() == 96

    asyncio.run(story())


def test_levels_have_an_allowance_of_their_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            metered(b)
            asked: list[str] = []

            async def levels(symbol: str) -> Levels | None:
                asked.append(symbol)
                return None

            b.source.levels = levels  # type: ignore[method-assign,assignment]
            late = 0
            for number in range(80):
                try:
                    await b.dispatcher.levels(f"S{number}")
                except Paced as paced:
                    late += 1
                    assert paced.sentence.startswith("Levels have caused as many source calls")
            assert (len(asked), late) == (50, 30)
            assert "NEW" in (await b.find("NEW")).found

    run(story())


def test_one_explicit_refresh_has_a_bound_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, replace(SETTINGS, max_calls_per_hour=3), symbols_per_call=2) as b:
            baskets = [["A", "B"], ["C", "D", "E"], [f"S{n}" for n in range(9)]]
            names = sorted({name for basket in baskets for name in basket})
            found = await b.dispatcher.find(names, refresh=Refresh.FORCE, baskets=lambda: baskets)
            assert isinstance(found.refused[2], TooManyCalls) and sorted(found.found) == list("ABCDE")
            assert found.refused[2].sentence == (
                "An explicit refresh may cause 3 source calls, and this one would take 5: "
                "refresh fewer baskets at a time."
            )

    run(story())


@pytest.mark.parametrize("why", ["unlimited", "synthetic"])
def test_where_debits_are_of_no_account_nothing_is_paced(tmp_path: Path, why: str) -> None:
    async def story() -> None:
        async with bench(tmp_path, comes_from=LIVE._replace(synthetic=why == "synthetic")) as b:
            if why == "unlimited":
                b.source.says = lambda: QuotaReading(None, None, unlimited=True, plan="Alpha")
            await hammered(b, 120, every=0.1, names=["A"])
            assert len(b.source.calls) == 120

    run(story())


def test_the_quota_comes_first(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(100, 0)
            await b.find("A")
            assert isinstance((await b.find("B", refresh=Refresh.FORCE)).failed["B"], QuotaSpent)
            assert len(b.source.calls) == 1

    run(story())
