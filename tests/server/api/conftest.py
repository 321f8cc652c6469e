"""A server over real chains, for the calls that compute from whole chains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex_server.settings import Settings
from tests.server.servers import Served, serving

FOLDER = "chains/basket_2026-07-10"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Served]:
    settings = Settings(source="chain-files", chain_folder=str(shared_data / FOLDER))
    with serving(tmp_path_factory.mktemp("home"), settings) as served:
        yield served
