"""What basketgex doctor makes of a desk's store."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from basketgex.home import Home
from basketgex_cli.doctor import installation
from basketgex_cli.doctor.report import ATTENTION, FAULT, OK, Facts
from basketgex_server.stores.postgres.look import are_one
from tests.desk.fixtures import desk_store, postgres

__all__ = ["desk_store", "postgres"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_store_that_is_there(home: Home, desk_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETGEX_STORE", desk_store)
    found = installation.store(Facts(home, ask=False))
    assert found.state == OK
    assert found.found.startswith("PostgreSQL at 127.0.0.1, version ")
    assert found.found.endswith(", whose clock agrees")


@pytest.mark.parametrize(("late", "said"), [(3_600.0, "ahead of"), (-3_600.0, "behind")])
def test_clocks_that_differ(
    home: Home, desk_store: str, monkeypatch: pytest.MonkeyPatch, late: float, said: str
) -> None:
    monkeypatch.setenv("BASKETGEX_STORE", desk_store)
    found = installation.store(Facts(home, ask=False, now=lambda: time.time() - late))
    assert found.state == ATTENTION
    assert f" s {said} this computer's" in found.found
    assert " 3,600.0 s " in found.found or " 3,599." in found.found


def test_a_store_that_is_away(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETGEX_STORE", "postgresql://desk@127.0.0.1:9/none")
    found = installation.store(Facts(home, ask=False))
    assert found.state == FAULT
    assert found.found.startswith("PostgreSQL at 127.0.0.1 cannot be reached (")


def test_connections_that_share_a_session_are_told_from_those_that_do_not(desk_store: str) -> None:
    async def story() -> None:
        one, other = await asyncpg.connect(desk_store), await asyncpg.connect(desk_store)
        assert not await are_one(one, other)
        assert await are_one(one, one)
        await one.close()
        await other.close()

    asyncio.run(story())
