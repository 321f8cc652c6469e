"""People's tokens at the REST door: whose it is, who pays, and how long it counts."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from basketgex_server.api import roll
from basketgex_server.api.roll import digest_of
from basketgex_server.errors import StoreAway
from basketgex_server.settings import Settings
from basketgex_server.stores.port import Person
from basketgex_server.stores.sqlite import SqliteStore
from tests.server.servers import NOON, PATIENCE, Clock, FakeSource, Served, run, serving

BASKET = "/v1/exposure/basket"
SETTINGS = Settings(http_listen="127.0.0.1:0", window_quiet=0, window_longest=0)


@dataclass
class Door:
    """The gateway of a home with people, before a made-up source."""

    served: Served
    client: httpx.Client
    clock: Clock

    def add(self, name: str, until: float | None = None, debits: int | None = None) -> None:
        """Add a person whose token is the name."""
        person = Person(name, digest_of(name.encode()), NOON, until, debits)
        assert self.store("add_person", person)

    def store(self, what: str, *arguments: Any) -> Any:
        """Do something to the store, as a command does."""

        async def do() -> Any:
            store = SqliteStore(self.served.home.state_file, 0.0, mends=False)
            try:
                return await getattr(store, what)(*arguments)
            finally:
                await store.end()

        return run(do())

    def get(self, key: str, symbols: str) -> httpx.Response:
        return self.client.get(BASKET, params={"symbols": symbols}, headers={"X-Api-Key": key})


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    clock = Clock()
    with (
        serving(tmp_path / "home", SETTINGS, lambda *_: FakeSource(clock), now=clock) as served,
        httpx.Client(base_url=f"http://{served.serving.http}", trust_env=False, timeout=PATIENCE) as client,
    ):
        yield Door(served, client, clock)


def test_whoever_asks_pays_on_one_connection_too(door: Door) -> None:
    door.add("ann")
    door.add("bob")
    assert door.get("ann", "A").status_code == 200
    assert door.get(door.served.home.token(), "B").status_code == 200
    assert door.client.get(BASKET, params={"symbols": "C", "apiKey": "bob"}).status_code == 200
    assert door.get("bob", "A,B,C").status_code == 200  # known
    assert door.store("spent_by", 0.0, math.inf) == {"ann": 1.0, "bob": 1.0, "": 1.0}


def test_whose_share_is_spent_hears_so_until_midnight(door: Door) -> None:
    door.add("ann", debits=1)
    assert door.get("ann", "A").status_code == 200
    spent = door.get("ann", "B")
    assert (spent.status_code, spent.headers["retry-after"]) == (429, str(int(7.5 * 3_600)))
    assert spent.json() == {
        "status": "ERROR",
        "error": "share_spent",
        "message": "Your share of today's debits is spent; what others ask for still reaches you.",
    }
    assert door.get("ann", "A").status_code == 200


def test_strangers_the_revoked_and_those_whose_time_is_over_are_refused(door: Door) -> None:
    door.add("ann")
    door.add("bob", until=NOON + 60)
    assert door.get("ann", "A").status_code == door.get("bob", "A").status_code == 200
    assert door.get("nobody", "A").json() == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "Invalid API key.",
    }
    door.clock.at = NOON + 60
    assert door.get("bob", "A").status_code == 401
    assert door.store("revoke", "ann")
    begun = time.monotonic()
    while door.get("ann", "A").status_code == 200:
        assert time.monotonic() - begun < 2
    assert door.get("ann", "A").status_code == 401


def test_while_the_store_is_away_nobody_is_refused_for_good(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(store: SqliteStore) -> list[Person]:
        raise StoreAway

    monkeypatch.setattr(roll, "APART", 0.0)
    monkeypatch.setattr(SqliteStore, "people", away)
    reply = door.get("ann", "A")
    assert (reply.status_code, reply.json()["error"]) == (502, "store_away")
    assert not any(name.startswith("x-ratelimit") for name in reply.headers)
    assert door.get(door.served.home.token(), "A").status_code == 200
