"""One Calc for all tests of this folder: they run in one worker, one after another."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex.local import Home
from basketgex_addin.calc.install import find_soffice
from tests.e2e.calc.harness import DIST_PACKAGES, Calc, running_calc
from tests.e2e.counting import Calls, Gate
from tests.e2e.serving import fresh

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.calc)
            item.add_marker(pytest.mark.xdist_group("calc"))


@pytest.fixture(scope="session")
def soffice() -> Path:
    found = find_soffice()
    if found is None:
        pytest.skip("LibreOffice is not installed")
    if sys.version_info[:2] != (3, 11) or not Path(DIST_PACKAGES, "uno.py").exists():
        pytest.skip("UNO for this Python (python3-uno, Debian's Python 3.11) is not installed")
    return found


@pytest.fixture(scope="session")
def calc_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of all Calc tests; no launch command is recorded in it, so a test starts the server it wants."""
    return tmp_path_factory.mktemp("calc-home")


@pytest.fixture(scope="session")
def calc(soffice: Path, calc_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calc]:
    with running_calc(soffice, tmp_path_factory.mktemp("calc"), calc_home) as running:
        yield running


@pytest.fixture
def fresh_home(calc_home: Path) -> Iterator[Home]:
    """The shared Calc's home, empty before and after; the server that a test starts in it goes with it."""
    with fresh(calc_home) as home:
        yield home


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    """Every source call of a server that is started with ``calls.command``."""
    return Calls(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path)
    yield gate
    gate.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data beside the repository; no part of it."""
    found = HERE.parents[3] / "shared" / "data"
    if not found.is_dir():
        pytest.skip("no real market data: ../shared/data is absent")
    return found
