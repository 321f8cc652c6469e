"""Finds tables of BASKET in a Calc sheet, what they are made of, and the cells that are meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from basketgex_addin import tables
from basketgex_addin.calc.values import block
from basketgex_addin.cells import Ask, BadInput, Block, CellError, InputCell, ask
from basketgex_addin.prefetch import Call, Literal, Name, Omitted, RangeRef
from basketgex_addin.tables import Area, Lists

FORMULA = 16  # of com.sun.star.sheet.CellFlags
_TEXT, _VALUE, _EMPTY = "TEXT", "VALUE", "EMPTY"


class Refused(Exception):
    """It is not done; the text says why, for a person."""


class Table:
    """A formula with BASKET in a sheet: an array of cells, or one cell where Enter alone was pressed."""

    def __init__(self, sheet: Any, area: Area, written: str, call: Call) -> None:
        self.sheet, self.area, self.written, self.call = sheet, area, written, call


def selection(document: Any, chosen: Any) -> tuple[Any, Area]:
    """Return the sheet and the area that are selected. Raises Refused."""
    if not hasattr(chosen, "RangeAddress"):
        raise Refused(tables.ONE_AREA)
    address = chosen.RangeAddress
    return document.Sheets.getByIndex(address.Sheet), area_at(address)


def area_at(address: Any) -> Area:
    """Return the area of a UNO range address."""
    return Area(address.StartColumn, address.StartRow, address.EndColumn, address.EndRow)


def used(sheet: Any, area: Area) -> Area:
    """Return what of an area can hold anything: a whole column is a million rows."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = cursor.RangeAddress
    return area._replace(
        right=max(area.left, min(area.right, last.EndColumn)),
        bottom=max(area.top, min(area.bottom, last.EndRow)),
    )


def cells_of(sheet: Any, area: Area) -> Any:
    """Return a sheet's cells of an area, as UNO has them."""
    return sheet.getCellRangeByPosition(area.left, area.top, area.right, area.bottom)


def block_of(sheet: Any, area: Area) -> Block:
    """Return what cells show; an error value, which UNO gives as None, stays one."""
    rows = cells_of(sheet, area).getDataArray()
    shown = block(tuple(tuple("" if cell is None else cell for cell in row) for row in rows)) or ()
    return tuple(
        tuple(CellError.VALUE if raw is None else cell for raw, cell in zip(*pair, strict=True))
        for pair in zip(rows, shown, strict=True)
    )


def found_table(document: Any, chosen: Any) -> Table:
    """Return the table that the cursor is in, or that is made of the selected names. Raises Refused."""
    sheet, area = selection(document, chosen)
    if (at := _table_at(sheet, area.left, area.top)) is not None:
        return at
    found = {
        (table.sheet.Name, table.area): table
        for table in _tables(document)
        if (names := tables.lists(table.call).symbols) is not None
        and names.meets(area)
        and sheet_of(document, table.sheet, table.call).Name == sheet.Name
    }
    if len(found) != 1:
        raise Refused(tables.MANY_TABLES if found else tables.NO_TABLE)
    return next(iter(found.values()))


def _table_at(sheet: Any, column: int, row: int) -> Table | None:
    cell = sheet.getCellByPosition(column, row)
    array = cell.getArrayFormula()
    written = cell.Formula  # in the grammar of the API; what getArrayFormula gives is in the user's own
    call = tables.call_in(written) if written[:1] in ("=", "{") else None
    if call is None:
        return None
    if not array:
        return Table(sheet, Area(column, row, column, row), written, call)
    cursor = sheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    return Table(sheet, area_at(cursor.RangeAddress), written, call)


def _tables(document: Any) -> Iterator[Table]:
    for sheet in document.Sheets:
        for part in sheet.queryContentCells(FORMULA):
            start = part.RangeAddress
            for row, formulas in enumerate(part.getFormulaArray(), start.StartRow):
                for column, written in enumerate(formulas, start.StartColumn):
                    if tables.call_in(written) and (table := _table_at(sheet, column, row)) is not None:
                        yield table


def sheet_of(document: Any, own: Any, call: Call) -> Any:
    """Return the sheet on which a table's names stand."""
    given = call.arguments[0] if call.arguments else None
    named = given.sheet if isinstance(given, RangeRef) else None
    return own if named is None else document.Sheets.getByName(named)


def list_of(document: Any, chosen: Any, names: Any, now: Lists) -> Lists:
    """Return the ranges of a table's list: as selected, and with what was typed below."""
    sheet, area = selection(document, chosen)
    anew = tables.selected_anew(now, used(sheet, area)) if sheet.Name == names.Name else now
    return tables.grown(
        anew,
        lambda column, row: _kind(names, column, row) == _TEXT and _is_ticker(names, column, row),
        lambda column, row: _kind(names, column, row) in (_VALUE, _EMPTY),
    )


def _kind(sheet: Any, column: int, row: int) -> str:
    return str(sheet.getCellByPosition(column, row).Type.value) if row < sheet.Rows.Count else ""


def _is_ticker(sheet: Any, column: int, row: int) -> bool:
    try:
        return bool(ask(((sheet.getCellByPosition(column, row).String,),), None).symbols)
    except BadInput:
        return False


def wanted_of(document: Any, table: Table, new: Lists) -> Ask:
    """Return what the table is to be asked for. Raises BadInput, or Refused where only Calc can tell its names."""
    given: list[Block | None] = []
    for at, area in enumerate(new):
        argument = table.call.arguments[at] if at < len(table.call.arguments) else None
        if area is not None and isinstance(argument, RangeRef):
            sheet = table.sheet if argument.sheet is None else document.Sheets.getByName(argument.sheet)
            given.append(block_of(sheet, used(sheet, area)))
        else:
            given.append(_constant(document, table.sheet, argument))
    return ask(*given)


def _constant(document: Any, sheet: Any, argument: object) -> Block | None:
    if isinstance(argument, Literal):
        return ((argument.value,),)
    if isinstance(argument, Name):
        for names in (sheet.NamedRanges, document.NamedRanges):
            if names.hasByName(argument.text):
                cells = names.getByName(argument.text).getReferredCells()
                if cells is not None:
                    home = document.Sheets.getByIndex(cells.RangeAddress.Sheet)
                    return block_of(home, used(home, area_at(cells.RangeAddress)))
    if argument is None or isinstance(argument, Omitted):
        return None
    raise Refused(tables.COMPUTED)


def third_of(document: Any, table: Table) -> InputCell:
    """Return the value of a table's argument headers."""
    argument = table.call.arguments[2] if len(table.call.arguments) > 2 else None
    if isinstance(argument, RangeRef):
        sheet = table.sheet if argument.sheet is None else document.Sheets.getByName(argument.sheet)
        return block_of(sheet, tables.area_of(argument))[0][0]
    found = _constant(document, table.sheet, argument)
    return found[0][0] if found else None
