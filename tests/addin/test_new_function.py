"""Somebody adds a worksheet function: one file and one entry of the table, and it is in everything that is made of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import basketgex
import basketgex_addin

TOY = '''
"""A toy."""

from basketgex_addin.cells import figure, only
from basketgex_addin.functions.of_basket import of_basket, of_reply_with
from basketgex_addin.functions.record import Argument, Shape

TIMES = Argument("times", "How many times over.", optional=True, default="2")


def _times(arguments):
    return 2.0 if only(arguments[2]) is None else figure(only(arguments[2]))


BASKETTOY = of_basket(
    "BASKETTOY", Shape.NUMBER, "A toy of a basket.", of_reply_with(_times, lambda reply, times: times * reply.gex), TIMES
)
'''
# A person writes an import beside it; here the one line is all.
ENTRY = "    __import__('basketgex_addin.functions.toy', fromlist=['toy']).BASKETTOY,\n"
REPORT = """
import json, sys, tempfile
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

from oletools.olevba import VBA_Parser

from basketgex_addin import prefetch, reference
from basketgex_addin.calc import extension
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.excel import udfs, xlam
from basketgex_addin.functions import BY_NAME
from basketgex_addin.web.app import _described
from basketgex_addin.worksheet import Worksheet

folder = Path(tempfile.mkdtemp())
with ZipFile(extension.write_oxt(folder / "x.oxt")) as parts:
    calc = {name: parts.read(name).decode("utf-8", "replace") for name in parts.namelist()}
vba = {name: code for *_, name, code in VBA_Parser("x.xlam", data=xlam.build()).extract_macros()}

reply = Reply(*[3.0] * 12, "FRESH", 60.0, "", "s", False, "dealer", (), ())
client = SimpleNamespace(ask=lambda question: reply, known=lambda question: None, deadline=10.0)
cells = (("NVDA",), ("AMD",))
json.dump({
    "calc": calc,
    "vba": vba,
    "udf": [udfs.BASKETTOY.__doc__, str(udfs.BASKETTOY.__signature__)],
    "reference": reference.markdown(),
    "web": _described(BY_NAME["BASKETTOY"]),
    "foreseen": [ask == Ask(("NVDA", "AMD")) for ask in prefetch.asks(
        prefetch.calls("=1+BASKETTOY(A1:A2;;3)"), lambda reference: cells, lambda name: None)],
    "shown": [Worksheet(client).evaluate("BASKETTOY", given) for given in ((cells,), (cells, None, ((5.0,),)))],
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program of its own finds in a copy of the packages that has one file and one line more."""
    folder = tmp_path_factory.mktemp("packages")
    for package in (basketgex, basketgex_addin):
        source = Path(package.__file__).parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    functions = folder / "basketgex_addin" / "functions"
    (functions / "toy.py").write_text(TOY)
    table = functions / "table.py"
    before = table.read_text("utf-8")
    table.write_text(before.replace("    quota.BASKETQUOTA,\n", f"    quota.BASKETQUOTA,\n{ENTRY}"), "utf-8")
    assert len(table.read_text("utf-8").splitlines()) == len(before.splitlines()) + 1
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", REPORT], env=environment, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_calc_binds_it(found: dict[str, Any]) -> None:
    idl = found["calc"]["XBasketGex.idl"]
    assert idl.count("baskettoy([in] com::sun::star::beans::XPropertySet document, [in] any symbols") == 2
    assert "[in] any times);" in idl
    shim = json.loads(found["calc"]["extension.json"])["functions"]
    assert {"name": "BASKETTOY", "method": "baskettoy", "table": False} in shim


def test_calcs_wizard_explains_it(found: dict[str, Any]) -> None:
    texts = found["calc"]["CalcAddIns.xcu"]
    for text in ("BASKETTOY", "A toy of a basket.", "times", "How many times over."):
        assert f">{text}</value>" in texts


def test_excel_binds_it_and_its_wizard_explains_it(found: dict[str, Any]) -> None:
    wrapper = (
        found["vba"]["BasketGexFunctions.bas"].split("Public Function BASKETTOY(")[1].split("End Function")[0]
    )
    assert "Optional ByVal times As Variant" in wrapper
    assert 'VB_Description = "A toy of a basket."' in wrapper
    assert "BASKETTOY" in found["vba"]["BasketGexHost.bas"]
    assert found["udf"] == ["A toy of a basket.", "(symbols, weights=None, times=None, cell=None)"]


def test_the_reference_has_it(found: dict[str, Any]) -> None:
    entry = found["reference"].split("## BASKETTOY\n")[1]
    assert "`=BASKETTOY(symbols, [weights]=equal, [times]=2)` gives a number." in entry
    assert "A toy of a basket." in entry and "- **times**: How many times over." in entry


def test_the_browser_has_it(found: dict[str, Any]) -> None:
    assert (found["web"]["name"], found["web"]["summary"]) == ("BASKETTOY", "A toy of a basket.")


def test_a_document_that_has_it_is_read_ahead(found: dict[str, Any]) -> None:
    assert found["foreseen"] == [True]


def test_a_cell_shows_it(found: dict[str, Any]) -> None:
    assert found["shown"] == [6.0, 15.0]
