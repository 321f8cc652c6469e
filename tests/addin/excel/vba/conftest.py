"""The add-in's VBA, read and analysed once: these tests run in one worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketgex_addin.excel import xlam
from tests.addin.excel.vba import project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("vba"))


@pytest.fixture(scope="session")
def built() -> bytes:
    return xlam.build()


@pytest.fixture(scope="session")
def modules(built: bytes) -> dict[str, str]:
    return project.modules(built)
