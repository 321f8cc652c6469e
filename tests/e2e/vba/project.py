"""The copy of the .xlam that LibreOffice can run: xlwings' two modules stand aside."""

from __future__ import annotations

import re
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from basketgex_addin.excel import vba, xlam
from tests.addin.excel.vba.project import modules

STUBS = Path(__file__).with_name("stubs")

# What LibreOffice has no word for, and what the copy says instead.
SPELLINGS = {
    vba.HOST: (
        ("argument.CountLarge > 1", "argument.Count > 1"),
        ("    Omitted = nothingGiven", "    Omitted = Empty"),  # no missing argument can be handed on
        ('InWizard = Not Application.CommandBars("Standard").Controls(1).Enabled', "InWizard = WizardIsOpen"),
        ("py.Call(", "py.Invoke("),
    ),
}


def body(module: str) -> str:
    """Return a module without the lines that only a file of VBA has."""
    return re.sub(r"^\s*(Attribute |VERSION |BEGIN$|END$|  MultiUse ).*\n?", "", module, flags=re.MULTILINE)


def runnable(name: str, module: str) -> str:
    """Return a module as the copy holds it."""
    for ours, theirs in SPELLINGS.get(name, ()):
        assert module.count(ours) == 1, ours
        module = module.replace(ours, theirs)
    return body(module)


def copy(built: bytes, target: Path) -> Path:
    """Write the copy: xlwings' module is a stub that hands out a Python of Basic."""
    pyopenvba: Any = import_module("pyopenvba")
    kinds: Any = import_module("pyopenvba.vba").VBAModuleKind
    ours = modules(built)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, xlam.XLAM.name)
        source.write_bytes(built)
        with pyopenvba.ExcelFile(source) as book:
            project = book.vba_project()
            project.delete_module("Dictionary")
            book.set_module("xlwings", _stub("xlwings.bas"))
            for name in SPELLINGS:
                book.set_module(name, _crlf(runnable(name, ours[name])))
            project.add_module("FakePy", _stub("FakePy.cls"), kind=kinds.other)
            project.add_module("Probe", _stub("Probe.bas"))
            book.save(target)
    return target


def _stub(name: str) -> str:
    return _crlf((STUBS / name).read_text("ascii"))


def _crlf(text: str) -> str:
    return text.replace("\n", "\r\n")
