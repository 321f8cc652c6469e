"""Excel and pywin32 as far as xlwings' own COM server needs them, on any platform.

``with excel() as application`` runs xlwings' real ``com_server``, ``udfs`` and converters over stand-ins, and takes all of
it away again. ``Application.call`` does what the .xlam's VBA wrapper does around a call.
"""

from __future__ import annotations

import atexit
import ctypes
import datetime as dt
import importlib
import math
import operator
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Condition, RLock, get_ident
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

from basketgex_addin import prefetch
from basketgex_addin.excel import component
from basketgex_addin.excel.ages import Ages
from basketgex_addin.excel.values import unmarked

UDFS = "basketgex_addin.excel.udfs"
COMMANDS = "basketgex_addin.excel.commands"
RANGE_INTERFACE = "{00020846-0000-0000-C000-000000000046}"
OMITTED = -2147352572  # DISP_E_PARAMNOTFOUND
ERRORS = {
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
    "#GETTING_DATA": -2146826245,
    "#SPILL!": -2146826243,
    "#BLOCKED!": -2146826241,
    "#CALC!": -2146826238,
}
"""How COM hands over a cell's error."""

_STUBS = frozenset(
    {"pythoncom", "pywintypes", "win32api", "win32com", "win32con", "win32event", "win32gui"}
    | {"win32process", "win32timezone"}
)
_ROOTS = _STUBS | {"xlwings"}
_EPOCH = dt.datetime(1899, 12, 30)
_attached: set[int] = set()  # threads that called CoInitializeEx


class ComError(Exception):
    """pywintypes.com_error: what a missing member or item raises."""

    def __init__(self, text: str = "", hresult: int = -2147352567, scode: int = 0) -> None:
        details = (0, "Microsoft Excel", text, None, 0, scode) if scode else None
        super().__init__(hresult, text, details, None)
        self.hresult = hresult


class ComDate(dt.datetime):
    """pywintypes.TimeType."""


class Collection:
    """A COM collection: iterated, counted, and asked for an item by its name."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items = list(items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    @property
    def Count(self) -> int:  # noqa: N802
        return len(self.items)

    def Item(self, name: str) -> Any:  # noqa: N802
        for item in self.items:
            if item.Name.casefold() == name.casefold():
                return item
        raise ComError(name)


class Area:
    """A Range: a rectangle of a sheet, by its corners, counted from 1."""

    CLSID = RANGE_INTERFACE

    def __init__(self, sheet: Sheet, top: int, left: int, bottom: int, right: int) -> None:
        self.Worksheet, self.Row, self.Column = sheet, top, left
        self.Rows, self.Columns = Collection(range(top, bottom + 1)), Collection(range(left, right + 1))
        self.Count = self.Rows.Count * self.Columns.Count
        kind = SimpleNamespace(GetTypeAttr=lambda: SimpleNamespace(iid=RANGE_INTERFACE))
        self._oleobj_ = SimpleNamespace(GetTypeInfo=lambda: kind)

    @property
    def Areas(self) -> Collection:  # noqa: N802
        return Collection([self])

    @property
    def Application(self) -> Any:  # noqa: N802
        return self.Worksheet.Parent.Application

    def _cells(self) -> Iterator[Formula]:
        cells = (self.Worksheet.cells.get((row, column)) for row in self.Rows for column in self.Columns)
        return (cell for cell in cells if isinstance(cell, Formula))

    def Dirty(self) -> None:  # noqa: N802
        self.Application.accept("Dirty")
        for cell in self._cells():
            cell.dirty = True

    def Calculate(self) -> None:  # noqa: N802
        self.Application.accept("Range.Calculate")
        self.Application.run({id(cell) for cell in self._cells()})

    def _each(self, of: Any) -> Any:
        found = tuple(tuple(of(self.Worksheet.cells.get((r, c))) for c in self.Columns) for r in self.Rows)
        return found[0][0] if self.Count == 1 else found

    @property
    def Value(self) -> Any:  # noqa: N802
        return self._each(lambda cell: cell.shown if isinstance(cell, Formula) else cell)

    @property
    def Value2(self) -> Any:  # noqa: N802
        self.Worksheet.read.append((self.Row, self.Column, self.Rows.Count, self.Columns.Count))
        return self._each(_plain)

    @property
    def Formula(self) -> Any:  # noqa: N802
        return self._each(lambda cell: cell.text if isinstance(cell, Formula) else str(_plain(cell) or ""))

    def _has(self, flag: Any) -> bool | None:
        found = [flag(self.Worksheet.cells.get((r, c))) for r in self.Rows for c in self.Columns]
        return True if all(found) else None if any(found) else False

    @property
    def HasFormula(self) -> bool | None:  # noqa: N802
        return self._has(lambda cell: isinstance(cell, Formula))

    @property
    def HasSpill(self) -> bool | None:  # noqa: N802
        if not self.Worksheet.dynamic:
            raise AttributeError("HasSpill")
        return self._has(lambda cell: isinstance(cell, Spilled))


class Selection:
    """A Range of several areas."""

    def __init__(self, *areas: Area) -> None:
        self.Worksheet, self.Areas = areas[0].Worksheet, Collection(areas)


class Formula:
    """A cell's formula and what it shows, which nobody may rely on before it is calculated.

    ``calculated`` counts how often it was.
    """

    def __init__(self, text: str, shown: Any = 0.0) -> None:
        self.text, self.shown = text, shown
        self.dirty, self.calculated = True, 0


class Spilled(str):
    """A text that another cell's formula has spilled here."""


