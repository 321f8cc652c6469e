"""BASKETAGE in a real Calc: with no recalculation, no cell claims to be fresher than it is."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home
from basketgex_addin.functions.moments import NO_AGE
from basketgex_addin.template_files import TEMPLATES
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, status, until
from tests.standin.upstream import Upstream
from workbook_templates.build import path
from workbook_templates.marks import OLD
from workbook_templates.status.contents import BASKETS as OVERVIEW
from workbook_templates.status.contents import STALE
from workbook_templates.status.layout import FIRST

STATES = f"D{FIRST + 1}:D{FIRST + len(OVERVIEW)}"
BASKETS = 12
STEP = 0.25  # minutes: less is not painted


def test_every_age_moves_by_itself(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    """The add-in's clock is the machine's: the service says that its figures are of some minutes ago."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    names = ("NVDA", "AMD", "AVGO", "MU", "AAPL", "MSFT", "JPM", "BAC", "XOM", "CVX", "SPY", "QQQ")
    for row, name in enumerate(names, start=1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, f"=BASKETGEX(A{row})")
        sheet.cell(row, 3, f"=BASKETAGE(A{row})")
    path = tmp_path / "ages.xlsx"
    book.save(path)

    def ages() -> list[object]:
        return [row[0] for row in calc.cells(document, "Sheet", f"C1:C{BASKETS}")]

    with Upstream() as upstream:
        settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        with Server(fresh_home.path, source="flashalpha", **settings):
            calc.awake()
            with calc.document(path) as document:
                until(lambda: all(isinstance(age, float) for age in ages()))
                first = ages()
                until(lambda: all(now >= then + STEP for now, then in zip(ages(), first, strict=True)))  # type: ignore[operator]


def test_no_template_claims_to_be_fresher_than_it_is(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    """Nothing is calculated again by hand, the source and the server's clock stand still, and only the machine's goes on."""
    clock = Clock(tmp_path, at=time.time() - 60 * OLD + 12)
    with Upstream(now=clock) as upstream, ExitStack() as documents:
        settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        documents.enter_context(
            Server(fresh_home.path, command=clock.command, source="flashalpha", **settings)
        )
        calc.awake()
        books = [documents.enter_context(calc.document(path(name))) for name in TEMPLATES]
        ages = [cell for book in books for cell in formulas(book) if "BASKETAGE(" in cell.Formula]
        others = [cell for book in books for cell in formulas(book) if "BASKETGEX(" in cell.Formula]
        states = books[TEMPLATES.index("status")].Sheets.getByName("Status").getCellRangeByName(STATES)
        shown = 2 * len(OVERVIEW) + len(books)  # at least; seats that are empty show none
        until(lambda: sum(bool(cell.String) for cell in ages) > shown)
        before, asked = [cell.Value for cell in others], status(fresh_home).requests
        until(lambda: all(cell.Value > OLD for cell in ages if cell.String))
        until(lambda: {row[0] for row in states.getDataArray()} == {STALE})
        assert [cell.Value for cell in others] == before
        assert status(fresh_home).requests <= asked + 1  # which is that for the status


def formulas(document: Any) -> list[Any]:
    """Every cell of ours in a document."""
    found = []
    for sheet in document.Sheets:
        areas = sheet.queryContentCells(16)  # com.sun.star.sheet.CellFlags.FORMULA
        for area in areas:
            rows = area.getFormulaArray()
            found += [
                area.getCellByPosition(column, row)
                for row, texts in enumerate(rows)
                for column, text in enumerate(texts)
                if "BASKET" in text
            ]
    return found


@pytest.mark.parametrize("mode", [CELLS_PREFETCH, CELLS_LIVE])
def test_figures_of_a_past_moment_have_no_age_and_why_says_so(
    calc: Calc, fresh_home: Home, tmp_path: Path, mode: str
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, name in enumerate(("NVDA,TLT", "AMD,TLT", "ZZZZ", "XOM,TLT"), start=1):
        sheet.cell(row, 1, name)
        for column, formula in enumerate(("GEX", "AGE", "WHY"), start=2):
            sheet.cell(row, column, f"=BASKET{formula}(A{row})")
    sheet["D4"] = "=BASKETWHY(A4)"
    sheet["C4"] = None  # nobody asks for its age
    path = tmp_path / "ages.xlsx"
    book.save(path)

    fresh_home.config_file.write_text(f'cell_mode = "{mode}"\n')
    with Server(fresh_home.path):
        calc.awake()
        with calc.document(path) as document:

            def shown() -> list[list[Any]]:
                return calc.cells(document, "Sheet", "B1:D4")

            until(lambda: all(row[2] != NOT_AVAILABLE for row in shown()))
            missing = "The source has no data for ZZZZ: check the spelling."

            def told() -> bool:
                if mode == CELLS_PREFETCH:
                    calc.recalculate(document)  # again, where a busy machine did not answer in time
                return [row[2] for row in shown()] == [NO_AGE, NO_AGE, missing, "OK"]

            until(told)
            assert [row[1] for row in shown()[:3]] == [NOT_AVAILABLE] * 3
            assert all(isinstance(row[0], float) for n, row in enumerate(shown()) if n != 2)
