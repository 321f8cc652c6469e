"""Runs and compiles VBA in a LibreOffice without our extension, whose functions would be found before the VBA's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from basketgex_addin.calc.driver import Office
from tests.e2e.calc.harness import Calc, given_property
from tests.e2e.vba.project import runnable

LIBRARY = "BasketGexAddIn"
ALWAYS_EXECUTE = 4  # com.sun.star.document.MacroExecMode: macros run, and nobody is asked
FILTER = "Calc MS Excel 2007 VBA XML"
SUPPORT = "Rem Attribute VBA_ModuleType=VBAModule\nOption VBASupport 1\n"
ERROR = "ERROR"


class PlainOffice(Office):
    """A LibreOffice as it is delivered."""

    def prepare(self) -> None:
        """There is no extension to write."""


class Book:
    """The copy of the add-in, open in LibreOffice."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._library = document.BasicLibraries.getByName(LIBRARY)

    def run(self, name: str, *arguments: object) -> Any:
        """Call ``module.procedure``; what fails comes as a text that begins with ERROR."""
        url = f"vnd.sun.star.script:{LIBRARY}.{name}?language=Basic&location=document"
        try:
            script = self.document.getScriptProvider().getScript(url)
            return script.invoke(arguments, (), ())[0]
        except Exception as error:  # noqa: BLE001 - whatever Basic says
            return f"{ERROR} {' '.join(str(error).split())[:200]}"

    def told(self, expression: str) -> tuple[str, str]:
        """Return what an expression of VBA comes to, in a text, and what Python was asked for it."""
        code = (
            f"{SUPPORT}Option Explicit\nPublic Function Found() As String\n    On Error GoTo failed\n"
            f"    Found = Told({expression})\nfailed:\n"
            f'    If Err.Number <> 0 Then Found = "{ERROR} " & Err.Description\n'
            "    Found = Found & vbLf & Heard()\nEnd Function\n"
        )
        self._library.insertByName("Test", code)  # which makes every module forget
        try:
            told, _, heard = str(self.run("Test.Found")).partition("\n")
            return told, heard
        finally:
            self._library.removeByName("Test")

    def put(self, name: str, module: str) -> None:
        """Replace one of our modules."""
        self._library.replaceByName(name, SUPPORT + runnable(name, module))

    def cell(self, address: str) -> Any:
        return self.document.Sheets.getByIndex(0).getCellRangeByName(address)


@contextmanager
def opened(calc: Calc, copy: Path) -> Iterator[Book]:
    """Open the copy with three tickers, their weights, and formulas in it."""
    given = (
        given_property("Hidden", True),
        given_property("MacroExecutionMode", ALWAYS_EXECUTE),
        given_property("FilterName", FILTER),
    )
    document = calc.desktop.loadComponentFromURL(copy.as_uri(), "_blank", 0, given)
    assert document is not None
    try:
        book = Book(document)
        for row, ticker in enumerate(("NVDA", "AMD", "SPY"), 1):
            book.cell(f"A{row}").String = ticker
            book.cell(f"B{row}").Value = row
            book.cell(f"C{row}").Formula = f"=A{row}"
        yield book
    finally:
        document.close(True)


def compiles(calc: Calc, name: str, module: str) -> bool:
    """Tell whether LibreOffice compiles one of our modules, by running a function that is added to it."""
    document = calc.open_document("private:factory/scalc")
    try:
        libraries = document.BasicLibraries
        libraries.createLibrary(LIBRARY)
        probe = "\nPublic Function Probe() As Long\n    Probe = 42\nEnd Function\n"
        libraries.getByName(LIBRARY).insertByName("M", SUPPORT + runnable(name, module) + probe)
        return Book(document).run("M.Probe") == 42
    finally:
        calc.close(document)
