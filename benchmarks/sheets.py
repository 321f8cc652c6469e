"""Two thousand basket cells in a real Calc, against the same workbook with a built-in function in their place.

Each pair has a LibreOffice of its own for each side, started beforehand: what is timed begins with opening the file, so the
add-in's own imports are in it. The server is warm.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from basketgex_addin.calc.driver import Office, has_window
from basketgex_addin.calc.install import find_soffice
from basketgex_server.sources.sample.names import SECTORS
from benchmarks.pairs import Result, compare
from tests.e2e.calc.harness import DIST_PACKAGES, Calc, running_calc
from tests.e2e.serving import Server
from tests.e2e.window.screen import Screen, missing

NAMES = sorted({symbol for names in SECTORS.values() for symbol in names})
CELLS, WIDTH = 2_000, 6
SHARE, EXTRA = 1.5, 0.5
"""What the add-in may take: so many times as long, and so many seconds more: Python, grpc and the channel."""
FEW = 5
"""Pairs: each starts LibreOffice twice."""


def measure(folder: Path) -> Iterator[Result]:
    soffice = find_soffice()
    if soffice is None or not Path(DIST_PACKAGES, "uno.py").exists() or sys.version_info[:2] != (3, 11):
        return
    yield from _measured(folder, soffice, None)
    if has_window(soffice) and not missing():
        with Screen() as screen:
            yield from _measured(folder, soffice, screen.display)


def _measured(folder: Path, soffice: Path, display: str | None) -> Iterator[Result]:
    """Measure without a window, or in one on a screen."""
    where = "Calc" if display is None else "a Calc window"
    paths = {name: _workbook(folder / f"{name}.xlsx", name) for name in ("BASKETGEX", "SUMPRODUCT")}
    again: dict[str, list[float]] = {name: [] for name in paths}

    def opened(name: str) -> float:
        with (
            tempfile.TemporaryDirectory(dir=folder) as office,
            running_calc(soffice, Path(office), home, partial(Office, display=display)) as calc,
        ):
            begin = time.perf_counter()
            document = calc.open_document(paths[name], hidden=display is None)
            _read(calc, document)
            opened = time.perf_counter()
            calc.recalculate(document)
            _read(calc, document)
            again[name].append(time.perf_counter() - opened)
            calc.close(document)
        return opened - begin

    home, against = folder / "sheets", f"{SHARE} times the same with SUMPRODUCT, plus {EXTRA} s"
    with Server(home, source="sample"), _with_bytecode():
        opening = compare(
            f"{CELLS:,} basket cells opened in {where}, its first use of the add-in",
            against,
            1.0,
            lambda: opened("BASKETGEX"),
            lambda: SHARE * opened("SUMPRODUCT") + EXTRA,
            unit="s",
            pairs=FEW,
        )
    yield opening
    ours, theirs = again["BASKETGEX"], [SHARE * taken + EXTRA for taken in again["SUMPRODUCT"]]
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    figures = (ratio, statistics.median(ours), statistics.median(theirs))
    again_in = "" if display is None else f" in {where}"
    yield Result(f"{CELLS:,} basket cells calculated again{again_in}", against, 1.0, *figures, "s")


@contextmanager
def _with_bytecode() -> Iterator[None]:
    """Python of a user writes its bytecode; that of a measuring person may have been told not to."""
    told = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        yield
    finally:
        if told is not None:
            os.environ["PYTHONDONTWRITEBYTECODE"] = told


def _read(calc: Calc, document: Any) -> None:
    sheet = document.Sheets.getByName("Sheet")
    values = sheet.getCellRangeByName(f"O1:O{CELLS}").getDataArray()
    assert all(isinstance(row[0], float) for row in values), "a cell has no number"


def _workbook(path: Path, function: str) -> Path:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet")
    for row in range(CELLS):
        first = row % (len(NAMES) - WIDTH)
        names = NAMES[first : first + WIDTH]
        weights = [1.0 + (row * 7 + i) % 11 for i in range(WIDTH)]
        r = row + 1
        # SUMPRODUCT takes texts for 0: the ranges are read all the same.
        sheet.append([*names, None, *weights, None, f"={function}(A{r}:F{r},H{r}:M{r})"])
    book.save(path)
    return path
