"""A page of ours other than the workbook, in the system's Chromium: nothing may go wrong in it, nor leave this machine."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.addin.web.hosts import WebHost
from tests.e2e.web.browser import PATIENCE
from tools.lockfile import ROOT

CACHE = ROOT / ".web-test-cache"


def fetched(name: str) -> str:
    """Return a file that only tests use, or skip the test with what is missing."""
    file = CACHE / f"{name}.gz"
    if not file.is_file():
        pytest.skip(f"{name} is not fetched: run .ci/web_assets.py --tests while online")
    return gzip.decompress(file.read_bytes()).decode()


@contextmanager
def opened(context: BrowserContext, host: WebHost, path: str, *, key: bool = True) -> Iterator[Page]:
    """Open a page in a new tab; no error may be said in it, and no other address asked, by its end."""
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(host.running.http) else faults.append(f"asked {asked.url}")
        ),
    )
    page.goto(host.link(path) if key else f"{host.running.http}{path}")
    yield page
    assert faults == []
    page.close()


def until(page: Page, script: str, argument: Any = None) -> Any:
    """Wait for something in a page, whose policy forbids the eval of Playwright's own waiting."""
    give_up = time.monotonic() + PATIENCE
    while not (found := page.evaluate(script, argument)):
        assert time.monotonic() < give_up, f"it never came: {script}"
        page.wait_for_timeout(50)
    return found


def accessible(page: Page, *, only: str = "html") -> None:
    """Hold a page to what axe-core finds serious or worse."""
    page.evaluate(fetched("axe.js"))
    found = page.evaluate("only => axe.run(only)", only)
    serious = [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert len(found["passes"]) > 5  # it did look
