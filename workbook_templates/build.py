"""Builds the template workbooks: formulas only, the same bytes each time.

``python -m workbook_templates.build`` writes them all, ``--check`` says which committed one is not current. A template is a
writer in ``TEMPLATES``: it gets an empty workbook, its formats, and what may rewrite a formula.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from workbook_templates.book.front import write_book
from workbook_templates.dispersion.front import write_dispersion
from workbook_templates.hedge.front import write_hedge
from workbook_templates.look import Look
from workbook_templates.profile.front import write_profile
from workbook_templates.scanner.front import write_sector_scanner
from workbook_templates.sheet import Rewrite
from workbook_templates.status.front import write_status
from workbook_templates.watchlist.front import write_watchlist

TEMPLATES: dict[str, Callable[[Workbook, Look, Rewrite], None]] = {
    "sector_scanner": write_sector_scanner,
    "book": write_book,
    "dispersion": write_dispersion,
    "watchlist": write_watchlist,
    "profile": write_profile,
    "hedge": write_hedge,
    "status": write_status,
}


def path(name: str) -> Path:
    """Where a template lies, committed."""
    return Path(__file__).with_name(f"{name}.xlsx")


def build(name: str, rewrite: Rewrite = str) -> bytes:
    """A template's bytes: the same each time."""
    stream = io.BytesIO()
    book = Workbook(stream, {"in_memory": True})
    title = name.replace("_", " ").capitalize()
    book.set_properties({"title": title, "author": "basketgex", "created": datetime(2026, 1, 1)})
    book.set_size(2400, 1500)
    TEMPLATES[name](book, Look(book), rewrite)
    book.close()
    return stream.getvalue()


def parts(workbook: bytes) -> dict[str, bytes]:
    """What is in a workbook: compression may differ between machines, the contents may not."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(arguments: list[str]) -> int:
    """Write the templates, or with ``--check`` compare them; 1 where one is not current."""
    stale = []
    for name in TEMPLATES:
        fresh, file = build(name), path(name)
        if arguments != ["--check"]:
            file.write_bytes(fresh)
        elif not file.exists() or parts(file.read_bytes()) != parts(fresh):
            stale.append(file.name)
    if stale:
        print(f"{', '.join(stale)}: not what the script builds. Run make templates and commit.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
