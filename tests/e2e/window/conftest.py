"""One screen, and on it a Calc with its window in each cell mode. All tests of this folder run in one worker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home
from basketgex_addin.calc.driver import Office, has_window
from basketgex_server.settings import change_config
from tests.e2e.calc.conftest import find_calc
from tests.e2e.calc.harness import running_calc
from tests.e2e.serving import Server
from tests.e2e.window.harness import Window
from tests.e2e.window.screen import Screen, missing

HERE = Path(__file__).parent
MODES = (CELLS_PREFETCH, CELLS_LIVE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.calc)
            item.add_marker(pytest.mark.xdist_group("window"))


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    if absent := missing():
        pytest.skip(f"a screen needs {', '.join(absent)}")
    if not has_window(find_calc()):
        pytest.skip("this LibreOffice has no window: install libreoffice-calc, not the build without one")
    with Screen() as running:
        yield running


@pytest.fixture(scope="session", params=MODES)
def window(
    request: pytest.FixtureRequest, screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Window]:
    """A Calc in a window, with a server of the sample behind it; its cells wait in one mode and are live in the other."""
    folder = tmp_path_factory.mktemp(f"window-{request.param}")
    home = Home(folder / "home")
    change_config(home.config_file, cell_mode=request.param)
    office = partial(Office, display=screen.display)
    with (
        Server(home.path, source="sample"),
        running_calc(find_calc(), folder / "office", home.path, office) as calc,
    ):
        yield Window(calc, screen, request.param)


@pytest.fixture
def sheet(window: Window) -> Iterator[Any]:
    """A new document with a basket, a table of it, and what stands beside such tables."""
    with window.new() as document:
        window.plain(document)
        yield document