class Sheet:
    """A worksheet of constants and formulas, filled from A1."""

    dynamic = True

    def __init__(self, name: str, rows: Sequence[Sequence[Any]] = ()) -> None:
        self.Name = name
        self.cells: dict[tuple[int, int], Any] = {}
        self.read: list[tuple[int, int, int, int]] = []
        self.Names, self.ListObjects = Collection(), Collection()
        self.Parent: Any = None
        self.fill(rows)

    def fill(self, rows: Sequence[Sequence[Any]], top: int = 1, left: int = 1) -> Area:
        """Write a block; a text that begins with = becomes a formula."""
        for r, row in enumerate(rows, top):
            for c, cell in enumerate(row, left):
                self.cells[r, c] = Formula(cell) if isinstance(cell, str) and cell[:1] == "=" else cell
        return Area(self, top, left, top + len(rows) - 1, left + (len(rows[0]) if rows else 1) - 1)

    def Range(self, address: str) -> Area:  # noqa: N802
        corners = [
            (int(row), _column(letters)) for letters, row in re.findall(r"\$?([A-Z]+)\$?(\d+)", address)
        ]
        return Area(self, *corners[0], *corners[-1])

    @property
    def UsedRange(self) -> Area:  # noqa: N802
        rows, columns = zip(*self.cells, strict=True) if self.cells else ((1,), (1,))
        return Area(self, min(rows), min(columns), max(rows), max(columns))

    def insert_row(self, above: int) -> None:
        """Move everything from a row on down by one; no formula is calculated for it."""
        self.cells = {(row + (row >= above), column): cell for (row, column), cell in self.cells.items()}

    def name(self, name: str, refers_to: str) -> None:
        self.Names.items.append(SimpleNamespace(Name=name, RefersTo=refers_to))

    def table(self, name: str, area: Area, headings: Sequence[str]) -> None:
        """A table whose body is ``area``."""
        bottom = area.Row + area.Rows.Count - 1
        columns = (
            SimpleNamespace(Name=heading, DataBodyRange=Area(self, area.Row, column, bottom, column))
            for heading, column in zip(headings, area.Columns, strict=True)
        )
        self.ListObjects.items.append(
            SimpleNamespace(Name=name, DataBodyRange=area, ListColumns=Collection(columns))
        )


class Workbook:
    """A workbook of sheets."""

    def __init__(self, *sheets: Sheet, name: str = "Book1.xlsx") -> None:
        self.Name, self.FullName = name, f"C:\\{name}"
        self.Worksheets = self.Sheets = Collection(sheets)
        self.Names = Collection()
        self.Application = Host(self)
        for sheet in sheets:
            sheet.Parent = self

    def name(self, name: str, refers_to: str) -> None:
        self.Names.items.append(SimpleNamespace(Name=name, RefersTo=refers_to))


