"""The .xlam as others read it: its package, its VBA, its ribbon, and that it is built the same every time."""

from __future__ import annotations

import io
import os
import posixpath
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from basketgex_addin import preferences, template_files
from basketgex_addin.excel import commands, package, ribbon, vba, xlam
from basketgex_addin.excel.udfs import CELL_VBA
from basketgex_addin.excel.values import CV_ERRORS, MARKERS
from basketgex_addin.functions import CATEGORY, FUNCTIONS, Argument, Function, Shape
from tests.addin.excel.vba import project

RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
CONTENT_TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
X14 = "{http://schemas.microsoft.com/office/spreadsheetml/2009/9/main}"
UI = f"{{{ribbon.NAMESPACE}}}"
_PROCEDURE = re.compile(
    r"^\s*((?:Public |Private |Friend )?)(Static )?(Function|Sub|Property \w+) (\w+)", re.MULTILINE
)


@pytest.fixture(scope="module")
def built() -> bytes:
    return xlam.build()


@pytest.fixture(scope="module")
def parts(built: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(built)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def modules(built: bytes) -> dict[str, str]:
    """The VBA by module, as oletools reads it."""
    return project.modules(built)


# The file


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_the_same_sources_give_the_same_bytes_in_another_process(
    built: bytes, seed: str, tmp_path: Path
) -> None:
    code = "import pathlib, sys; from basketgex_addin.excel import xlam; pathlib.Path(sys.argv[1]).write_bytes(xlam.build())"
    again = tmp_path / "again.xlam"
    # The order of sets and dictionaries' hashes must not show in it.
    subprocess.run(
        [sys.executable, "-c", code, str(again)], check=True, env=os.environ | {"PYTHONHASHSEED": seed}
    )
    assert again.read_bytes() == built


def test_openpyxl_reads_it(parts: dict[str, bytes]) -> None:
    # It knows no add-ins: they differ from workbooks with macros in one word.
    kind, addin = parts["[Content_Types].xml"], b"ms-excel.addin.macroEnabled.main"
    assert kind.count(addin) == 1
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (
            parts | {"[Content_Types].xml": kind.replace(addin, b"ms-excel.sheet.macroEnabled.main")}
        ).items():
            archive.writestr(name, content)
    book = openpyxl.load_workbook(file, keep_vba=True)
    assert book.sheetnames == [CATEGORY]
    assert book.vba_archive is not None
    assert book.vba_archive.read(package.VBA) == parts[package.VBA]
    assert book.properties.title == CATEGORY
    book.close()
    book.vba_archive.close()


def test_pyopenvba_finds_nothing_wrong(built: bytes, tmp_path: Any) -> None:
    path = tmp_path / "again.xlam"
    path.write_bytes(built)
    with import_module("pyopenvba").ExcelFile(path) as book:
        assert book.validate() == []
        assert book.vba_project().name == "BasketGexAddIn"


def test_every_part_is_declared_and_every_target_is_there(parts: dict[str, bytes]) -> None:
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(content)
    types = ElementTree.fromstring(parts["[Content_Types].xml"])
    defaults = {entry.attrib["Extension"] for entry in types.iter(f"{CONTENT_TYPES}Default")}
    overrides = {
        entry.attrib["PartName"].removeprefix("/") for entry in types.iter(f"{CONTENT_TYPES}Override")
    }
    assert overrides <= set(parts)
    assert all(name in overrides or name.rpartition(".")[2] in defaults for name in parts)
    reached = {"[Content_Types].xml"}
    for name in (name for name in parts if name.endswith(".rels")):
        folder = posixpath.dirname(posixpath.dirname(name))
        entries = list(ElementTree.fromstring(parts[name]).iter(f"{RELATIONSHIPS}Relationship"))
        assert len({entry.attrib["Id"] for entry in entries}) == len(entries)
        reached |= {name, *(posixpath.normpath(posixpath.join(folder, e.attrib["Target"])) for e in entries)}
    assert reached == set(parts)


def test_the_wizard_has_one_category_and_help_for_every_argument(parts: dict[str, bytes]) -> None:
    book = ElementTree.fromstring(parts["xl/workbook.xml"])
    (groups,) = book.iter(f"{MAIN}functionGroups")
    assert int(groups.attrib["builtInGroupCount"]) == vba.CATEGORY_NUMBER - 1
    assert [group.attrib["name"] for group in groups] == [CATEGORY]
    found = {name.attrib["name"]: name for name in book.iter(f"{X14}definedName")}
    assert list(found) == [function.name for function in FUNCTIONS if function.arguments]
    for function in FUNCTIONS:
        texts = list(found[function.name].iter(f"{X14}argumentDescription")) if function.arguments else []
        assert [int(text.attrib["index"]) for text in texts] == list(range(len(function.arguments)))
        for text, argument in zip(texts, function.arguments, strict=True):
            assert (text.text or "").startswith(argument.help)
            assert (f"Default: {argument.default}." in (text.text or "")) == argument.optional
            assert len(text.text or "") <= vba.WIZARD_TEXT
    (sheet,) = book.iter(f"{MAIN}sheet")
    assert sheet.attrib["name"] == CATEGORY


# The VBA


def test_excel_lists_the_functions_of_the_table_and_nothing_else(modules: dict[str, str]) -> None:
    assert set(modules) == {
        *("ThisWorkbook", "Sheet2", "Dictionary", "xlwings"),
        *(vba.WRAPPERS, vba.HOST, vba.RIBBON, vba.EVENTS),
    }
    classes = {"ThisWorkbook", "Sheet2", "Dictionary", vba.EVENTS}
    listed = []
    for name in set(modules) - classes:
        code = modules[name]
        if re.search("^Option Private Module$", code, re.MULTILINE):
            continue
        public = [(m[3], m[4]) for m in _PROCEDURE.finditer(code) if m[1] != "Private "]
        listed += [found for kind, found in public if kind == "Function"]
        for kind, sub in public:
            assert kind == "Function" or f"Public Sub {sub}(control As IRibbonControl" in code
    assert sorted(listed) == sorted(function.name for function in FUNCTIONS)
    names = [name.casefold() for name in (*modules, "BasketGexAddIn")]
    assert not {function.name.casefold() for function in FUNCTIONS} & set(
        names
    )  # Excel would find the module


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_each_wrapper(modules: dict[str, str], function: Function) -> None:
    name = function.name
    (code,) = re.findall(
        rf"^Public Function {name}\(.*?^End Function$", modules[vba.WRAPPERS], re.DOTALL | re.MULTILINE
    )
    parameters = ", ".join(
        ("Optional " if a.optional else "") + f"ByVal {a.name} As Variant" for a in function.arguments
    )
    given = ", ".join([*(argument.name for argument in function.arguments), CELL_VBA])
    described = re.findall(rf'^Attribute {name}\.VB_Description = "(.*)"$', code, re.MULTILINE)
    assert [text.replace('""', '"') for text in described] == [function.summary[:255]]
    lines = [line for line in code.split("\n") if not line.startswith("Attribute")]
    assert lines == [
        f"Public Function {name}({parameters}) As Variant",
        "    On Error GoTo failed",
        *(["    Application.Volatile"] if function.volatile else []),
        f'    {name} = Answer("{name}", Array({given}))',
        "    Exit Function",
        "failed:",
        f"    {name} = CVErr(xlErrNA)",
        "End Function",
    ]
    assert f'Attribute {name}.VB_ProcData.VB_Invoke_Func = " \\n{vba.CATEGORY_NUMBER}"' in code


def test_every_marker_becomes_its_error(modules: dict[str, str]) -> None:
    (unmarked,) = re.findall(
        r"^Private Function Unmarked.*?^End Function$", modules[vba.HOST], re.DOTALL | re.MULTILINE
    )
    for error, marker in MARKERS.items():
        assert f'Case ChrW(&HE000) & "{marker[1:]}": Unmarked = CVErr({CV_ERRORS[error]})' in unmarked
    answer = re.findall(
        r"^Public Function Answer.*?^End Function$", modules[vba.HOST], re.DOTALL | re.MULTILINE
    )[0]
    calls = [line for line in answer.split("\n") if ".CallUDF(" in line]
    assert calls
    assert all("Shown(Python.CallUDF(UDFS, functionName, given" in line for line in calls)


def test_the_commands_that_the_vba_calls_are_there(modules: dict[str, str]) -> None:
    called = {name for code in modules.values() for name in re.findall(r'Commanded\(?\s?"(\w+)"', code)}
    menu = {"refresh", "refresh_book", "quota", "status", "settings", "key", "template", "manual"}
    assert called == menu | {"opened", "closed"}
    assert all(callable(getattr(commands, name)) for name in called)


def test_xlwings_own_module_is_that_of_the_pinned_release(modules: dict[str, str]) -> None:
    code = modules["xlwings"]
    assert set(re.findall(r'"xlwings(?:32|64)-([\d.]+)\.dll"', code)) == {vba.XLWINGS}
    assert 'PROJECT_NAME As String = "basketgex"' in code
    assert "Redistributions in binary form must reproduce the above copyright notice" in code
    assert "Static Command As String" in code
    changed = code.replace("Static Command", "Dim Command")
    with pytest.raises(vba.TemplateChanged, match="no longer has exactly one"):
        vba.xlwings(changed)
    with pytest.raises(vba.TemplateChanged, match="is not that of"):
        vba.xlwings(code.replace(vba.XLWINGS, "0.1"))


def test_windows_gets_the_release_whose_dll_the_vba_loads() -> None:
    text = Path(__file__).parents[3].joinpath("pyproject.toml").read_text("utf-8")
    wanted = tomllib.loads(text)["project"]["dependencies"]
    assert f"xlwings=={vba.XLWINGS}; sys_platform == 'win32'" in wanted


def test_another_release_of_xlwings_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlam, "version", lambda name: "0.99")
    with pytest.raises(vba.TemplateChanged, match=r"is wanted, not 0\.99"):
        xlam.build()


