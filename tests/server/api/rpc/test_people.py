"""People with tokens of their own: who is let in, for what, how long, and that the ledger has who spent what."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.api import roll
from basketgex_server.api.roll import Roll, digest_of
from basketgex_server.api.rpc.token import MOST_UNDER_WAY
from basketgex_server.errors import BasketgexError, StoreAway
from basketgex_server.settings import Settings
from basketgex_server.stores.port import Person
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, PATIENCE, Clock, FakeSource, Served, run, serving, turns

T = TypeVar("T")
REFUSED = "The server refused the token: use the one in its home folder"
OR_ASK = ", or ask whoever runs the desk for one of your own"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    with serving(
        tmp_path / "home", Settings(window_quiet=0.1), lambda *_: FakeSource(clock), now=clock
    ) as found:
        yield found


def with_store(served: Served, work: Callable[[SqliteStore], Awaitable[T]]) -> T:
    """Do some work over the store of a home that is served, as a command does."""

    async def do() -> T:
        store = SqliteStore(served.home.state_file, 0.0, mends=False)
        try:
            return await work(store)
        finally:
            await store.end()

    return run(do())


def add(
    served: Served, name: str, until: float | None = None, debits: int | None = None
) -> tuple[tuple[str, str], ...]:
    """Add a person whose token is the name; return it as a call carries it."""
    person = Person(name, digest_of(name.encode()), NOON, until, debits)
    assert with_store(served, lambda store: store.add_person(person))
    return (("authorization", f"Bearer {name}"),)


def asked(served: Served, token: Any, *symbols: str) -> pb.GetBasketResponse:
    return served.stub.GetBasket(pb.GetBasketRequest(symbols=symbols), metadata=token, timeout=PATIENCE)


def refused(call: Callable[[], object]) -> tuple[str, str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code().name, dict(error.trailing_metadata())["basketgex-code"], error.details()


def test_each_person_is_let_in_and_pays_for_what_they_wanted_first(served: Served) -> None:
    ann, bob = add(served, "ann"), add(served, "bob")
    barrier = threading.Barrier(3)

    def ask(token: Any, *symbols: str) -> float:
        barrier.wait()
        return asked(served, token, *symbols).basket.net.gex

    with ThreadPoolExecutor(3) as crowd:
        asked(served, ann, "Q")  # of an unknown quota one call leaves: ann's
        asking = [crowd.submit(ask, *one) for one in ((ann, "A", "B"), (bob, "C"), (served.token, "D"))]
        assert all(math.isfinite(one.result()) for one in asking)
    spent = with_store(served, lambda store: store.spent_by(0.0, math.inf))
    assert spent.keys() == {"ann", "bob", ""}  # whatever went with what
    assert math.fsum(spent.values()) == pytest.approx(round(math.fsum(spent.values())))
    assert spent["ann"] >= 1.5


def test_a_token_that_nobody_has_is_refused(served: Served) -> None:
    stranger = (("authorization", "Bearer nobody"),)
    assert refused(lambda: asked(served, stranger, "A")) == (
        "UNAUTHENTICATED",
        "token_refused",
        REFUSED + ".",
    )
    add(served, "ann")
    said = refused(lambda: asked(served, stranger, "A"))  # which reads that there is somebody
    assert said == ("UNAUTHENTICATED", "token_refused", REFUSED + OR_ASK + ".")
    assert refused(lambda: asked(served, (), "A"))[1] == "token_refused"


def test_a_person_changes_nothing_of_the_server_and_reads_none_of_its_settings(served: Served) -> None:
    ann = add(served, "ann")
    for method, request in (
        ("Shutdown", pb.ShutdownRequest()),
        ("GetSettings", pb.GetSettingsRequest(key=True)),
        ("ChangeSettings", pb.ChangeSettingsRequest(values={"rate": "0.01"})),
    ):
        call = getattr(served.stub, method)
        sentence = "Only whoever runs this server may change it, end it or see its settings."
        said = refused(lambda call=call, request=request: call(request, metadata=ann, timeout=PATIENCE))  # type: ignore[misc]
        assert said == ("PERMISSION_DENIED", "not_allowed", sentence)
    assert served.stub.GetStatus(pb.GetStatusRequest(), metadata=ann, timeout=PATIENCE).version
    settings = served.stub.GetSettings(pb.GetSettingsRequest(), metadata=served.token, timeout=PATIENCE)
    assert {s.name: s.value for s in settings.settings.settings}["rate"] == "0.045"


def test_who_is_revoked_is_refused_within_two_seconds_and_so_is_the_stream(served: Served) -> None:
    ann, bob = add(served, "ann"), add(served, "bob")
    baskets = pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1], symbol_index=[0], weights=[1])
    watch = pb.WatchBasketsRequest(baskets=baskets, pace=1, heartbeat=1)
    streams = {one: served.stub.WatchBaskets(watch, metadata=one, timeout=PATIENCE) for one in (ann, bob)}
    for stream in streams.values():
        assert next(stream).HasField("baskets")
    assert with_store(served, lambda store: store.revoke("ann"))
    begun = time.monotonic()
    said = refused(lambda: [*streams[ann]])
    assert said == ("UNAUTHENTICATED", "token_refused", REFUSED + OR_ASK + ".")
    assert time.monotonic() - begun < 2
    assert refused(lambda: asked(served, ann, "A"))[1] == "token_refused"
    assert next(streams[bob])
    assert asked(served, bob, "A").basket.constituents
    streams[bob].cancel()
    add(served, "ann")
    assert asked(served, ann, "A").basket.constituents  # another of that name, or the same again


def test_whose_share_is_spent_hears_so_and_sees_what_is_known(served: Served, clock: Clock) -> None:
    ann, bob = add(served, "ann", debits=1), add(served, "bob")
    assert asked(served, ann, "A").basket.constituents
    error = refused(lambda: asked(served, ann, "B"))
    sentence = "Your share of today's debits is spent; what others ask for still reaches you."
    assert error == ("RESOURCE_EXHAUSTED", "share_spent", sentence)
    assert asked(served, ann, "A").basket.constituents
    assert asked(served, bob, "B").basket.constituents
    assert asked(served, ann, "B").basket.constituents  # another's, and so known
    assert refused(lambda: asked(served, ann, "A", "C"))[1] == "share_spent"  # a basket is whole or none
    clock.at += 86_400
    assert asked(served, ann, "D").basket.constituents


def test_a_token_ends_with_its_last_day(served: Served, clock: Clock) -> None:
    ann = add(served, "ann", until=NOON + 60)
    assert asked(served, ann, "A").basket.constituents
    clock.at = NOON + 60
    assert refused(lambda: asked(served, ann, "A"))[1] == "token_refused"


@dataclass
class Book:
    """People as a store keeps them; ``away``: it cannot be read."""

    names: list[str] = field(default_factory=list)
    away: bool = False
    read: int = 0

    async def people(self) -> list[Person]:
        self.read += 1
        if self.away:
            raise StoreAway
        return [Person(name, digest_of(name.encode()), NOON) for name in self.names]


def test_many_strangers_are_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "APART", 0.0)

    async def story() -> None:
        book = Book(["ann"])
        known = Roll(book, Clock())
        found = await asyncio.gather(*(known.find(token) for token in (b"ann", *[b"stranger"] * 500)))
        assert found == ["ann", *[None] * 500]
        assert book.read == 1
        assert await known.find(b"ann") == "ann"  # from memory
        assert book.read == 1
        book.names.append("bob")
        assert await known.find(b"bob") == "bob"
        assert book.read == 2

    run(story())


def test_a_home_without_people_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "EVERY", 0.0)
    monkeypatch.setattr(roll, "APART", 0.0)

    async def story() -> None:
        book = Book()
        known = Roll(book, Clock())
        known.look()
        await turns()
        assert book.read == 0
        book.names.append("ann")
        assert await known.find(b"ann") == "ann"
        known.look()
        await turns()
        assert book.read == 2

    run(story())


def test_while_the_store_is_away_who_was_known_is_known_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "APART", 0.0)

    async def story() -> None:
        book = Book(["ann"], away=True)
        known = Roll(book, Clock())
        with pytest.raises(StoreAway):  # before the first reading nobody is refused for good
            await known.find(b"ann")
        book.away = False
        assert await known.find(b"ann") == "ann"
        book.away = True
        assert await known.find(b"ann") == "ann"
        with pytest.raises(BasketgexError):
            await known.find(b"bob")
        monkeypatch.setattr(roll, "LASTS", -1.0)
        with pytest.raises(StoreAway):
            await known.find(b"ann")

    run(story())


def test_a_person_who_floods_is_refused_and_nobody_else(served: Served) -> None:
    ann, bob = add(served, "ann"), add(served, "bob")
    request = pb.WatchBasketsRequest(
        baskets=pb.BatchGetBasketsRequest(symbols=["A"], offsets=[0, 1], symbol_index=[0], weights=[1])
    )
    streams = [
        served.stub.WatchBaskets(request, metadata=ann, timeout=PATIENCE) for _ in range(MOST_UNDER_WAY)
    ]
    for stream in streams:
        next(stream)
    said = refused(lambda: asked(served, ann, "A"))
    assert said == (
        "RESOURCE_EXHAUSTED",
        "too_many_under_way",
        "You have 64 requests under way: ask again when one of them has been answered.",
    )
    assert (
        refused(lambda: next(served.stub.WatchBaskets(request, metadata=ann, timeout=PATIENCE)))[1] == said[1]
    )
    assert asked(served, bob, "A").basket.net.gex == asked(served, served.token, "A").basket.net.gex
    for stream in streams:
        stream.cancel()

    def heals() -> bool:
        try:
            return bool(asked(served, ann, "A"))
        except grpc.RpcError:
            return False

    ends = time.monotonic() + PATIENCE
    while not heals():
        assert time.monotonic() < ends
