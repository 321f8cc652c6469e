"""The add-in's VBA, and one LibreOffice to compile and run it: these tests run in one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex_addin.excel import xlam
from tests.addin.excel.vba.project import modules as modules_of
from tests.e2e.calc.conftest import find_calc
from tests.e2e.calc.harness import Calc, running_calc
from tests.e2e.vba import office, project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.calc)
            item.add_marker(pytest.mark.xdist_group("vba-run"))


@pytest.fixture(scope="session")
def built() -> bytes:
    return xlam.build()


@pytest.fixture(scope="session")
def modules(built: bytes) -> dict[str, str]:
    return modules_of(built)


@pytest.fixture(scope="session")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calc]:
    folder = tmp_path_factory.mktemp("basic")
    with running_calc(find_calc(), folder, folder / "home", office.PlainOffice) as calc:
        yield calc


@pytest.fixture(scope="session")
def copied(built: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.copy(built, tmp_path_factory.mktemp("copy") / xlam.XLAM.name)


@pytest.fixture
def book(basic: Calc, copied: Path) -> Iterator[office.Book]:
    """The copy, opened anew: nothing was asked, nothing is planned."""
    with office.opened(basic, copied) as book:
        yield book
