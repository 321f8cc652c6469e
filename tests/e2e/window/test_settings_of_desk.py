"""The settings dialog of Calc in a home that has joined a desk: the cell mode is one's own, and the rest says whose it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH
from basketgex_addin import preferences
from basketgex_addin.calc.driver import Office
from tests.desk.fixtures import desk_store, postgres
from tests.e2e.calc.conftest import find_calc
from tests.e2e.calc.harness import running_calc
from tests.e2e.desk.joining import reachable
from tests.e2e.window.dialogues import answer, message
from tests.e2e.window.harness import Window
from tests.e2e.window.screen import Screen
from tests.e2e.window.test_settings import TITLE, opened
from tests.standin.upstream import Upstream

__all__ = ["desk_store", "postgres"]


def test_the_cell_mode_is_changed_and_all_else_is_the_desks(
    screen: Screen, tmp_path: Path, desk_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with Upstream() as upstream, reachable(tmp_path, desk_store, upstream, 1, source="sample") as two:
        home = two.joined("ann")
        office = partial(Office, display=screen.display)
        with running_calc(find_calc(), tmp_path / "office", home.path, office) as calc:
            window = Window(calc, screen, CELLS_PREFETCH)
            with window.new():
                assert preferences.OF_DESK in opened(window)
                answer(window, TITLE, "Down", "Return")  # what is the desk's takes no keys
                changed = preferences.MODE_CHANGED.format(rest=preferences.IN_CALC)
                assert message(window) == f"{preferences.SAVED} {changed}"
                assert home.cell_mode() == CELLS_LIVE
        assert not home.is_served()
