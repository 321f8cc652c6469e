"""What an Excel workbook is about to ask, for one batch instead of one call per cell.

Excel calls one cell after the other, so the first one that memory cannot answer looks at the formulas of its workbook.
Only constants are read, and formulas as texts: what a formula shows may be yet to be calculated. ``SpecialCells`` would
be shorter, but inside a function called from a cell Excel gives the whole range for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from basketgex_addin import prefetch
from basketgex_addin.cells import Block
from basketgex_addin.excel.values import block
from basketgex_addin.prefetch import Asked, Foreseen
from basketgex_addin.throttle import Throttle

MAX_CELLS = 50_000  # a larger range makes its own call
MAX_SCANNED = (
    1_000_000  # cells of a sheet that are searched for formulas, so many at a time as a range may have
)

Found = Block | prefetch.Partial | None
Corner = tuple[int, int]
Area = tuple[Corner, Corner]

_ABSOLUTE = re.compile(r"\$[A-Z]{1,3}(?:\$[0-9]+)?|\$[0-9]+", re.IGNORECASE)
_TABLE = re.compile(r"([^\[\]]+)(?:\[([^\[\]]+)\])?")


class Scanner:
    """Finds the questions in workbooks, seldom enough to cost nothing. One a process."""

    def __init__(self, throttle: Throttle | None = None) -> None:
        self._throttle = throttle or Throttle()

    def asks(self, cell: Any) -> tuple[Foreseen, ...]:
        """Return what the formulas of the workbook of ``cell``, an xlwings range, ask. Never raises.

        Nothing when the workbook was read just now, or when no cell asks.
        """
        if cell is None:
            return ()
        return self._throttle.asks(lambda: _key(_book(cell)), lambda: _Reader(_book(cell)).asks())


def asks_within(cells: Any) -> tuple[Foreseen, ...]:
    """Return what the formulas of a range ask, each once, for a macro: what the sheets show is calculated then."""
    sheet = cells.Worksheet
    areas = [_corners(area) for area in cells.Areas]
    return tuple(
        dict.fromkeys(_Reader(sheet.Parent, calculated=True).asks_of(str(sheet.Name).casefold(), areas))
    )


def asks_of(book: Any) -> tuple[Foreseen, ...]:
    """Return what all formulas of a workbook ask, each once, for a macro likewise."""
    return tuple(dict.fromkeys(_Reader(book, calculated=True).asks()))


def formulas_of(book: Any) -> Iterator[tuple[Any, Iterator[tuple[int, int, str]]]]:
    """Yield a workbook's sheets, each with its formulas: row and column, counted from 1, and text."""
    reader = _Reader(book)
    for sheet in book.Worksheets:
        name = str(sheet.Name).casefold()
        yield sheet, reader.placed(name, reader.used(name))


def _book(cell: Any) -> Any:
    # Not the active workbook, which is what xlwings calls the caller of an add-in: Excel calculates others as well.
    return cell.api.Worksheet.Parent


def _key(book: Any) -> str:
    return f"{book.Application.Hwnd} {book.FullName}"


def explained(cell: Any) -> list[Asked]:
    """Return what the formula of a cell calls, an xlwings range: its first cell's."""
    sheet = cell.api.Worksheet
    reader = _Reader(sheet.Parent, calculated=True)
    own = str(sheet.Name).casefold()
    formula = str(_rows(cell.api.Formula)[0][0])
    return prefetch.explained(formula, partial(reader._range, own), partial(reader._named, sheet))


