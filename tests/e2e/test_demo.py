"""``basketgex demo`` as a person runs it: the scanner filled by a real Calc through a real server, and without LibreOffice."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from basketgex.home import Home
from basketgex_addin.calc.install import find_soffice
from basketgex_cli import demo
from tests.e2e.serving import environment

DEMO = (sys.executable, "-W", "error", "-m", "basketgex_cli", "demo", "--out")
SECTORS = 12


def run(out: Path, *command: str, **changed: str) -> str:
    chosen = command or (*DEMO, str(out))
    done = subprocess.run(chosen, env=environment(out) | changed, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert not Home(out / "home").is_served()
    return done.stdout


def table(printed: str) -> dict[str, float]:
    """Sector and net GEX in USD m, from the printed table."""
    rows = re.findall(r"^(\S.*?)\s{2,}([+-][\d.]+) (m|bn|k) ", printed, re.MULTILINE)
    return {sector: float(gex) * {"m": 1.0, "bn": 1e3, "k": 1e-3}[unit] for sector, gex, unit in rows}


# openpyxl does not know the extensions that Calc writes.
@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
@pytest.mark.calc
@pytest.mark.xdist_group("calc")
def test_the_scanner_is_filled_by_a_real_calc_and_agrees_with_the_printed_table(tmp_path: Path) -> None:
    if find_soffice() is None:
        pytest.skip("LibreOffice is not installed")

    printed = run(tmp_path / "out")

    assert "SYNTHETIC figures" in printed
    book = openpyxl.load_workbook(tmp_path / "out" / "sector_scanner.xlsx", data_only=True, read_only=True)
    rows = list(
        book["Scanner"].iter_rows(min_row=7, max_row=6 + SECTORS, min_col=2, max_col=3, values_only=True)
    )
    figures = {str(row[0]): float(str(row[1])) for row in rows}
    assert len(figures) == len(table(printed)) == SECTORS
    assert {sector: round(gex / 1e6, 2) for sector, gex in figures.items()} == pytest.approx(
        table(printed), abs=0.006
    )
    texts = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert not [text for text in texts if text.startswith(("#NAME", "#VALUE", "Err:"))]
    assert "SYNTHETIC FIGURES" in str(book["Scanner"]["B3"].value)
    picture = (tmp_path / "out" / "sector_scanner.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 50_000
    assert "2 debits so far" in printed

    mine, beside = tmp_path / "out" / "sector_scanner.xlsx", tmp_path / "out" / "sector_scanner-2.xlsx"
    mine.write_bytes(b"somebody's work")
    assert f"Filled workbook: {beside}" in run(tmp_path / "out").splitlines()
    assert mine.read_bytes() == b"somebody's work"
    assert demo._mine(mine, tmp_path / "out" / "office" / demo.OURS) == beside  # next time, too


def test_without_libreoffice_the_table_is_printed_and_what_is_missing_is_said(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    absent = (
        "import basketgex_cli.demo as d; from pathlib import Path;"
        f"d.find_soffice = lambda: None; d.demo(Path({str(out)!r}))"
    )

    printed = run(out, sys.executable, "-c", absent, BASKETGEX_HOME=str(elsewhere))

    assert len(table(printed)) == SECTORS
    assert "12 baskets in 1 request took 2 source calls: 2 debits so far in this home." in printed
    assert printed.splitlines()[-2:] == [
        "LibreOffice is not installed: the workbook was not filled. Install LibreOffice 25.2 or later and run again.",
        "basketgex web opens a workbook in the browser, without a spreadsheet program.",
    ]
    assert not elsewhere.exists()  # the demo's home is its own
