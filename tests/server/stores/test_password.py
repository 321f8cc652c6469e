"""The store's password, in a file that the environment names."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketgex_server.api.roll import digest_of
from basketgex_server.errors import BadSettings, StoreAway
from basketgex_server.stores.factory import PASSWORD, make_store
from basketgex_server.stores.port import Person, Store
from tests.desk.postgres import Cluster
from tests.server.servers import NOON, run


@pytest.fixture
def password(postgres: Cluster, desk_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the store's password, which nothing else says."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    file = tmp_path / "password"
    file.write_bytes((postgres.folder / "password").read_bytes())
    monkeypatch.setenv(f"{PASSWORD}_FILE", str(file))
    return file


def people(store: Store) -> list[Person]:
    async def ask() -> list[Person]:
        try:
            return list(await store.people())
        finally:
            await store.end()

    return run(ask())


def test_the_stores_password_is_in_a_named_file(
    password: Path, desk_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Person("ann", digest_of(b"token"), NOON, None, None)

    async def add() -> bool:
        store = make_store(tmp_path / "state.db", desk_store, 30.0)
        try:
            return await store.add_person(ann)
        finally:
            await store.end()

    assert run(add())
    # It is read at each connection: whoever changes it there changes it here.
    store, right = make_store(tmp_path / "state.db", desk_store, 30.0), password.read_text()
    password.write_text("another")
    with pytest.raises(StoreAway):
        people(store)
    password.write_text(right)
    assert [p.name for p in people(make_store(tmp_path / "state.db", desk_store, 30.0))] == ["ann"]


def test_without_the_stores_password_nothing_starts(password: Path, desk_store: str, tmp_path: Path) -> None:
    password.write_text("")
    with pytest.raises(BadSettings) as caught:
        make_store(tmp_path / "state.db", desk_store, 30.0)
    assert caught.value.sentence == (
        "The file that BASKETGEX_STORE_PASSWORD_FILE names cannot be read, or has nothing in it."
    )
