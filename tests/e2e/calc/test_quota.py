"""``=BASKETQUOTA()`` in a real Calc, from the service's own words to the cell."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from openpyxl.worksheet.formula import ArrayFormula

from basketgex.home import Home
from tests.e2e.calc.harness import NOT_AVAILABLE, Calc
from tests.e2e.serving import Server
from tests.standin.upstream import Upstream


def test_the_quota_of_the_service_is_a_row(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    path = _workbook(tmp_path)
    with Upstream(plan="Growth", limit=2_500) as upstream:
        settings = {
            "source": "flashalpha",
            "flashalpha_base_url": upstream.url,
            "flashalpha_api_key": upstream.key,
        }
        with Server(fresh_home.path, **settings):
            calc.awake()
            with calc.document(path) as document:
                assert isinstance(calc.cell(document, "Sheet", "A1"), float)
                calc.recalculate(document)
                (row,) = calc.cells(document, "Sheet", "A3:F3")
        spent = upstream.debits
    assert row[1:4] == [2_500.0, float(spent), 2_500.0 - spent]
    assert str(row[4]).endswith(" 00:00 UTC")


def test_a_source_that_costs_nothing_has_none(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    path, chains = _workbook(tmp_path), tmp_path / "chains"
    chains.mkdir()
    with Server(fresh_home.path, source="chain-files", chain_folder=chains):
        calc.awake()
        with calc.document(path) as document:
            assert calc.cell(document, "Sheet", "A3") == NOT_AVAILABLE


def _workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = '=BASKETGEX("NVDA,AMD")'
    sheet["A3"] = ArrayFormula("A3:F3", "=BASKETQUOTA()")
    book.save(folder / "quota.xlsx")
    return folder / "quota.xlsx"
