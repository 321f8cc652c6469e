"""Puts tables of BASKET into a Calc sheet, and gives them another size. Each returns a sentence to show, or "".

What a table is made of is asked for before the formula is entered, so that its calculation, on Calc's own thread, finds the
answer in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from com.sun.star.lang import Locale
from com.sun.star.table.CellHoriJustify import RIGHT

from basketgex_addin import tables
from basketgex_addin.calc.values import block
from basketgex_addin.cells import Ask, BadInput, Block, CellError, InputCell, Problem, ask
from basketgex_addin.prefetch import Call, Literal, Name, Omitted, RangeRef
from basketgex_addin.tables import Area, Lists

_CONTENTS = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
_FORMULA = 16
_TEXT, _VALUE, _EMPTY = "TEXT", "VALUE", "EMPTY"
_TYPING = Locale("en", "US", "")  # in which number formats are written here

Asking = Callable[[Ask], object]


class Refused(Exception):
    """It is not done; the text says why, for a person."""


def insert(document: Any, chosen: Any, asking: Asking) -> str:
    """Put a table of the selected names beside them, and go there."""
    sheet, area = _selection(document, chosen)
    area = _used(sheet, area)
    try:
        names = tables.selected(area, _block(sheet, area))
    except BadInput as bad:
        return bad.problem.sentence
    rows = tables.height(names.ask, headers=True)
    place = partial(tables.place, area, rows, sheet.Columns.Count - 1, partial(_is_free, sheet))
    answer = asking(names.ask) if place() else None  # where it has no place nothing is spent
    if isinstance(answer, Problem) and answer.bad_input:
        return answer.sentence
    target = place()  # cells may have been filled meanwhile
    if target is None:
        return tables.NO_PLACE.format(rows=rows, columns=tables.WIDTH, reach=tables.REACH)
    weights = None if names.weights is None else _name(sheet, names.weights)
    with _one_step(document, "Insert table"):
        _enter(document, sheet, target, tables.formula(_name(sheet, names.symbols), weights), headers=True)
    _show(document, sheet, target)
    return answer.sentence if isinstance(answer, Problem) else ""


def resize(document: Any, chosen: Any, asking: Asking) -> str:
    """Enter a table's formula again at the size of its list, which may have grown; move nothing else."""
    table = _found(document, chosen)
    if not tables.is_alone(table.written):
        return tables.NOT_ALONE
    now = tables.lists(table.call)
    names = _sheet_of(document, table.sheet, table.call)
    new = _list_of(document, chosen, names, now)
    try:
        wanted = _wanted(document, table, new)
        headers = tables.headers_of(table.call, _third(document, table))
    except BadInput as bad:
        return bad.problem.sentence
    target = table.area.sized(tables.WIDTH, tables.height(wanted, headers=headers))
    if target.right >= table.sheet.Columns.Count or target.bottom >= table.sheet.Rows.Count:
        return tables.NO_ROOM
    for added in target.added(table.area):
        if (occupied := _occupied(table.sheet, added)) is not None:
            return tables.OCCUPIED.format(needed=_plain(table.sheet, target), occupied=occupied)
    asking(wanted)
    changed = [
        _like(given, _name(names, area)) if area is not None and area != before else None
        for given, area, before in zip(table.call.arguments, new, now, strict=False)
    ]
    with _one_step(document, "Resize table"):
        _cells(table.sheet, table.area).clearContents(_FORMULA)
        entered = tables.rewritten(table.written, table.call, changed)
        _enter(document, table.sheet, target, entered, headers=headers)
    _show(document, table.sheet, target)
    return "" if new == now or new.symbols is None else tables.NOW.format(symbols=_plain(names, new.symbols))


class _Table:
    """A formula with BASKET in a sheet: an array of cells, or one cell where Enter alone was pressed."""

    def __init__(self, sheet: Any, area: Area, written: str, call: Call) -> None:
        self.sheet, self.area, self.written, self.call = sheet, area, written, call


