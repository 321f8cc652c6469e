"""The templates in the browser: every cell is what Calc makes of the same workbook on the same sample, at no more cost."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import to_excel
from playwright.sync_api import BrowserContext

from basketgex.home import Home
from basketgex_addin.calc.driver import Office, recalculate_and_store
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.template_files import TEMPLATES
from basketgex_addin.web.charts import charts
from tests.addin.web.hosts import WebHost, web_host
from tests.e2e.calc.conftest import find_calc
from tests.e2e.serving import COMMAND, status
from tests.e2e.web.browser import SHEET, Workbook, chromium
from tests.e2e.web.opened import accessible
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


@pytest.fixture
def host(tmp_path: Path) -> Iterator[WebHost]:
    """Over a server of its own: what it asks its source is to be counted."""
    chromium()
    with web_host(tmp_path / "home") as found:
        yield found


def calculated(folder: Path, name: str) -> tuple[Any, ServerStatus]:
    """The workbook as Calc fills it over a server of its own, and what that server did."""
    home, target = Home(folder / "calc"), folder / f"{name}.xlsx"
    home.write_launch(COMMAND, ())
    recalculate_and_store(Office(find_calc(), folder / "office", home.path), path(name).absolute(), target)
    done = status(home)
    with closing(BasketClient(home)) as client:
        client.shutdown()
    return openpyxl.load_workbook(target, data_only=True), done


def plain(value: Any) -> Any:
    """A value as the browser has it: dates as numbers, truths as 0 and 1, and no blank texts."""
    if isinstance(value, bool):
        return int(value)
    if value == "":
        return None
    return value if value is None or isinstance(value, int | float | str) else to_excel(value)


def drawn(filled: Any, name: str) -> list[dict[str, Any]]:
    """What the charts of a template show by Calc's figures: errors and blanks are gaps."""

    def cells(reference: str | None) -> list[Any]:
        title, _, area = (reference or "").rpartition("!")
        found = filled[title.strip("'")][area.replace("$", "")] if reference else ()
        rows = found if isinstance(found, tuple) else ((found,),)
        shown = [plain(cell.value) for row in rows for cell in row]
        return [
            approximate(None if isinstance(value, str) and value[:1] == "#" else value) for value in shown
        ]

    def series(one: dict[str, Any], name: str) -> dict[str, Any]:
        values = [
            value if value is not None and not isinstance(value, str) else None
            for value in cells(one["values"])
        ]
        named = (
            "".join(str(value) for value in cells(one["name"]) if value is not None) if one["name"] else name
        )
        return {"name": named, "values": values, "against": cells(one["against"])}

    return [
        {
            "sheet": chart["sheet"],
            "title": chart["option"].get("title", {}).get("text", ""),
            "series": [
                series(one, about["name"])
                for one, about in zip(chart["series"], chart["option"]["series"], strict=True)
            ],
        }
        for chart in charts(path(name).read_bytes(), openpyxl.load_workbook(path(name)))
    ]


def saved(book: Workbook) -> bytes:
    """The file that the page saves."""
    with book.page.expect_download() as download:
        book.page.get_by_role("button", name="Save .xlsx").click()
    return download.value.path().read_bytes()


def opens_in_calc(file: bytes, name: str, host: WebHost, folder: Path) -> None:
    """A saved template has in Calc what the template itself has there: values, formats of numbers, charts with their series."""
    filled, path, again = folder / f"{name}.xlsx", folder / "saved.xlsx", folder / "again.xlsx"
    path.write_bytes(file)
    recalculate_and_store(Office(find_calc(), folder / "again", host.home.path), path, again)
    expected, found = (openpyxl.load_workbook(each, data_only=True) for each in (filled, again))
    assert found.sheetnames == expected.sheetnames
    differs = {
        (sheet.title, cell.coordinate): (cell.value, other.value, cell.number_format, other.number_format)
        for sheet in expected
        for row in sheet.iter_rows()
        for cell in row
        for other in [found[sheet.title][cell.coordinate]]
        if (sheet.title, cell.coordinate) not in COUNTED.get(name, ())
        and plain(cell.value)
        not in ("#N/A", None)  # which pads below a table in the room that the template gives it
        and (plain(other.value), other.number_format) != (approximate(plain(cell.value)), cell.number_format)
    }
    assert differs == {}
    series = [
        [
            (chart["sheet"], chart["series"])
            for chart in charts(each.read_bytes(), openpyxl.load_workbook(each))
        ]
        for each in (filled, again)
    ]
    assert series[0] == series[1]


def approximate(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9) if isinstance(value, int | float) else value


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_cell_is_calcs(context: BrowserContext, host: WebHost, tmp_path: Path, name: str) -> None:
    expected, calcs = calculated(tmp_path, name)
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
    book.until("basketgex.charts.settled")
    assert book.page.evaluate("basketgex.charts.shown") == drawn(expected, name)
    file = saved(book)
    differs = {
        (sheet.title, cell.coordinate): (cell.value, expected[sheet.title][cell.coordinate].value)
        for sheet in openpyxl.load_workbook(io.BytesIO(file), data_only=True)
        for row in sheet.iter_rows()
        for cell in row
        if (sheet.title, cell.coordinate) not in COUNTED.get(name, ())
        and plain(expected[sheet.title][cell.coordinate].value) not in ("#N/A", None)
        and plain(cell.value) != approximate(plain(expected[sheet.title][cell.coordinate].value))
    }
    assert differs == {}
    done = status(host.home)
    assert (done.source_calls, done.symbols_fetched) <= (calcs.source_calls, calcs.symbols_fetched)
    assert done.debits_today <= calcs.debits_today
    assert book.faults == []
    book.page.close()
    opens_in_calc(file, name, host, tmp_path)


def test_charts_follow_the_cells_and_the_sheet(context: BrowserContext, host: WebHost) -> None:
    book = Workbook(context.new_page(), host, enters=False)
    book.page.goto(host.link("/?book=profile"))
    book.until("() => window.basketgex?.charts.shown[0]?.series[0].values.some(value => value !== null)")
    book.calm()
    before = book.page.evaluate("basketgex.charts.shown[0].series")
    place = "() => document.querySelector('#charts > div').getBoundingClientRect().toJSON()"
    first = book.page.evaluate(place)
    book.page.evaluate(f"{SHEET}.getRange('C21').setValue(200)")
    book.until("s => JSON.stringify(basketgex.charts.shown[0].series) !== s", json.dumps(before))
    book.page.evaluate(f"{SHEET}.scrollToCell(20, 0)")
    book.until(f"y => ({place})().y < y", first["y"])
    assert book.page.locator("#charts > div").first.get_attribute("role") == "img"
    accessible(book.page, only="#charts, body > header, body > p")
    book.page.evaluate("basketgex.univerAPI.getActiveWorkbook().getSheets()[1].activate()")
    book.until("() => [...document.querySelectorAll('#charts > div')].every(box => box.hidden)")
    book.page.evaluate("basketgex.univerAPI.getActiveWorkbook().getSheets()[0].insertRowBefore(5)")
    book.page.get_by_text("The charts are no longer drawn").wait_for()
    assert book.page.evaluate("basketgex.charts.shown") == []
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
    nothing = host.http.get("/sheet/books/nothing", headers={"Authorization": f"Bearer {host.key}"})
    assert nothing.status_code == 404
    book.page.close()
