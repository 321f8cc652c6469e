"""The VBA of the .xlam, pure: what the function table generates, what is written by hand, and xlwings' own module, edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from basketgex_addin.excel.values import CV_ERRORS, MARK, MARKERS
from basketgex_addin.functions import FUNCTIONS, Function
from basketgex_addin.menu import AUTO_CHOICES

XLWINGS = "0.37.8"
"""The release whose VBA is inside: it loads the DLL of that very release."""
PROJECT = "basketgex"
"""What the configuration is called: ``%USERPROFILE%\\.basketgex\\basketgex.conf``."""

WRAPPERS, HOST, RIBBON, EVENTS = "BasketGexFunctions", "BasketGexHost", "BasketGexRibbon", "BasketGexEvents"
WIZARD_TEXT = 255  # characters: Excel shows no more
CATEGORY_NUMBER = 20  # Excel's own categories are numbered to 19

_SOURCES = Path(__file__).with_name("vba_sources")
_DECLARED = f'Public Const XLWINGS_VERSION As String = "{XLWINGS}"'
_XLPY = """\
Function XLPy()
    XLPyLoadDLL
    If 0 <> XLPyDLLActivateAuto(XLPy, XLPyCommand, 1) Then Err.Raise 1000, Description:=XLPy
End Function
"""
_XLPY_CACHED = """\
Function XLPy()
    Static Command As String
    If Command = "" Then
        XLPyLoadDLL
        Command = XLPyCommand
    End If
    If 0 <> XLPyDLLActivateAuto(XLPy, Command, 1) Then Err.Raise 1000, Description:=XLPy
End Function
"""
_PATHS = 'PYTHONPATH = AddExcelDir & ";" & {} & ";" & ThisWorkbook.FullName'
_EDITS = (
    # Nothing in it is a worksheet function.
    ("#Const App =", "Option Private Module\n#Const App ="),
    ('PROJECT_NAME As String = "myaddin"', f'PROJECT_NAME As String = "{PROJECT}"'),
    # Only the user's own file: no sheet of a stranger's workbook, and no file beside it, says what is started.
    (
        'GetConfig(configKey As String, Optional default As String = "", Optional source As String = "")',
        'GetConfig(configKey As String, Optional default As String = "", Optional source As String = "user")',
    ),
    # The process is keyed by the command: one for all workbooks.
    (_PATHS.format("ActiveWorkbook.FullName"), _PATHS.format("ThisWorkbook.FullName")),
    # A call does not read the configuration again.
    (_XLPY, _XLPY_CACHED),
)


class TemplateChanged(Exception):
    """xlwings' module is not the one that the edits were written for."""


def wrappers() -> str:
    """Return the module of the worksheet functions: nothing else in it, or anywhere, is listed by Excel."""
    return "Option Explicit\n\n" + "\n".join(map(_wrapper, FUNCTIONS))


def _wrapper(function: Function) -> str:
    name = function.name
    parameters = ", ".join(
        f"{'Optional ' if argument.optional else ''}ByVal {argument.name} As Variant"
        for argument in function.arguments
    )
    given = ", ".join([*(argument.name for argument in function.arguments), "Application.Caller"])
    volatile = "    Application.Volatile\n" if function.volatile else ""
    return (
        f"Public Function {name}({parameters}) As Variant\n"
        f"Attribute {name}.VB_Description = {_quoted(function.summary[:WIZARD_TEXT])}\n"
        f'Attribute {name}.VB_ProcData.VB_Invoke_Func = " \\n{CATEGORY_NUMBER}"\n'
        "    On Error GoTo failed\n"
        f"{volatile}"
        f"    {name} = Answer({_quoted(name)}, Array({given}))\n"
        "    Exit Function\n"
        "failed:\n"
        f"    {name} = CVErr(xlErrNA)\n"
        "End Function\n"
    )


def host() -> str:
    """Return the module that functions and ribbon share."""
    names = " ".join(function.name for function in FUNCTIONS)
    markers = "\n".join(_markers())
    return _source(f"{HOST}.bas").replace("@NAMES@", names).replace("@MARKERS@", markers)


def _markers() -> Iterator[str]:
    for error, marker in MARKERS.items():
        rest = _quoted(marker.removeprefix(MARK))
        yield f"            Case ChrW(&H{ord(MARK):X}) & {rest}: Unmarked = CVErr({CV_ERRORS[error]})"


def ribbon_callbacks() -> str:
    """Return the module that the ribbon calls."""
    choices = " ".join(str(seconds) for seconds, _ in AUTO_CHOICES)
    source = _source(f"{RIBBON}.bas")
    return source.replace("@CHOICES@", choices).replace("@LAST_CHOICE@", str(len(AUTO_CHOICES) - 1))


def events() -> str:
    """Return the class that hears of workbooks opening and closing."""
    return _source(f"{EVENTS}.cls")


def this_workbook() -> str:
    """Return the code of the add-in's own workbook."""
    return _source("ThisWorkbook.cls")


def xlwings(module: str) -> str:
    """Return xlwings' module, edited. Raises TemplateChanged where it is of another release or reads otherwise."""
    module = module.replace("\r\n", "\n")
    if _DECLARED not in module:
        raise TemplateChanged(f"xlwings' VBA is not that of {XLWINGS}")
    for old, new in _EDITS:
        if module.count(old) != 1:
            raise TemplateChanged(f"xlwings' VBA no longer has exactly one: {old}")
        module = module.replace(old, new)
    return module


def _source(name: str) -> str:
    return (_SOURCES / name).read_text("ascii")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""').replace("\n", " ") + '"'
