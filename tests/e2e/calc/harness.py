"""A real LibreOffice Calc, driven over a named pipe."""

from __future__ import annotations

import builtins
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basketgex_addin.calc.driver import Office, end
from tests.e2e.serving import until

DIST_PACKAGES = "/usr/lib/python3/dist-packages"  # where Debian keeps python3-uno
ATTEMPTS = 600
PAUSE = 0.1  # seconds; LibreOffice has no ready line, only a pipe that opens


@dataclass(frozen=True)
class Error:
    """A real error value in a cell."""

    code: int


NOT_AVAILABLE = Error(32767)
VALUE = Error(519)
NAME = Error(525)


def import_uno() -> Any:
    """Import UNO from the system's packages, without leaving those on the path.

    Nor does the import statement that it puts in place of Python's stay: under that one a package which is optional to
    another, and absent, fails in a way that the other does not expect.
    """
    if "uno" in sys.modules:
        return sys.modules["uno"]
    pythons = builtins.__import__
    sys.path.append(DIST_PACKAGES)
    try:
        import uno

        return uno
    finally:
        builtins.__import__ = pythons
        sys.path.remove(DIST_PACKAGES)


class Calc:
    """One running Calc: open a workbook, look at its cells, recalculate, close."""

    def __init__(self, office: Office, process: subprocess.Popen[bytes], context: Any) -> None:
        self.office = office
        self.home = office.home
        self.process = process
        self.context = context
        self.desktop = self.service("com.sun.star.frame.Desktop")

    def service(self, name: str) -> Any:
        """Return a service that lives in the running LibreOffice."""
        return self.context.ServiceManager.createInstanceWithContext(name, self.context)

    @contextmanager
    def document(self, path: Path) -> Iterator[Any]:
        """Open ``path`` hidden, calculated as a user would see it, and close it again."""
        document = self.open_document(path)
        try:
            yield document
        finally:
            self.close(document)

    def open_document(self, path: Path | str, *, hidden: bool = True) -> Any:
        """Open a copy of a file, or what a URL names, hidden or in a window, and return its UNO model.

        A copy: an office that was killed leaves a lock beside what it had open.
        """
        url = path if isinstance(path, str) else _copied(path, self.office.folder).as_uri()
        document = self.desktop.loadComponentFromURL(url, "_blank", 0, (given_property("Hidden", hidden),))
        assert document is not None, f"Calc did not open {path}"
        return document

    def cell(self, document: Any, sheet: str, address: str) -> float | str | Error:
        """Return what the cell shows: a number, a text ("" when empty) or an Error."""
        return _value(document.Sheets.getByName(sheet).getCellRangeByName(address).getCellByPosition(0, 0))

    def cells(self, document: Any, sheet: str, area: str) -> list[list[float | str | Error]]:
        """Return what the cells of a range show, row by row."""
        found = document.Sheets.getByName(sheet).getCellRangeByName(area)
        rows, columns = found.Rows.Count, found.Columns.Count
        return [
            [_value(found.getCellByPosition(column, row)) for column in range(columns)] for row in range(rows)
        ]

    def set(self, document: Any, sheet: str, address: str, value: float | str) -> None:
        """Type a number, a text or (with =, arguments separated by ;) a formula into a cell."""
        cell = document.Sheets.getByName(sheet).getCellRangeByName(address).getCellByPosition(0, 0)
        if isinstance(value, str):
            cell.Formula = value
        else:
            cell.Value = value

    def recalculate(self, document: Any) -> None:
        """Calculate every formula again, as Ctrl+Shift+F9 does."""
        document.calculateAll()

    def load(self) -> None:
        """Let LibreOffice load the add-in, as its first formula does. No server is asked."""
        document = self.open_document("private:factory/scalc")
        try:
            self.set(document, document.Sheets.ElementNames[0], "A1", '=BASKETGEX("NV?DA")')
        finally:
            self.close(document)

    def awake(self) -> None:
        """Wait until the add-in asks the server again: after a failure it does not for two seconds.

        The question costs the server a request, but the source nothing.
        """
        document = self.open_document("private:factory/scalc")
        try:
            sheet = document.Sheets.ElementNames[0]
            self.set(document, sheet, "A1", '=BASKETWHY("NV?DA")')
            until(lambda: self._answered(document, sheet))
        finally:
            self.close(document)

    def _answered(self, document: Any, sheet: str) -> bool:
        self.recalculate(document)
        return self.cell(document, sheet, "A1") == '"NV?DA" is not a ticker: correct or clear it.'

    def close(self, document: Any) -> None:
        """Close without saving."""
        document.close(True)