@pytest.mark.parametrize("name", [vba.WRAPPERS, vba.HOST, vba.RIBBON, "ThisWorkbook"])
def test_our_modules_parse(modules: dict[str, str], name: str) -> None:
    import_module("pyopenvba.interpreter").parse_module(modules[name], name=name)
    assert all(len(line) < 1024 for line in modules[name].split("\n"))


def refused(problems: Iterable[Any]) -> list[str]:
    return [problem.code for problem in problems if problem.severity.value == "error"]


def test_vba_would_compile(built: bytes, tmp_path: Path) -> None:
    path = tmp_path / "built.xlam"
    path.write_bytes(built)
    found = import_module("pyvbaanalysis").analyze_office_file(path)
    assert {vba.WRAPPERS, vba.HOST, vba.RIBBON, vba.EVENTS, "xlwings"} <= set(found)
    assert not [(module, refused(problems)) for module, problems in found.items() if refused(problems)]


@pytest.mark.parametrize("word", ["function", "next", "loop"])
def test_an_argument_named_as_a_keyword_would_not_compile(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Function(
        "ODD", "Nothing.", (Argument(word, "A word of VBA's own."),), Shape.NUMBER, FUNCTIONS[0].kind
    )
    monkeypatch.setattr(vba, "FUNCTIONS", (odd,))
    assert refused(import_module("pyvbaanalysis").analyze_module(vba.wrappers()))


def test_texts_that_vba_has_to_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Function(
        "ODD", 'Says "no"\nor é.', (Argument("x", "<&>", optional=True),), Shape.NUMBER, FUNCTIONS[0].kind
    )
    monkeypatch.setattr(vba, "FUNCTIONS", (odd,))
    monkeypatch.setattr(package, "FUNCTIONS", (odd,))
    assert '.VB_Description = "Says ""no"" or é."' in vba.wrappers()
    ElementTree.fromstring(package.workbook())


# The ribbon


def controls() -> Iterator[tuple[str, ElementTree.Element]]:
    for element in ElementTree.fromstring(ribbon.custom_ui()).iter():
        yield element.tag.removeprefix(UI), element


def test_the_ribbon_offers_every_template_and_choice() -> None:
    found = [element for kind, element in controls() if element.get("onAction") == "BasketGexTemplate"]
    assert [element.attrib["tag"] for element in found] == list(template_files.TEMPLATES)
    assert found[0].attrib["label"] == "Sector scanner"
    items = [element.attrib["label"] for kind, element in controls() if kind == "item"]
    assert items == ["Off", "Every 30 s", "Every minute", "Every 5 minutes"]
    ids = [element.attrib["id"] for _, element in controls() if "id" in element.attrib]
    assert len(ids) == len(set(ids))


def test_the_ribbon_offers_the_settings_of_calcs_dialog() -> None:
    tags = [element.attrib["tag"] for _, element in controls() if "=" in element.get("tag", "")]
    assert tags == [f"{name}={value}" for name, among in preferences.CHOICES.items() for value, _ in among]
    folders = [e.attrib["tag"] for _, e in controls() if e.get("onAction") == "BasketGexChainFiles"]
    assert folders == ["source=chain-files"]


def test_the_choices_reach_the_vba(modules: dict[str, str]) -> None:
    assert 'Split("0 30 60 300", " ")' in modules[vba.RIBBON]
    assert "For index = 0 To 3" in modules[vba.RIBBON]
    assert not re.search("@[A-Z_]+@", "".join(modules[name] for name in (vba.HOST, vba.RIBBON)))
