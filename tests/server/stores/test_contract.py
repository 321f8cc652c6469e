"""What every store does, whichever engine it is of: one test each, for ``state.db`` and for PostgreSQL."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from basketgex_server.dispatch.departure import Terms, decide, single
from basketgex_server.dispatch.people import ShareSpent
from basketgex_server.dispatch.quota import Quota
from basketgex_server.domain import (
    Failure,
    Fetched,
    Measures,
    QuotaReading,
    RowCounts,
    Snapshot,
    SymbolExposure,
)
from basketgex_server.errors import QuotaSpent, SourceUnavailable
from basketgex_server.stores.port import Departure, Landing, Leaving, Ledger, Person, Pool, QuotaValue, Store
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, made_up, run

HERE = "an account"
TERMS = Terms(3, metered=True, quiet=0.0, longest=0.0)
TOLD = QuotaReading(2_500, 2_000)


@dataclass
class Makes:
    """Makes a store: each is another process's, as far as the engine is shared."""

    engine: str
    path: Path
    url: str

    def __call__(self) -> Store:
        if self.engine == "sqlite":
            return SqliteStore(self.path, 30.0)
        from basketgex_server.stores.postgres import PostgresStore

        return PostgresStore(self.url, 30.0)


@pytest.fixture(params=["sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Makes:
    url = request.getfixturevalue("desk_store") if request.param == "postgres" else ""
    return Makes(request.param, tmp_path / "state.db", url)


def told(make: Makes, story: Callable[[Store], Awaitable[None]]) -> None:
    """Tell a story of one store, which ends afterwards."""

    async def with_store() -> None:
        store = make()
        try:
            await story(store)
        finally:
            await store.end()

    run(with_store())


async def opened(store: Store, reading: QuotaReading | None = TOLD, *, explicit: bool = False) -> Pool:
    """Return an account's books; a desk's store has a clock of its own, and so a day."""
    now = NOON if isinstance(store, SqliteStore) else time.time()
    await store.load(HERE, NOON)
    return store.pool(HERE, Quota(0, now, reading=reading).value, lambda _: (explicit, False))


async def leaves(pool: Pool, names: str = "", terms: Terms = TERMS) -> Departure:
    pool.want(list(names))
    return await pool.depart(lambda ledger: decide(ledger, terms), NOON)


def brought(*names: str, missing: str = "", at: float = NOON) -> Landing:
    def settle(value: QuotaValue, now: float) -> QuotaValue:
        quota = Quota.of(value, 0, now)
        quota.settle(None, now, answered=True)
        return quota.value

    fetched = Fetched({name: made_up(name) for name in names}, frozenset(missing))
    return Landing(settle, fetched=fetched, fetched_at=at)


async def keep(store: Store, pool: Pool, call: Leaving, landing: Landing) -> None:
    """Land as the dispatcher does: what came with the landing in one store is appended in the other."""
    await pool.land(call.number, landing, NOON)
    fetched = landing.fetched
    assert fetched is not None
    store.append(
        HERE,
        {s: Snapshot(e, landing.fetched_at) for s, e in fetched.exposures.items()},
        dict.fromkeys(fetched.missing, landing.fetched_at),
    )


async def until_true(condition: Callable[[], Awaitable[object]]) -> None:
    """Ask the store until it says so, but not for ever: what is not awaited is written behind."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - another process could have written it
            await asyncio.sleep(0.01)


async def until_kept(store: Store, *names: str) -> None:
    async def is_kept() -> bool:
        known = await store.load(HERE, NOON)
        return set(names) <= known.snapshots.keys() | known.missing.keys()

    await until_true(is_kept)


async def next_call(pool: Pool) -> Leaving:
    """Return the next call that leaves."""
    found: list[Leaving] = []

    async def has_left() -> bool:
        found.extend((await leaves(pool)).calls)
        return bool(found)

    await until_true(has_left)
    return found[0]


async def until_past(store: Store, count: int) -> None:
    async def is_there() -> bool:
        return len((await store.past(HERE, ["A"], 9))["A"]) == count

    await until_true(is_there)


def test_a_snapshot_comes_back_bit_by_bit(make: Makes) -> None:
    third = Measures(1 / 3, -0.1 + 0.2, 1e-300, -1.7976931348623157e308)
    whole = SymbolExposure(
        "BRK.B",
        0.1 + 0.2,
        third,
        NOON - 1 / 7,
        oi_as_of=NOON - 3_600.1,
        call=third,
        put=Measures(0.0, 1.0, 2.0, 3.0),
        rows=RowCounts(*range(1, len(RowCounts._fields) + 1)),
        usable_open_interest=2 / 3,
        unverified=True,
    )
    plain = replace(made_up("SPY"), strikes=())

    async def story(store: Store) -> None:
        pool = await opened(store)
        (call,) = (await leaves(pool, "AB")).calls
        fetched = Fetched({"BRK.B": whole, "SPY": plain}, frozenset({"GONE"}))
        landing = brought(at=NOON + 0.1)._replace(fetched=fetched)
        await keep(store, pool, call, landing)
        await until_kept(store, "BRK.B", "SPY", "GONE")
        known = await store.load(HERE, NOON)
        assert known.snapshots == {"BRK.B": Snapshot(whole, NOON + 0.1), "SPY": Snapshot(plain, NOON + 0.1)}
        assert known.missing == {"GONE": NOON + 0.1}
        assert (await store.load("another account", NOON)).snapshots == {}

    told(make, story)


def test_the_newest_counts_and_what_was_before_is_history(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store, explicit=True)
        for number in range(3):
            (call,) = (await leaves(pool, "A")).calls
            exposure = made_up("A", NOON + number, float(number))
            landing = brought(at=NOON + number)._replace(fetched=Fetched({"A": exposure}, frozenset()))
            await keep(store, pool, call, landing)
            await until_past(store, number + 1)
        found = (await store.load(HERE, NOON + 9)).snapshots["A"]
        assert (found.fetched_at, found.exposure.net.gex) == (NOON + 2, 2.0)
        past = await store.past(HERE, ["A", "B"], 2)
        assert past == {"A": [(NOON + 1, NOON + 1, 1.0), (NOON + 2, NOON + 2, 2.0)], "B": []}

    told(make, story)


def test_a_debit_is_committed_when_the_departure_returns(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        departure = await leaves(pool, "ABCDEF")
        assert [call.symbols for call in departure.calls] == [("A", "B", "C"), ("D", "E", "F")]
        assert len({call.number for call in departure.calls}) == 2
        other = make()  # another process
        try:
            now = departure.quota.day * 86_400.0 + 60  # the day of the store's own clock, where it has one
            assert (await other.spent(HERE, now)).total == 2
        finally:
            await other.end()

    told(make, story)


def test_what_decide_refuses_is_not_written(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store, QuotaReading(2_500, 1))
        departure = await leaves(pool, "ABCDEF")
        assert len(departure.calls) == 1 and set(departure.refused) == set("DEF")
        assert (await store.spent(HERE, NOON)).total == 1
        pool.unwant(list("DEF"))
        with pytest.raises(QuotaSpent):
            await pool.depart(lambda ledger: single(ledger, TERMS, Leaving(("X levels",), alone=True)), NOON)
        with pytest.raises(ZeroDivisionError):
            await pool.depart(lambda ledger: decide(ledger, TERMS._replace(symbols_per_call=1 // 0)), NOON)
        assert (await store.spent(HERE, NOON)).total == 1

    told(make, story)


def test_a_landing_twice_is_one_and_an_uncharged_call_is_no_debit(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        first, second = (await leaves(pool, "ABCDEF")).calls

        def settle(value: QuotaValue, now: float) -> QuotaValue:
            quota = Quota.of(value, 0, now)
            quota.settle(None, now, uncharged=True)
            return quota.value

        free = Landing(settle, uncharged=True, error=SourceUnavailable("Nobody there."))
        for _ in range(3):
            await pool.land(first.number, free, NOON)
            await pool.land(second.number, brought("D", "E", "F"), NOON)
        read: list[QuotaValue] = []

        def look(value: QuotaValue, _: float) -> QuotaValue:
            read.append(value)
            return value

        async def has_landed() -> bool:
            await pool.note(look, NOON)
            return not read[-1].flying

        await until_true(has_landed)
        assert (read[-1].today, read[-1].flying) == (1, 0)
        assert (await store.spent(HERE, NOON)).total == 1

    told(make, story)


def test_a_debit_is_divided_over_what_was_waited_for_by_who_wanted_it_first(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        pool.want(["A", "B"], "ann")
        pool.want(["B", "C"], "bob")
        pool.want(["D"])
        terms = TERMS._replace(symbols_per_call=6, ride_alongs=lambda: "XY")
        (call,) = (await leaves(pool, terms=terms)).calls
        assert call.symbols == ("A", "B", "C", "D", "X", "Y")
        assert call.shares == {"ann": 0.5, "bob": 0.25}
        alone = Leaving(("A levels",), alone=True, by={"A levels": "bob"})
        await pool.depart(lambda ledger: single(ledger, TERMS, alone), NOON)
        assert await store.spent_by(0.0, math.inf) == {"ann": 0.5, "bob": 1.25, "": 0.25}
        by_symbol = dict.fromkeys("ABCD", 0.25) | {"A levels": 1.0}
        assert await store.spent_for(0.0, math.inf) == by_symbol  # what rides along is free
        assert await store.spent_for(0.0, 1.0) == {}
        assert (await store.spent(HERE, NOON)).total == 2
        assert await store.spent_by(0.0, 1.0) == {}

    told(make, story)


@pytest.mark.parametrize("make", ["postgres"], indirect=True)
def test_a_desk_of_an_earlier_build_gets_what_it_lacks(make: Makes) -> None:
    import asyncpg

    async def earlier(*statements: str) -> None:
        connection = await asyncpg.connect(make.url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    async def story(store: Store) -> None:
        bob = Person("bob", "b2", NOON)
        assert await store.add_person(bob)
        await leaves(await opened(store), "Z")
        await earlier(
            "DROP TABLE layout",
            "ALTER TABLE person DROP COLUMN debits",
            "ALTER TABLE wanted DROP COLUMN people",
            "ALTER TABLE call DROP COLUMN waited",
        )
        other = make()
        try:
            assert await other.people() == [bob]
            assert await other.add_person(Person("ann", "a1", NOON, debits=7))
            await earlier("INSERT INTO person VALUES ('cy', 'c3', 1, NULL)")  # as its servers go on to write
            assert [person.debits for person in await other.people()] == [7, None, None]
            pool = await opened(other)
            pool.want(["A", "B", "C"], "ann")
            assert (await leaves(pool)).calls[0].by == dict.fromkeys("ABC", "ann")
            assert await other.spent_for(0.0, math.inf) == {
                "": 1.0,
                **dict.fromkeys("ABC", pytest.approx(1 / 3)),
            }
        finally:
            await other.end()

    told(make, story)


@pytest.mark.parametrize("make", ["postgres"], indirect=True)  # a home hears of its own commits
def test_what_certainly_never_left_is_nobodys_once(make: Makes) -> None:
    import asyncpg

    async def story(store: Store) -> None:
        pool = await opened(store)
        pool.want(["A"], "ann")
        await leaves(pool)
        connection = await asyncpg.connect(make.url)
        for _ in range(2):  # as often as it takes
            await connection.execute("SELECT desk_free($1, token) FROM call", HERE)
        await connection.close()
        pool.want(["B"], "ann")
        assert len((await leaves(pool)).calls) == 1
        books: list[Ledger] = []

        def look(ledger: Ledger) -> Departure:
            books.append(ledger)
            return Departure(ledger.quota)

        await pool.depart(look, NOON)
        assert (books[-1].spent, books[-1].quota.today) == ({"ann": 1.0}, 1)
        assert await store.spent_by(0.0, math.inf) == {"ann": 1.0}

    told(make, story)


@pytest.mark.parametrize("make", ["postgres"], indirect=True)  # a home has one server
def test_whoever_wants_it_first_on_another_replica_pays(make: Makes) -> None:
    async def story(store: Store) -> None:
        other = make()
        try:
            pool, another = await opened(store), await opened(other)
            pool.want(["A"], "ann")
            await leaves(pool, terms=TERMS._replace(quiet=60.0, longest=60.0))  # published, and not gone yet
            another.want(["A", "B"], "bob")
            (call,) = (await leaves(another)).calls
            assert (call.symbols, call.by) == (("A", "B"), {"A": "ann", "B": "bob"})
            assert await store.spent_by(0.0, math.inf) == {"ann": 0.5, "bob": 0.5}
        finally:
            await other.end()

    told(make, story)


def test_three_thirds_are_one_debit_and_what_was_not_charged_is_nobodys(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        for name, person in zip("ABCDEF", ("ann", "bob", "cy", "ann", "", "bob"), strict=True):
            pool.want([name], person)
        _, second = (await leaves(pool)).calls
        spent = await store.spent_by(0.0, math.inf)
        assert spent == pytest.approx({"ann": 2 / 3, "bob": 2 / 3, "cy": 1 / 3, "": 1 / 3})
        assert await store.spent_for(0.0, math.inf) == pytest.approx(dict.fromkeys("ABCDEF", 1 / 3))
        await pool.land(
            second.number, Landing(uncharged=True, error=SourceUnavailable("Nobody there.")), NOON
        )

        async def is_taken_back() -> bool:
            return await store.spent_by(0.0, math.inf) == pytest.approx(
                dict.fromkeys(("ann", "bob", "cy"), 1 / 3)
            )

        await until_true(is_taken_back)
        assert await store.spent_for(0.0, math.inf) == pytest.approx(dict.fromkeys("ABC", 1 / 3))

    told(make, story)


def test_the_books_have_what_persons_have_spent_today_and_their_own_caps(make: Makes) -> None:
    read: list[Ledger] = []
    terms = TERMS._replace(symbols_per_call=2)

    async def look(pool: Pool) -> Ledger:
        def note(ledger: Ledger) -> Departure:
            read.append(ledger._replace(spent=dict(ledger.spent), caps=dict(ledger.caps)))
            return Departure(ledger.quota)

        await pool.depart(note, NOON)
        return read[-1]

    async def story(store: Store) -> None:
        pool = await opened(store)
        assert (await look(pool)).spent == {}
        for name, person in zip("ABCDE", ("ann", "bob", "ann", "", "ann"), strict=True):
            pool.want([name], person)
        first, _ = (await leaves(pool, terms=terms)).calls
        assert (await look(pool)).spent == {"ann": 1.0, "bob": 0.5}
        await pool.land(first.number, Landing(uncharged=True, error=SourceUnavailable("Away.")), NOON)

        async def is_taken_back() -> bool:
            return {person: debits for person, debits in (await look(pool)).spent.items() if debits} == {
                "ann": 0.5
            }

        await until_true(is_taken_back)
        for person in (Person("ann", "a1", NOON, debits=7), Person("bob", "b2", NOON)):
            assert await store.add_person(person)
        assert [person.debits for person in await store.people()] == [7, None]
        assert (await look(pool)).caps == {"ann": 7}
        await store.revoke("ann")
        await store.people()
        assert ((await look(pool)).caps, read[-1].spent["ann"]) == ({}, 0.5)
        again = make()  # another process, or the next
        try:
            later = await look(await opened(again))
            assert {person: debits for person, debits in later.spent.items() if debits} == {"ann": 0.5}
        finally:
            await again.end()

    told(make, story)


def test_who_has_spent_their_share_is_refused_over_the_books(make: Makes) -> None:
    terms = TERMS._replace(person_debits=1)

    async def story(store: Store) -> None:
        pool = await opened(store)
        pool.want(["A"], "ann")
        (call,) = (await leaves(pool, terms=terms)).calls
        await keep(store, pool, call, brought("A"))
        await until_kept(store, "A")
        pool.want(["B"], "ann")

        async def is_refused() -> bool:
            departure = await leaves(pool, terms=terms)
            assert departure.calls == ()
            return isinstance(departure.refused.get("B"), ShareSpent)

        await until_true(is_refused)
        pool.want(["B"], "ann")
        pool.want(["C"], "bob")
        (second,) = (await leaves(pool, terms=terms)).calls
        assert (set(second.symbols), second.shares) == ({"B", "C"}, {"bob": 1.0})

    told(make, story)


def test_people_are_kept_by_name_and_those_revoked_are_gone(make: Makes) -> None:
    ann, bob = Person("ann", "a1", NOON), Person("bob", "b2", NOON + 0.1, NOON + 86_400)

    async def story(store: Store) -> None:
        assert await store.people() == []
        assert await store.add_person(bob)
        assert await store.add_person(ann)
        assert not await store.add_person(ann._replace(digest="another's"))
        other = make()  # another process
        try:
            assert await other.people() == [ann, bob]
            assert await other.revoke("ann")
            assert not await other.revoke("ann")
            assert not await other.revoke("nobody")
        finally:
            await other.end()
        assert await store.people() == [bob]
        assert await store.add_person(ann)

    told(make, story)


def test_wants_keep_their_order_and_what_nobody_wants_is_not_asked(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        pool.want(["Z", "B", "A"])
        pool.want(["M", "B"])
        pool.unwant(["A"])
        (call,) = (await pool.depart(lambda ledger: decide(ledger, TERMS), NOON)).calls
        assert call.symbols == ("Z", "B", "M")
        assert (await leaves(pool)).calls == ()

    told(make, story)


def test_what_is_in_flight_is_joined_and_held_ones_leave_after_it(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store)
        (first,) = (await leaves(pool, "AB")).calls
        second = await leaves(pool, "AC")
        assert (second.calls, second.held) == ((), ("C",))
        await pool.land(first.number, brought("A", "B"), NOON)
        assert (await next_call(pool)).symbols == ("C",)

    told(make, story)


def test_an_unknown_quota_lets_one_call_leave_whoever_asks(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store, None)
        departure = await leaves(pool, "ABCDEF")
        assert [call.symbols for call in departure.calls] == [("A", "B", "C")]
        assert (await leaves(pool)).calls == ()
        alone = await pool.depart(
            lambda ledger: single(ledger, TERMS, Leaving(("X levels",), alone=True)), NOON
        )
        assert alone.calls == ()
        await pool.land(departure.calls[0].number, brought("A", "B", "C"), NOON)
        assert (await next_call(pool)).symbols == ("D", "E", "F")

    told(make, story)


def test_failures_and_answers_are_kept(make: Makes) -> None:
    failure = Failure("bad_chain", "UNAVAILABLE", "It broke off.", 2, NOON, NOON + 120, tried=True)

    async def story(store: Store) -> None:
        await opened(store)
        store.fail(HERE, {"A": failure, "B": failure})
        store.answered(HERE, 3, NOON)
        store.answered(HERE, 4, NOON)
        store.forget(HERE, ["B", "C"])

        async def is_kept() -> bool:
            failures = (await store.load(HERE, NOON)).failures
            return failures == {"A": failure} and (await store.spent(HERE, NOON)).answered_today == 7

        await until_true(is_kept)

    told(make, story)


def test_what_has_outlived_its_history_goes_but_never_the_newest(make: Makes) -> None:
    async def story(store: Store) -> None:
        pool = await opened(store, explicit=True)
        for count, at in enumerate((NOON - 40 * 86_400, NOON - 39 * 86_400), 1):
            (call,) = (await leaves(pool, "A")).calls
            await keep(store, pool, call, brought("A", at=at))
            await until_past(store, count)
        store.age_out(HERE, NOON)
        await until_past(store, 1)
        assert (await store.load(HERE, NOON)).snapshots["A"].fetched_at == NOON - 39 * 86_400

    told(make, story)
