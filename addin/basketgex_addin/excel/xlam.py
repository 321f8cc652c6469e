"""Builds ``basketgex.xlam``, on any platform, from the function table and xlwings' own add-in.

The wheel holds the file as ``hatch_build.py`` built it: a user's machine needs none of this. In a checkout
``python -m basketgex_addin.excel.xlam`` writes it again after a change. It is not committed, since it carries xlwings' VBA.
"""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from basketgex_addin.excel import vba
from basketgex_addin.excel.package import VBA, parts

XLAM = Path(__file__).with_name("basketgex.xlam")

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # one date for all, so that the same content is the same bytes
_FOREIGN = "Module1"
_OLD_NAME, _NEW_NAME = b"MyAddin", b"BasketGexAddIn"  # not the name of a function
_CODE_PAGE = "cp1252"


def build() -> bytes:
    """Return the add-in; the same sources give the same bytes. Raises TemplateChanged with another xlwings."""
    if version("xlwings") != vba.XLWINGS:
        raise vba.TemplateChanged(f"xlwings {vba.XLWINGS} is wanted, not {version('xlwings')}")
    file = io.BytesIO()
    # Stored, not packed: what zlib makes of it differs between its builds.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts(_project()).items():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.create_system, entry.external_attr = 0, 0  # as written on Windows
            archive.writestr(entry, content)
    return file.getvalue()


def _project() -> bytes:
    pyopenvba: Any = import_module("pyopenvba")  # a tool of the build
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, XLAM.name)
        with pyopenvba.ExcelFile(_template()) as book:
            project = book.vba_project()
            project.delete_module(_FOREIGN)
            book.remove_reference("MSForms")
            book.set_module("xlwings", _crlf(vba.xlwings(book.get_module("xlwings"))))
            book.set_module("ThisWorkbook", _crlf(vba.this_workbook()))
            for name, text in (
                (vba.WRAPPERS, vba.wrappers()),
                (vba.HOST, vba.host()),
                (vba.RIBBON, vba.ribbon_callbacks()),
            ):
                project.add_module(name, _crlf(text))
            kinds: Any = import_module("pyopenvba.vba").VBAModuleKind
            project.add_module(vba.EVENTS, _crlf(vba.events()), kind=kinds.other)
            book.save(made)
        with zipfile.ZipFile(made) as archive:
            return _renamed(archive.read(VBA))


def _renamed(project: bytes) -> bytes:
    """Give the VBA project our name, which pyOpenVBA cannot: in its text, and as a record of its directory."""
    streams: Any = import_module("pyopenvba.cfb").CFB.from_bytes(project)
    packing: Any = import_module("pyopenvba.vba")
    head, workspace, windows = streams.get_stream("PROJECT").partition(b"[Workspace]\r\n")
    lines = [line for line in windows.split(b"\r\n") if line]  # pyOpenVBA leaves a blank one between them
    text = _replaced(head, b'Name="%s"' % _OLD_NAME, b'Name="%s"' % _NEW_NAME)
    streams.write_stream("PROJECT", text + workspace + b"".join(line + b"\r\n" for line in lines))
    directory = packing.decompress(streams.get_stream_in_storage("VBA", "dir"))
    directory = _replaced(directory, _name_record(_OLD_NAME), _name_record(_NEW_NAME))
    streams.write_stream_in_storage("VBA", "dir", packing.compress(directory))
    return bytes(streams.to_bytes())


def _name_record(name: bytes) -> bytes:
    return struct.pack("<HI", 4, len(name)) + name


def _replaced(text: bytes, old: bytes, new: bytes) -> bytes:
    if text.count(old) != 1:
        raise vba.TemplateChanged(f"xlwings' project no longer has exactly one {old!r}")
    return text.replace(old, new)


def _template() -> Path:
    spec = find_spec("xlwings")
    if spec is None or spec.origin is None:
        raise vba.TemplateChanged("xlwings is not installed")
    return Path(spec.origin).with_name("quickstart_addin.xlam")


def _crlf(text: str) -> str:
    text.encode(_CODE_PAGE)  # what VBA cannot hold raises here
    return text.replace("\n", "\r\n")


if __name__ == "__main__":
    XLAM.write_bytes(build())
