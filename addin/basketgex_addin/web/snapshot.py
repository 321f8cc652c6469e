"""A workbook as the browser has it: values, formulas, styles, widths, merged cells, frozen panes, conditional formats.

Of an .xlsx as openpyxl reads it, with its charts. An array formula becomes its first cell, from which it spills.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zipfile import ZipFile

import openpyxl
from openpyxl.cell import Cell
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.utils import range_boundaries
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook import Workbook
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from basketgex_addin.web.charts import charts
from basketgex_addin.web.parts import sheet_parts

APP_VERSION = "0.25.1"
"""Of the browser workbook whose data this is."""
MOST_COLUMNS = 200
"""Columns whose widths are told."""
_PIXELS, _PADDING = 7, 5  # of a digit of the default font, and of a cell
_POINT = 96 / 72
_DEFAULT_WIDTH, _DEFAULT_HEIGHT = 8.43, 15.0
_HORIZONTAL = {"left": 1, "center": 2, "centerContinuous": 2, "right": 3}
_VERTICAL = {"top": 1, "center": 2, "bottom": 3}
_BORDERS = {
    "thin": 1,
    "hair": 2,
    "dotted": 3,
    "dashed": 4,
    "dashDot": 5,
    "dashDotDot": 6,
    "double": 7,
    "medium": 8,
}
_BORDERS |= {"mediumDashed": 9, "mediumDashDot": 10, "mediumDashDotDot": 11, "slantDashDot": 12, "thick": 13}
_FUTURE = re.compile(r"_xlfn\.(?:_xlws\.)?|_xlpm\.")
_X14 = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
_BOOLEAN = 3  # a cell's type


def snapshot(file: bytes, name: str) -> dict[str, Any]:
    """Return the data of the browser workbook of a file. Raises what openpyxl raises of one that it cannot read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # openpyxl's, of what it does not read
        book = openpyxl.load_workbook(io.BytesIO(file))
    styles = _Styles()
    sheets = {f"s{at}": _sheet(f"s{at}", sheet, styles) for at, sheet in enumerate(book.worksheets)}
    with ZipFile(io.BytesIO(file)) as archive:
        parts = sheet_parts(archive)
        bars = [_bars(archive.read(parts[sheet.title])) for sheet in book.worksheets]
    rules = {
        name: list(_rules(sheet, name, iter(found)))
        for (name, sheet), found in zip(zip(sheets, book.worksheets, strict=True), bars, strict=True)
    }
    return {
        "id": name,
        "name": name,
        "appVersion": APP_VERSION,
        "locale": "enUS",
        "styles": styles.by_name,
        "sheetOrder": list(sheets),
        "sheets": sheets,
        "custom": {"charts": charts(file, book)},
        "resources": [
            {"name": "SHEET_CONDITIONAL_FORMATTING_PLUGIN", "data": json.dumps(rules)},
            {"name": "SHEET_DEFINED_NAME_PLUGIN", "data": json.dumps(_names(book))},
        ],
    }


class _Styles:
    """The distinct styles of a workbook, by the name that cells give."""

    def __init__(self) -> None:
        self.by_name: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {}

    def name(self, style: dict[str, Any]) -> str:
        key = json.dumps(style, sort_keys=True)
        name = self._names.setdefault(key, f"x{len(self._names)}")
        self.by_name[name] = style
        return name


