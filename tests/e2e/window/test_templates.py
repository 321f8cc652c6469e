"""Every template after an edit of a symbol or a weight: no cell differs from a hard recalculation."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import CELLS_PREFETCH
from basketgex_addin.template_files import TEMPLATES
from basketgex_server.sources.sample.provider import Sample
from tests.e2e.window.harness import Place, Window
from workbook_templates.build import path

ANY_RESULT = 7  # com.sun.star.sheet.FormulaResult: VALUE, STRING and ERROR
CONSTANTS = 1 | 4  # com.sun.star.sheet.CellFlags: VALUE and STRING
SYMBOLS = frozenset(Sample().symbols())
OTHERS = ("SPX", "ZZZZ", "AAPL")
"""What is typed over a symbol: a large one, one that no source has, and another."""


def _constants(document: Any) -> list[tuple[str, Any]]:
    found = []
    for sheet in document.Sheets:
        for area in sheet.queryContentCells(CONSTANTS):
            a = area.RangeAddress
            found += [
                (sheet.Name, sheet.getCellByPosition(column, row))
                for row in range(a.StartRow, a.EndRow + 1)
                for column in range(a.StartColumn, a.EndColumn + 1)
            ]
    return found


def _is_symbols(cell: Any) -> bool:
    names = [name.strip() for name in cell.String.split(",")]
    return cell.Type.value == "TEXT" and all(name in SYMBOLS for name in names)


def _inputs(document: Any) -> tuple[list[Any], list[Any]]:
    """Return the cells that hold symbols, and the numbers to their right: weights, sizes."""
    constants = _constants(document)
    symbols = [(name, cell) for name, cell in constants if _is_symbols(cell)]
    rows = {(name, cell.CellAddress.Row): cell.CellAddress.Column for name, cell in reversed(symbols)}
    weights = [
        cell
        for name, cell in constants
        if cell.Type.value == "VALUE"
        and rows.get((name, cell.CellAddress.Row), 10_000) < cell.CellAddress.Column
    ]
    return [cell for _, cell in symbols], weights


def _counters(document: Any) -> set[Place]:
    """Return the cells that BASKETQUOTA fills, and those that show them: they count what is asked, whoever asks."""
    found: set[Place] = set()
    formulas = [
        (sheet.Name, cell)
        for sheet in document.Sheets
        for area in sheet.queryFormulaCells(ANY_RESULT)
        for row in range(area.Rows.Count)
        for cell in (area.getCellByPosition(column, row) for column in range(area.Columns.Count))
    ]
    counted = [(name, cell) for name, cell in formulas if "BASKETQUOTA" in cell.Formula]
    names = {cell.AbsoluteName.replace("$", "") for _, cell in counted}
    counted += [(name, cell) for name, cell in formulas if names & set(_references(name, cell.Formula))]
    for name, cell in counted:
        found.add((name, cell.CellAddress.Row, cell.CellAddress.Column))
    return found


def _references(sheet: str, formula: str) -> list[str]:
    found = re.findall(r"(?:\$?(\w+)\.)?\$?([A-Z]{1,2})\$?(\d+)", formula)
    return [f"{other or sheet}.{column}{row}" for other, column, row in found]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_cell_of_a_template_is_wrong_after_an_edit(window: Window, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copy(path(name), tmp_path))
    chosen = random.Random(name)
    typed_over = OTHERS if window.mode == CELLS_PREFETCH else OTHERS[:2]  # each live answer is waited for
    with window.opened(copy) as document:
        counters = _counters(document) if name == "status" else set()
        window.check(document, "opening", counters)
        symbols, weights = _inputs(document)
        assert symbols, f"{name} has no symbol to edit"
        edited = chosen.sample(symbols, min(len(symbols), len(typed_over)))
        for cell, typed in zip(edited, typed_over, strict=False):
            cell.String = typed
            window.check(document, f"{cell.AbsoluteName} := {typed}", counters)
        for cell in chosen.sample(weights, min(len(weights), len(typed_over) - 1)):
            cell.Value = 3 * cell.Value + 1
            window.check(document, f"{cell.AbsoluteName} := {cell.Value}", counters)
        for sheet in document.Sheets:
            document.CurrentController.setActiveSheet(sheet)
        window.check(document, "a look at every sheet", counters)
        window.dispatch(document, "Undo")
        window.check(document, "undo", counters)
