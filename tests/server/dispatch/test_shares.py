"""Caps and fair shares: what leaves for whom, who pays, and that what others ask for still serves whoever has had theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.departure import Terms, decide, single
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.people import ASKS, ShareSpent
from basketgex_server.dispatch.quota import Quota
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.domain import Freshness, QuotaReading
from basketgex_server.errors import QuotaSpent
from basketgex_server.settings import Settings
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Departure, Flight, Leaving, Ledger, Want
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, Clock, FakeSource, run, until

TERMS = Terms(3, metered=True, quiet=0.01, longest=0.05, person_debits=10)
SENTENCE = "Your share of today's debits is spent; what others ask for still reaches you."


def books(
    wants: Mapping[str, str],
    spent: Mapping[str, float] | None = None,
    *flights: Flight,
    left: int = 2_500,
    caps: Mapping[str, int] | None = None,
    age: float = 1.0,
) -> Ledger:
    """Books in which symbols are wanted by people, whose names are split by commas; "" is the home's own token."""
    value = replace(Quota(0, NOON, reading=QuotaReading(2_500, left)).value, answered=True)
    wanted = tuple(Want(s, age, people=tuple(who.split(","))) for s, who in wants.items())
    return Ledger(NOON, value, wanted, flights, spent or {}, caps or {})


def sent(departure: Departure) -> list[str]:
    return ["".join(call.symbols) for call in departure.calls]


def unpaid(departure: Departure) -> set[str]:
    """The symbols that nobody pays for; nothing else may be refused."""
    assert {type(error) for error in departure.refused.values()} <= {ShareSpent}
    return set(departure.refused)


def test_beyond_the_cap_nothing_leaves_for_a_person_and_everything_for_the_others() -> None:
    spent = {"ann": 10.0, "bob": 9.5}
    found = decide(books({"A": "ann", "B": "ann"}, spent), TERMS)
    assert (found.calls, unpaid(found), found.quota.today) == ((), {"A", "B"}, 0)
    assert (found.refused["A"].sentence, found.refused["A"].retry_after) == (SENTENCE, 7.5 * 3_600)
    assert sent(decide(books({"A": "bob"}, spent), TERMS)) == ["A"]
    assert sent(decide(books({"A": ""}, spent), TERMS)) == ["A"]  # the home's own token has no cap
    assert sent(decide(books({"A": "ann"}, spent), TERMS._replace(person_debits=0))) == ["A"]
    free = decide(books({"A": "ann"}, spent), TERMS._replace(metered=False))
    assert (sent(free), free.calls[0].by) == (["A"], {"A": "ann"})


def test_a_cap_of_ones_own_counts_instead() -> None:
    spent = {"ann": 10.0}
    assert sent(decide(books({"A": "ann"}, spent, caps={"ann": 11}), TERMS)) == ["A"]
    assert unpaid(decide(books({"A": "ann"}, {"ann": 4.0}, caps={"ann": 4}), TERMS)) == {"A"}
    assert unpaid(decide(books({"A": "ann"}, caps={"ann": 0}), TERMS)) == {"A"}
    thirds = {"ann": 1 / 3 + 1 / 3 + 1 / 3 - 1e-15}
    assert unpaid(decide(books({"A": "ann"}, thirds, caps={"ann": 1}), TERMS)) == {"A"}


def test_whose_share_is_spent_sits_in_empty_seats_and_pays_nothing() -> None:
    spent = {"ann": 10.0}
    riding = TERMS._replace(ride_alongs=lambda: "XYZ")
    found = decide(books({"A": "ann", "B": "bob"}, spent), riding)
    assert (sent(found), unpaid(found)) == (["BAX"], set())
    assert (found.calls[0].by, found.calls[0].shares) == ({"B": "bob"}, {"bob": 1.0})
    full = decide(books(dict.fromkeys("ABC", "ann") | dict.fromkeys("DE", "bob"), spent), TERMS)
    assert (sent(full), unpaid(full)) == (["DEA"], {"B", "C"})


def test_of_two_who_want_it_the_first_with_a_share_pays() -> None:
    found = decide(books({"A": "ann,bob", "B": "bob,cy"}, {"ann": 10.0}), TERMS)
    assert (sent(found), found.calls[0].by) == (["AB"], {"A": "bob", "B": "bob"})


def test_joining_and_what_has_landed_are_free_whatever_is_spent() -> None:
    ledger = books({"A": "ann", "B": "ann"}, {"ann": 10.0}, Flight(7, ("A",)))
    landed = ledger.wants[1]._replace(has_landed=True)
    found = decide(ledger._replace(wants=(ledger.wants[0], landed)), TERMS)
    assert (found.joined, found.known, found.refused) == ({"A": 7}, ("B",), {})


