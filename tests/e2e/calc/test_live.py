"""Live mode in a real Calc: cells that do not wait, filled and kept up to date by one stream."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from basketgex.home import Home
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc
from tests.e2e.calc.test_calls import BASKETS, CELLS
from tests.e2e.clocked import Clock
from tests.e2e.serving import READY, Server, status, until
from tests.standin.upstream import Figures, Upstream


@pytest.fixture
def calc(live_calc: Calc) -> Calc:
    return live_calc


def test_500_cells_fill_from_one_request_and_closing_leaves_no_subscription(
    calc: Calc, live_home: Home, tmp_path: Path
) -> None:
    path = tmp_path / "cells.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, names in enumerate(BASKETS, start=1):
        for column, name in enumerate(names, start=1):
            sheet.cell(row, column, name)
        sheet.cell(row, 8, f"=BASKETGEX(A{row}:C{row})")
    book.save(path)
    with Server(live_home.path, source="sample"):
        before = status(live_home)
        with calc.document(path) as document:

            def filled() -> bool:
                return all(isinstance(row[0], float) for row in calc.cells(document, "Sheet", f"H1:H{CELLS}"))

            until(filled)
            after = status(live_home)
            assert (after.requests - before.requests, after.source_calls, after.watches) == (1, 1, 1)
        until(lambda: status(live_home).watches == 0)


def test_a_changed_figure_reaches_every_kind_of_cell_without_a_recalculation(
    calc: Calc, live_home: Home, tmp_path: Path
) -> None:
    clock = Clock(tmp_path)
    path = tmp_path / "live.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"], sheet["A3"] = "NVDA", "AMD", "oops!"
    sheet["B1"] = "=BASKETGEX(A1:A2)"
    sheet["B2"] = "=BASKETREGIME(A1:A2)"
    sheet["B3"] = "=B1*2"
    sheet["B4"] = "=BASKETGEX(A1:A3)"
    sheet["B5"] = "=BASKETWHY(A1:A3)"
    sheet["B6"] = "=IFERROR(BASKETGEX(A3),-1)"
    sheet["D1"] = ArrayFormula("D1:M3", "=BASKET(A1:A2)")
    sheet["D6"] = ArrayFormula("D6:F6", "=BASKETSINCE(A1:A2)")
    sheet["D8"] = ArrayFormula("D8:I8", "=BASKETQUOTA()")
    book.save(path)
    with Upstream(now=clock) as upstream:
        upstream.published["NVDA"] = upstream.published["AMD"] = Figures(100.0, -1e9, 2e9, 3e9, 4e9)
        settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        with (
            Server(live_home.path, command=clock.command, source="flashalpha", **settings),
            calc.document(path) as document,
        ):
            until(lambda: calc.cell(document, "Sheet", "B1") == -1e9)
            until(lambda: calc.cell(document, "Sheet", "D8") != NOT_AVAILABLE)
            assert calc.cell(document, "Sheet", "B2") == "negative_gamma"
            until(lambda: calc.cell(document, "Sheet", "B4") == VALUE)
            assert str(calc.cell(document, "Sheet", "B5")).endswith("correct or clear it.")
            assert calc.cell(document, "Sheet", "B6") == -1
            table = calc.cells(document, "Sheet", "D1:M3")
            assert [row[0] for row in table] == ["NVDA", "AMD", NOT_AVAILABLE]
            assert [row[3] for row in table[:2]] == [-1e9, -1e9]
            until(lambda: calc.cell(document, "Sheet", "D6") == "negative gamma")

            upstream.published["NVDA"] = upstream.published["AMD"] = Figures(100.0, 5e9, 2e9, 3e9, 4e9)
            clock.advance(120)
            until(lambda: calc.cell(document, "Sheet", "B1") == 5e9, READY)
            assert calc.cell(document, "Sheet", "B2") == "positive_gamma"
            assert calc.cell(document, "Sheet", "B3") == 1e10
            until(lambda: calc.cells(document, "Sheet", "D1:M2")[1][3] == 5e9)
            until(lambda: calc.cell(document, "Sheet", "D6") == "positive gamma")
            assert calc.cell(document, "Sheet", "F6") == "negative gamma"
            assert upstream.debits == 2


def test_without_a_server_cells_end_in_an_error_and_say_why(
    calc: Calc, live_home: Home, tmp_path: Path
) -> None:
    path = tmp_path / "none.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = '=BASKETGEX("NVDA")'
    sheet["A2"] = '=BASKETWHY("NVDA")'
    book.save(path)
    with calc.document(path) as document:
        assert calc.cell(document, "Sheet", "A1") == NOT_AVAILABLE
        until(lambda: str(calc.cell(document, "Sheet", "A2")).startswith("No server is running"))
        assert calc.cell(document, "Sheet", "A1") == NOT_AVAILABLE


def test_a_server_that_comes_late_fills_every_kind_of_cell(
    calc: Calc, live_home: Home, tmp_path: Path
) -> None:
    """Until then the stream says again and again that there is none, which changes nothing in most cells."""
    path = tmp_path / "late.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = '=BASKETGEX("NVDA")'
    sheet["A2"] = '=SYMBOLGEX("AMD")'
    sheet["A3"] = ArrayFormula("A3:F3", "=BASKETQUOTA()")
    sheet["A4"] = ArrayFormula("A4:C11", '=GEXLEVELS("NVDA")')
    sheet["D1"] = '=BASKETWHY("NVDA")'
    book.save(path)
    with calc.document(path) as document:
        until(lambda: str(calc.cell(document, "Sheet", "D1")).startswith("No server is running"))
        # Baskets of which the stream has to tell the same each time it fails: one more, one failure more.
        for row, name in enumerate(("MU", "QCOM", "AVGO", "TSM"), start=2):
            calc.set(document, "Sheet", f"D{row}", f'=BASKETWHY("{name}")')
            until(
                lambda row=row: str(calc.cell(document, "Sheet", f"D{row}")).startswith(
                    "No server is running"
                )
            )
        with Server(live_home.path, source="sample"):
            until(lambda: [row[0] for row in calc.cells(document, "Sheet", "D1:D5")] == ["OK"] * 5)
            until(
                lambda: NOT_AVAILABLE not in [row[0] for row in calc.cells(document, "Sheet", "A1:A4")], READY
            )


def test_other_arguments_in_the_same_cell_let_go_of_the_old_basket(
    calc: Calc, live_home: Home, tmp_path: Path
) -> None:
    with Server(live_home.path, source="sample"):
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            calc.set(document, name, "A1", "NVDA")
            calc.set(document, name, "B1", "=BASKETGEX(A1)")
            until(lambda: isinstance(calc.cell(document, name, "B1"), float))
            first = calc.cell(document, name, "B1")
            calc.set(document, name, "A1", "AMD")
            until(lambda: calc.cell(document, name, "B1") not in (NOT_AVAILABLE, first))
        finally:
            calc.close(document)
