"""The Excels that call, for a thread of ours: where a cell is, how it is found again, how it is calculated again.

A thread may use only objects that were made for it. So the application that a function's call has seen is handed over once,
and everything else is found from there.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from threading import Lock
from typing import Any, NamedTuple

from basketgex_addin.functions import FUNCTIONS

MANUAL = -4135  # xlCalculationManual
REJECTED = frozenset({-2147418111, -2147417846, -2146777998})
"""Excel takes no call now: RPC_E_CALL_REJECTED, RPC_E_SERVERCALL_RETRYLATER, VBA_E_IGNORE."""
GONE = frozenset({-2147023174, -2147023170, -2147417848, -2147220995})
"""Excel has ended: RPC_S_SERVER_UNAVAILABLE, RPC_S_CALL_FAILED, RPC_E_DISCONNECTED, CO_E_OBJNOTCONNECTED."""


class NotNow(Exception):
    """Excel is busy, somebody is editing a cell, or a dialog is open."""


class Gone(Exception):
    """The Excel has ended."""


class Book(NamedTuple):
    """A workbook: its Excel's process, and its full name."""

    excel: int
    name: str


class CellRef(NamedTuple):
    """A calling cell, or all the cells of an array formula, counted from 1."""

    book: Book
    sheet: str
    row: int
    column: int
    size: tuple[int, int] = (1, 1)
    """Rows and columns."""


def cell_ref(cell: Any) -> CellRef:
    """Return where a range is, for the thread that has it."""
    sheet = cell.Worksheet
    size = (1, 1) if cell.Count == 1 else (int(cell.Rows.Count), int(cell.Columns.Count))
    book = Book(_process(cell.Application), str(sheet.Parent.FullName))
    return CellRef(book, str(sheet.Name), int(cell.Row), int(cell.Column), size)


class Applications:
    """Hands each Excel's application over to the one thread that called ``attach``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streams: dict[int, Any] = {}  # handed over, not taken yet
        self._taken: dict[int, Any] = {}

    @staticmethod
    def attach() -> None:
        """Let the calling thread use COM. It has no message loop, so it belongs to no apartment of its own."""
        com = importlib.import_module("pythoncom")
        com.CoInitializeEx(com.COINIT_MULTITHREADED)

    def hand_over(self, excel: int, cell: Any) -> None:
        """Make the application of a range reachable, once."""
        with self._lock:
            if excel in self._streams or excel in self._taken:
                return
            com = importlib.import_module("pythoncom")
            self._streams[excel] = com.CoMarshalInterThreadInterfaceInStream(
                com.IID_IDispatch, cell.Application
            )

    def reach(self, excel: int) -> Any:
        """Return an Excel's application. Raises Gone where it was never handed over."""
        com = importlib.import_module("pythoncom")
        with self._lock:
            stream = self._streams.pop(excel, None)
            if stream is not None:
                self._taken[excel] = com.CoGetInterfaceAndReleaseStream(stream, com.IID_IDispatch)
            if excel not in self._taken:
                raise Gone
            taken = self._taken[excel]
        # Each time anew: what was made while Excel was busy knows nothing of its members.
        return importlib.import_module("win32com.client").Dispatch(taken)

    def forget(self, excel: int) -> None:
        """Let go of an Excel that has ended."""
        with self._lock:
            self._streams.pop(excel, None)
            self._taken.pop(excel, None)


class Desk:
    """One Excel as it is now. Every method raises NotNow or Gone."""

    def __init__(self, applications: Applications, excel: int) -> None:
        with _told():
            self._application = applications.reach(excel)
            if self._application.CutCopyMode:  # a calculation would end it
                raise NotNow
            self._manual = self._application.Calculation == MANUAL
            self.books = {Book(excel, str(found.FullName)): found for found in self._application.Workbooks}
            """The workbooks that are open."""
        self._marked: list[Any] = []

    def mark(self, cells: Collection[CellRef]) -> None:
        """Have those cells of open workbooks calculated again that hold a formula of ours."""
        with _told():
            for (book, name), there in groupby(sorted(cells), lambda cell: (cell.book, cell.sheet)):
                sheets = {str(sheet.Name): sheet for sheet in self.books[book].Worksheets}
                if name in sheets:
                    self._mark(sheets[name], there)

    def mark_all(self, book: Book) -> None:
        """Have every formula of ours in an open workbook calculated again."""
        from basketgex_addin.excel.book import formulas_of

        with _told():
            for sheet, formulas in formulas_of(self.books[book]):
                ours = (CellRef(book, "", row, column) for row, column, text in formulas if _is_ours(text))
                for run in _runs(ours):
                    self._touch(_range(sheet, run))

    def calculate(self) -> None:
        """Calculate what was marked; where somebody calculates by hand, nothing else."""
        with _told():
            if not self._manual:
                self._application.Calculate()
                return
            for cells in self._marked:
                try:
                    cells.Calculate()
                except Exception as error:
                    if _is_rejected(error):
                        raise
                    # Part of an array formula: it is marked, and calculated with the rest.

    def _mark(self, sheet: Any, refs: Iterable[CellRef]) -> None:
        for run in _runs(refs):
            cells = _range(sheet, run)
            texts = cells.Formula
            if any(_is_ours(row[0]) for row in (texts if isinstance(texts, tuple) else ((texts,),))):
                self._touch(cells)

    def _touch(self, cells: Any) -> None:
        cells.Dirty()
        self._marked.append(cells)


@contextmanager
def _told() -> Iterator[None]:
    """Say what an error of COM means. Whatever is not the end of Excel may pass: editing has many ways to fail."""
    try:
        yield
    except (Gone, NotNow):
        raise
    except Exception as error:
        raise (Gone if getattr(error, "hresult", 0) in GONE else NotNow) from error


def _is_rejected(error: Exception) -> bool:
    """Tell whether Excel took no call at all: as such, or, while a cell is being edited, as an exception of its own."""
    said = error.args[2] if len(error.args) > 2 else None
    return bool({getattr(error, "hresult", 0), said[5] if said else 0} & (REJECTED | GONE))


def _runs(cells: Iterable[CellRef]) -> Iterator[list[CellRef]]:
    """Split a sheet's cells into columns of cells, one below the other: what a call to Excel costs, a cell does not."""
    run: list[CellRef] = []
    for cell in sorted(cells, key=lambda cell: (cell.column, cell.row, cell.size)):
        if run and not (run[-1].size == (1, 1) and cell == run[-1]._replace(row=run[-1].row + 1)):
            yield run
            run = []
        run.append(cell)
    if run:
        yield run


def _range(sheet: Any, run: Sequence[CellRef]) -> Any:
    from basketgex_addin.excel.book import address

    first, (*_, row, column, (rows, columns)) = run[0], run[-1]
    corner = column + columns - 2, row + rows - 2
    return sheet.Range(f"{address((first.column - 1, first.row - 1))}:{address(corner)}")


def _is_ours(formula: Any) -> bool:
    return isinstance(formula, str) and formula.startswith("=") and bool(_ours().search(formula))


@cache
def _ours() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(function.name for function in FUNCTIONS)})\(", re.IGNORECASE)


def _process(application: Any) -> int:
    # The window itself would not do: since Excel 2013 it is that of the active workbook.
    windows = importlib.import_module("win32process")
    return int(windows.GetWindowThreadProcessId(application.Hwnd)[1])
