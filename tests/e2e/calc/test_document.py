"""What is read ahead in a real Calc document, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from basketgex_addin.calc.document import Scanner
from basketgex_addin.cells import Ask
from basketgex_addin.throttle import MIN_PAUSE
from tests.e2e.calc.harness import Calc

FORMULAS = {
    "numbers": "=BASKETGEX(A1:A3,B1:B3)",
    "twice": "=IF(BASKETGEX(A1:A3,B1:B3)>0,BASKETREGIME(A1:A3,B1:B3),0)",
    "other sheet": "=BASKETGEX('Other one'!A1:A2)",
    "name": "=BASKETDEX(Picks)",
    "relative name": "=BASKETDEX(Moving)",
    "text": '=BASKETGEX("TSLA,AMD")',
    "whole column": "=BASKETGEX('Other one'!A:A)",
    "some formulas": "=BASKETGEX(C1:C2)",
    "computed": "=BASKETGEX(OFFSET(A1,0,0,2,1))",
    "age": '=BASKETAGE("NEVER")',
    "not ours": "=SUM(B1:B3)",
}


@pytest.fixture
def document(calc: Calc, tmp_path: Path) -> Iterator[Any]:
    book = openpyxl.Workbook()
    sheet, other = book.active, book.create_sheet("Other one")
    assert sheet is not None
    sheet.title = "One"
    for row, (name, weight) in enumerate((("NVDA", 1), ("AAPL", 2), ("MSFT", 3)), start=1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, weight)
    other["A1"], other["A2"] = "SPY", "QQQ"
    sheet["C1"], sheet["C2"] = "META", '=IF(BASKETGEX(A1:A3,B1:B3)>0,"IBM","ORCL")'
    for row, formula in enumerate(FORMULAS.values(), start=1):
        sheet.cell(row, 5, formula)
    sheet["G1"] = ArrayFormula("G1:P3", "=BASKET(A1:A2)")
    book.defined_names["Picks"] = DefinedName("Picks", attr_text="One!$A$2:$A$3")
    book.defined_names["Moving"] = DefinedName("Moving", attr_text="One!A1:A2")
    path = tmp_path / "document.xlsx"
    book.save(path)
    with calc.document(path) as opened:
        yield opened


def test_constants_are_asked_ahead_and_each_basket_once(document: Any) -> None:
    found = Scanner().asks(document)
    assert len(set(found)) == len(found)
    assert set(found) == {
        Ask(("NVDA", "AAPL", "MSFT"), (1.0, 2.0, 3.0)),
        Ask(("SPY", "QQQ")),  # by its range and by its whole column
        Ask(("AAPL", "MSFT")),
        Ask(("TSLA", "AMD")),
        Ask(("NVDA", "AAPL")),  # the array formula
        Ask(("META",)),  # rides along: the cell below it is a formula
    }


def test_a_document_is_not_scanned_again_at_once(document: Any) -> None:
    now = [0.0]
    scanner = Scanner(lambda: now[0])
    assert scanner.asks(document)
    assert scanner.asks(document) == ()
    now[0] = MIN_PAUSE
    assert scanner.asks(document)


def test_a_failing_document_asks_nothing() -> None:
    assert Scanner().asks(object()) == ()
    assert Scanner().asks(None) == ()


def test_reading_ahead_can_be_turned_off(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETGEX_PREFETCH", "0")
    assert Scanner().asks(document) == ()
