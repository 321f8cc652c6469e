"""The extension in a real Calc, before any server exists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula

from basketgex_addin.calc.driver import Office, end
from basketgex_addin.client.problems import LAUNCH_NOT_RECORDED
from basketgex_addin.functions import FUNCTIONS, Shape
from basketgex_addin.worksheet import NO_FORMULA
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc, Error, running_calc
from tests.e2e.serving import Server

SHEET = "Basket"
NAMES = ("NVDA", "AAPL", "MSFT", "AMZN", "GOOGL", "META")
SCALARS = [function for function in FUNCTIONS if function.shape is not Shape.TABLE]


@pytest.fixture(scope="module")
def calc(soffice: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calc]:
    """A Calc of its own: other tests may start a server in the shared one's home."""
    folder = tmp_path_factory.mktemp("serverless")
    with running_calc(soffice, folder / "office", folder / "home") as running:
        yield running


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = SHEET
    for row, name in enumerate(NAMES, start=1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, row)
    for row, function in enumerate(SCALARS, start=1):
        more = len(function.arguments) > 1 and function.name != "SYMBOLMAXPAIN"  # whose second one is a day
        arguments = "A1:A6,B1:B6" if function.weighs else "A1:A6,B1" if more else "A1"
        sheet.cell(row, 4, f"={function.name}({arguments})")
    sheet["F1"] = ArrayFormula("F1:O8", "=BASKET(A1:A6,B1:B6,TRUE)")
    sheet["D40"] = '=BASKETWHY(A1:A6,"x")'
    sheet["D41"] = '=BASKETGEX(A1:A6,"x")'
    sheet["D42"] = "=BASKETWHY(A1:A6,B1:B5)"
    sheet["D43"] = "=BASKETGEX(A1:A6,B1:B5)"
    sheet["D44"] = "=BASKETWHY(Z1:Z9)"
    sheet["D45"] = "=BASKETAGE(Z1:Z9)"
    sheet["D46"] = "=IFERROR(BASKETGEX(A1:A6),-1)"
    sheet["D47"] = "=BASKETGEX(A30:A31)"
    sheet["D48"] = "=BASKETGEX(A30)"
    sheet["D49"] = "=IFERROR(BASKETGEX(A30:A31),-1)"
    sheet["D50"] = "=BASKETWHY(A32:A33)"
    sheet["A30"] = "=1/0"
    sheet["A32"] = "=NA()"
    path = tmp_path / "basket.xlsx"
    book.save(path)
    return path


def _column(calc: Calc, document: object) -> dict[str, float | str | Error]:
    return {
        function.name: calc.cell(document, SHEET, f"D{row}") for row, function in enumerate(SCALARS, start=1)
    }


def test_without_a_server_every_function_is_not_available_and_why_says_so(calc: Calc, workbook: Path) -> None:
    with calc.document(workbook) as document:
        expected = dict.fromkeys((function.name for function in SCALARS), NOT_AVAILABLE)
        assert _column(calc, document) == {
            **expected,
            "BASKETWHY": LAUNCH_NOT_RECORDED.sentence,
            "BASKETEXPLAIN": NO_FORMULA,
        }
        assert calc.cell(document, SHEET, "F1") == NOT_AVAILABLE
        assert calc.cell(document, SHEET, "D46") == -1  # a real error value: IFERROR sees it


def test_bad_input_is_a_value_error_with_a_sentence(calc: Calc, workbook: Path) -> None:
    with calc.document(workbook) as document:
        assert [row[0] for row in calc.cells(document, SHEET, "D40:D45")] == [
            "6 symbols but 1 weights: give one weight beside each symbol, or none at all.",
            VALUE,
            "6 symbols but 5 weights: give one weight beside each symbol, or none at all.",
            VALUE,
            "No symbols: give at least one ticker.",
            VALUE,
        ]


def test_an_error_in_the_arguments_is_an_error(calc: Calc, workbook: Path) -> None:
    """Calc does not call the function: Err:504 for a range with an error, the error itself for a single cell."""
    with calc.document(workbook) as document:
        shown = [row[0] for row in calc.cells(document, SHEET, "D47:D50")]
    assert shown == [Error(504), Error(532), -1, Error(504)]


def test_recalculating_changes_nothing(calc: Calc, workbook: Path) -> None:
    with calc.document(workbook) as document:
        before = _column(calc, document)
        calc.recalculate(document)
        assert _column(calc, document) == before


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"python_path": []},
            "Basket GEX does not find its Python packages (grpc): "
            "run 'basketgex install calc' again and restart LibreOffice.",
        ),
        (
            {"python_path": [], "python": "3.99"},
            "Basket GEX was installed with Python 3.99, but LibreOffice runs Python 3.11: "
            "install it with Python 3.11, run 'basketgex install calc' and restart LibreOffice.",
        ),
    ],
    ids=["missing packages", "another Python"],
)
def test_an_add_in_without_its_packages_still_explains_itself(
    soffice: Path, workbook: Path, tmp_path: Path, told: dict[str, object], sentence: str
) -> None:
    office = Office(soffice, tmp_path / "office", tmp_path / "home")
    office.prepare()
    beside = office.folder / "extensions" / "basketgex" / "extension.json"
    beside.write_text(json.dumps({**json.loads(beside.read_text("utf-8")), **told}), "utf-8")
    process = office.start("--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(workbook))
    try:
        process.wait(120)
    finally:
        end(process)
    sheet = openpyxl.load_workbook(tmp_path / "out" / workbook.name, data_only=True)[SHEET]
    for name in ("BASKETWHY", "BASKETEXPLAIN"):
        row = [function.name for function in SCALARS].index(name) + 1
        assert sheet.cell(row, 4).value == sentence
    assert sheet["D1"].value == sheet["F1"].value == "#N/A"


def test_older_packages_of_the_system_do_not_stand_in_the_way(
    soffice: Path, workbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian has protobuf and grpc of its own on the path that LibreOffice's Python begins with."""
    for package in ("google/protobuf", "grpc"):
        old = tmp_path / "system" / package
        old.mkdir(parents=True)
        (old / "__init__.py").write_text('__version__ = "1.2.3"\n')
    with Server(tmp_path / "home", source="sample"):
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "system"))  # of the office alone
        office = running_calc(soffice, tmp_path / "office", tmp_path / "home")
        with office as calc, calc.document(workbook) as document:
            assert isinstance(calc.cell(document, SHEET, "D1"), float)
