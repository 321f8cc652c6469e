"""A workbook of ours as the browser's data: what a person would miss if it were lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.formatting.rule import DataBarRule, FormulaRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.formula import ArrayFormula

from basketgex_addin.template_files import TEMPLATES
from basketgex_addin.web.snapshot import snapshot
from workbook_templates.build import path

WARNS = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl's


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Any]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "One"
    sheet["A1"], sheet["B1"], sheet["C1"], sheet["D1"] = (
        "NVDA",
        5,
        True,
        "=_xlfn.IFNA(A1,_xlfn._xlws.SORT(B1))",
    )
    sheet["A2"] = ArrayFormula("A2:C4", "=BASKET(A1,B1)")
    sheet["B1"].number_format = "0.0%"
    sheet["A1"].font = Font(
        name="Arial", size=12, bold=True, italic=True, underline="single", color="FF112233"
    )
    sheet["A1"].fill = PatternFill("solid", fgColor="FFAABBCC")
    sheet["A1"].alignment = Alignment(horizontal="right", vertical="top", wrap_text=True, indent=2)
    sheet["A1"].border = Border(top=Side("thick", color="FF010203"))
    sheet.merge_cells("A6:C7")
    sheet.freeze_panes = "B3"
    sheet.column_dimensions["B"].width = 20
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[2].height = 30
    sheet.sheet_view.showGridLines = False
    sheet.conditional_formatting.add("A1:B2", FormulaRule(["B1>4"], font=Font(bold=True, color="FFFF0000")))
    sheet.conditional_formatting.add("B1:B3", DataBarRule("min", None, "max", None, color="FF00FF00"))
    hidden = book.create_sheet("Two")
    hidden.sheet_state = "hidden"
    target = tmp_path / "made.xlsx"
    book.save(target)
    return snapshot(target.read_bytes(), target.stem)


def test_cells(made: dict[str, Any]) -> None:
    cells = made["sheets"]["s0"]["cellData"]
    assert [cells[0][at].get("v") for at in range(3)] == ["NVDA", 5, 1]
    assert cells[0][2]["t"] == 3
    assert cells[0][3]["f"] == "=IFNA(A1,SORT(B1))"
    assert cells[1][0]["f"] == "=TAKE(BASKET(A1,B1),3,3)"
    assert 1 not in cells[1]  # it spills from its first cell
    assert made["styles"][cells[0][1]["s"]]["n"] == {"pattern": "0.0%"}
    style = made["styles"][cells[0][0]["s"]]
    assert (style["ff"], style["fs"], style["bl"], style["it"], style["ul"]) == ("Arial", 12, 1, 1, {"s": 1})
    assert (style["cl"], style["bg"]) == ({"rgb": "#112233"}, {"rgb": "#AABBCC"})
    assert (style["ht"], style["vt"], style["tb"], style["pd"]) == (3, 1, 3, {"l": 18})
    assert style["bd"] == {"t": {"s": 13, "cl": {"rgb": "#010203"}}}


def test_sheets(made: dict[str, Any]) -> None:
    one, two = made["sheets"]["s0"], made["sheets"]["s1"]
    assert ([one["name"], two["name"]], one["hidden"], two["hidden"]) == (["One", "Two"], 0, 1)
    assert one["mergeData"] == [{"startRow": 5, "endRow": 6, "startColumn": 0, "endColumn": 2}]
    assert one["freeze"] == {"xSplit": 1, "ySplit": 2, "startRow": 2, "startColumn": 1}
    assert two["freeze"]["startRow"] == -1
    assert one["columnData"][1] == {"w": 145, "hd": 0}
    assert one["columnData"][2]["hd"] == 1
    assert one["rowData"][1] == {"h": 40, "hd": 0}
    assert (one["showGridlines"], two["showGridlines"]) == (0, 1)


def test_conditional_formats(made: dict[str, Any]) -> None:
    resources = {found["name"]: json.loads(found["data"]) for found in made["resources"]}
    formula, bar = resources["SHEET_CONDITIONAL_FORMATTING_PLUGIN"]["s0"]
    assert formula["rule"]["value"] == "=B1>4"
    assert formula["rule"]["style"] == {"cl": {"rgb": "#FF0000"}, "bl": 1}
    assert formula["ranges"] == [{"startRow": 0, "endRow": 1, "startColumn": 0, "endColumn": 1}]
    assert bar["rule"]["config"]["positiveColor"] == "#00FF00"


@WARNS
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_read(name: str) -> None:
    found = snapshot(path(name).read_bytes(), name)
    json.dumps(found, allow_nan=False)
    cells = [
        cell
        for sheet in found["sheets"].values()
        for row in sheet["cellData"].values()
        for cell in row.values()
    ]
    formulas = [cell["f"] for cell in cells if "f" in cell]
    assert formulas and all(formula.startswith("=") and "_xl" not in formula for formula in formulas)
    assert {cell["s"] for cell in cells if "s" in cell} <= set(found["styles"])
