"""A workbook opened and saved: what was in the file stays, but for the cells that are others now."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from basketgex_addin.template_files import TEMPLATES
from basketgex_addin.web.workfile import FORMATS, MOVED, NO_WORKBOOK, NoWorkbook, Tab, opened, saved
from workbook_templates.build import path

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl's


def tabs(file: bytes) -> list[Tab]:
    """The sheets as a page has them that has changed nothing and calculated nothing."""
    return [
        Tab(
            sheet["name"],
            [
                (row, column, cell.get("f"), cell.get("v"), cell.get("t"))
                for row, cells in sheet["cellData"].items()
                for column, cell in cells.items()
                if "f" in cell or "v" in cell
            ],
        )
        for sheet in opened(file)["sheets"].values()
    ]


def kept(found: bytes, lost: list[str]) -> bytes:
    assert lost == []
    return found


def own(target: Path) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [("name", "weight"), ("NVDA", 2), ("AMD", 3)]:
        sheet.append(row)
    sheet["D1"] = "=SUM(B2:B3)"
    sheet["D2"] = "=D1*2"
    sheet.merge_cells("F1:G2")
    sheet["B2"].number_format = "0.00"
    book.defined_names["weights"] = openpyxl.workbook.defined_name.DefinedName(
        "weights", attr_text="Sheet!$B$2:$B$3"
    )
    book.create_sheet("Other")["A1"] = 5
    book.save(target)
    return target.read_bytes()


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_stays_what_it_is(name: str) -> None:
    file = path(name).read_bytes()
    found = kept(*saved(file, tabs(file), moved=False, formatted=False))
    with ZipFile(io.BytesIO(file)) as old, ZipFile(io.BytesIO(found)) as new:
        assert new.testzip() is None
        others = [part for part in old.namelist() if not part.startswith("xl/worksheets/sheet")]
        assert [part for part in others if old.read(part) != new.read(part)] == []
    assert formulas(found) == formulas(file)


def formulas(file: bytes) -> dict[tuple[str, str], Any]:
    book = openpyxl.load_workbook(io.BytesIO(file))
    return {
        (sheet.title, cell.coordinate): vars(cell.value)
        if isinstance(cell.value, ArrayFormula)
        else cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def test_a_users_workbook(tmp_path: Path) -> None:
    file = own(tmp_path / "own.xlsx")
    sheets = tabs(file)
    cells = {cell[:2]: cell for cell in sheets[0].cells}
    cells[1, 1] = (1, 1, None, 7.5, 2)
    cells[0, 3] = (0, 3, "=SUM(B2:B3)", 10.5, 2)
    cells[4, 0] = (4, 0, '=IFNA(BASKETGEX(A2:A3),"<&>")', "#N/A", None)
    cells[9, 0] = (9, 0, "=SORT(BASKET(A2:A3),1)", "AMD", 1)
    cells[10, 0] = (10, 0, None, "NVDA", 9)
    del cells[2, 0]
    changed = Tab(sheets[0].name, list(cells.values()), [(9, 0, 10, 1)])
    found = kept(*saved(file, [changed, sheets[1]], moved=False, formatted=False))
    book = openpyxl.load_workbook(io.BytesIO(found))
    sheet = book["Sheet"]
    assert [sheet[at].value for at in ("A2", "A3", "B2", "D1", "D2")] == [
        "NVDA",
        None,
        7.5,
        "=SUM(B2:B3)",
        "=D1*2",
    ]
    assert sheet["A5"].value == '=_xlfn.IFNA(BASKETGEX(A2:A3),"<&>")'
    assert (sheet["A10"].value.ref, sheet["A10"].value.text) == (
        "A10:B11",
        "=_xlfn._xlws.SORT(BASKET(A2:A3),1)",
    )
    assert sheet["B2"].number_format == "0.00"
    assert [str(area) for area in sheet.merged_cells.ranges] == ["F1:G2"]
    assert book.defined_names["weights"].attr_text == "Sheet!$B$2:$B$3"
    values = openpyxl.load_workbook(io.BytesIO(found), data_only=True)["Sheet"]
    assert [values[at].value for at in ("D1", "A5", "A10", "A11")] == [10.5, "#N/A", "AMD", "NVDA"]


def test_what_is_lost_is_said(tmp_path: Path) -> None:
    file = own(tmp_path / "own.xlsx")
    _, lost = saved(file, [*tabs(file), Tab("New", [(0, 0, None, 1, 2)])], moved=False, formatted=True)
    assert lost == ["Sheets that the file does not have are left out: New.", FORMATS]
    assert saved(file, tabs(file)[:1], moved=False, formatted=False)[1] == [MOVED]
    assert saved(file, tabs(file), moved=True, formatted=False)[1] == [MOVED]


def test_a_workbook_begun_in_the_browser() -> None:
    tab = Tab(
        "Basket",
        [
            (0, 0, None, "NVDA", 1),
            (0, 1, None, 50, 2),
            (2, 0, "=BASKETGEX(A1,B1)", -1.5, 2),
            (3, 0, None, True, 3),
        ],
        formats=[(0, 0, {"bl": 1, "cl": {"rgb": "#FF0000"}, "n": {"pattern": "0.0"}})],
        widths={"0": 118},
    )
    sheet = openpyxl.load_workbook(io.BytesIO(kept(*saved(None, [tab], moved=True, formatted=True))))[
        "Basket"
    ]
    assert [sheet[at].value for at in ("A1", "B1", "A3", "A4")] == ["NVDA", 50, "=BASKETGEX(A1,B1)", True]
    assert (sheet["A1"].font.b, sheet["A1"].font.color.rgb, sheet["A1"].number_format) == (
        True,
        "00FF0000",
        "0.0",
    )


@pytest.mark.parametrize(
    "file", [b"", b"PK\x03\x04 and no more", b"name,weight\nNVDA,1\n", b"\xd0\xcf\x11\xe0" * 200]
)
def test_what_is_no_workbook(file: bytes) -> None:
    with pytest.raises(NoWorkbook, match=r"no \.xlsx workbook"):
        opened(file)
    assert NO_WORKBOOK.endswith("open it again.")