class Host:
    """Excel's Application. What its thread is busy with makes it reject other threads' calls.

    ``calls``: what it was asked to do by those; ``rejections``: errors for the next of them, one each.
    """

    Hwnd, Version, Name = 7, "16.0", "Microsoft Excel"
    AUTOMATIC, MANUAL = -4105, -4135

    def __init__(self, *books: Workbook) -> None:
        self.CutCopyMode: Any = False
        self.Calculation = self.AUTOMATIC
        self.calls: list[str] = []
        self.rejections: list[ComError | Exception] = []
        self.rejected, self.calculated = Condition(), Condition()
        self.evaluate: Callable[[str, Area], Any] | None = None
        self._books = Collection(books)
        self._thread = RLock()

    @property
    def Workbooks(self) -> Collection:  # noqa: N802
        self.accept("Workbooks")
        return self._books

    def Calculate(self) -> None:  # noqa: N802
        self.accept("Calculate")
        self.run(None)

    def open(self, book: Workbook) -> None:
        """Open a workbook and calculate it."""
        with self._thread:
            self._books.items.append(book)
            book.Application = self
            self.run(None)

    def close(self, book: Workbook) -> None:
        with self._thread:
            self._books.items.remove(book)

    def type(self, sheet: Sheet, row: int, column: int, cell: Any) -> None:
        """Change a cell as somebody does, and calculate: in this Excel, all of its formulas and those that refer to it."""
        with self._thread:
            sheet.fill([[cell]], top=row, left=column)
            for found in sheet.cells.values():
                if isinstance(found, Formula):
                    calls = prefetch.calls(found.text)
                    ranges = [a for c in calls for a in c.arguments if isinstance(a, prefetch.RangeRef)]
                    at = (column - 1, row - 1)
                    found.dirty |= any(
                        all(map(operator.le, a.first, at)) and all(map(operator.le, at, a.last))
                        for a in ranges
                    )
            self.run(None)

    def held(self) -> Any:
        """Somebody edits a cell: while the block runs, every call is rejected."""
        return self._thread

    def run(self, only: set[int] | None) -> None:
        """Calculate the formulas that are marked."""
        assert self.evaluate is not None
        with self._thread:
            for book in self._books:
                for sheet in book.Worksheets:
                    for (row, column), cell in [*sheet.cells.items()]:
                        if isinstance(cell, Formula) and (cell.dirty if only is None else id(cell) in only):
                            cell.dirty, cell.calculated = False, cell.calculated + 1
                            cell.shown = self.evaluate(cell.text, Area(sheet, row, column, row, column))
        with self.calculated:
            self.calculated.notify_all()

    def accept(self, call: str) -> None:
        """Take a call of another program's thread, or raise."""
        assert get_ident() in _attached, "a thread that does not know COM"
        if not self._thread.acquire(blocking=False):
            self._reject(ComError("rejected", -2147418111))
        self._thread.release()
        if self.rejections:
            self._reject(self.rejections.pop(0))
        self.calls.append(call)

    def _reject(self, error: Exception) -> None:
        with self.rejected:
            self.rejected.notify_all()
        raise error


class Application:
    """A running Excel with this project's add-in."""

    def __init__(self, xlwings: ModuleType, udfs: ModuleType) -> None:
        self.xlwings, self.udfs = xlwings, udfs
        self._server = importlib.import_module("xlwings.com_server").XLPython()
        self.active = Workbook(Sheet("Sheet1"))
        self.host = self.active.Application
        self.host.evaluate = self.evaluate
        self.addin = SimpleNamespace(Name="basketgex.xlam")
        self._random = count(0.5)

    def area(self, *rows: Sequence[Any]) -> Area:
        """A range with these cells, at A1 of a sheet of its own."""
        sheet = Sheet("Cells")
        sheet.Parent = Workbook(sheet)
        return sheet.fill(rows)

    def raw(self, name: str, *arguments: Any, cell: Area | None = None) -> Any:
        """What the COM server returns: None stands for an omitted argument."""
        count = len(getattr(self.udfs, name).__xlfunc__["args"]) - 1
        given = [OMITTED if argument is None else _variant(argument) for argument in arguments]
        given += [OMITTED] * (count - len(given))
        caller = cell or Area(self.active.Worksheets.items[0], 9, 9, 9, 9)
        return _returned(self._server.CallUDF(UDFS, name, (*given, caller), self.active, caller))

    def call(self, name: str, *arguments: Any, cell: Area | None = None) -> Any:
        """What the cell shows: the wrapper has made errors of the markers."""
        return unmarked(self.raw(name, *arguments, cell=cell))

    def fresh(self) -> Host:
        """Another session of Excel, nothing of which has been seen yet."""
        self.active = Workbook(Sheet("Sheet1"))
        self.host = self.active.Application
        self.host.evaluate = self.evaluate
        return self.host

    def evaluate(self, formula: str, cell: Area) -> Any:
        """Calculate the calls of ours in a formula, one after the other; one alone is what the cell shows."""
        shown = []
        for call in prefetch.calls(f"{formula} BASKET"):  # else one of GEXLEVELS alone would not be looked at
            given = [self._argument(argument, cell.Worksheet) for argument in call.arguments]
            shown.append(self.call(call.name, *given, cell=cell))
        return shown[0] if len(shown) == 1 else shown

    def _argument(self, argument: prefetch.Argument, sheet: Sheet) -> Any:
        if isinstance(argument, prefetch.RangeRef):
            return sheet.Range(argument.text)
        if isinstance(argument, prefetch.Computed):
            return next(self._random)
        return argument.value if isinstance(argument, prefetch.Literal) else None

    def command(self, name: str, *argument: Any) -> str:
        """What the VBA's Commanded returns, its way through the COM server being the same."""
        server = self._server
        return str(server.Str(server.Call(server.Module(COMMANDS), name, server.Tuple(*argument))))


