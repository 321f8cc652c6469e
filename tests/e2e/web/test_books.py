"""The templates in the browser: every cell is what a real Calc makes of the same workbook on the same sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import to_excel
from playwright.sync_api import BrowserContext

from basketgex_addin.calc.driver import Office, recalculate_and_store
from basketgex_addin.web.app import BOOKS
from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.calc.conftest import find_calc
from tests.e2e.web.browser import Workbook, chromium
from workbook_templates.build import path

pytestmark = [
    pytest.mark.calc,
    pytest.mark.xdist_group("calc"),
    pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning"),  # openpyxl's
]
CELLS = """() => basketgex.univerAPI.getActiveWorkbook().getSheets().map(sheet => [
    sheet.getSheetName(),
    sheet.getRange(0, 0, sheet.getMaxRows(), sheet.getMaxColumns()).getRawValues(),
    basketgex.engine.spilled[basketgex.univerAPI.getActiveWorkbook().getId()]?.[sheet.getSheetId()] ?? {},
])"""
COUNTED = {"status": {("Status", "G7"), ("Status", "J7"), *(("Detail", f"{column}6") for column in "LMO")}}
"""What the server has done so far, which differs: Calc's was asked by other means."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHost]:
    chromium()
    with web_host(tmp_path_factory.mktemp("books") / "home") as found:
        yield found


def calculated(host: WebHost, folder: Path, name: str) -> Any:
    """The workbook as Calc fills it over the same server."""
    target = folder / f"{name}.xlsx"
    recalculate_and_store(
        Office(find_calc(), folder / "office", host.home.path), path(name).absolute(), target
    )
    return openpyxl.load_workbook(target, data_only=True)


def plain(value: Any) -> Any:
    """A value as the browser has it: dates as numbers, truths as 0 and 1, and no blank texts."""
    if isinstance(value, bool):
        return int(value)
    if value == "":
        return None
    return value if value is None or isinstance(value, int | float | str) else to_excel(value)


@pytest.mark.parametrize("name", BOOKS)
def test_every_cell_is_calcs(context: BrowserContext, host: WebHost, tmp_path: Path, name: str) -> None:
    expected = calculated(host, tmp_path, name)
    book = Workbook(context.new_page(), host, enters=False)
    book.page.goto(host.link(f"/?book={name}"))
    book.until("() => !!window.basketgex")
    book.until("() => basketgex.engine.settled && basketgex.sheet.counts.calls > 0")
    book.calm()
    compared = 0
    wrong = []
    for title, raw, spilled in book.page.evaluate(CELLS):
        for row in expected[title].iter_rows():
            for cell in row:
                below = spilled.get(str(cell.row - 1), {}).get(str(cell.column - 1))
                inside = cell.row <= len(raw) and cell.column <= len(raw[0])
                found = plain(raw[cell.row - 1][cell.column - 1] if inside else None)
                found = plain(below["v"]) if found is None and below else found
                wanted = plain(cell.value)
                if wanted == "#N/A" and found is None:
                    continue  # Calc pads below a table that is smaller than its room
                compared += wanted is not None
                numbers = isinstance(wanted, int | float) and isinstance(found, int | float)
                same = found == (pytest.approx(wanted, rel=1e-9) if numbers else wanted)
                if not same and (title, cell.coordinate) not in COUNTED.get(name, ()):
                    wrong.append((title, cell.coordinate, wanted, found))
    assert wrong == []
    assert compared > 200
    assert book.faults == []
    book.page.close()


def test_a_template_is_chosen_and_kept_beside_the_workbook(context: BrowserContext, host: WebHost) -> None:
    book = Workbook(context.new_page(), host)
    book.type("D1", "mine")
    book.page.get_by_label("Workbook or template").select_option("watchlist")
    book.until("() => location.search === '?book=watchlist' && !!window.basketgex")
    assert book.page.evaluate("basketgex.univerAPI.getActiveWorkbook().getId()") == "watchlist"
    book.page.get_by_label("Workbook or template").select_option("")
    book.until("() => location.search === '' && !!window.basketgex")
    book.shows("D1", "mine")
    assert book.faults == []
    assert (
        host.http.get("/sheet/books/profile", headers={"Authorization": f"Bearer {host.key}"}).status_code
        == 404
    )
    book.page.close()