def _sheet(name: str, sheet: Worksheet, styles: _Styles) -> dict[str, Any]:
    cells: dict[int, dict[int, Any]] = {}
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and (cell.value is not None or cell.has_style):
                cells.setdefault(cell.row - 1, {})[cell.column - 1] = _cell(cell, styles)
    return {
        "id": name,
        "name": sheet.title,
        "cellData": cells,
        "columnData": _columns(sheet),
        "rowData": {
            at - 1: {"h": round((row.height or _DEFAULT_HEIGHT) * _POINT), "hd": int(bool(row.hidden))}
            for at, row in sheet.row_dimensions.items()
            if row.height or row.hidden
        },
        "mergeData": [_area(str(merged)) for merged in sheet.merged_cells.ranges],
        "rowCount": max(sheet.max_row + 20, 60),
        "columnCount": max(sheet.max_column + 5, 26),
        "freeze": _freeze(sheet),
        "hidden": int(sheet.sheet_state != "visible"),
        "showGridlines": int(sheet.sheet_view.showGridLines is not False),
        "zoomRatio": (sheet.sheet_view.zoomScale or 100) / 100,
        "defaultColumnWidth": _width(_DEFAULT_WIDTH),
        "defaultRowHeight": round((sheet.sheet_format.defaultRowHeight or _DEFAULT_HEIGHT) * _POINT),
    }


def _cell(cell: Cell, styles: _Styles) -> dict[str, Any]:
    value: Any = cell.value
    shown: dict[str, Any] = {}
    if isinstance(value, ArrayFormula):
        shown["f"] = _within(_formula(value.text or ""), value.ref)
    elif isinstance(value, str) and cell.data_type == "f":
        shown["f"] = _formula(value)
    elif isinstance(value, bool):
        shown |= {"v": int(value), "t": _BOOLEAN}
    elif isinstance(value, date | datetime | time | timedelta):
        shown["v"] = to_excel(value)  # type: ignore[no-untyped-call]
    elif value is not None:
        shown["v"] = value if isinstance(value, int | float | str) else str(value)
    if cell.has_style:
        shown["s"] = styles.name(_style(cell))
    return shown


def _within(formula: str, room: str) -> str:
    """Return a formula whose table keeps to its room, as an array formula's does: farther on other cells are in its way."""
    area = _area(room)
    rows, columns = (area[f"end{side}"] - area[f"start{side}"] + 1 for side in ("Row", "Column"))
    return f"=TAKE({formula[1:]},{rows},{columns})" if rows * columns > 1 else formula


def _formula(text: str) -> str:
    """Return a formula without the marks that files put before newer functions."""
    return "=" + _FUTURE.sub("", text.removeprefix("="))


def _style(cell: Cell) -> dict[str, Any]:
    font, fill, alignment = cell.font, cell.fill, cell.alignment
    style: dict[str, Any] = {
        "ff": font.name,
        "fs": font.sz,
        "vt": _VERTICAL.get(alignment.vertical or "bottom", 3),
    }
    style |= {name: 1 for name, has in (("bl", font.b), ("it", font.i)) if has}
    if font.u:
        style["ul"] = {"s": 1}
    if color := _rgb(font.color):
        style["cl"] = {"rgb": color}
    if fill.fill_type == "solid" and (color := _rgb(fill.fgColor)):
        style["bg"] = {"rgb": color}
    if alignment.horizontal in _HORIZONTAL:
        style["ht"] = _HORIZONTAL[alignment.horizontal]
    if alignment.wrap_text:
        style["tb"] = 3
    if alignment.indent:
        style["pd"] = {"l": int(alignment.indent) * 9}
    if cell.number_format != "General":
        style["n"] = {"pattern": cell.number_format}
    sides = {"t": cell.border.top, "b": cell.border.bottom, "l": cell.border.left, "r": cell.border.right}
    if borders := {
        name: {"s": _BORDERS.get(side.style, 1), "cl": {"rgb": _rgb(side.color) or "#000000"}}
        for name, side in sides.items()
        if side is not None and side.style
    }:
        style["bd"] = borders
    return style


def _rgb(color: Color | None) -> str | None:
    """Return a colour as the browser writes it; None for one that a theme, which our templates have none of, defines."""
    if color is None:
        return None
    if color.type == "rgb" and isinstance(color.rgb, str):
        return "#" + color.rgb[-6:]
    if color.type == "indexed" and color.indexed < len(COLOR_INDEX):
        return "#" + COLOR_INDEX[color.indexed][-6:]
    return None