def test_whose_share_is_spent_waits_with_those_who_wait_and_is_refused_with_the_window() -> None:
    spent = {"ann": 10.0}
    early = decide(books({"A": "ann"}, spent, age=0.004), TERMS)
    assert (early.calls, early.refused, early.again) == ((), {}, pytest.approx(0.006))
    behind = decide(books({"A": "ann", "B": "bob"}, spent, Flight(7, ("X",))), TERMS)
    assert (behind.calls, set(behind.held), behind.refused) == ((), {"A", "B"}, {})
    assert unpaid(decide(books({"A": "ann"}, spent, Flight(7, ("X",))), TERMS)) == {"A"}
    full = decide(books(dict.fromkeys("BCD", "bob") | {"A": "ann"}, spent, age=0.004), TERMS)
    assert (sent(full), full.refused, full.again) == (["BCD"], {}, pytest.approx(0.006))
    late = decide(books(dict.fromkeys("ABC", "ann"), spent, age=0.004), TERMS)
    assert late.calls == ()  # three of hers are no full call


def test_a_burst_ends_where_the_share_does() -> None:
    found = decide(books(dict.fromkeys("ABCDEF", "ann") | {"G": "bob"}, {"ann": 9.0}), TERMS)
    assert (sent(found), unpaid(found), found.held) == (["ABC"], set("DEF"), ("G",))
    assert found.quota.today == 1


def test_what_is_scarce_is_shared_fairly() -> None:
    terms = TERMS._replace(person_debits=0)
    spent = {"ann": 1_500.0, "bob": 100.0}
    asks = {"A": "ann", "B": "bob"}
    assert decide(books(asks, spent, left=500), terms).calls[0].by == asks  # a fifth: there is plenty
    scarce = decide(books(asks, spent, left=499), terms)
    assert (sent(scarce), scarce.calls[0].by) == (["BA"], {"B": "bob"})
    forced = books({"A": "ann"}, spent, left=400)
    wants = (forced.wants[0]._replace(explicit=True, reserve=True),)
    assert unpaid(decide(forced._replace(wants=wants), terms)) == {"A"}  # explicit requests too
    alike = {"ann": 250.0, "bob": 250.0}
    assert decide(books(asks, alike, left=100), terms).calls[0].by == asks
    assert sent(decide(books({"A": "ann"}, {"ann": 1_500.0}, left=100), terms)) == ["A"]  # alone
    none = decide(books({"A": "ann"}, spent, left=0), terms)
    assert isinstance(none.refused["A"], QuotaSpent)  # of all, not of hers


@given(st.lists(st.integers(0, 900), min_size=2, max_size=8), st.integers(1, 499))
def test_while_debits_are_left_somebody_may_spend_them(had: list[int], left: int) -> None:
    spent = {f"P{n}": float(debits) for n, debits in enumerate(had)}
    asks = {chr(65 + n): person for n, person in enumerate(spent)}
    found = decide(books(asks, spent, left=left), TERMS._replace(person_debits=0, symbols_per_call=50))
    (call,) = found.calls
    assert set(call.symbols) == set(asks)
    payers = {spent[person] for person in call.by.values()}
    assert max(payers) <= (sum(had) + left) / len(had)  # nobody beyond an equal part
    assert min(had) in payers


def test_the_desk_has_a_cap_of_its_own() -> None:
    ledger = books({"A": "", "B": "ann"})
    terms = TERMS._replace(desk_debits=5)
    spent = ledger._replace(quota=replace(ledger.quota, today=5))
    for error in decide(spent, terms).refused.values():
        assert isinstance(error, QuotaSpent)
        assert error.sentence == (
            "The 5 debits that this desk may spend in a day are spent: wait until midnight UTC, or raise desk_debits."
        )
        assert error.reset_at == NOON + error.retry_after == NOON - NOON % 86_400 + 86_400
    with pytest.raises(QuotaSpent):
        single(spent, terms, Leaving(("A levels",), alone=True))
    assert sent(decide(ledger._replace(quota=replace(ledger.quota, today=4)), terms)) == ["AB"]
    tomorrow = decide(spent._replace(now=NOON + 86_400), terms)
    assert (sent(tomorrow), tomorrow.quota.today) == (["AB"], 1)


def test_the_pace_behind_the_answers_keeps_to_the_desks_own_cap() -> None:
    quota = Quota(0, NOON, today=40, reading=QuotaReading(2_500, 2_000))
    assert quota.pace(NOON, NOON + 2_000) == 1.0
    assert quota.pace(NOON, NOON + 2_000, most=50) == 200.0
    assert quota.pace(NOON, NOON + 2_000, most=9_999) == 1.0
    assert quota.pace(NOON, NOON + 2_000, most=40) == float("inf")
    assert Quota(0, NOON, today=40).pace(NOON, NOON + 2_000, most=50) == 200.0
    unlimited = Quota(0, NOON, today=40, reading=QuotaReading(None, None, unlimited=True))
    assert unlimited.pace(NOON, NOON + 2_000, most=50) == 200.0


