"""BASKETAGE in a real Calc: with no recalculation, no cell claims to be fresher than it is."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from basketgex.local import Home
from tests.e2e.calc.harness import Calc
from tests.e2e.serving import Server, until
from tests.standin.upstream import Upstream

BASKETS = 12
STEP = 0.25  # minutes: less is not painted


def test_every_age_moves_by_itself(calc: Calc, fresh_home: Home, tmp_path: Path) -> None:
    """The add-in's clock is the machine's: the service says that its figures are of some minutes ago."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    names = ("NVDA", "AMD", "AVGO", "MU", "AAPL", "MSFT", "JPM", "BAC", "XOM", "CVX", "SPY", "QQQ")
    for row, name in enumerate(names, start=1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, f"=BASKETGEX(A{row})")
        sheet.cell(row, 3, f"=BASKETAGE(A{row})")
    path = tmp_path / "ages.xlsx"
    book.save(path)

    def ages() -> list[object]:
        return [row[0] for row in calc.cells(document, "Sheet", f"C1:C{BASKETS}")]

    with Upstream() as upstream:
        settings = {"flashalpha_base_url": upstream.url, "flashalpha_api_key": upstream.key}
        with Server(fresh_home.path, source="flashalpha", **settings):
            calc.awake()
            with calc.document(path) as document:
                until(lambda: all(isinstance(age, float) for age in ages()))
                first = ages()
                until(lambda: all(now >= then + STEP for now, then in zip(ages(), first, strict=True)))  # type: ignore[operator]
