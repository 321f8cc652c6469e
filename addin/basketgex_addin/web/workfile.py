"""The browser workbook as an .xlsx file: the file that it was opened from, with the cells that it has now.

Whatever else is in the file stays as it is, byte for byte: charts, conditional formats, names, pictures, and what the browser
does not know. A workbook that was begun in the browser gets a new file. No input or output but the file given and returned.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import msgspec
import openpyxl
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import FORMULAE, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from basketgex_addin.functions import BY_NAME
from basketgex_addin.web.parts import sheet_parts
from basketgex_addin.web.snapshot import snapshot

NO_WORKBOOK = "That is no .xlsx workbook that can be read: save it as .xlsx in the program that wrote it, and open it again."
MOVED = "Rows, columns or sheets were put in, taken out or renamed: formats, merged cells and charts stay where they were."
SHEETS = "Sheets that the file does not have are left out: {names}."
FORMATS = "Formats, widths and merged cells that were changed here are not saved: the file keeps its own."
PENDING = "#GETTING_DATA"
BOOLEAN, SPILLED = 3, 9  # types of the browser's cells

_CELL = re.compile(r'<c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
_ROW = re.compile(r'(<row\b[^>]*?\br="(\d+)"[^>]*?)(?:/>|>(.*?)</row>)', re.DOTALL)
_DATA = re.compile(r"<sheetData\s*/>|<sheetData>(.*?)</sheetData>", re.DOTALL)
_FORMULA = re.compile(r"<f\b[^>]*?(?:/>|>.*?</f>)", re.DOTALL)
_STYLE = re.compile(r'\bs="(\d+)"')
_NAME = re.compile(r'("(?:[^"]|"")*")|\b([A-Z][A-Z0-9.]*)(?=\()')
_WORKSHEET_FUNCTIONS = {"SORT", "FILTER"}

Cell = tuple[int, int, str | None, Any, int | None]
"""Row and column from 0, formula, value, the browser's type; a cell of a spilled table has no formula."""


class Tab(msgspec.Struct):
    """A sheet: its cells, the areas of tables that spilled by their first cell, formats of cells."""

    name: str
    cells: list[tuple[int, int, str | None, Any, int | None]]
    spilled: list[tuple[int, int, int, int]] = []
    formats: list[tuple[int, int, dict[str, Any]]] = []
    widths: dict[str, float] = {}


class NoWorkbook(Exception):
    """The file cannot be read; the text is a sentence for a person."""


def opened(file: bytes) -> dict[str, Any]:
    """Return the browser workbook's data of a file. Raises NoWorkbook."""
    try:
        return snapshot(file, "opened")
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError):
        raise NoWorkbook(NO_WORKBOOK) from None


def saved(
    file: bytes | None, tabs: Sequence[Tab], *, moved: bool, formatted: bool
) -> tuple[bytes, list[str]]:
    """Return a workbook as a file, and what of it the file lacks, as sentences. Raises NoWorkbook."""
    if file is None:
        return _patched(_begun(tabs), tabs), []
    had = {sheet["name"] for sheet in opened(file)["sheets"].values()}
    missing = [tab.name for tab in tabs if tab.name not in had]
    lost = [MOVED] if moved or had - {tab.name for tab in tabs} else []
    lost += [SHEETS.format(names=", ".join(missing))] if missing else []
    lost += [FORMATS] if formatted else []
    return _patched(file, [tab for tab in tabs if tab.name in had]), lost