@contextmanager
def excel() -> Iterator[Application]:
    """A fresh Excel; afterwards no module and no attribute of it is left."""
    displaced = _take_away()
    windows = {name: vars(ctypes).get(name) for name in ("windll", "oledll")}
    library = ctypes.PyDLL
    server: Any = None
    ages, component.ages = (
        component.ages,
        Ages(period=3_600.0),
    )  # a test that wants them calculated has its own
    try:
        _place_stubs()
        ctypes.windll = ctypes.oledll = MagicMock()  # type: ignore[attr-defined, assignment, unused-ignore]
        ctypes.PyDLL = lambda name, *a, **k: MagicMock() if name == "pythoncom" else library(name, *a, **k)  # type: ignore
        xlwings = importlib.import_module("xlwings")
        impl = importlib.import_module("xlwings._xlwindows")
        atexit.unregister(impl.cleanup)
        xlwings._xlwindows = impl  # type: ignore[attr-defined]
        xlwings.engines.add(engine := xlwings.main.Engine(impl=impl.engine))
        xlwings.engines.active = engine
        server = importlib.import_module("xlwings.com_server")
        real = importlib.import_module("xlwings.udfs")
        # What xlwings binds by itself on Windows.
        for name, value in (("func", real.xlfunc), ("arg", real.xlarg), ("ret", real.xlret)):
            setattr(xlwings, name, value)
        yield Application(xlwings, importlib.import_module(UDFS))
    finally:
        if server is not None:
            server.loop.close()
        component.ages.close()
        component.ages = ages
        _take_away()
        sys.modules.update(displaced)
        ctypes.PyDLL = library  # type: ignore[misc]
        for name, was in windows.items():
            if was is None:
                vars(ctypes).pop(name, None)
            else:
                setattr(ctypes, name, was)


def _take_away() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] in _ROOTS or name == UDFS]
    package, _, udfs = UDFS.rpartition(".")
    vars(importlib.import_module(package)).pop(udfs, None)
    return {name: sys.modules.pop(name) for name in names}


def _place_stubs() -> None:
    def place(name: str, **members: Any) -> None:
        module = ModuleType(name)
        vars(module).update(members)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)

    def attach(how: int) -> None:
        assert how == 0
        _attached.add(get_ident())

    def unwrap(value: Any) -> Any:
        if hasattr(value, "obj"):
            return value
        raise ComError("not an object of Python's")

    place("pywintypes", com_error=ComError, error=ComError, TimeType=ComDate, IID=str.upper)
    place(
        "pythoncom",
        __file__="pythoncom",
        com_error=ComError,
        ole_error=ComError,
        IID_IDispatch="IDispatch",
        IID_IEnumVARIANT="IEnumVARIANT",
        TypeIIDs={"IDispatch": type("PyIDispatch", (), {})},
        CoInitialize=lambda: None,
        COINIT_MULTITHREADED=0,
        CoInitializeEx=attach,
        CoMarshalInterThreadInterfaceInStream=lambda iid, com: [com],
        CoGetInterfaceAndReleaseStream=lambda stream, iid: stream.pop(),
    )
    place("win32com")
    bases = {name: type(name, (), {}) for name in ("CDispatch", "CoClassBaseClass", "DispatchBaseClass")}
    place("win32com.client", Dispatch=lambda com, **_: com, DispatchEx=MagicMock(), **bases)
    place("win32com.client.dynamic")
    place("win32com.server")
    place("win32com.server.util", unwrap=unwrap, wrap=lambda value, **_: value)
    place("win32com.server.dispatcher")
    place("win32com.server.policy")
    place("win32process", GetWindowThreadProcessId=lambda handle: (0, 4242))
    for name in _STUBS - set(sys.modules):
        place(name)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Formula):
        return cell.shown
    return (cell - _EPOCH).total_seconds() / 86400 if isinstance(cell, dt.datetime) else cell


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _variant(argument: Any) -> Any:
    """What Excel passes: a range as an object, a number as a double, an array constant as an array."""
    if isinstance(argument, Area | bool | str | tuple):
        return argument
    return float(argument) if isinstance(argument, int) and argument not in ERRORS.values() else argument


def _returned(value: Any) -> Any:
    """What VBA gets. Stricter than pywin32: only texts and finite numbers, in rows of one length, may leave Python."""
    if isinstance(value, list):
        assert value, "an empty array"
        assert len({len(row) if isinstance(row, list) else None for row in value}) == 1, "ragged rows"
        return tuple(map(_returned, value))
    assert type(value) in (str, float), f"{value!r} does not become a cell"
    if isinstance(value, float):
        assert math.isfinite(value)
    else:
        value = value.encode("utf-16-le").decode("utf-16-le")  # a BSTR
    return value