def _selection(document: Any, chosen: Any) -> tuple[Any, Area]:
    if not hasattr(chosen, "RangeAddress"):
        raise Refused(tables.ONE_AREA)
    address = chosen.RangeAddress
    return document.Sheets.getByIndex(address.Sheet), _area(address)


def _area(address: Any) -> Area:
    return Area(address.StartColumn, address.StartRow, address.EndColumn, address.EndRow)


def _used(sheet: Any, area: Area) -> Area:
    """Return what of an area can hold anything: a whole column is a million rows."""
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = cursor.RangeAddress
    return area._replace(
        right=max(area.left, min(area.right, last.EndColumn)),
        bottom=max(area.top, min(area.bottom, last.EndRow)),
    )


def _cells(sheet: Any, area: Area) -> Any:
    return sheet.getCellRangeByPosition(area.left, area.top, area.right, area.bottom)


def _block(sheet: Any, area: Area) -> Block:
    """Return what cells show; an error value, which UNO gives as None, stays one."""
    rows = _cells(sheet, area).getDataArray()
    shown = block(tuple(tuple("" if cell is None else cell for cell in row) for row in rows)) or ()
    return tuple(
        tuple(CellError.VALUE if raw is None else cell for raw, cell in zip(*pair, strict=True))
        for pair in zip(rows, shown, strict=True)
    )


def _is_free(sheet: Any, area: Area) -> bool:
    if area.bottom >= sheet.Rows.Count or area.right >= sheet.Columns.Count:
        return False
    found = _cells(sheet, area)
    return not found.queryContentCells(_CONTENTS).Count and not found.IsMerged


def _occupied(sheet: Any, area: Area) -> str | None:
    found = _cells(sheet, area).queryContentCells(_CONTENTS).RangeAddresses
    return _plain(sheet, _area(found[0])) if found else None


def _name(sheet: Any, area: Area) -> str:
    """Return a reference such as $A$2:$A$7."""
    return str(_cells(sheet, area).AbsoluteName).rpartition(".")[2]


def _plain(sheet: Any, area: Area) -> str:
    return _name(sheet, area).replace("$", "")


def _like(given: object, name: str) -> str:
    """Return a reference in the manner of the one it replaces: with its sheet, and relative where that was."""
    if not isinstance(given, RangeRef):
        return name
    before, point, cells = given.text.rpartition(":")[0].rpartition(".")
    return f"{before}{point}{name if '$' in cells else name.replace('$', '')}"


def _enter(document: Any, sheet: Any, area: Area, formula: str, *, headers: bool) -> None:
    found = _cells(sheet, area)
    found.setArrayFormula(formula)
    if not found.getCellByPosition(0, 0).getArrayFormula():
        raise Refused(tables.NOT_TAKEN)
    for at, column in enumerate(tables.COLUMNS, area.left):
        _dress(document, sheet, area._replace(left=at, right=at), column, headers=headers)


def _dress(document: Any, sheet: Any, area: Area, column: tables.Column, *, headers: bool) -> None:
    """Let one column of a table show what it holds: a number that does not fit is ### in Calc."""
    whole = sheet.Columns.getByIndex(area.left)
    if whole.IsVisible and whole.Width < column.least_width:
        whole.Width = column.least_width
    if column.number_format is None:
        return
    if headers:
        _cells(sheet, area._replace(bottom=area.top)).HoriJustify = RIGHT
    figures = area._replace(top=area.top + headers)
    if figures.height > 0:
        _cells(sheet, figures).NumberFormat = _format(document, column.number_format)


def _format(document: Any, written: str) -> int:
    formats = document.NumberFormats
    found = int(formats.queryKey(written, _TYPING, False))
    return found if found >= 0 else int(formats.addNew(written, _TYPING))


