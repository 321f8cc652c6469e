"""Hedges and betas in a real Calc, as the client is answered: one cell, ladders as arrays, betas handed from cell to cell."""

from __future__ import annotations

import pytest

from basketgex.home import Home
from basketgex_addin.cells import BESIDE, LADDER, Ask, Betas, Hedge, Scenario
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.client import BasketClient
from tests.e2e.calc.harness import VALUE, Calc
from tests.e2e.serving import Server

NAMES = ("NVDA", "AMD", "AVGO")
BASKET = Ask(NAMES, (2.0, 1.0, 1.0))


def test_cells_show_what_the_client_is_answered(calc: Calc, fresh_home: Home) -> None:
    with Server(fresh_home.path, source="sample"):
        calc.awake()
        client = BasketClient(fresh_home)
        scenarios = [*map(Scenario, LADDER), *(Scenario(*beside) for beside in BESIDE)]
        whole = client.hedge(Ask(NAMES), scenarios, clock=True)
        units = client.betas(BASKET, Betas(index="SPY"))
        assert isinstance(whole, Hedge) and isinstance(units, IndexUnits)
        weighed = client.hedge(BASKET, [Scenario(-0.02)], Betas(units.betas))
        client.close()
        assert isinstance(weighed, Hedge)
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            sheet = document.Sheets.getByName(name)
            for row, (symbol, weight) in enumerate(zip(NAMES, BASKET.weights or (), strict=True), 1):
                calc.set(document, name, f"A{row}", symbol)
                sheet.getCellRangeByName(f"B{row}").Value = weight
            for area, formula in (
                ("C1:C3", '=BASKETBETA("SPY";A1:A3;B1:B3)'),
                ("E1:H15", "=BASKETLADDER(A1:A3)"),
                ("J1:L2", "=CHARMCLOCK(A1:A3)"),
            ):
                sheet.getCellRangeByName(area).setArrayFormula(formula)
            for cell, formula in (
                ("N1", "=BASKETHEDGE(A1:A3)"),
                ("N2", "=BASKETHEDGE(A1:A3;B1:B3;-0.02;;;C1:C3)"),
                ("N3", '=BASKETINDEXGEX(A1:A3;B1:B3;"SPY")'),
                ("N4", "=BASKETHEDGE(A1:A3;;-2)"),
                ("N5", "=BASKETEXPLAIN(N4)"),
            ):
                calc.set(document, name, cell, formula)
            assert calc.cells(document, name, "C1:C3") == [[pytest.approx(beta)] for beta in units.betas]
            ladder = calc.cells(document, name, "E1:H15")
            assert [row[3] for row in ladder[:14]] == [pytest.approx(buy, abs=1.0) for _, buy in whole.rows]
            assert ladder[14][3] == pytest.approx(whole.to_close)
            assert calc.cells(document, name, "J1:L2") == [
                ["2026-09-16 16:00", pytest.approx(0.25), pytest.approx(whole.clock[0].buy)],
                ["over a weekend", pytest.approx(72.0), pytest.approx(whole.clock[1].buy)],
            ]
            assert calc.cells(document, name, "N1:N5") == [
                [pytest.approx(whole.rows[4][1])],
                [pytest.approx(weighed.rows[0][1])],
                [pytest.approx(units.index_equivalent)],
                [VALUE],
                ["A move must be above -1 and at most 1, as a part of the price: -0.02 is 2 % down."],
            ]
        finally:
            document.close(True)
