"""One Chromium for the tests of a module, and a fresh profile for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.web.browser import Workbook, browser, chromium, workbook


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    chromium()  # without it no host is needed either
    with web_host(tmp_path_factory.mktemp("web") / "home") as found:
        yield found


@pytest.fixture
def context(running: Browser) -> Iterator[BrowserContext]:
    found = running.new_context(viewport={"width": 1500, "height": 800}, accept_downloads=True)
    yield found
    found.close()


@pytest.fixture
def book(context: BrowserContext, host: WebHost) -> Iterator[Workbook]:
    with workbook(context, host) as opened:
        yield opened
