"""A workbook over the paid service: only age is a reason to spend. The service is the stand-in, its debits are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from basketgex.home import Home
from tests.e2e.calc.harness import Calc
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, free, status
from tests.standin.upstream import KEY, Upstream, figures

NAMES = [f"N{n}" for n in range(60)]
ROWS = 12


def _serving(home: Home, clock: Clock, upstream: Upstream) -> Server:
    return Server(
        home.path,
        command=clock.command,
        source="flashalpha",
        flashalpha_base_url=upstream.url,
        flashalpha_api_key=KEY,
        client_ttl=2,
    )


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Twelve baskets of five names, their tables, and what every one of them says of itself."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(ROWS):
        for column in range(5):
            sheet.cell(row + 1, column + 1, NAMES[row * 5 + column])
        for column, measure in enumerate(("GEX", "DEX", "VEX", "CHEX", "REGIME", "STATUS", "WHY"), start=7):
            sheet.cell(row + 1, column, f"=BASKET{measure}(A{row + 1}:E{row + 1})")
    sheet.cell(ROWS + 1, 7, f"=BASKETGEX(A1:E{ROWS})")
    path = tmp_path / "sheet.xlsx"
    book.save(path)
    return path


def _shown(calc: Calc, document: Any, below: int = 0) -> list[Any]:
    return calc.cells(document, "Sheet", f"G{below + 1}:M{below + ROWS + 1}")


def test_nothing_but_age_spends(
    calc: Calc, fresh_home: Home, clock: Clock, upstream: Upstream, workbook: Path
) -> None:
    home = fresh_home
    with _serving(home, clock, upstream):
        calc.awake()
        with calc.document(workbook) as document:
            first = _shown(calc, document)
            expected = [sum(figures(s).net_gex for s in NAMES[r * 5 : r * 5 + 5]) / 5 for r in range(ROWS)]
            assert [row[0] for row in first[:ROWS]] == pytest.approx(expected)
            assert first[ROWS][0] == pytest.approx(sum(expected) / ROWS)
            assert all("; CHEX as published" in row[5] and row[6] == "OK" for row in first[:ROWS])
            assert upstream.debits == 2  # sixty names

            for again in (document.calculate, document.calculateAll, document.calculateAll):
                again()
                assert _shown(calc, document) == first

            sheet = document.Sheets.getByName("Sheet")
            sheet.Rows.insertByIndex(0, 3)
            document.calculateAll()
            assert _shown(calc, document, below=3) == first
            sheet.Rows.removeByIndex(0, 3)
            document.calculateAll()
            assert _shown(calc, document) == first

            # Known names in another basket, with other weights, are arithmetic.
            calc.set(document, "Sheet", "G20", "=BASKETGEX(A1:A12;B20:B31)")
            for row in range(12):
                calc.set(document, "Sheet", f"B{20 + row}", row + 1.0)
            document.calculateAll()
            weighted = sum((r + 1) * figures(NAMES[r * 5]).net_gex for r in range(12)) / 78
            assert calc.cell(document, "Sheet", "G20") == pytest.approx(weighted)
        for _ in range(2):
            with calc.document(workbook) as document:
                assert _shown(calc, document) == first
        assert upstream.debits == 2 == status(home).debits_total

    # Another server forgets nothing, and the add-in, which does, asks it.
    free(home)
    clock.advance(30)
    with _serving(home, clock, upstream):
        calc.awake()
        with calc.document(workbook) as document:
            assert _shown(calc, document) == first
            document.calculateAll()
            assert _shown(calc, document) == first
            assert status(home).requests > 1
        assert upstream.debits == 2 == status(home).debits_total

    # Age does: too old to be shown without a look.
    free(home)
    clock.advance(901)
    with _serving(home, clock, upstream):
        calc.awake()
        with calc.document(workbook) as document:
            assert [row[:5] for row in _shown(calc, document)] == [row[:5] for row in first]
        assert upstream.debits == 4 == status(home).debits_total
