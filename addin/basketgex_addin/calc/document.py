"""What a Calc document is about to ask, for one batch instead of one call per cell.

Nothing here interprets a cell: reading a dirty range inside a call can leave Err:522 in a workbook that is correct
without prefetch (seen in 25.2). So only constants are read, and formulas as texts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from basketgex_addin import prefetch
from basketgex_addin.calc.extension import SERVICE
from basketgex_addin.calc.values import block
from basketgex_addin.cells import Block
from basketgex_addin.prefetch import Asked, Foreseen
from basketgex_addin.throttle import Throttle

# com.sun.star.sheet.CellFlags
_CONSTANTS = 1 | 2 | 4  # VALUE, DATETIME, STRING
_FORMULA = 16

MAX_CELLS = 50_000  # a larger range makes its own call
FEW = 16  # blocks of constants that are looked through
MAX_KEPT = 200_000  # cells of a sheet that are read at once; of a larger one each range by itself
_SERVICE = f"{SERVICE}.".upper()  # a formula names our functions by their service, in capitals
_ABSOLUTE = re.compile(r"\$[A-Z]{1,3}\$[0-9]+", re.IGNORECASE)

Found = Block | prefetch.Partial | None


class Scanner:
    """Finds the questions in documents, seldom enough to cost nothing. One a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._throttle = Throttle(clock)

    def asks(self, document: Any) -> tuple[Foreseen, ...]:
        """Return what the document's formulas ask; nothing when it was scanned just now. Never raises."""
        if document is None:
            return ()
        return self._throttle.asks(lambda: str(document.RuntimeUID), lambda: _Reader(document).asks())


def asks_of(document: Any, sheet: Any = None, cells: Any = None) -> tuple[Foreseen, ...]:
    """Return what the formulas of a document, of one sheet, or of some of its cells ask, each once.

    Not for inside a call: what formulas show is read too.
    """
    reader = _Reader(document, calculated=True)
    found = reader.asks() if sheet is None else reader.asks_in(sheet, sheet if cells is None else cells)
    return tuple(dict.fromkeys(found))


def explained(document: Any, cell: Any) -> list[Asked]:
    """Return what the formula of a cell calls: of a range, its first cell's."""
    own = str(cell.Spreadsheet.Name)
    reader = _Reader(document, calculated=True)
    formula = str(cell.getCellByPosition(0, 0).Formula)
    return prefetch.explained(formula, partial(reader._range, own), partial(reader._named, cell.Spreadsheet))


