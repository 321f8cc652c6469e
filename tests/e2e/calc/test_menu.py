"""The menu Basket GEX in a real Calc, through the command that each entry dispatches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from basketgex.home import Home
from basketgex_addin import menu
from tests.e2e.calc.harness import Calc
from tests.e2e.counting import Calls
from tests.e2e.serving import Server, until


@pytest.fixture
def document(calc: Calc, fresh_home: Home, calls: Calls, tmp_path: Path) -> Iterator[Any]:
    """Three sheets' worth of baskets, opened as a person does: the current document."""
    book = openpyxl.Workbook()
    for name, symbols in (("First", ("NVDA", "AMD")), ("Second", ("JPM", "BAC"))):
        sheet = book.create_sheet(name)
        for row, symbol in enumerate(symbols, start=1):
            sheet.cell(row, 1, symbol)
            sheet.cell(row, 2, f"=BASKETGEX(A{row})")
    del book["Sheet"]
    path = tmp_path / "menu.xlsx"
    book.save(path)
    with Server(fresh_home.path, command=calls.command):
        calc.awake()
        document = calc.desktop.loadComponentFromURL(path.as_uri(), "_blank", 0, ())
        try:
            for name in ("First", "Second"):
                assert all(isinstance(row[0], float) for row in calc.cells(document, name, "B1:B2"))
            yield document
        finally:
            calc.close(document)


def _do(calc: Calc, command: str) -> None:
    calc.service("org.basketgex.Menu").trigger(command)


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("refresh-selection", {"AMD"}),
        ("refresh-sheet", {"NVDA", "AMD"}),
        ("refresh-all", {"NVDA", "AMD", "JPM", "BAC"}),
    ],
)
def test_a_refresh_asks_again_for_what_it_says_in_one_call(
    calc: Calc, document: Any, calls: Calls, command: str, asked: set[str]
) -> None:
    first = document.Sheets.getByName("First")
    document.CurrentController.setActiveSheet(first)
    document.CurrentController.select(first.getCellRangeByName("B2:C5"))
    before = len(calls)
    _do(calc, command)
    until(lambda: len(calls) > before)
    assert len(calls) == before + 1
    assert set(calls.symbols()[-1]) == asked
    assert isinstance(calc.cell(document, "First", "B2"), float)


def test_a_template_opens_as_a_new_document(calc: Calc, document: Any) -> None:
    def opened_beside() -> Any:
        found = calc.desktop.getCurrentComponent()
        return found if found is not None and found.RuntimeUID != document.RuntimeUID else None

    _do(calc, f"{menu.TEMPLATE}sector_scanner")
    until(opened_beside)
    opened = opened_beside()
    try:
        assert opened.Sheets.ElementNames[0] == "Scanner"
        assert opened.URL == ""  # nothing of the installation can be overwritten
    finally:
        calc.close(opened)


def test_auto_refresh_calculates_again_until_it_is_off(calc: Calc, document: Any) -> None:
    calc.set(document, "First", "D1", "=RAND()")
    before = calc.cell(document, "First", "D1")
    _do(calc, f"{menu.AUTO}1")
    until(lambda: calc.cell(document, "First", "D1") != before)
    _do(calc, f"{menu.AUTO}0")


def test_nonsense_is_ignored(calc: Calc, document: Any) -> None:
    for command in ("", "auto-", "auto-x", "template-../../x", "no such"):
        _do(calc, command)
