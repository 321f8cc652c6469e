"""The reason of every error in a cell, by a reference to the cell."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from basketgex.home import Home
from basketgex_addin.worksheet import COMPUTED, NO_FORMULA
from tests.e2e.calc.harness import VALUE, Calc
from tests.e2e.serving import Server, until

EXPLAINED = {
    '=BASKETTOTAL(A2:A3,B2:B3,"GAMMA")': "The measure must be GEX, DEX, VEX, CHEX or ALL.",
    "=BASKETTOP(A2:A3,B2:B3,0)": "n must be a whole number, 1 or more.",
    '=BASKETASOF(A2:A3,B2:B3,"EDT")': "The zone is not known: write one such as Europe/London or UTC.",
    '=GEXPROFILE("NVDA","GAMMA")': "The measure must be GEX, DEX, VEX or CHEX.",
    '=DISPERSION("SPY",A2:A3,B2:B3,0)': "horizon must be a number of calendar days, above 0 and up to 3650.",
    "=SYMBOLGEX(A2:A3)": "2 symbols: give one ticker.",
    "=IFERROR(BASKETGEX(A2:A3,B2),0)": "2 symbols but 1 weights: give one weight beside each symbol, or none at all.",
    '=BASKETGEX("NVDA,ZZZZ")': "OK",
    '=BASKETGEX("ZZZZ")': "The source has no data for ZZZZ: check the spelling.",
    "=BASKETGEX(TRIM(A2),B2)": COMPUTED.format(name="BASKETGEX"),
    "=A2": NO_FORMULA,
}


@pytest.mark.parametrize("mode", ["prefetch", "live"])
def test_a_reference_is_enough(request: pytest.FixtureRequest, tmp_path: Path, mode: str) -> None:
    live = mode == "live"
    calc: Calc = request.getfixturevalue("live_calc" if live else "calc")
    home: Home = request.getfixturevalue("live_home" if live else "fresh_home")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, cells in enumerate((("NVDA", 0.6), ("AMD", 0.4)), start=2):
        sheet.cell(row, 1, cells[0])
        sheet.cell(row, 2, cells[1])
    for row, formula in enumerate(EXPLAINED, start=1):
        sheet[f"D{row}"] = formula
        sheet[f"E{row}"] = f"=BASKETEXPLAIN(D{row})"
    sheet["G1"] = ArrayFormula("G1:H4", '=BASKETTOP(A2:A3,B2:B3,"x")')
    sheet["I1"] = "=BASKETEXPLAIN(G1:H4)"
    path = tmp_path / "explained.xlsx"
    book.save(path)
    with Server(home.path), calc.document(path) as document:
        told = [*EXPLAINED.values()]
        until(lambda: [row[0] for row in calc.cells(document, "Sheet", f"E1:E{len(told)}")] == told)
        assert calc.cell(document, "Sheet", "D1") == VALUE
        assert calc.cell(document, "Sheet", "I1") == "n must be a whole number, 1 or more."
        calc.set(document, "Sheet", "D1", "=BASKETTOTAL(A2:A3;B2:B3)")
        until(lambda: calc.cell(document, "Sheet", "E1") == "OK")
