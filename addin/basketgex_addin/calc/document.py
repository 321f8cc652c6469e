"""What a Calc document is about to ask, for one batch instead of one call a cell.

Nothing here interprets a cell: reading a dirty range inside a call can leave Err:522 in a workbook that is correct
without prefetch (seen in 25.2). So only constants are read, and formulas as texts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from basketgex_addin import prefetch
from basketgex_addin.calc.extension import SERVICE
from basketgex_addin.calc.values import block
from basketgex_addin.cells import Block
from basketgex_addin.prefetch import Foreseen
from basketgex_addin.throttle import Throttle

# com.sun.star.sheet.CellFlags
_CONSTANTS = 1 | 2 | 4  # VALUE, DATETIME, STRING
_FORMULA = 16

MAX_CELLS = 50_000  # a larger range makes its own call
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


class _Reader:
    """One scan of one document: every range is read once. ``calculated``: what a formula shows may be read."""

    def __init__(self, document: Any, *, calculated: bool = False) -> None:
        self._calculated = calculated
        self._sheets = document.Sheets
        self._names = document.NamedRanges
        self._read: dict[tuple[str, tuple[int, int], tuple[int, int]], Found] = {}
        self._used: dict[str, tuple[int, int]] = {}

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
        if not self._sheets.hasByName(name):
            return None
        sheet = self._sheets.getByName(name)
        used = self._used_area(name, sheet)
        right, bottom = min(last[0], max(used[0], first[0])), min(last[1], max(used[1], first[1]))
        if (right - first[0] + 1) * (bottom - first[1] + 1) > MAX_CELLS:
            return None
        cells = sheet.getCellRangeByPosition(first[0], first[1], right, bottom)
        if self._calculated or not cells.queryContentCells(_FORMULA).Count:
            return block(cells.getDataArray())
        constants = [row for part in cells.queryContentCells(_CONSTANTS) for row in part.getDataArray()]
        return prefetch.Partial(block(tuple(constants)) or ())

    def _used_area(self, name: str, sheet: Any) -> tuple[int, int]:
        if name not in self._used:
            cursor = sheet.createCursor()
            cursor.gotoEndOfUsedArea(False)
            address = cursor.RangeAddress
            self._used[name] = (address.EndColumn, address.EndRow)
        return self._used[name]


def _formulas(area: Any) -> Iterator[str]:
    for cells in area.queryContentCells(_FORMULA):
        for row in cells.getFormulaArray():
            yield from (formula for formula in row if _SERVICE in formula)
