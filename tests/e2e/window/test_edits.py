"""After whatever a person does to a sheet, it shows what a hard recalculation would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.window.harness import FIRST, Window


def at(document: Any, area: str) -> Any:
    return document.Sheets[0].getCellRangeByName(area)


@pytest.mark.parametrize(
    ("cell", "typed"),
    [("A5", "SPX"), ("B6", "77"), ("A7", "aapl"), ("A8", "ZZZZ"), ("B4", "1"), ("B9", "0"), ("A5", "NV?DA")],
)
def test_a_symbol_or_weight_that_is_typed(window: Window, sheet: Any, cell: str, typed: str) -> None:
    window.type(sheet, cell, typed)
    assert at(sheet, cell).String == typed
    window.check(sheet)


def test_the_same_again_and_back(window: Window, sheet: Any) -> None:
    """What memory knows is shown without a call, on another way."""
    for name in ("SPX", "AMD", "SPX", "AMD"):
        window.type(sheet, "A5", name)
        window.check(sheet)


def test_clearing_undo_and_redo(window: Window, sheet: Any) -> None:
    before = at(sheet, "R4").Value
    window.select(sheet, "A5:B5")
    window.keys(sheet, "Delete")
    assert at(sheet, "A5").String == ""
    window.check(sheet)
    window.keys(sheet, "ctrl+z")
    assert at(sheet, "A5").String == "AMD"
    window.check(sheet)
    assert at(sheet, "R4").Value == pytest.approx(before, rel=1e-12)
    window.keys(sheet, "ctrl+y")
    assert at(sheet, "A5").String == ""
    window.check(sheet)


def test_pasting_over_names_and_weights(window: Window, sheet: Any) -> None:
    at(sheet, "T4:U6").setDataArray((("SPY", 3.0), ("QQQ", 2.0), ("IWM", 1.0)))
    window.select(sheet, "T4:U6")
    window.keys(sheet, "ctrl+c")
    window.select(sheet, f"A{FIRST}")
    window.keys(sheet, "ctrl+v")
    assert at(sheet, "A4").String == "SPY"
    window.check(sheet)


def test_filling_down(window: Window, sheet: Any) -> None:
    window.select(sheet, "B4:B9")
    window.keys(sheet, "ctrl+d")
    assert at(sheet, "B9").Value == 40
    window.check(sheet)
    at(sheet, "T4").Formula = "=BASKETGEX($A$4:A4;$B$4:B4)"
    window.select(sheet, "T4:T9")
    window.keys(sheet, "ctrl+d")
    assert at(sheet, "T9").Formula.endswith("BASKETGEX($A$4:A9;$B$4:B9)")
    window.check(sheet)


def test_inserting_and_deleting_rows_and_columns(window: Window, sheet: Any) -> None:
    window.select(sheet, "A2")
    window.dispatch(sheet, "InsertRowsBefore")
    assert at(sheet, "A5").String == "NVDA"
    window.check(sheet)
    window.select(sheet, "C5")
    window.dispatch(sheet, "InsertColumnsBefore")
    window.check(sheet)
    window.type(sheet, "A6", "SPX")
    window.check(sheet)
    window.select(sheet, "A2")
    window.dispatch(sheet, "DeleteRows")
    assert at(sheet, "A5").String == "SPX"
    window.check(sheet)
    window.dispatch(sheet, "Undo")
    assert at(sheet, "A6").String == "SPX"
    window.check(sheet)


def test_sheets_that_look_at_each_other(window: Window, sheet: Any) -> None:
    """The table stands where nobody looks while the names change, and the other way round."""
    sheet.Sheets.insertNewByName("Other", 1)
    other = sheet.Sheets[1]
    there = other.getCellRangeByName
    here = sheet.Sheets[0].Name
    there("A1:J6").setArrayFormula(f"=BASKET(${here}.A4:A9;${here}.B4:B9)")
    there("L1").Formula = "=SUM(D1:D6)"
    there("L2").Formula = '=IF(D2<0;"short";"long")'
    at(sheet, "T4").Formula = "=Other.L1*2"
    window.check(sheet)
    window.type(sheet, "A5", "SPX")
    window.keys(sheet, "ctrl+Next")
    assert sheet.CurrentController.ActiveSheet.Name == "Other"
    window.check(sheet)
    window.keys(sheet, "ctrl+Prior")
    window.type(sheet, "B5", "3")
    window.check(sheet)


@pytest.mark.parametrize(
    "kind", [("xlsx", "Calc MS Excel 2007 XML"), ("ods", "calc8")], ids=lambda kind: kind[0]
)
def test_saved_reopened_and_edited(window: Window, sheet: Any, tmp_path: Path, kind: tuple[str, str]) -> None:
    path = tmp_path / f"saved.{kind[0]}"
    window.type(sheet, "A5", "SPX")
    shown = window.settled(sheet)
    window.dispatch(sheet, "SaveAs", URL=path.as_uri(), FilterName=kind[1])
    with window.opened(path) as again:
        assert set(window.settled(again)) == set(shown)
        window.check(again)
        window.type(again, "A6", "AAPL")
        window.check(again)


def test_a_delivery_modifies_nothing_and_cannot_be_undone(window: Window, sheet: Any, tmp_path: Path) -> None:
    """Neither new figures nor a calculation are a person's doing."""
    path = tmp_path / "clean.ods"
    window.dispatch(sheet, "SaveAs", URL=path.as_uri(), FilterName="calc8")
    with window.opened(path) as again:
        assert not again.isModified()
        assert not again.UndoManager.isUndoPossible()
        window.type(again, "A5", "SPX")
        window.settled(again)
        assert len(again.UndoManager.getAllUndoActionTitles()) == 1
        window.keys(again, "ctrl+z")
        window.settled(again)
        assert not again.UndoManager.isUndoPossible()


def test_a_live_cell_does_not_disturb_what_is_being_typed(window: Window, sheet: Any) -> None:
    """Figures come while a person is in the middle of a word."""
    window.type(sheet, "A5", "SPX")
    window.select(sheet, "A20")
    window.keys(sheet, "N", "V")
    window.settled(sheet)
    window.screen.type("DA")
    window.keys(sheet, "Return")
    assert at(sheet, "A20").String == "NVDA"
    window.check(sheet)