def snapshot(document: Any) -> dict[tuple[str, int, int], object]:
    """Return what every cell with a formula shows, by sheet, row and column; an error value is None."""
    found: dict[tuple[str, int, int], object] = {}
    for sheet in document.Sheets:
        name = sheet.Name  # each look at it is a call to LibreOffice
        for area in sheet.queryFormulaCells(_ANY_RESULT):
            start = area.RangeAddress
            for i, row in enumerate(area.getDataArray(), start.StartRow):
                found |= {(name, i, j): value for j, value in enumerate(row, start.StartColumn)}
    return found


_ANY_RESULT = 7  # com.sun.star.sheet.FormulaResult: VALUE, STRING and ERROR
QUIET = 4
"""So many looks in a row that show the same: what live cells were told has arrived."""
LOOK = 0.3  # seconds between two looks


def settle(document: Any) -> dict[tuple[str, int, int], object]:
    """Wait until no cell changes any more, and return what they hold."""
    seen: list[dict[tuple[str, int, int], object]] = []

    def quiet() -> bool:
        seen.append(snapshot(document))
        seen[:] = seen[-QUIET:]
        return len(seen) == QUIET and all(look == seen[0] for look in seen)

    until(quiet, pause=LOOK)
    return seen[0]


def _copied(path: Path, folder: Path) -> Path:
    target = folder.resolve() / "opened" / secrets.token_hex(8) / path.name
    target.parent.mkdir(parents=True)
    return Path(shutil.copyfile(path, target))


def given_property(name: str, value: object) -> Any:
    """Return a named value as LibreOffice takes it."""
    uno = import_uno()
    direct = uno.Enum("com.sun.star.beans.PropertyState", "DIRECT_VALUE")
    return uno.createUnoStruct("com.sun.star.beans.PropertyValue", name, 0, value, direct)


def _value(cell: Any) -> float | str | Error:
    if code := cell.getError():
        return Error(code)
    kind = cell.Type.value
    if kind == "EMPTY":
        return ""
    # com.sun.star.sheet.FormulaResult.STRING is 2
    if kind == "TEXT" or (kind == "FORMULA" and cell.FormulaResultType2 == 2):
        return str(cell.String)
    return float(cell.Value)


@contextmanager
def running_calc(
    soffice: Path, folder: Path, home: Path, kind: Callable[[Path, Path, Path], Office] = Office
) -> Iterator[Calc]:
    """Start a Calc with our extension, and end it and nothing else."""
    uno = import_uno()
    office = kind(soffice, folder, home)
    office.prepare()
    pipe = f"basketgex{secrets.token_hex(8)}"
    process = office.start(f"--accept=pipe,name={pipe};urp;")
    try:
        calc = Calc(office, process, _connect(uno, pipe, process))
        yield calc
        with suppress(Exception):  # the bridge breaks while it answers
            calc.desktop.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    finally:
        end(process)


def _connect(uno: Any, pipe: str, process: subprocess.Popen[bytes]) -> Any:
    NoConnectException = uno.getClass("com.sun.star.connection.NoConnectException")  # noqa: N806 - a class

    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    pause = threading.Event()
    for _ in range(ATTEMPTS):
        assert process.poll() is None, f"soffice ended with code {process.returncode}"
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            pause.wait(PAUSE)
    raise AssertionError(f"soffice did not listen within {ATTEMPTS * PAUSE:.0f} s")
