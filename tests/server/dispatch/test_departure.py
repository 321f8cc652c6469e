"""Which calls leave: by example, and over random traces of wants, landings, failures and clocks, in books of memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.dispatch.departure import Terms, decide, single
from basketgex_server.dispatch.quota import Quota
from basketgex_server.domain import QuotaReading
from basketgex_server.errors import QuotaSpent, SourceUnavailable
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Departure, Flight, Landing, Leaving, Ledger, QuotaValue, Want
from tests.server.servers import NOON, run

WINDOWLESS = Terms(3, metered=True, quiet=0.0, longest=0.0)
TERMS = Terms(3, metered=True, quiet=0.01, longest=0.05)


def quota(left: int | None = 2_500, answered: bool = True) -> QuotaValue:
    reading = None if left is None else QuotaReading(2_500, left)
    return replace(Quota(0, NOON, reading=reading).value, answered=answered)


def ledger(wants: str = "", *flights: Flight, age: float = 1.0, value: QuotaValue | None = None) -> Ledger:
    return Ledger(NOON, value or quota(), tuple(Want(s, age) for s in wants), flights)


def sent(departure: Departure) -> list[str]:
    return ["".join(call.symbols) for call in departure.calls]


def test_when_the_window_is_over_all_leaves_in_the_fewest_calls() -> None:
    departure = decide(ledger("ABCDEFG"), TERMS)
    assert (sent(departure), departure.held) == (["ABC", "DEF"], ("G",))
    assert (departure.quota.today, departure.quota.flying) == (2, 2)
    assert sent(decide(ledger("AB"), TERMS._replace(ride_alongs=lambda: "XAY"))) == ["ABX"]


def test_while_it_lasts_only_full_calls_leave() -> None:
    early = decide(ledger("AB", age=0.004), TERMS)
    assert (early.calls, early.again) == ((), pytest.approx(0.006))
    full = decide(ledger("ABCD", age=0.004), TERMS)
    assert (sent(full), full.held, full.again) == (["ABC"], (), pytest.approx(0.006))
    wants = (Want("A", 0.0495), Want("B", 0.0))
    assert decide(Ledger(NOON, quota(), wants), TERMS).again is None  # the longest is over in a millisecond
    assert sent(decide(ledger("ABCD", age=0.004), TERMS._replace(metered=False))) == ["ABC", "D"]


def test_an_under_full_call_waits_for_the_one_in_flight_and_for_no_other_window() -> None:
    flight = Flight(7, ("X",))
    waits = decide(ledger("A", flight), TERMS)
    assert (waits.calls, waits.held, waits.again) == ((), ("A",), None)
    held = (Want("A", 9.0, held=True), Want("B", 0.0))
    assert decide(Ledger(NOON, quota(), held), TERMS).again == pytest.approx(0.01)
    assert sent(decide(Ledger(NOON, quota(), held[:1]), TERMS)) == ["A"]
    assert sent(decide(ledger("A", Flight(7, ("X levels",), is_alone=True)), TERMS)) == ["A"]


def test_what_is_in_flight_is_joined_and_what_has_landed_is_known() -> None:
    wants = (Want("A", 1.0), Want("B", 1.0, has_landed=True), Want("C", 1.0, explicit=True, has_landed=True))
    found = decide(Ledger(NOON, quota(), wants, (Flight(7, ("A", "X"), is_suspect=True),)), TERMS)
    assert (found.joined, found.known, sent(found)) == ({"A": 7}, ("B",), ["C"])
    assert found.calls[0].explicit


def test_a_suspects_call_holds_back_its_own_names_only_and_a_lost_one_nothing() -> None:
    suspect = Flight(7, ("A",), is_suspect=True)
    assert sent(decide(ledger("AB", suspect), TERMS)) == ["B"]
    flying = replace(quota(), today=5, flying=1)
    lost = decide(ledger("AB", suspect._replace(is_lost=True), value=flying), TERMS)
    assert (sent(lost), lost.lost) == (["AB"], (7,))
    assert (lost.quota.today, lost.quota.flying) == (6, 1)  # it counts as spent


def test_what_does_not_fit_is_refused_to_its_own_waiters_only() -> None:
    found = decide(ledger("ABCDEFGHI", value=quota(2)), TERMS)
    assert sent(found) == ["ABC", "DEF"]
    assert set(found.refused) == set("GHI")
    assert all(isinstance(error, QuotaSpent) for error in found.refused.values())
    away = SourceUnavailable("The source is away.")
    shut = TERMS._replace(gate=lambda call: away if "A" in call.symbols else None)
    gated = decide(ledger("ABCDEF"), shut)
    assert (sent(gated), gated.refused) == (["DEF"], dict.fromkeys("ABC", away))


def test_the_reserve_is_for_calls_that_may_use_it() -> None:
    terms = TERMS._replace(reserve=50)
    wants = (Want("A", 1.0, explicit=True, reserve=True), Want("B", 1.0))
    assert sent(decide(Ledger(NOON, quota(50), wants), terms)) == ["AB"]
    assert set(decide(Ledger(NOON, quota(50), wants[1:]), terms).refused) == {"B"}


def test_an_account_whose_quota_is_unknown_sends_one_call_and_waits_for_its_reply() -> None:
    unknown = quota(None, answered=False)
    first = decide(ledger("ABCDEFG", value=unknown), TERMS)
    assert (sent(first), first.held, first.refused) == (["ABC"], ("D", "E", "F", "G"), {})
    again = decide(ledger("DEFG", Flight(1, tuple("ABC")), value=first.quota), TERMS)
    assert (again.calls, again.held) == ((), ("D", "E", "F", "G"))
    alone = single(
        ledger("", Flight(1, tuple("ABC")), value=first.quota), TERMS, Leaving(("X levels",), alone=True)
    )
    assert alone.calls == ()
    told = replace(first.quota, answered=True)  # it has answered, and tells nothing of its quota
    assert sent(decide(ledger("DEFGHI", Flight(1, tuple("ABC")), value=told), TERMS)) == ["DEF", "GHI"]
    assert sent(decide(ledger("ABCDEF", value=unknown), TERMS._replace(metered=False))) == ["ABC", "DEF"]


def test_a_single_call_passes_the_same_gates() -> None:
    call = Leaving(("A levels",), alone=True)
    assert single(ledger(), TERMS, call).calls == (call,)
    with pytest.raises(QuotaSpent):
        single(ledger(value=quota(0)), TERMS, call)
    with pytest.raises(SourceUnavailable):
        single(ledger(), TERMS._replace(gate=lambda _: SourceUnavailable("Away.")), call)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5), st.integers(0, 12), st.booleans())
def test_whatever_happens_the_books_are_right(
    chance: random.Random, per_call: int, debits: int, told: bool
) -> None:
    """No symbol is in two calls, an under-full call leaves beside no other, the quota holds, and every want ends."""

    async def story() -> None:
        terms = Terms(per_call, metered=True, quiet=0.0, longest=0.0)
        pool = LocalPool(quota(debits if told else None, answered=False))
        flying: dict[int, tuple[str, ...]] = {}
        waiting: set[str] = set()
        left = 0

        async def depart() -> None:
            nonlocal left
            before = bool(flying)
            unknown = Quota.of(pool.quota, 0, NOON).is_untold(NOON)
            found = await pool.depart(lambda books: decide(books, terms), NOON)
            for call in found.calls:
                assert not set(call.symbols) & {s for f in flying.values() for s in f}
                under_full = len(call.symbols) < per_call
                assert not (under_full and (before or len(found.calls) > 1))
                flying[call.number] = call.symbols
            left += len(found.calls)
            if unknown:
                assert len(found.calls) <= (0 if before else 1)
            pool.unwant(list(found.refused))
            waiting.difference_update(found.refused)
            assert left <= debits

        def settle(value: QuotaValue, now: float) -> QuotaValue:
            book = Quota.of(value, 0, now)
            book.settle(QuotaReading(2_500, debits - left), now, answered=True)
            return book.value

        async def land() -> None:
            number = chance.choice(sorted(flying))
            waiting.difference_update(flying.pop(number))
            await pool.land(number, Landing(settle), NOON)
            await pool.land(number, Landing(settle), NOON)  # a landing twice is one

        for _ in range(30):
            wanted = [f"S{chance.randrange(20)}" for _ in range(chance.randint(0, 6))]
            new = [s for s in wanted if s not in waiting]
            waiting.update(new)
            pool.want(new)
            if chance.random() < 0.7 and (debits or told):
                await depart()
            if flying and chance.random() < 0.5:
                await land()
        if not debits and not told:
            return  # where nothing is known the first call would leave
        while flying or waiting:
            while flying:
                await land()
            await depart()
        assert pool.quota.flying == 0

    run(asyncio.wait_for(story(), 20))


def test_who_comes_while_a_debit_is_committed_shares_its_call() -> None:
    class Slow(LocalPool):
        async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
            await gate.wait()

    gate = asyncio.Event()

    async def story() -> None:
        pool = Slow(quota())
        pool.want("AB")
        leaving = asyncio.create_task(pool.depart(lambda books: decide(books, WINDOWLESS), NOON))
        await asyncio.sleep(0)
        pool.want("A")
        gate.set()
        (call,) = (await leaving).calls
        await pool.land(call.number, Landing(), NOON)
        assert (await pool.depart(lambda books: decide(books, WINDOWLESS), NOON)).calls == ()

    run(story())