class _Reader:
    """One scan of one document: every range is read once. ``calculated``: what a formula shows may be read."""

    def __init__(self, document: Any, *, calculated: bool = False) -> None:
        self._calculated = calculated
        self._sheets = document.Sheets
        self._names = document.NamedRanges
        self._read: dict[tuple[str, tuple[int, int], tuple[int, int]], Found] = {}
        self._used: dict[str, tuple[int, int]] = {}
        self._contents: dict[str, _Contents] = {}
        self._known: dict[str, Any] = {}

    def asks(self) -> Iterator[Foreseen]:
        """Yield what every sheet's formulas ask."""
        for name in self._sheets.ElementNames:
            sheet = self._sheets.getByName(name)
            yield from self.asks_in(sheet, sheet)

    def asks_in(self, sheet: Any, cells: Any) -> Iterator[Foreseen]:
        """Yield what the formulas of some cells of a sheet ask."""
        found = [call for formula in dict.fromkeys(_formulas(cells)) for call in prefetch.calls(formula)]
        if found:
            yield from prefetch.asks(
                found, partial(self._range, str(sheet.Name)), partial(self._named, sheet)
            )

    def _named(self, sheet: Any, name: prefetch.Name) -> str | None:
        for names in (sheet.NamedRanges, self._names):
            if names.hasByName(name.text):
                content = str(names.getByName(name.text).Content)
                # A relative name means other cells in every cell.
                absolute = all(_ABSOLUTE.fullmatch(side.rpartition(".")[2]) for side in content.split(":"))
                return content if absolute else None
        return None

    def _range(self, own: str, reference: prefetch.RangeRef) -> Found:
        key = (reference.sheet or own, reference.first, reference.last)
        if key not in self._read:
            self._read[key] = self._read_range(*key)
        return self._read[key]

    def _read_range(self, name: str, first: tuple[int, int], last: tuple[int, int]) -> Found:
        sheet = self._sheet(name)
        if sheet is None:
            return None
        used = self._used_area(name, sheet)
        right, bottom = min(last[0], max(used[0], first[0])), min(last[1], max(used[1], first[1]))
        if (right - first[0] + 1) * (bottom - first[1] + 1) > MAX_CELLS:
            return None
        if self._calculated:
            return block(sheet.getCellRangeByPosition(*first, right, bottom).getDataArray())
        if name not in self._contents:
            self._contents[name] = _Contents(sheet)
        return self._contents[name].read(first, (right, bottom))

    def _sheet(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._sheets.getByName(name) if self._sheets.hasByName(name) else None
        return self._known[name]

    def _used_area(self, name: str, sheet: Any) -> tuple[int, int]:
        if name not in self._used:
            cursor = sheet.createCursor()
            cursor.gotoEndOfUsedArea(False)
            address = cursor.RangeAddress
            self._used[name] = (address.EndColumn, address.EndRow)
        return self._used[name]


class _Contents:
    """What stands in a sheet without being calculated, read once: a call to Calc for each range would take too long."""

    def __init__(self, sheet: Any) -> None:
        self._constants: dict[tuple[int, int], Any] = {}
        self._parts: list[tuple[int, int, tuple[tuple[Any, ...], ...]]] = []
        self._formulas: set[tuple[int, int]] = set()
        self._sheet = sheet
        constants, formulas = sheet.queryContentCells(_CONSTANTS), sheet.queryContentCells(_FORMULA)
        self._large = sum(map(_size, (*constants.RangeAddresses, *formulas.RangeAddresses))) > MAX_KEPT
        if self._large:
            return
        for part in constants:
            left, top, data = part.RangeAddress.StartColumn, part.RangeAddress.StartRow, part.getDataArray()
            self._parts.append((left, top, data))
            for row, values in enumerate(data, top):
                self._constants.update(((column, row), value) for column, value in enumerate(values, left))
        for a in formulas.RangeAddresses:
            columns, rows = range(a.StartColumn, a.EndColumn + 1), range(a.StartRow, a.EndRow + 1)
            self._formulas.update(product(columns, rows))

    def read(self, first: tuple[int, int], last: tuple[int, int]) -> Found:
        """Return a range's cells; where it holds formulas, what else it holds."""
        if self._large:
            return self._read_large(first, last)
        for left, top, data in self._parts[:FEW]:  # most ranges lie in one of a sheet's few blocks
            if (
                left <= first[0]
                and top <= first[1]
                and last[1] < top + len(data)
                and last[0] < left + len(data[0])
            ):
                across = slice(first[0] - left, last[0] - left + 1)
                return block(tuple([row[across] for row in data[first[1] - top : last[1] - top + 1]]))
        columns, known = range(first[0], last[0] + 1), self._constants
        rows = range(first[1], last[1] + 1)
        found = block(tuple(tuple([known.get((column, row), "") for column in columns]) for row in rows))
        if found is not None and self._formulas.isdisjoint(product(columns, rows)):
            return found
        return prefetch.Partial(found or ())

    def _read_large(self, first: tuple[int, int], last: tuple[int, int]) -> Found:
        cells = self._sheet.getCellRangeByPosition(*first, *last)
        if not cells.queryContentCells(_FORMULA).Count:
            return block(cells.getDataArray())
        constants = [row for part in cells.queryContentCells(_CONSTANTS) for row in part.getDataArray()]
        return prefetch.Partial(block(tuple(constants)) or ())


def _size(address: Any) -> int:
    size: int = (address.EndColumn - address.StartColumn + 1) * (address.EndRow - address.StartRow + 1)
    return size


def _formulas(area: Any) -> Iterator[str]:
    for cells in area.queryContentCells(_FORMULA):
        for row in cells.getFormulaArray():
            yield from (formula for formula in row if _SERVICE in formula)