def _columns(sheet: Worksheet) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for column in sheet.column_dimensions.values():
        for at in range(column.min or 0, min(column.max or 0, MOST_COLUMNS) + 1):
            found[at - 1] = {"w": _width(column.width or _DEFAULT_WIDTH), "hd": int(bool(column.hidden))}
    return found


def _width(characters: float) -> int:
    return round(characters * _PIXELS + _PADDING)


def _freeze(sheet: Worksheet) -> dict[str, int]:
    if not sheet.freeze_panes:
        return {"xSplit": 0, "ySplit": 0, "startRow": -1, "startColumn": -1}
    column, row, _, _ = range_boundaries(str(sheet.freeze_panes))
    across, down = (column or 1) - 1, (row or 1) - 1
    return {"xSplit": across, "ySplit": down, "startRow": down, "startColumn": across}


def _area(text: str) -> dict[str, int]:
    left, top, right, bottom = (at or 1 for at in range_boundaries(text))
    return {"startRow": top - 1, "endRow": bottom - 1, "startColumn": left - 1, "endColumn": right - 1}


def _names(book: Workbook) -> dict[str, Any]:
    return {
        name: {
            "id": name,
            "name": name,
            "formulaOrRefString": defined.attr_text,
            "localSheetId": "AllDefaultWorkbook",
        }
        for name, defined in book.defined_names.items()
    }


def _bars(sheet: bytes) -> list[dict[str, Any]]:
    """Return the ends of a sheet's data bars and their colour below zero, which openpyxl does not read, in their order."""
    from xml.etree import ElementTree

    root = ElementTree.fromstring(sheet)  # noqa: S314 - of our own templates, or the user's own file
    found = []
    for bar in root.iter(f"{_X14}dataBar"):
        least, most = (
            _end(end, kind) for end, kind in zip(bar.findall(f"{_X14}cfvo"), ("min", "max"), strict=True)
        )
        color = bar.find(f"{_X14}negativeFillColor")
        negative = {} if color is None else {"nativeColor": "#" + color.get("rgb", "")[-6:]}
        found.append({"min": least, "max": most} | negative)
    return found


def _end(end: Any, kind: str) -> dict[str, Any]:
    return {"type": "num", "value": float(end[0].text)} if end.get("type") == "num" else {"type": kind}


def _rules(sheet: Worksheet, name: str, bars: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the conditional formats: by formula, and data bars, each with its ends, which stand in the file's order."""
    entries = [
        (str(found.sqref), rule, next(bars, {}) if rule.type == "dataBar" else {})
        for found in sheet.conditional_formatting
        for rule in found.rules
    ]
    for ranges, rule, ends in sorted(entries, key=lambda entry: int(entry[1].priority)):
        shown: dict[str, Any] | None = None
        if rule.type == "expression" and rule.formula:
            shown = {"type": "highlightCell", "subType": "formula", "value": f"={rule.formula[0]}"}
            shown["style"] = _conditional_style(rule.dxf)
        elif rule.type == "dataBar":
            config = {
                "min": {"type": "min"},
                "max": {"type": "max"},
                "isGradient": False,
                "nativeColor": "#D9822B",
            }
            config["positiveColor"] = _rgb(rule.dataBar.color) or "#638EC6"
            shown = {"type": "dataBar", "isShowValue": rule.dataBar.showValue is not False}
            shown["config"] = config | ends
        if shown is not None:
            yield {
                "cfId": f"{name}-{rule.priority}",
                "ranges": list(map(_area, ranges.split())),
                "stopIfTrue": bool(rule.stopIfTrue),
                "rule": shown,
            }


def _conditional_style(style: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if (
        style is not None
        and style.fill is not None
        and (color := _rgb(style.fill.bgColor) or _rgb(style.fill.fgColor))
    ):
        shown["bg"] = {"rgb": color}
    if style is not None and style.font is not None:
        if color := _rgb(style.font.color):
            shown["cl"] = {"rgb": color}
        if style.font.b:
            shown["bl"] = 1
    return shown
