"""Where an .xlsx file has its sheets."""

from __future__ import annotations

import posixpath
from xml.etree import ElementTree
from zipfile import ZipFile

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def sheet_parts(archive: ZipFile) -> dict[str, str]:
    """Return the part of each sheet by the sheet's name, in the workbook's order. Raises KeyError, ParseError."""
    links = {
        link.get("Id"): link.get("Target", "")
        for link in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - the user's own file
    }
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - likewise
    return {
        sheet.get("name", ""): posixpath.normpath(posixpath.join("/xl", links[sheet.get(_LINK)])).lstrip("/")
        for sheet in book.iter(f"{_MAIN}sheet")
    }