def test_a_single_call_is_its_persons() -> None:
    call = Leaving(("A levels",), alone=True, by={"A levels": "ann"})
    assert single(books({}, {"ann": 9.0}), TERMS, call).calls == (call,)
    with pytest.raises(ShareSpent):
        single(books({}, {"ann": 10.0}), TERMS, call)
    assert single(books({}, {"ann": 10.0}), TERMS._replace(metered=False), call).calls == (call,)
    two = Leaving(("A", "B"), by={"A": "ann", "B": "bob", "C": "cy"})  # the rest of a call, without C
    (rest,) = single(books({}, {"ann": 10.0}), TERMS, two).calls
    assert rest.shares == {"bob": 1.0}


@contextmanager
def asking(person: str) -> Iterator[None]:
    before = ASKS.set(person)
    yield
    ASKS.reset(before)


def test_who_comes_while_it_is_decided_that_nobody_pays_is_asked_for() -> None:
    """Its refusal is of those who wanted it then: another may have a share left."""
    gate, looked = asyncio.Event(), asyncio.Event()
    calls: list[Leaving] = []

    async def story() -> None:
        pool = LocalPool(books({}).quota)
        pool._spent["ann"] = 10.0
        terms = TERMS._replace(quiet=0.0, longest=0.0)

        async def depart() -> Departure:
            departure = await pool.depart(lambda ledger: decide(ledger, terms), NOON)
            looked.set()
            await gate.wait()  # as a store takes its time
            return departure

        async def call(leaving: Leaving) -> Mapping[str, Outcome]:
            calls.append(leaving)
            return dict.fromkeys(leaving.symbols)

        batcher = Batcher(call, terms, pool=pool, depart=depart)
        with asking("ann"):
            hers = asyncio.ensure_future(batcher.fetch(["A", "B"]))
        await looked.wait()
        with asking("bob"):
            his = asyncio.ensure_future(batcher.fetch(["A"]))
        await asyncio.sleep(0)
        gate.set()
        assert await his == {"A": None}
        found = await hers
        assert (found["A"], type(found["B"])) == (None, ShareSpent)
        assert [(c.symbols, c.by) for c in calls] == [(("A",), {"A": "bob"})]
        with asking("ann"):
            assert isinstance((await batcher.fetch(["C"]))["C"], ShareSpent)
        await batcher.close()

    run(story())


class WithLevels(FakeSource):
    """Has no levels of any symbol, but says so for a debit."""

    async def levels(self, symbol: str) -> None:
        self.calls.append((symbol,))


def test_known_figures_and_others_calls_serve_whose_share_is_spent(tmp_path: Path) -> None:
    async def story(store: SqliteStore) -> None:
        clock = Clock()
        source = WithLevels(clock)
        settings = Settings(window_quiet=0, window_longest=0, person_debits=1)
        dispatcher = Dispatcher(source, store, settings, NewYorkSessions(), clock)
        with asking("ann"):
            assert set((await dispatcher.find("A")).found) == {"A"}
            refused = await dispatcher.find("AB")
            assert (set(refused.found), type(refused.failed["B"])) == ({"A"}, ShareSpent)
            assert dispatcher.counts.last_problem == ""  # that is no problem of the source's
            clock.at += 1_000
            old = (await dispatcher.find("A")).found["A"]  # older than what is waited for
            assert (old.freshness, old.notice) == (Freshness.EXPIRED, f"Last good value: {SENTENCE}")
            with pytest.raises(ShareSpent):
                await dispatcher.levels("A")
            hers = asyncio.ensure_future(dispatcher.levels("A"))
        with asking("bob"):
            his = asyncio.ensure_future(dispatcher.levels("A"))
            assert await his is None
        with pytest.raises(ShareSpent):
            await hers
        with asking("ann"):
            assert await dispatcher.levels("A") is None  # known by now
        assert await store.spent_by(0.0, NOON * 2) == {"ann": 1.0, "bob": 1.0}
        clock.at += 86_400
        with asking("ann"):
            assert set((await dispatcher.find("B")).found) == {"B"}
        await dispatcher.close()

    store = SqliteStore(tmp_path / "state.db", 30.0)
    run(story(store))
    store.close()


def test_what_is_not_refreshed_for_one_is_the_next_ones_turn(tmp_path: Path) -> None:
    """Behind the answers a call leaves now and then: a sheet that nobody pays for does not take those turns."""

    async def story(store: SqliteStore) -> None:
        clock = Clock()
        source = FakeSource(clock, says=lambda: QuotaReading(100, 50))
        settings = Settings(window_quiet=0, window_longest=0, person_debits=1)
        dispatcher = Dispatcher(source, store, settings, NewYorkSessions(), clock)
        with asking("ann"):
            await dispatcher.find("A")
        clock.at += 120
        cache = await dispatcher.cache()
        with asking("ann"):
            assert (await dispatcher.find("A")).found["A"].freshness is Freshness.STALE
        await until(lambda: repr(dispatcher._batcher).startswith("<Batcher 0 wanted"))
        assert cache.quota.pace(clock.at, clock.at + 3_600) > 0
        with asking("bob"):
            await dispatcher.find("A")
        await until(lambda: len(source.calls) == 2)
        await dispatcher.close()

    store = SqliteStore(tmp_path / "state.db", 30.0)
    run(story(store))
    store.close()