def _begun(tabs: Sequence[Tab]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for tab in tabs:
        sheet = book.create_sheet(tab.name)
        for column, width in tab.widths.items():
            sheet.column_dimensions[get_column_letter(int(column) + 1)].width = round((width - 5) / 7, 2)
        for row, at, style in tab.formats:
            cell = sheet.cell(row + 1, at + 1)
            color = str((style.get("cl") or {}).get("rgb") or "").lstrip("#")
            cell.font = Font(
                name=style.get("ff"),
                sz=style.get("fs"),
                b=bool(style.get("bl")),
                i=bool(style.get("it")),
                color=color if re.fullmatch("[0-9A-Fa-f]{6}", color) else None,
            )
            fill = str((style.get("bg") or {}).get("rgb") or "").lstrip("#")
            if re.fullmatch("[0-9A-Fa-f]{6}", fill):
                cell.fill = PatternFill("solid", fgColor=fill)
            if pattern := (style.get("n") or {}).get("pattern"):
                cell.number_format = str(pattern)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _patched(file: bytes, tabs: Sequence[Tab]) -> bytes:
    before = {sheet["name"]: sheet["cellData"] for sheet in opened(file)["sheets"].values()}
    target = io.BytesIO()
    with ZipFile(io.BytesIO(file)) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        parts = sheet_parts(old)
        texts = {
            parts[tab.name]: _sheet(old.read(parts[tab.name]).decode("utf-8"), tab, before[tab.name])
            for tab in tabs
        }
        for name in old.namelist():
            if name == "xl/calcChain.xml" or name in texts:
                continue
            content = old.read(name)
            new.writestr(name, _without_chain(name, content))
        for name, text in texts.items():
            new.writestr(name, text.encode())
    return target.getvalue()


def _without_chain(name: str, content: bytes) -> bytes:
    """Return a part without a word of the order of calculation, which spreadsheets write anew."""
    if name == "[Content_Types].xml":
        return re.sub(rb'<Override\b[^>]*?/xl/calcChain\.xml"[^>]*?/>', b"", content)
    return (
        re.sub(rb'<Relationship\b[^>]*?"calcChain\.xml"[^>]*?/>', b"", content)
        if name.endswith(".rels")
        else content
    )


def _sheet(text: str, tab: Tab, before: dict[int, dict[int, Any]]) -> str:
    """Return a sheet's part with the cells of the browser in place of its own."""
    found = _DATA.search(text)
    if found is None:
        raise NoWorkbook(NO_WORKBOOK)
    rows = {int(row[2]): row for row in _ROW.finditer(found[1] or "")}
    areas = {(top, left): (bottom, right) for top, left, bottom, right in tab.spilled}
    cells: dict[int, dict[int, Cell]] = {}
    for cell in tab.cells:
        cells.setdefault(cell[0] + 1, {})[cell[1]] = cell
    shown = "".join(
        _row(number, rows.get(number), cells.get(number, {}), before.get(number - 1, {}), areas)
        for number in sorted(rows.keys() | cells.keys())
    )
    return f"{text[: found.start()]}<sheetData>{shown}</sheetData>{text[found.end() :]}"


def _row(number: int, row: Any, cells: dict[int, Cell], before: dict[int, Any], areas: dict[Any, Any]) -> str:
    had = {_column(cell[1]): cell[0] for cell in _CELL.finditer((row[3] or "") if row else "")}
    head = row[1] if row else f'<row r="{number}"'
    shown = "".join(
        _cell(number, at, had.get(at, ""), cells.get(at), before.get(at), areas.get((number - 1, at)))
        for at in sorted(had.keys() | cells.keys())
    )
    return f"{head}>{shown}</row>"


def _cell(
    row: int, column: int, had: str, cell: Cell | None, before: Any, area: tuple[int, int] | None
) -> str:
    style = _STYLE.search(had.partition(">")[0])
    name = f"{get_column_letter(column + 1)}{row}"
    head = f'<c r="{name}"' + (f' s="{style[1]}"' if style else "")
    formula, value, kind = cell[2:] if cell else (None, None, None)
    same = before is not None and before.get("f") == formula
    if same and formula is None and before.get("v") == value:
        return had  # a text that looks the same to the browser may be more, such as one with several fonts
    written = _FORMULA.search(had) if same and formula else None
    if written and 't="shared"' not in written[0]:
        return f"{head}{_value(value, kind, computed=True, formula=written[0])}"
    if formula:
        reference = (
            f' t="array" ref={quoteattr(f"{name}:{get_column_letter(area[1] + 1)}{area[0] + 1}")}'
            if area
            else ""
        )
        text = f"<f{reference}>{escape(_in_file(formula))}</f>"
        return f"{head}{_value(value, kind, computed=True, formula=text)}"
    return f"{head}{_value(value, kind, computed=kind == SPILLED, formula='')}"


def _value(value: Any, kind: int | None, *, computed: bool, formula: str) -> str:
    """Return the rest of a cell after its name and style."""
    if value is None or value == "":
        return f' t="str">{formula}<v></v></c>' if formula else "/>"
    if isinstance(value, bool) or kind == BOOLEAN:
        return f' t="b">{formula}<v>{int(bool(value))}</v></c>'
    if isinstance(value, int | float):
        return f">{formula}<v>{value!r}</v></c>"
    text = str(value)
    if computed and text.startswith("#") and text.rstrip("!?").isupper():
        return f' t="e">{formula}<v>{"#N/A" if text == PENDING else escape(text)}</v></c>'
    if computed:
        return f' t="str">{formula}<v>{escape(text)}</v></c>'
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _in_file(formula: str) -> str:
    """Return a formula as files have it, with the marks before functions that came after Excel 2007.

    >>> _in_file('=SORT(BASKET(A1:A3),IFNA(1,"SORT(2)"))')
    '_xlfn._xlws.SORT(BASKET(A1:A3),_xlfn.IFNA(1,"SORT(2)"))'
    """

    def marked(found: re.Match[str]) -> str:
        name = found[2]
        if name is None or name in FORMULAE or name in BY_NAME:
            return found[0]
        return f"_xlfn.{'_xlws.' if name in _WORKSHEET_FUNCTIONS else ''}{name}"

    return _NAME.sub(marked, formula.removeprefix("="))


def _column(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1