@contextmanager
def _one_step(document: Any, title: str) -> Iterator[None]:
    """Let one undo take back all that is done inside; what fails there is taken back at once."""
    undo = document.UndoManager
    undo.enterUndoContext(title)
    try:
        yield
    except BaseException:
        undo.leaveUndoContext()
        with suppress(Exception):  # nothing was done yet
            undo.undo()
        raise
    undo.leaveUndoContext()


def _show(document: Any, sheet: Any, area: Area) -> None:
    with suppress(Exception):  # the window may have been closed meanwhile
        document.CurrentController.select(_cells(sheet, area))


def _found(document: Any, chosen: Any) -> _Table:
    """Return the table that the cursor is in, or that is made of the selected names. Raises Refused."""
    sheet, area = _selection(document, chosen)
    if (at := _table_at(sheet, area.left, area.top)) is not None:
        return at
    found = {
        (table.sheet.Name, table.area): table
        for table in _tables(document)
        if (names := tables.lists(table.call).symbols) is not None
        and names.meets(area)
        and _sheet_of(document, table.sheet, table.call).Name == sheet.Name
    }
    if len(found) != 1:
        raise Refused(tables.MANY_TABLES if found else tables.NO_TABLE)
    return next(iter(found.values()))


def _table_at(sheet: Any, column: int, row: int) -> _Table | None:
    cell = sheet.getCellByPosition(column, row)
    array = cell.getArrayFormula()
    written = cell.Formula  # in the grammar of the API; what getArrayFormula gives is in the user's own
    call = tables.call_in(written) if written[:1] in ("=", "{") else None
    if call is None:
        return None
    if not array:
        return _Table(sheet, Area(column, row, column, row), written, call)
    cursor = sheet.createCursorByRange(cell)
    cursor.collapseToCurrentArray()
    return _Table(sheet, _area(cursor.RangeAddress), written, call)


def _tables(document: Any) -> Iterator[_Table]:
    for sheet in document.Sheets:
        for part in sheet.queryContentCells(_FORMULA):
            start = part.RangeAddress
            for row, formulas in enumerate(part.getFormulaArray(), start.StartRow):
                for column, written in enumerate(formulas, start.StartColumn):
                    if tables.call_in(written) and (table := _table_at(sheet, column, row)) is not None:
                        yield table


def _sheet_of(document: Any, own: Any, call: Call) -> Any:
    """Return the sheet on which a table's names stand."""
    given = call.arguments[0] if call.arguments else None
    named = given.sheet if isinstance(given, RangeRef) else None
    return own if named is None else document.Sheets.getByName(named)


def _list_of(document: Any, chosen: Any, names: Any, now: Lists) -> Lists:
    """Return the ranges of a table's list: as selected, and with what was typed below."""
    sheet, area = _selection(document, chosen)
    anew = tables.selected_anew(now, _used(sheet, area)) if sheet.Name == names.Name else now
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


def _wanted(document: Any, table: _Table, new: Lists) -> Ask:
    """Return what the table is to be asked for. Raises BadInput, or Refused where only Calc can tell its names."""
    given: list[Block | None] = []
    for at, area in enumerate(new):
        argument = table.call.arguments[at] if at < len(table.call.arguments) else None
        if area is not None and isinstance(argument, RangeRef):
            sheet = table.sheet if argument.sheet is None else document.Sheets.getByName(argument.sheet)
            given.append(_block(sheet, _used(sheet, area)))
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
                    return _block(home, _used(home, _area(cells.RangeAddress)))
    if argument is None or isinstance(argument, Omitted):
        return None
    raise Refused(tables.COMPUTED)


def _third(document: Any, table: _Table) -> InputCell:
    """Return the value of a table's argument headers."""
    argument = table.call.arguments[2] if len(table.call.arguments) > 2 else None
    if isinstance(argument, RangeRef):
        sheet = table.sheet if argument.sheet is None else document.Sheets.getByName(argument.sheet)
        return _block(sheet, tables.area_of(argument))[0][0]
    found = _constant(document, table.sheet, argument)
    return found[0][0] if found else None
