"""The system's Chromium with the workbook in it, driven as a person does, by mouse and keys."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from basketgex_addin.web import assets
from tests.addin.web.hosts import WebHost

PATIENCE = 60.0
"""Seconds by which whatever a test waits for has long happened."""
WIDTH, HEIGHT, HEAD, NUMBERS = 118, 24, 20, 46  # pixels of a cell, and of the sheet's own headings
CALM = 4  # looks in a row that find nothing under way


def chromium() -> str:
    """Return the program, or skip the test with what is missing."""
    if not assets.version():
        pytest.skip("the browser workbook's files are not fetched: run make run while online")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("Chromium is not installed: as root, apt-get install chromium")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    program = chromium()
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        running = playwright.chromium.launch(executable_path=program, args=sandbox)
        try:
            yield running
        finally:
            running.close()


class Workbook:
    """One page with the workbook. Whatever goes wrong in it fails the test, as does a request to anywhere else."""

    def __init__(self, page: Page, host: WebHost, *, enters: bool = True) -> None:
        self.page = page
        self.host = host
        self.faults: list[str] = []
        self.asked: list[list[Any]] = []
        self.requests = 0
        self._clicked = False
        page.on("console", lambda said: self._fault(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._fault(str(error)))
        page.on("request", lambda request: self._note(request.url, request.post_data))
        if enters:
            page.goto(host.link())
            self.until("!!window.basketgex")

    def _fault(self, said: str) -> None:
        if "Failed to load resource" not in said:  # a host that was ended on purpose; the page says it itself
            self.faults.append(said)

    def _note(self, url: str, said: str | None) -> None:
        if not url.startswith((self.host.running.http, "data:", "blob:")):
            self.faults.append(f"a request to {url}")
        if url.endswith("/sheet/evaluate") and said is not None:
            self.requests += 1
            self.asked += [call[:2] for call in json.loads(said)["calls"]]

    def until(self, script: str, argument: Any = None) -> Any:
        """Wait for something in the page. Its policy forbids the eval of Playwright's own waiting."""
        give_up = time.monotonic() + PATIENCE
        while not (found := self._evaluated(script, argument)):
            assert time.monotonic() < give_up, f"it never came: {script} {argument} {self.faults}"
            self.page.wait_for_timeout(50)
        return found

    def _evaluated(self, script: str, argument: Any) -> Any:
        try:
            return self.page.evaluate(script, argument)
        except Error as error:
            if "Execution context was destroyed" in str(
                error
            ):  # between a page and the one that takes its place
                return None
            raise

    def value(self, cell: str) -> Any:
        """Return a cell's value, unformatted; an error as its text."""
        return self.page.evaluate(f"a => {SHEET}.getRange(a).getRawValue()", cell)

    def values(self, area: str) -> list[list[Any]]:
        """Return cells as they are shown, spilled ones too."""
        found: list[list[Any]] = self.page.evaluate(f"a => {SHEET}.getRange(a).getValues()", area)
        return found

    def shows(self, cell: str, value: Any) -> None:
        """Wait until a cell has a value."""
        same = f"([a, v]) => {SHEET}.getRange(a).getRawValue() === v"
        give_up = time.monotonic() + PATIENCE
        while not self.page.evaluate(same, [cell, value]):
            assert time.monotonic() < give_up, f"{cell} is {self.value(cell)}, not {value}"
            self.page.wait_for_timeout(50)

    def shows_number(self, cell: str) -> float:
        """Wait until a cell has a number; return it."""
        self.until(f"a => typeof {SHEET}.getRange(a).getRawValue() === 'number'", cell)
        found: float = self.value(cell)
        return found

    def calm(self) -> None:
        """Wait until nothing is asked, calculated or to be told."""
        quiet = 0
        give_up = time.monotonic() + PATIENCE
        while quiet < CALM:
            assert time.monotonic() < give_up, "the workbook never came to rest"
            quiet = quiet + 1 if self.page.evaluate("basketgex.engine.settled") else 0
            self.page.wait_for_timeout(50)

    def click(self, cell: str) -> None:
        """Click a cell of the first 26 columns, until a sheet that has just been opened takes it."""
        column, row = ord(cell[0]) - ord("A"), int(cell[1:]) - 1
        give_up = time.monotonic() + PATIENCE
        while not (
            self._clicked and self.page.evaluate(CHOSEN) == [row, column] and self.page.evaluate(TAKES_KEYS)
        ):
            assert time.monotonic() < give_up, f"{cell} takes no click"
            boxes = self.page.evaluate(CANVASES)
            sheet = max(boxes, key=lambda box: box["width"] * box["height"])
            x = sheet["x"] + NUMBERS + WIDTH * column + WIDTH // 2
            self.page.mouse.click(x, sheet["y"] + HEAD + HEIGHT * row + HEIGHT // 2)
            self._clicked = True
            self.page.wait_for_timeout(150)

    def type(self, cell: str, text: str) -> None:
        """Type into a cell, and Enter.

        At a person's pace: a list of functions that comes up late, for half of a word, would take the Enter for itself.
        """
        self.click(cell)
        self.page.keyboard.type(text, delay=20)
        self.page.evaluate(DIGESTED)
        self.page.keyboard.press("Enter")
        held = f"([a, t]) => {{ const r = {SHEET}.getRange(a); return (r.getFormula() || String(r.getValue())) === t; }}"
        self.until(held, [cell, text])

    def put(self, formulas: dict[str, str]) -> None:
        """Put formulas into cells at once, as a paste does."""
        self.page.evaluate(
            f"all => {{ for (const [a, f] of Object.entries(all)) {SHEET}.getRange(a).setValue({{ f }}); }}",
            formulas,
        )


CHOSEN = (
    "() => { const at = basketgex.univerAPI.getActiveWorkbook().getActiveRange();"
    " return at && [at.getRow(), at.getColumn()]; }"
)
TAKES_KEYS = "document.activeElement.isContentEditable"
DIGESTED = (
    "() => new Promise(done => requestIdleCallback(() => setTimeout(() => requestIdleCallback(done), 200)))"
)
CANVASES = "[...document.querySelectorAll('#workbook canvas')].map(c => c.getBoundingClientRect().toJSON())"
SHEET = "basketgex.univerAPI.getActiveWorkbook().getActiveSheet()"


@contextmanager
def workbook(context: BrowserContext, host: WebHost) -> Iterator[Workbook]:
    """Open the workbook in a new tab; nothing may have gone wrong in it at the end."""
    page = context.new_page()
    opened = Workbook(page, host)
    yield opened
    assert opened.faults == []
    page.close()
