"""A source that fails, asked again and again by a sheet or a stream: what it costs, what is shown, and what heals it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.domain import Freshness, QuotaReading
from basketgex_server.errors import (
    BasketgexError,
    NotEntitled,
    QuotaSpent,
    RateLimited,
    SourceUnavailable,
)
from tests.server.dispatch.test_dispatcher import AWAY, Bench, bench
from tests.server.servers import LIVE, NOON, run, until

LOST = "FlashAlpha's row of B has no usable net GEX."
HOUR = 3_600.0
IN_AN_HOUR = 7
"""Tries of what fails from the first second of an hour on: after 0, 1, 3, 7, 15, 31 and 47 minutes."""


class Refused(BasketgexError):
    """As the service refuses a key: it costs nothing, and yet the next call would meet it as well."""

    code, reason, uncharged, lasting = "source_key_refused", "PERMISSION_DENIED", True, True


class Unreached(SourceUnavailable):
    uncharged = True


@dataclass(frozen=True)
class Kind:
    """``breaks`` the source of a bench; ``tries`` of it in an hour, and the debits they cost."""

    name: str
    breaks: Callable[[Bench], object]
    tries: int = IN_AN_HOUR
    uncharged: bool = False


def failing(error: Exception) -> Callable[[Bench], object]:
    return lambda b: setattr(b.source, "error", error)


KINDS = [
    Kind("a row without a figure", lambda b: b.source.broken.update(B=LOST)),
    Kind("every row without a figure", lambda b: b.source.broken.update(A=LOST, B=LOST)),
    Kind("500", failing(AWAY)),
    Kind("cut off", failing(SourceUnavailable("The connection broke off. Recalculate to ask again."))),
    Kind("a fault of ours", failing(ValueError("/secret/path"))),
    Kind("the plan is too low", failing(NotEntitled("The plan is too low."))),
    Kind("rejected", failing(BasketgexError("Rejected."))),
    Kind("the key is refused", failing(Refused("No such key.")), uncharged=True),
    Kind("too fast", failing(RateLimited("Not now.", retry_after=1.0)), tries=8),
]


async def idle(b: Bench) -> None:
    """Wait until no call is wanted or under way."""
    batcher = b.dispatcher._batcher
    await until(lambda: repr(batcher) == "<Batcher 0 wanted, 0 on their way in 0 calls>")


async def recalculated(b: Bench, names: str, seconds: float, every: float = 2.0) -> None:
    """Ask as a stream does, or a person who recalculates."""
    ends = b.clock.at + seconds
    while b.clock.at < ends:
        await b.find(names)
        await idle(b)
        b.clock.at += every


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_hour_of_recalculating_what_fails_costs_few_debits(tmp_path: Path, kind: Kind) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            kind.breaks(b)
            await recalculated(b, "A B", HOUR)
            asked = [call for call in b.source.calls if "B" in call]
            assert len(asked) == kind.tries
            assert (b.debits() == 0) if kind.uncharged else (b.debits() == len(b.source.calls))

    asyncio.run(story())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_where_a_figure_is_known_it_is_served_with_the_reason_and_costs_no_more(
    tmp_path: Path, kind: Kind
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A B")
            kind.breaks(b)
            b.clock.at += 901
            await recalculated(b, "A B", HOUR, every=10.0)
            assert len([call for call in b.source.calls[1:] if "B" in call]) <= kind.tries
            found = await b.one("B")
            assert found.freshness is Freshness.EXPIRED
            assert found.notice.startswith("Last good value: ") and "secret" not in found.notice

    asyncio.run(story())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_new_names_over_a_source_that_fails_cost_few_debits_too(tmp_path: Path, kind: Kind) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            kind.breaks(b)
            for number in range(300):
                await b.find(f"B N{number}")
                b.clock.at += 2
            if "row" not in kind.name:  # else the others are well
                assert len(b.source.calls) <= 8

    asyncio.run(story())


def test_a_stream_that_begins_stale_is_refreshed_behind_no_more_often(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A B")
            b.source.broken["B"] = LOST
            b.clock.at += 60
            await recalculated(b, "A B", 600)
            with_b = [call for call in b.source.calls[1:] if "B" in call]
            assert len(with_b) == 4  # after 0, 1, 3 and 7 minutes
            assert len(b.source.calls) == 1 + 10  # A is well, and is refreshed every minute

    asyncio.run(story())


def test_a_restart_does_not_forget(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, broken={"B": LOST}) as b:
            await b.find("A B")
            b.clock.at += 60
            await b.find("B")
        async with bench(tmp_path, broken={"B": LOST}) as again:
            again.clock.at += 60 + 119
            found = await again.find("B")
            assert found.unreadable["B"].sentence == (
                f"{LOST} Recalculating asks again after 16:33:00 UTC, an explicit refresh may try once before."
            )
            assert again.source.calls == []
            again.clock.at += 1
            await again.find("B")
            assert again.source.calls == [("B",)]
        async with bench(tmp_path) as healed:
            healed.clock.at += 180 + 240
            assert "B" in (await healed.find("B")).found
        async with bench(tmp_path, broken={"B": LOST}) as anew:
            anew.clock.at += 420 + 1_000
            await anew.find("B")
            anew.clock.at += 60
            await anew.find("B")
            assert len(anew.source.calls) == 2  # it begins with a minute again

    run(story())


def test_a_source_that_failed_is_left_alone_after_a_restart_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=AWAY) as b:
            await b.find("A")
            await b.find("B")
            assert len(b.source.calls) == 2
        async with bench(tmp_path) as again:
            assert "The source is away." in (await again.find("C")).failed["C"].sentence
            assert again.source.calls == []
            again.clock.at += 60
            assert "C" in (await again.find("C")).found

    run(story())


def test_a_key_that_was_refused_may_be_another_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=Refused("No such key.")) as b:
            await b.find("A")
            assert "A" in (await b.find("A")).failed
            assert len(b.source.calls) == 1
        async with bench(tmp_path) as again:
            assert "A" in (await again.find("A")).found

    run(story())


def test_what_never_left_is_asked_again_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=Unreached("Nobody there.")) as b:
            for _ in range(5):
                await b.find("A")
            assert (len(b.source.calls), b.debits()) == (5, 0)
            b.source.error = None
            assert "A" in (await b.find("A")).found

    run(story())


def test_an_explicit_refresh_tries_once_and_a_good_answer_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=AWAY) as b:
            await b.find("A")
            for _ in range(3):
                b.clock.at += 5
                await b.find("A", refresh=Refresh.FORCE)
            assert len(b.source.calls) == 2
            b.clock.at += 60
            b.source.error = None
            assert "A" in (await b.find("A")).found
            b.source.error = AWAY
            b.clock.at += 901
            await b.find("A")
            b.source.error = None
            assert (await b.one("A", refresh=Refresh.FORCE)).notice == ""
            assert len(b.source.calls) == 5

    run(story())


def test_one_call_finds_out_whether_the_source_is_well_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=2) as b:
            names = [f"S{n}" for n in range(10)]
            await b.dispatcher.find(names)
            b.clock.at += 901
            b.source.error, b.source.gate = AWAY, asyncio.Event()
            before = len(b.source.calls)
            asking = asyncio.create_task(b.dispatcher.find(names))
            await until(lambda: len(b.source.calls) == before + 5)
            b.source.gate.set()
            await asking  # five calls at once are one failure
            await b.find("NEW")
            assert len(b.source.calls) == before + 6
            for minutes in (1, 2, 4):
                b.clock.at += minutes * 60
                before = len(b.source.calls)
                lookup = await b.dispatcher.find([*names, "NEW"])
                assert len(b.source.calls) == before + 1
                assert all(f.notice.startswith("Last good value: The source") for f in lookup.found.values())
            b.source.error = None
            b.clock.at += 480
            await b.dispatcher.find(names)
            assert {f.notice for f in (await b.dispatcher.find(names)).found.values()} == {""}

    run(story())


def test_a_failed_call_fails_only_the_symbols_that_it_carried(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=AWAY) as b:
            await b.find("POISON")
            b.source.error = None
            assert "B" in (await b.find("B POISON")).found
            assert b.source.calls == [("POISON",), ("B",)]

    run(story())


def test_what_fails_takes_no_seat_and_a_fresh_figure_no_notice(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            await b.find("A B")
            b.source.broken["B"] = LOST
            await b.find("B", refresh=Refresh.FORCE)
            assert (await b.one("B")).notice == ""  # it is fresh all the same
            b.clock.at += 59
            b.source.broken.clear()
            b.clock.at += 1
            await b.find("B", refresh=Refresh.CACHE_ONLY)
            await b.find("C")
            assert set(b.source.calls[-1]) == {"A", "B", "C"}  # its minute is over

    run(story())


def test_files_are_read_again_whenever_they_are_asked_for(tmp_path: Path) -> None:
    """They cost nothing, and may be mended at any moment."""

    async def story() -> None:
        past = LIVE._replace(historical=True)
        async with bench(
            tmp_path, comes_from=past, metered=False, symbols_per_call=0, broken={"B": LOST}
        ) as b:
            for _ in range(3):
                assert (await b.find("B")).unreadable["B"].sentence == LOST
            b.source.broken.clear()
            assert "B" in (await b.find("B")).found
            b.source.error = AWAY
            for _ in range(3):
                assert (await b.find("C")).failed["C"].sentence == AWAY.sentence
            assert len(b.source.calls) == 7

    run(story())


def test_levels_that_fail_or_are_none_are_left_alone_and_hold_back_no_basket(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            asked: list[str] = []
            outcome: list[BasketgexError | None] = [AWAY]

            async def levels(symbol: str) -> None:
                asked.append(symbol)
                if outcome[0] is not None:
                    raise outcome[0]

            b.source.levels = levels  # type: ignore[method-assign]
            for _ in range(100):
                for symbol in "ABCD":
                    with pytest.raises(BasketgexError):
                        await b.dispatcher.levels(symbol)
                b.clock.at += 2
            assert len(asked) <= 4
            assert "A" in (await b.find("A")).found
            b.clock.at += HOUR
            outcome[0], asked[:] = None, []
            for _ in range(100):
                assert await b.dispatcher.levels("A") is None
                b.clock.at += 2
            assert asked == ["A"]

    run(story())


def test_a_debit_that_could_not_be_written_is_not_counted_as_on_its_way(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(100, 50)
            await b.find("A")
            await b.state._run(lambda: b.state._connection.execute("DROP TABLE debit"))
            for number in range(60):
                await b.find(f"S{number}")
            cache = await b.dispatcher.cache()
            assert cache.quota.left(b.clock.at) == 50

    run(story())


def test_a_spent_quota_is_no_failure_of_a_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path, error=QuotaSpent(NOON + 600, sentence="Spent.")) as b:
            await b.find("A")
            b.source.error = None
            b.clock.at += 600
            assert "A" in (await b.find("A")).found

    run(story())


@pytest.mark.parametrize("under_way", [1, 2, 5])
def test_after_a_crash_the_calls_that_were_under_way_count_as_spent(tmp_path: Path, under_way: int) -> None:
    """The last reply before it may have left before they came; and all of it in one tick of the clock."""

    async def story() -> None:
        async with bench(tmp_path, symbols_per_call=1) as b:
            landed = 0
            b.source.says = lambda: QuotaReading(100, 40 - landed)
            await b.find("BEFORE")  # else the first of them would leave alone, to ask for the quota
            b.source.gate = asyncio.Event()
            asking = asyncio.create_task(b.find(" ".join(f"S{n}" for n in range(under_way))))
            await until(lambda: len(b.source.calls) == 1 + under_way)
            first, b.source.gate = b.source.gate, None
            landed = 1
            await b.find("FIRST")  # the source has counted this one only
            after = bench(tmp_path, symbols_per_call=1)  # as if killed here: the others never land
            async with after as again:
                again.clock.at += 1
                cache = await again.dispatcher.cache()
                assert cache.quota.left(again.clock.at) == 39 - under_way
            first.set()
            await asking

    run(story())


def test_a_debit_after_the_last_reply_counts_within_one_tick_of_the_clock(tmp_path: Path) -> None:
    async def story() -> None:
        async with bench(tmp_path) as b:
            b.source.says = lambda: QuotaReading(100, 40)
            await b.find("A")
            for _ in range(3):
                await b.state.debit(LIVE.key, 1, b.clock.at)
        async with bench(tmp_path) as again:
            cache = await again.dispatcher.cache()
            assert cache.quota.left(again.clock.at) == 37

    run(story())
