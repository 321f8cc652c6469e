"""One web host for all tests of a module that only ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.addin.web.hosts import WebHost, web_host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    with web_host(tmp_path_factory.mktemp("web") / "home") as running:
        yield running
