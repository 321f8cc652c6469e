"""The generated extension: whole, well-formed, the same twice."""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from basketgex_addin.calc import extension, values
from basketgex_addin.cells import CellError
from basketgex_addin.functions import FUNCTIONS, Function, Shape

OOR = "{http://openoffice.org/2001/registry}"
MANIFEST = "{http://openoffice.org/2001/manifest}"


@pytest.mark.parametrize(
    "text", [extension.manifest(), extension.description(), extension.components(), extension.add_ins()]
)
def test_generated_xml_is_well_formed(text: str) -> None:
    ElementTree.fromstring(text.encode())


def _node(function: Function) -> ElementTree.Element:
    root = ElementTree.fromstring(extension.add_ins().encode())
    return next(
        node for node in root.iter("node") if node.get(f"{OOR}name") == extension.method_name(function)
    )


def _text(node: ElementTree.Element, name: str) -> str | None:
    return next(prop.findtext("value") for prop in node.findall("prop") if prop.get(f"{OOR}name") == name)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_wizard_knows_each_function(function: Function) -> None:
    node = _node(function)
    assert _text(node, "DisplayName") == function.name
    assert _text(node, "CompatibilityName") == function.name  # what .xlsx files say
    description = _text(node, "Description") or ""
    assert description.startswith(function.summary)
    assert ("Ctrl+Shift+Enter" in description) == (function.shape is Shape.TABLE)
    assert ("Insert table here" in description) == (function.name == "BASKET")
    parameters = node.find("node")
    assert parameters is not None
    assert [(p.get(f"{OOR}name"), _text(p, "Description")) for p in parameters] == [
        (argument.name, argument.help) for argument in function.arguments
    ]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_the_interface_declares_each_function(function: Function) -> None:
    plain, live = (
        line.strip() for line in extension.idl().splitlines() if f" {function.name.lower()}(" in line
    )
    signature = f" {function.name.lower()}([in] com::sun::star::beans::XPropertySet document"
    table = "sequence< sequence< any > >" if function.shape is Shape.TABLE else "any"
    assert plain.startswith(table + signature)  # a table is returned as it is
    assert live.startswith("any" + signature)  # an object is, which delivers it
    assert plain.count("[in]") == live.count("[in]") == 1 + len(function.arguments)


def test_the_manifest_lists_only_what_is_there(tmp_path: Path) -> None:
    folder = extension.write_folder(tmp_path / "extension")
    root = ElementTree.fromstring(extension.manifest().encode())
    listed = [entry.get(f"{MANIFEST}full-path") for entry in root]
    assert listed
    assert all((folder / str(name)).is_file() for name in listed)
    assert (folder / extension.SHIM).is_file()


def test_the_file_is_the_folder_and_the_same_bytes_twice(tmp_path: Path) -> None:
    folder = extension.write_folder(tmp_path / "folder", tmp_path / "home")
    first = extension.write_oxt(tmp_path / "a" / "one.oxt", tmp_path / "home")
    second = extension.write_oxt(tmp_path / "b" / "two.oxt", tmp_path / "home")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    unpacked = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert packed == unpacked


def test_the_shim_is_told_where_everything_lies(tmp_path: Path) -> None:
    told = json.loads(extension.beside(tmp_path))
    assert told["home"] == str(tmp_path)
    assert told["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
    for package in ("basketgex_addin/calc/component.py", "basketgex/home.py", "grpc/__init__.py"):
        assert any(Path(folder, package).is_file() for folder in told["python_path"]), package


def test_arguments_become_blocks() -> None:
    assert values.block(None) is None
    assert values.block("NVDA,AMD") == (("NVDA,AMD",),)
    assert values.block(0.0) == ((0.0,),)
    assert values.block((("NVDA", 1.0), ("", ""), ("", 2.0))) == (("NVDA", 1.0), (None, None), (None, 2.0))


def test_results_become_values_and_errors_stay_errors() -> None:
    shown = values.table((("Symbol", True), (None, CellError.NOT_AVAILABLE)))
    assert shown[0] == ("Symbol", 1.0)
    assert shown[1][0] == ""
    assert _payload(shown[1][1]) == 32767
    assert _payload(values.table(CellError.VALUE)[0][0]) == 519
    assert values.table(2.5) == ((2.5,),)
    assert values.scalar("text") == "text"


def _payload(value: float | str) -> int:
    assert isinstance(value, float)
    return int(struct.unpack("<Q", struct.pack("<d", value))[0]) & 0xFFFF


def test_what_stands_alone_carries_the_licences_of_what_it_carries(tmp_path: Path) -> None:
    with zipfile.ZipFile(extension.write_oxt(tmp_path / "whole.oxt", self_contained=True)) as archive:
        packed = {
            name: archive.read(name).decode() for name in archive.namelist() if name.startswith("licences/")
        }
    assert "MIT License" in packed["licences/basketgex/LICENSE"]
    assert "grpcio" in packed["licences/basketgex/NOTICE"]
    assert "Apache License" in packed["licences/grpcio/LICENSE"]
    assert "Redistribution and use" in packed["licences/protobuf/LICENSE"]
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in packed["licences/typing_extensions/LICENSE"]
