"""A file of the user's opened and saved in the browser, and read by a real Calc."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Dialog, Download

from basketgex_addin.calc.driver import Office, recalculate_and_store
from basketgex_addin.web.workfile import FORMATS, MOVED, SHEETS
from tests.e2e.calc.conftest import find_calc
from tests.e2e.web.browser import SHEET, Workbook

pytestmark = [pytest.mark.calc, pytest.mark.xdist_group("calc")]


def own() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [("NVDA", 2), ("AMD", 3), ("sum", "=SUM(B1:B2)"), ("net", "=BASKETGEX(A1:A2,B1:B2)")]:
        sheet.append(row)
    sheet.merge_cells("D1:E2")
    sheet["B1"].number_format = "0.00"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def open_own(book: Workbook) -> None:
    with book.page.expect_file_chooser() as chooser:
        book.page.get_by_role("button", name="Open").click()
    chooser.value.set_files([{"name": "own.xlsx", "mimeType": "application/octet-stream", "buffer": own()}])
    book.until(f"() => !!window.basketgex && {SHEET}.getRange('A3').getRawValue() === 'sum'")


def test_opened_changed_and_saved(book: Workbook, tmp_path: Path) -> None:
    open_own(book)
    net = book.shows_number("B4")
    book.page.evaluate(f"{SHEET}.getRange('B2').setValue(7)")
    book.shows("B3", 9)
    book.calm()
    assert book.value("B4") != net
    with book.page.expect_download() as download:
        book.page.get_by_role("button", name="Save .xlsx").click()
    assert download.value.suggested_filename == "own.xlsx"
    saved, again = tmp_path / "own.xlsx", tmp_path / "calc.xlsx"
    download.value.save_as(saved)
    recalculate_and_store(Office(find_calc(), tmp_path / "office", book.host.home.path), saved, again)
    found = openpyxl.load_workbook(again, data_only=True)["Sheet"]
    assert [found[at].value for at in ("A1", "B2", "B3")] == ["NVDA", 7, 9]
    assert found["B4"].value == pytest.approx(book.value("B4"), rel=1e-9)
    assert [str(area) for area in found.merged_cells.ranges] == ["D1:E2"]
    assert found["B1"].number_format == "0.00"


def test_what_would_be_lost_is_said_before_saving(book: Workbook) -> None:
    """All of it in one question; refused, nothing is saved."""
    open_own(book)
    changed = (
        "() => { const c = basketgex.files.content(); return c.moved && c.formatted && c.tabs.length === 2; }"
    )
    book.page.evaluate(f"{SHEET}.getRange('A1').setFontWeight('bold')")
    book.page.evaluate(f"{SHEET}.insertRowBefore(1)")
    book.page.evaluate("basketgex.univerAPI.getActiveWorkbook().insertSheet('More')")
    book.until(changed)
    asked: list[str] = []
    saved: list[Download] = []
    answers = [False, True]

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if answers.pop(0) else dialog.dismiss()

    book.page.on("dialog", answer)
    book.page.on("download", lambda file: saved.append(file))
    save = book.page.get_by_role("button", name="Save .xlsx")
    with book.page.expect_event("dialog"):
        save.click()
    with book.page.expect_download() as download:
        save.click()
    lost = [MOVED, SHEETS.format(names="More"), FORMATS]
    assert asked == ["\n".join(lost) + "\n\nSave the file all the same?"] * 2
    assert [file.suggested_filename for file in saved] == ["own.xlsx"]
    found = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))
    assert found.sheetnames == ["Sheet"]
    assert [found["Sheet"][at].value for at in ("A1", "A2", "A3")] == ["NVDA", None, "AMD"]


def test_what_is_no_workbook(book: Workbook) -> None:
    with book.page.expect_file_chooser() as chooser:
        book.page.get_by_role("button", name="Open").click()
    chooser.value.set_files(
        [{"name": "own.xlsx", "mimeType": "application/octet-stream", "buffer": b"name,weight"}]
    )
    book.page.get_by_text("That is no .xlsx workbook that can be read").wait_for()


def test_five_hundred_formulas_are_one_request(book: Workbook) -> None:
    before = book.host.get("status")["server"]["source_calls"]
    names = ("NVDA", "AMD", "AVGO", "MU", "TSM")
    formulas = {
        f"{column}{row}": f'=BASKETGEX("{names[at]},{names[at - 1]}",{{{row},107}})'
        for at, column in enumerate("PQRST")
        for row in range(1, 101)
    }
    book.put(formulas)
    book.until("() => basketgex.sheet.counts.calls >= 500")
    book.calm()
    assert (book.requests, len(book.asked)) == (1, 500)
    assert book.host.get("status")["server"]["source_calls"] == before + 1
