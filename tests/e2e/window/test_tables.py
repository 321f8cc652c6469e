"""Tables from the menu Basket GEX: put beside the selected names, and given another size when their list grows."""

from __future__ import annotations

from typing import Any

import pytest

from basketgex_addin import tables
from basketgex_addin.menu import INSERT_TABLE, RESIZE_TABLE
from tests.e2e.serving import until
from tests.e2e.window.dialogues import choose, message
from tests.e2e.window.harness import FIRST, LAST, NAMES, Window


@pytest.fixture
def names(window: Window) -> Any:
    """A new document with names and weights, and nothing else."""
    with window.new() as document:
        for row, (name, weight) in enumerate(NAMES, start=FIRST):
            at(document, f"A{row}").String, at(document, f"B{row}").Value = name, weight
        yield document


def at(document: Any, area: str) -> Any:
    return document.Sheets[0].getCellRangeByName(area)


def made(window: Window, document: Any, command: str, selected: str, corner: str) -> None:
    """Choose an entry for a selection and wait until the corner of its table shows a name."""
    window.select(document, selected)
    choose(window, command)
    until(lambda: at(document, corner).String in {name for name, _ in NAMES})
    window.settled(document)


def array(document: Any, cell: str) -> str:
    """Return the cells of the array that a cell is in."""
    cursor = document.Sheets[0].createCursorByRange(at(document, cell))
    cursor.collapseToCurrentArray()
    return str(cursor.AbsoluteName).rpartition(".")[2].replace("$", "")


def selected(document: Any) -> str:
    return str(document.CurrentSelection.AbsoluteName).rpartition(".")[2].replace("$", "")


def refused(window: Window, document: Any, command: str, selected: str) -> str:
    """Choose an entry and return the sentence that says why it is not done."""
    before = [at(document, "A1:Z40").FormulaArray]
    window.select(document, selected)
    choose(window, command)
    said = message(window)
    assert [at(document, "A1:Z40").FormulaArray] == before
    return said


def test_a_table_of_the_right_size_with_its_formats(window: Window, names: Any) -> None:
    made(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}", f"D{LAST}")
    assert array(names, "D4") == f"D{FIRST - 1}:N{LAST}"
    assert at(names, "D3:E3").DataArray == (("symbol", "weight"),)
    assert at(names, "E4").String == "40.0%"
    assert at(names, "F4").String == f"{at(names, 'F4').Value:,.2f}"
    for column in "GHIJ":
        assert at(names, f"{column}4").String == f"{at(names, f'{column}4').Value:,.0f}"
    assert at(names, "K4").String == f"{at(names, 'K4').Value:+.1%}"
    assert at(names, "L4").String.partition(",")[0] in ("negative gamma", "positive gamma")
    assert at(names, "M4").String == "2026-09-16 15:45"
    assert at(names, "N4").String == f"{at(names, 'N4').Value:+.1%}"
    window.check(names)
    window.dispatch(names, "Undo")
    assert at(names, "D3:N9").queryContentCells(23).Count == 0


def test_names_alone_in_a_row_and_beside_what_is_there(window: Window, names: Any) -> None:
    at(names, "E6").String = "mine"
    made(window, names, INSERT_TABLE, f"A{FIRST}:A{LAST}", f"F{FIRST}")
    assert array(names, "F4") == f"F{FIRST - 1}:P{LAST}"
    assert at(names, "E6").String == "mine"
    at(names, "A20:C20").DataArray = (("NVDA", "AMD", "NVDA"),)
    made(window, names, INSERT_TABLE, "A20:C20", "E20")
    assert array(names, "E20") == "E19:O21"
    window.check(names)


def test_what_cannot_be_a_table_is_told(window: Window, names: Any) -> None:
    assert refused(window, names, INSERT_TABLE, "T20:T25") == "No symbols: give at least one ticker."
    at(names, "A6").String = "NV?DA"
    assert "NV?DA" in refused(window, names, INSERT_TABLE, f"A{FIRST}:A{LAST}")
    at(names, "A6").String = "AVGO"
    at(names, f"C{FIRST + 2}:BZ{FIRST + 2}").DataArray = (tuple(range(76)),)
    said = refused(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}")
    assert said == tables.NO_PLACE.format(rows=7, columns=11, reach=tables.REACH)


@pytest.mark.parametrize("cursor", ["F6", "A5", f"A{FIRST}:B{LAST + 1}"])
def test_a_list_that_has_grown(window: Window, names: Any, cursor: str) -> None:
    made(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}", f"D{LAST}")
    at(names, "O4").Formula = "=G4*2"
    at(names, f"A{LAST + 1}").String, at(names, f"B{LAST + 1}").Value = "SPY", 10
    window.select(names, cursor)
    choose(window, RESIZE_TABLE)
    assert message(window) == tables.NOW.format(symbols=f"A{FIRST}:A{LAST + 1}")
    assert array(names, "D4") == f"D{FIRST - 1}:N{LAST + 1}"
    until(lambda: at(names, f"D{LAST + 1}").String == "SPY")
    assert at(names, f"G{LAST + 1}").String == f"{at(names, f'G{LAST + 1}').Value:,.0f}"
    assert at(names, "O4").Formula == "=G4*2"
    window.check(names)


