"""One Calc for all tests of this folder: they run in one worker, one after another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import CELLS_LIVE, Home
from basketgex_addin.calc.install import find_soffice
from basketgex_addin.client import BasketClient
from basketgex_server.settings import change_config
from tests.e2e.calc.harness import DIST_PACKAGES, Calc, running_calc
from tests.e2e.calc.opened import Opened
from tests.e2e.clocked import Clock
from tests.e2e.counting import Calls, Gate
from tests.e2e.serving import Server, fresh
from tests.standin.upstream import Upstream
from workbook_templates.build import path

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.calc)
            item.add_marker(pytest.mark.xdist_group("calc"))


def find_calc() -> Path:
    """Return the LibreOffice that tests drive; the test is skipped where there is none."""
    found = find_soffice()
    if found is None:
        pytest.skip("LibreOffice is not installed")
    if sys.version_info[:2] != (3, 11) or not Path(DIST_PACKAGES, "uno.py").exists():
        pytest.skip("UNO for this Python (python3-uno, Debian's Python 3.11) is not installed")
    return found


@pytest.fixture(scope="session")
def soffice() -> Path:
    return find_calc()


@pytest.fixture(scope="session")
def calc_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of all Calc tests; no launch command is recorded in it, so a test starts the server it wants."""
    return tmp_path_factory.mktemp("calc-home")


@pytest.fixture(scope="session")
def calc(soffice: Path, calc_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calc]:
    with running_calc(soffice, tmp_path_factory.mktemp("calc"), calc_home) as running:
        yield running


@pytest.fixture(scope="session")
def live_calc(soffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calc]:
    """A Calc that has started in live mode: how tables come is settled when LibreOffice loads the add-in."""
    home = Home(tmp_path_factory.mktemp("live-home"))
    change_config(home.config_file, cell_mode=CELLS_LIVE)
    with running_calc(soffice, tmp_path_factory.mktemp("live-calc"), home.path) as running:
        running.load()
        yield running


@pytest.fixture
def live_home(live_calc: Calc) -> Iterator[Home]:
    """Its home, with nothing in it but the mode."""
    with fresh(live_calc.home) as home:
        change_config(home.config_file, cell_mode=CELLS_LIVE)
        yield home


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


@pytest.fixture(scope="module", params=("sample", "chains"))
def source(request: pytest.FixtureRequest, calc: Calc) -> Iterator[str]:
    """What answers: the sample, or a folder of real chains."""
    settings: dict[str, Any] = {}
    if request.param == "chains":
        chains = request.getfixturevalue("shared_data") / "chains" / "basket_2026-07-10"
        settings = {"source": "chain-files", "chain_folder": chains}
    with fresh(calc.home), Server(calc.home, **settings):
        calc.awake()
        yield str(request.param)


@pytest.fixture
def sample(calc: Calc) -> Iterator[Callable[[str], Opened]]:
    """Opens a template of one's own, to be changed, on the sample."""
    documents: list[Any] = []
    with fresh(calc.home), Server(calc.home):
        calc.awake()
        client = BasketClient(Home(calc.home))

        def open_(name: str) -> Opened:
            documents.append(calc.open_document(path(name)))
            return Opened(name, "sample", calc, documents[-1], client)

        try:
            yield open_
        finally:
            client.close()
            for document in documents:
                calc.close(document)


@pytest.fixture
def service(calc: Calc, tmp_path: Path) -> Iterator[tuple[Upstream, Clock]]:
    """A source that is not historical, of a day long past, and its clock."""
    clock = Clock(tmp_path)
    with Upstream(now=clock) as upstream:
        settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        with fresh(calc.home), Server(calc.home, command=clock.command, source="flashalpha", **settings):
            calc.awake()
            yield upstream, clock
