"""The ribbon's settings, with a real server behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from basketgex_addin import preferences
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_addin.excel import commands, component
from basketgex_server.settings import read_config
from tests.e2e.serving import Server

NVDA = Ask(("NVDA",))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BasketClient]:
    with Server(tmp_path / "home") as server, closing(BasketClient(server.home, 60.0)) as client:
        monkeypatch.setattr(component, "client", lambda home: client)
        yield client


def test_every_choice_of_the_ribbon_is_one_of_the_servers(client: BasketClient) -> None:
    found = client.settings()
    for name, among in preferences.CHOICES.items():
        assert sorted(value for value, _ in among) == sorted(found.by_name[name].choices)


def test_a_setting_is_saved_and_heeded(client: BasketClient, tmp_path: Path) -> None:
    before = client.ask(NVDA)
    assert isinstance(before, Reply)
    assert commands.settings("convention=dealer") == preferences.SAVED
    after = client.ask(NVDA)
    assert isinstance(after, Reply)
    assert (before.convention, after.convention) == ("flashalpha", "dealer")
    assert commands.settings("convention=dealer") == preferences.UNCHANGED
    assert commands.settings("cell_mode=live") == (
        f"{preferences.SAVED} {preferences.MODE_CHANGED.format(rest=preferences.IN_EXCEL)}"
    )
    assert commands.settings("source=cboe") == f"{preferences.SAVED} {preferences.TERMS}"
    folder = tmp_path / "chains"
    folder.mkdir()
    assert commands.settings(f"source=chain-files\nchain_folder={folder}").startswith(preferences.SAVED)
    written = read_config(tmp_path / "home" / "config.toml")
    assert (written["source"], written["chain_folder"]) == ("chain-files", str(folder))


def test_what_cannot_be_used_changes_nothing(client: BasketClient, tmp_path: Path) -> None:
    before = read_config(tmp_path / "home" / "config.toml")
    for wanted in ("source=chain-files", "convention=other", "cell_mode="):
        said = commands.settings(wanted)
        assert said.endswith(".")
        assert preferences.SAVED not in said
    assert read_config(tmp_path / "home" / "config.toml") == before


def test_what_the_environment_says_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(tmp_path / "home", source="sample") as server, closing(BasketClient(server.home)) as client:
        monkeypatch.setattr(component, "client", lambda home: client)
        assert commands.settings("source=cboe") == preferences.FIXED.format(names="source")


def test_the_key_is_given_in_a_terminal(client: BasketClient) -> None:
    assert commands.key().endswith(preferences.IN_A_TERMINAL)