def test_rows_inserted_into_the_list_and_taken_out_again(window: Window, names: Any) -> None:
    made(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}", f"D{LAST}")
    at(names, f"A{LAST}:B{LAST}").clearContents(23)
    window.select(names, "D4")
    choose(window, RESIZE_TABLE)
    until(lambda: array(names, "D4") == f"D{FIRST - 1}:N{LAST - 1}")
    assert at(names, f"D{LAST}:N{LAST}").queryContentCells(23).Count == 0
    window.check(names)


def test_a_formula_that_showed_one_cell_becomes_its_table(window: Window, names: Any) -> None:
    window.type(names, "D4", f"=BASKET(A{FIRST}:A{LAST})")
    until(lambda: at(names, "D4").String == "NVDA")
    assert at(names, "E4").String == ""
    made(window, names, RESIZE_TABLE, "D4", f"D{LAST}")
    assert array(names, "D4") == f"D{FIRST}:N{LAST}"
    window.check(names)


def test_a_table_that_has_no_room_stays_as_it_is(window: Window, names: Any) -> None:
    made(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}", f"D{LAST}")
    at(names, f"A{LAST + 1}").String, at(names, f"B{LAST + 1}").Value = "SPY", 10
    at(names, f"H{LAST + 1}").String = "mine"
    said = refused(window, names, RESIZE_TABLE, "D4")
    assert said == tables.OCCUPIED.format(needed=f"D{FIRST - 1}:N{LAST + 1}", occupied=f"H{LAST + 1}")
    assert at(names, f"H{LAST + 1}").String == "mine"


def test_a_row_of_sums_below_the_list_is_no_name(window: Window, names: Any) -> None:
    made(window, names, INSERT_TABLE, f"A{FIRST}:B{LAST}", f"D{LAST}")
    at(names, f"A{LAST + 1}").String = "Total"
    at(names, f"B{LAST + 1}").Formula = f"=SUM(B{FIRST}:B{LAST})"
    window.select(names, "D4")
    choose(window, RESIZE_TABLE)
    until(lambda: names.UndoManager.AllUndoActionTitles[0] == "Resize table")
    assert array(names, "D4") == f"D{FIRST - 1}:N{LAST}"


def test_what_is_no_table_is_told(window: Window, names: Any) -> None:
    assert refused(window, names, RESIZE_TABLE, "T20") == tables.NO_TABLE
    at(names, "D4:N9").setArrayFormula(f'=IFERROR(BASKET(A{FIRST}:A{LAST});"")')
    assert refused(window, names, RESIZE_TABLE, "D4") == tables.NOT_ALONE
    names.Sheets[0].protect("")
    assert refused(window, names, INSERT_TABLE, f"A{FIRST}:A{LAST}") == tables.NOT_TAKEN
    names.Sheets[0].unprotect("")


def test_a_list_on_another_sheet_and_one_undo(window: Window, names: Any) -> None:
    names.Sheets.insertNewByName("My list", 1)
    there = names.Sheets.getByName("My list").getCellRangeByName
    there("C2:D4").DataArray = (("NVDA", 3.0), ("AMD", 2.0), ("SPY", 1.0))
    at(names, "D4:N5").setArrayFormula("=BASKET($'My list'.C2:C3;$'My list'.D2:D3)")
    window.select(names, "E5")
    choose(window, RESIZE_TABLE)
    assert message(window) == tables.NOW.format(symbols="C2:C4")
    assert array(names, "D4") == "D4:N6"
    assert at(names, "D4").Formula.endswith("BASKET($'My list'.C2:C4;$'My list'.D2:D4)}")
    until(lambda: at(names, "D6").String == "SPY")
    window.check(names)
    window.dispatch(names, "Undo")
    assert array(names, "D4") == "D4:N5"
    assert at(names, "D6").String == ""


def test_names_that_are_a_text_or_have_a_name(window: Window, names: Any) -> None:
    at(names, "D4").Formula = '=BASKET("NVDA, AMD";;TRUE())'
    window.select(names, "D4")
    choose(window, RESIZE_TABLE)
    until(lambda: array(names, "D4") == "D4:N6")
    until(lambda: selected(names) == "D4:N6")  # the last thing it does: it would take the next selection back
    origin = at(names, "A1").CellAddress
    names.NamedRanges.addNewByName("Picks", f"$Sheet1.$A${FIRST}:$A${LAST}", origin, 0)
    at(names, "D20").Formula = "=BASKET(Picks)"
    window.select(names, "D20")
    choose(window, RESIZE_TABLE)
    until(lambda: array(names, "D20") == "D20:N25")
    at(names, "D30").Formula = '=BASKET("NVDA,"&A5)'
    assert refused(window, names, RESIZE_TABLE, "D30") == tables.COMPUTED
    window.check(names)


def test_two_areas_and_two_tables_are_told(window: Window, names: Any) -> None:
    both = names.createInstance("com.sun.star.sheet.SheetCellRanges")
    for area in ("A4:A5", "B8:B9"):
        both.addRangeAddress(at(names, area).RangeAddress, False)
    names.CurrentController.select(both)
    choose(window, INSERT_TABLE)
    assert message(window) == tables.ONE_AREA
    for corner in ("D20", "D30"):
        at(names, corner).Formula = f"=BASKET(A{FIRST}:A{LAST})"
    assert refused(window, names, RESIZE_TABLE, "A5") == tables.MANY_TABLES
