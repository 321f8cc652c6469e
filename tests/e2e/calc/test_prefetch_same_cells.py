"""A workbook gives the same cells whether its questions are read ahead or every cell makes its own call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula

from basketgex.home import Home
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc, Error, running_calc
from tests.e2e.serving import Server, fresh, status

NAMES = ("NVDA", "AMD", "TSLA", "SPY", "QQQ", "IWM", "AAPL", "MSFT", "AMZN", "META")
FORMULAS = {
    "relative name": "=BASKETGEX(Moving)",  # two cells of column A, from the next row on
    "plain": "=BASKETGEX(A2:A7,B2:B7)",
    "text": '=BASKETGEX("NVDA,AMD",B2:B3)',
    "one cell": "=BASKETGEX(A2)",
    "nested": "=IF(BASKETGEX(A2:A7,B2:B7)<0,BASKETREGIME(A2:A7,B2:B7),BASKETDEX(A2:A4))",
    # The symbols of these depend on the result of another basket.
    "first link": '=IF(BASKETGEX(A2:A7,B2:B7)>0,"SPY","QQQ")',
    "second link": '=IF(BASKETGEX(F6:F6)>0,"IWM","AAPL")',
    "chained": "=BASKETGEX(F6:F7)",
    "chained weights": "=BASKETVEX(A2:A3,H2:H3)",
    "chained through a block": "=BASKETGEX(G2:H5)",
    # The symbols of these come from formulas that read constants.
    "index": "=BASKETCHEX(INDEX(Lists!$A$1:$A$10,2))",
    "index range": "=BASKETGEX(INDEX(Lists!$A$1:$A$10,3):INDEX(Lists!$A$1:$A$10,6))",
    "offset": "=BASKETGEX(OFFSET(A2,1,0,3,1))",
    "indirect": '=BASKETGEX(INDIRECT("A2:A5"))',
    "choose": '=BASKETGEX(CHOOSE(2,"NVDA","TSLA"))',
    "named range": "=BASKETDEX(Picks)",
    "named range and weights": "=BASKETGEX(Picks,Loads)",
    "name of a formula range": "=BASKETGEX(Linked)",
    "other sheet": "=BASKETGEX('My names, 2'!A1:A4,'My names, 2'!B1:B4)",
    "other sheet, apostrophe": "=BASKETGEX('It''s mine'!A1:A3)",
    "other sheet, whole columns": "=BASKETGEX('My names, 2'!A:A,'My names, 2'!B:B)",
    "depends on another sheet's formula": "=BASKETGEX('It''s mine'!C1:C3)",
    "missing": "=BASKETMISSING(A2:A8)",
    "coverage": "=BASKETCOVERAGE(A2:A8)",
    "status": "=BASKETSTATUS(A2:A8)",
    "why": "=BASKETWHY(F6:F7)",
    "bad input": "=BASKETGEX(A2:A7,B2:B6)",
    "bad input of a formula": "=BASKETGEX(F6:F7,B2:B6)",
    "no data": '=BASKETGEX("ZZZZ")',
    "error in the range": "=BASKETGEX(J2:J3)",
    "caught": "=IFERROR(BASKETGEX(J2:J3),-1)",
}
ERRORS = {
    "bad input": VALUE,
    "bad input of a formula": VALUE,
    "no data": NOT_AVAILABLE,
    "error in the range": Error(504),
}
ADDRESS = {name: f"F{row}" for row, name in enumerate(FORMULAS, start=2)}
FIRST, SECOND = ADDRESS["first link"], ADDRESS["second link"]


class Shown(NamedTuple):
    opened: dict[str, list[list[float | str | Error]]]
    recalculated: dict[str, list[list[float | str | Error]]]
    requests: int
    """How many calls opening and recalculating took."""

    def cell(self, name: str) -> float | str | Error:
        return self.opened["Main"][int(ADDRESS[name][1:]) - 2][0]


AREAS = {"Main": "F2:U33", "It's mine": "C1:C3"}


def _write(path: Path) -> None:
    book = openpyxl.Workbook()
    main = book.active
    assert main is not None
    main.title = "Main"
    lists, other, mine = (book.create_sheet(title) for title in ("Lists", "My names, 2", "It's mine"))
    for row, name in enumerate(NAMES, start=1):
        lists.cell(row, 1, name)
    for row, name in enumerate((*NAMES[:6], "ZZZZ"), start=2):
        main.cell(row, 1, name)
        main.cell(row, 2, row)
    for row, name in enumerate(("SPX", "JPM", "XOM", "LLY"), start=1):
        other.cell(row, 1, name)
        other.cell(row, 2, 10 - row)
    for row, name in enumerate(("WMT", "COST", "HD"), start=1):
        mine.cell(row, 1, name)
        mine.cell(row, 3, f'=IF(BASKETGEX(Main!A2:A{1 + row})>0,A{row},"KO")')
    mine["C3"] = f'=IF(Main!{SECOND}="IWM","BA","GE")'
    for name, formula in FORMULAS.items():
        main[ADDRESS[name]] = formula.replace("F6:F6", f"{FIRST}:{FIRST}").replace(
            "F6:F7", f"{FIRST}:{SECOND}"
        )
    # A block in which constants and formulas that depend on other baskets stand side by side.
    main["G2"], main["G3"], main["G4"] = "NVDA", "AMD", '=IF(BASKETGEX(A3:A5)>0,"MSFT","AMZN")'
    main["G5"] = f"={SECOND}"
    main["H4"], main["H5"] = "=G4", "META"
    main["H2"], main["H3"] = '=IF(BASKETGEX(G2:G3)>0,"GS","MS")', "BAC"
    main["I2"], main["I3"] = "=ABS(BASKETGEX(A2:A4))", "=ABS(BASKETGEX(A5:A7))"
    main[ADDRESS["chained weights"]] = "=BASKETVEX(A2:A3,I2:I3)"
    main["J2"], main["J3"] = "=1/0", "NVDA"
    main["L2"] = ArrayFormula("L2:U10", "=BASKET(A2:A8,B2:B8,TRUE)")
    main["L12"] = ArrayFormula("L12:U15", f"=BASKET({FIRST}:{SECOND})")
    main["L17"] = ArrayFormula("L17:L19", "=INDEX(BASKET('My names, 2'!A1:A4),{1;2;3},1)")
    main["M17"] = "=BASKETGEX(L17:L19)"
    for name, content in {
        "Picks": "Lists!$A$2:$A$5",
        "Loads": "Main!$B$2:$B$5",
        "Moving": "Main!$A2:$A3",
        "Linked": f"Main!${FIRST[0]}${FIRST[1:]}:${SECOND[0]}${SECOND[1:]}",
    }.items():
        book.defined_names[name] = DefinedName(name, attr_text=content)
    book.save(path)


def _show(calc: Calc, path: Path) -> Shown:
    before = status(Home(calc.home)).requests
    with calc.document(path) as document:
        opened = {sheet: calc.cells(document, sheet, area) for sheet, area in AREAS.items()}
        calc.recalculate(document)
        again = {sheet: calc.cells(document, sheet, area) for sheet, area in AREAS.items()}
    return Shown(opened, again, status(Home(calc.home)).requests - before)


@pytest.fixture(scope="module")
def both(
    calc: Calc, soffice: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shown, Shown]]:
    """The workbook with its questions read ahead, and without."""
    folder = tmp_path_factory.mktemp("prefetch")
    path = folder / "same.xlsx"
    _write(path)
    with pytest.MonkeyPatch.context() as patch, fresh(calc.home), Server(calc.home):
        calc.awake()
        ahead = _show(calc, path)
        patch.setenv("BASKETGEX_PREFETCH", "0")
        with running_calc(soffice, folder / "office", calc.home) as plain:
            yield ahead, _show(plain, path)


def test_the_cells_are_the_same(both: tuple[Shown, Shown]) -> None:
    ahead, plain = both
    assert ahead.opened == plain.opened
    assert ahead.recalculated == plain.recalculated == plain.opened


def test_reading_ahead_saves_calls(both: tuple[Shown, Shown]) -> None:
    ahead, plain = both
    assert 0 < ahead.requests < plain.requests


def test_no_cell_is_left_half_calculated(both: tuple[Shown, Shown]) -> None:
    """The only errors are those that belong there."""
    for shown in both:
        errors = {name: value for name in FORMULAS if isinstance(value := shown.cell(name), Error)}
        assert errors == ERRORS
        for name, grid in {**shown.opened, **shown.recalculated}.items():
            strays = {value.code for row in grid for value in row if isinstance(value, Error)}
            assert strays <= ({504, 519, 532, 32767} if name == "Main" else set())


def test_the_chain_was_followed(both: tuple[Shown, Shown]) -> None:
    """So that equal cells are not equally empty ones."""
    shown = both[0]
    assert isinstance(gex := shown.cell("plain"), float)
    assert gex
    assert shown.cell("first link") == ("SPY" if gex > 0 else "QQQ")
    assert shown.cell("second link") in ("IWM", "AAPL")
    assert shown.cell("why") == "OK"
    assert shown.cell("caught") == -1
    assert shown.cell("missing") == "ZZZZ"
    others = {*ERRORS, "nested", "first link", "second link", "why", "missing", "status"}
    numbers = {name: shown.cell(name) for name in FORMULAS if name not in others}
    assert all(isinstance(value, float) and value for value in numbers.values()), numbers
