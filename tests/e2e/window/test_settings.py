"""The dialog of Calc's menu for source, key, convention and cell mode, filled by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home
from basketgex_addin import preferences
from basketgex_addin.calc.driver import Office
from basketgex_addin.menu import SETTINGS
from basketgex_server.settings import read_config
from tests.e2e.calc.conftest import find_calc
from tests.e2e.calc.harness import running_calc
from tests.e2e.serving import Server, until
from tests.e2e.window.dialogues import answer, await_dialogue, choose, message, shown
from tests.e2e.window.harness import Window
from tests.e2e.window.screen import Screen

TITLE = "Basket GEX settings"
KEY = "fa-window-0123456789abcdef"


@pytest.fixture(scope="module")
def at_home(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Window, Home]]:
    """A Calc whose server has its settings from its home's file, and no keyring."""
    folder = tmp_path_factory.mktemp("settings")
    home = Home(folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        with (
            Server(home.path),
            running_calc(
                find_calc(), folder / "office", home.path, partial(Office, display=screen.display)
            ) as calc,
        ):
            yield Window(calc, screen, CELLS_PREFETCH), home


@pytest.fixture
def document(at_home: tuple[Window, Home]) -> Iterator[Any]:
    window = at_home[0]
    with window.new() as document:
        yield document
        if TITLE in window.screen.titles():  # of a test that failed: under a dialog no document can be closed
            answer(window, TITLE, "Escape")


def opened(window: Window) -> list[str]:
    """Open the dialog and return the texts in it."""
    choose(window, SETTINGS)
    await_dialogue(window, TITLE)
    return shown(window, TITLE)


def test_convention_and_cell_mode(at_home: tuple[Window, Home], document: Any) -> None:
    window, home = at_home
    cell = document.Sheets[0].getCellRangeByName("A1")
    cell.Formula = '=BASKETSTATUS("NVDA,AMD")'
    until(lambda: "flashalpha" in cell.String)
    said = opened(window)
    assert any("tables follow it when LibreOffice is started again" in text for text in said)
    answer(window, TITLE, *["Tab"] * 4, "Down", "Tab", "Down", "Return")
    assert (
        message(window) == f"{preferences.SAVED} {preferences.MODE_CHANGED.format(rest=preferences.IN_CALC)}"
    )
    written = read_config(home.config_file)
    assert (written["convention"], written["cell_mode"]) == ("dealer", CELLS_LIVE)
    until(lambda: "convention dealer" in cell.String)  # calculated again, without anybody's doing
    opened(window)
    answer(window, TITLE, *["Tab"] * 4, "Up", "Tab", "Up", "Return")
    message(window)
    assert read_config(home.config_file)["cell_mode"] == CELLS_PREFETCH


def test_what_cannot_be_used_is_told_and_can_be_mended(at_home: tuple[Window, Home], document: Any) -> None:
    window, home = at_home
    before = read_config(home.config_file)
    opened(window)
    window.screen.keys("Down", "Return")  # chain files, and no folder
    until(lambda: any("folder" in text and text.endswith(".") for text in shown(window, TITLE)))
    assert read_config(home.config_file) == before
    chains = home.path.parent / "chains"
    chains.mkdir()
    window.screen.focus(f"^{TITLE}$")
    window.screen.keys("Tab")
    window.screen.type(str(chains))
    answer(window, TITLE, "Return")
    assert message(window).startswith(preferences.SAVED)
    assert read_config(home.config_file)["chain_folder"] == str(chains)
    opened(window)
    answer(window, TITLE, "Up", "Return")
    message(window)
    assert read_config(home.config_file)["source"] == "sample"


def test_a_key_is_masked_kept_and_never_shown(at_home: tuple[Window, Home], document: Any) -> None:
    window, home = at_home
    home.key_file.unlink(missing_ok=True)
    assert preferences.NO_KEY in opened(window)
    window.screen.keys(*["Tab"] * 3)
    window.screen.type(KEY)
    texts = shown(window, TITLE)
    assert any(len(text) == len(KEY) and len(set(text)) == 1 for text in texts)
    assert not any(KEY in text for text in texts)
    answer(window, TITLE, "Return")
    assert message(window) == preferences.SAVED
    assert home.key_file.read_text().strip() == KEY
    assert any(text.startswith(preferences.KEY_KEPT.format(place="file")) for text in opened(window))
    assert not any(KEY in text for text in shown(window, TITLE))
    answer(window, TITLE, "Escape")


def test_cancel_changes_nothing(at_home: tuple[Window, Home], document: Any) -> None:
    window, home = at_home
    before = read_config(home.config_file)
    opened(window)
    answer(window, TITLE, *["Tab"] * 4, "Down", "Escape")
    opened(window)
    answer(window, TITLE, "Return")
    assert read_config(home.config_file) == before
