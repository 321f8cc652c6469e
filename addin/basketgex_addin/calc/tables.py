"""Puts tables of BASKET into a Calc sheet, and gives them another size. Each returns a sentence to show, or "".

Both are done on Calc's own thread, and yield what the server is to be asked for meanwhile.

What a table is made of is asked for before the formula is entered, so that its calculation, on Calc's own thread, finds the
answer in memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from com.sun.star.lang import Locale
from com.sun.star.table.CellHoriJustify import RIGHT

from basketgex_addin import tables
from basketgex_addin.calc.table_search import (
    FORMULA,
    Refused,
    area_at,
    block_of,
    cells_of,
    found_table,
    list_of,
    selection,
    sheet_of,
    third_of,
    used,
    wanted_of,
)
from basketgex_addin.cells import Ask, BadInput, Problem
from basketgex_addin.prefetch import RangeRef
from basketgex_addin.tables import Area

_CONTENTS = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
_TYPING = Locale("en", "US", "")  # in which number formats are written here

Work = Generator[Ask, object, str]
"""Yields what is to be asked, is sent the answer, returns the sentence."""


def insert(document: Any, chosen: Any) -> Work:
    """Put a table of the selected names beside them, and go there."""
    sheet, area = selection(document, chosen)
    area = used(sheet, area)
    try:
        names = tables.selected(area, block_of(sheet, area))
    except BadInput as bad:
        return bad.problem.sentence
    rows = tables.height(names.ask, headers=True)
    place = partial(tables.place, area, rows, sheet.Columns.Count - 1, partial(_is_free, sheet))
    answer = (yield names.ask) if place() else None  # where it has no place nothing is spent
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


def resize(document: Any, chosen: Any) -> Work:
    """Enter a table's formula again at the size of its list, which may have grown; move nothing else."""
    table = found_table(document, chosen)
    if not tables.is_alone(table.written):
        return tables.NOT_ALONE
    now = tables.lists(table.call)
    names = sheet_of(document, table.sheet, table.call)
    new = list_of(document, chosen, names, now)
    try:
        wanted = wanted_of(document, table, new)
        headers = tables.headers_of(table.call, third_of(document, table))
    except BadInput as bad:
        return bad.problem.sentence
    target = table.area.sized(tables.WIDTH, tables.height(wanted, headers=headers))
    if target.right >= table.sheet.Columns.Count or target.bottom >= table.sheet.Rows.Count:
        return tables.NO_ROOM
    for added in target.added(table.area):
        if (occupied := _occupied(table.sheet, added)) is not None:
            return tables.OCCUPIED.format(needed=_plain(table.sheet, target), occupied=occupied)
    yield wanted
    changed = [
        _like(given, _name(names, area)) if area is not None and area != before else None
        for given, area, before in zip(table.call.arguments, new, now, strict=False)
    ]
    with _one_step(document, "Resize table"):
        cells_of(table.sheet, table.area).clearContents(FORMULA)
        entered = tables.rewritten(table.written, table.call, changed)
        _enter(document, table.sheet, target, entered, headers=headers)
    _show(document, table.sheet, target)
    return "" if new == now or new.symbols is None else tables.NOW.format(symbols=_plain(names, new.symbols))


def _is_free(sheet: Any, area: Area) -> bool:
    if area.bottom >= sheet.Rows.Count or area.right >= sheet.Columns.Count:
        return False
    found = cells_of(sheet, area)
    return not found.queryContentCells(_CONTENTS).Count and not found.IsMerged


def _occupied(sheet: Any, area: Area) -> str | None:
    found = cells_of(sheet, area).queryContentCells(_CONTENTS).RangeAddresses
    return _plain(sheet, area_at(found[0])) if found else None


def _name(sheet: Any, area: Area) -> str:
    """Return a reference such as $A$2:$A$7."""
    return str(cells_of(sheet, area).AbsoluteName).rpartition(".")[2]


def _plain(sheet: Any, area: Area) -> str:
    return _name(sheet, area).replace("$", "")


def _like(given: object, name: str) -> str:
    """Return a reference in the manner of the one it replaces: with its sheet, and relative where that was."""
    if not isinstance(given, RangeRef):
        return name
    before, point, cells = given.text.rpartition(":")[0].rpartition(".")
    return f"{before}{point}{name if '$' in cells else name.replace('$', '')}"


def _enter(document: Any, sheet: Any, area: Area, formula: str, *, headers: bool) -> None:
    found = cells_of(sheet, area)
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
        cells_of(sheet, area._replace(bottom=area.top)).HoriJustify = RIGHT
    figures = area._replace(top=area.top + headers)
    if figures.height > 0:
        cells_of(sheet, figures).NumberFormat = _format(document, column.number_format)


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
        document.CurrentController.select(cells_of(sheet, area))