class _Reader:
    """One reading of one workbook: every range is read once.

    ``calculated``: what a formula shows may be relied on.
    """

    def __init__(self, book: Any, *, calculated: bool = False) -> None:
        self._calculated = calculated
        self._names = book.Names
        self._sheets = {str(sheet.Name).casefold(): sheet for sheet in book.Worksheets}
        self._used: dict[str, Area] = {}
        self._read: dict[tuple[str, Corner, Corner], Found] = {}
        self._tables: dict[str, Any] | None = None

    def asks(self) -> Iterator[Foreseen]:
        """Yield what every sheet's formulas ask."""
        for name in self._sheets:
            yield from self.asks_of(name, [self.used(name)])

    def asks_of(self, name: str, areas: Sequence[Area]) -> Iterator[Foreseen]:
        """Yield what the formulas in some areas of a sheet ask."""
        formulas = dict.fromkeys(text for area in areas for _, _, text in self.placed(name, area))
        found = [call for formula in formulas for call in prefetch.calls(formula)]
        if found:
            yield from prefetch.asks(
                found, partial(self._range, name), partial(self._named, self._sheets[name])
            )

    def placed(self, name: str, area: Area) -> Iterator[tuple[int, int, str]]:
        """Yield the formulas in an area of a sheet: row and column, counted from 1, and text."""
        used = self.used(name)
        left, top = map(max, area[0], used[0])
        right, bottom = map(min, area[1], used[1])
        if left > right or top > bottom:
            return
        width = right - left + 1
        height = max(1, MAX_CELLS // width)
        last = min(bottom, top + MAX_SCANNED // width)
        for row in range(top, last + 1, height):
            cells = self._cells(name, (left, row), (right, min(last, row + height - 1)))
            if cells.HasFormula is not False:  # None: some have
                for y, line in enumerate(_rows(cells.Formula), row + 1):
                    yield from ((y, x, text) for x, text in enumerate(line, left + 1) if _is_formula(text))

    def _range(self, own: str, reference: prefetch.RangeRef) -> Found:
        key = ((reference.sheet or own).casefold(), reference.first, reference.last)
        if key not in self._read:
            self._read[key] = None
            with suppress(Exception):  # COM's way to say that something is not there: the others still are
                self._read[key] = self._read_range(*key)
        return self._read[key]

    def _read_range(self, name: str, first: Corner, last: Corner) -> Found:
        if name not in self._sheets:
            return None
        _, used = self.used(name)
        right, bottom = min(last[0], max(used[0], first[0])), min(last[1], max(used[1], first[1]))
        if (right - first[0] + 1) * (bottom - first[1] + 1) > MAX_CELLS:
            return None
        cells = self._cells(name, first, (right, bottom))
        if not self._calculated and _spills(cells):
            return None
        if self._calculated or cells.HasFormula is False:
            return block(cells.Value2)
        pairs = zip(_rows(cells.Formula), _rows(cells.Value2), strict=True)
        constants = [
            [None if _is_formula(text) else value for text, value in zip(*pair, strict=True)]
            for pair in pairs
        ]
        return prefetch.Partial(block(constants) or ())

    def used(self, name: str) -> Area:
        """Return the part of a sheet that holds anything."""
        if name not in self._used:
            self._used[name] = _corners(self._sheets[name].UsedRange)
        return self._used[name]

    def _cells(self, name: str, first: Corner, last: Corner) -> Any:
        return self._sheets[name].Range(f"{address(first)}:{address(last)}")

    def _named(self, sheet: Any, name: prefetch.Name) -> str | prefetch.RangeRef | None:
        for names in (sheet.Names, self._names):
            with suppress(Exception):
                text = str(names.Item(name.text).RefersTo).removeprefix("=")
                # A relative name means other cells in every cell.
                sides = (side.rpartition("!")[2] for side in text.split(":"))
                return text if all(map(_ABSOLUTE.fullmatch, sides)) else None
        with suppress(Exception):
            return self._table(name.text)
        return None

    def _table(self, text: str) -> prefetch.RangeRef | None:
        if self._tables is None:
            sheets = self._sheets.values()
            self._tables = {str(t.Name).casefold(): t for sheet in sheets for t in sheet.ListObjects}
        match = _TABLE.fullmatch(text)
        table = self._tables.get(match[1].casefold()) if match else None
        if match is None or table is None:
            return None
        whole = table.ListColumns.Item(match[2]) if match[2] else table
        cells = whole.DataBodyRange  # None where the table is empty
        return None if cells is None else prefetch.RangeRef(str(cells.Worksheet.Name), *_corners(cells), text)


def _spills(cells: Any) -> bool:
    """Tell whether a cell's formula reaches into these: they then have none of their own. False in an Excel without."""
    with suppress(Exception):
        return cells.HasSpill is not False
    return False


def _corners(cells: Any) -> Area:
    column, row = int(cells.Column) - 1, int(cells.Row) - 1
    return (column, row), (column + int(cells.Columns.Count) - 1, row + int(cells.Rows.Count) - 1)


def address(corner: Corner) -> str:
    """Return a cell as Excel writes it, absolute.

    >>> address((27, 0))
    '$AB$1'
    """
    letters, left = "", corner[0] + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"${letters}${corner[1] + 1}"


def _rows(found: Any) -> tuple[tuple[Any, ...], ...]:
    """Return a range's content as rows: that of a single cell comes bare."""
    return found if isinstance(found, tuple) else ((found,),)


def _is_formula(text: Any) -> bool:
    return isinstance(text, str) and text.startswith("=")
