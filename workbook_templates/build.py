"""Builds sector_scanner.xlsx: sectors down the side, formulas only, the same bytes each time.

``python -m workbook_templates.build`` writes it, ``--check`` says whether the committed one is current.
"""

from __future__ import annotations

import io
import sys
import zipfile
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates.detail import write_detail
from workbook_templates.look import Look
from workbook_templates.members import write_members, write_notes
from workbook_templates.scanner import write_scanner
from workbook_templates.sheet import Rewrite, Sheet

TEMPLATE = Path(__file__).with_name("sector_scanner.xlsx")


def build(rewrite: Rewrite = str) -> bytes:
    """The workbook's bytes: the same each time."""
    stream = io.BytesIO()
    book = Workbook(stream, {"in_memory": True})
    book.set_properties({"title": "Sector scanner", "author": "basketgex", "created": datetime(2026, 1, 1)})
    book.set_size(2400, 1500)
    look = Look(book)
    sheets = [Sheet(book, name, rewrite) for name in ("Scanner", "Members", "Detail", "Notes")]
    scanner, members, detail, notes = sheets
    write_scanner(scanner, look, book)
    write_members(members, look)
    write_detail(detail, look)
    write_notes(notes, look)
    for sheet, colour in zip(sheets, (style.POSITIVE, style.WARNING, style.FAINT, style.FAINT), strict=True):
        sheet.raw.set_tab_color(colour)
    book.close()
    return stream.getvalue()


def parts(workbook: bytes) -> dict[str, bytes]:
    """What is in a workbook: compression may differ between machines, the contents may not."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(arguments: list[str]) -> int:
    """Write the template, or with ``--check`` compare it; 1 where it is not current."""
    fresh = build()
    if arguments == ["--check"]:
        if TEMPLATE.exists() and parts(TEMPLATE.read_bytes()) == parts(fresh):
            return 0
        print(f"{TEMPLATE.name} is not what its script builds: run make templates and commit it.")
        return 1
    TEMPLATE.write_bytes(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
