"""What the functions of the past show in a real Calc, on the first day of a fresh home: the sample's invented past."""

from __future__ import annotations

import math

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask, new_york, serial
from basketgex_addin.cells.shape import Past
from basketgex_addin.client import BasketClient
from basketgex_server.sources.sample.past import SESSIONS
from tests.e2e.calc.harness import Calc, Error
from tests.e2e.serving import Server

NAMES = ("NVDA", "AMD", "AVGO")


def test_nothing_is_blank_on_a_fresh_home(calc: Calc, fresh_home: Home) -> None:
    with Server(fresh_home.path, source="sample"):
        calc.awake()
        client = BasketClient(fresh_home)
        past = client.history(Ask(NAMES), 400.0)
        client.close()
        assert isinstance(past, Past)
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            sheet = document.Sheets.getByName(name)
            for row, symbol in enumerate(NAMES, 1):
                calc.set(document, name, f"A{row}", symbol)
            areas = {
                "C1:E1": "=BASKETSINCE(A1:A3)",
                "C3:G3": "=BASKETPERCENTILE(A1:A3)",
                f"C5:H{5 + SESSIONS}": "=BASKETHISTORY(A1:A3)",
                "J1:K9": "=BASKETCHANGE(A1:A3)",
                "M1:N9": '=BASKETCHANGE(A1:A3;;"2026-09-08")',
            }
            for area, formula in areas.items():
                sheet.getCellRangeByName(area).setArrayFormula(formula)
            calc.set(document, name, "A5", "=BASKETGEX(A1:A3)")
            calc.set(document, name, "A6", "=BASKETSTATUS(A1:A3)")
            shown = {area: calc.cells(document, name, area) for area in areas}
            net, status = calc.cell(document, name, "A5"), str(calc.cell(document, name, "A6"))
        finally:
            document.close(True)
    for area, cells in shown.items():
        assert not [cell for row in cells for cell in row if cell == "" or isinstance(cell, Error)], area
    since, ranks, history, *changes = shown.values()
    signs = [(row[1] or 0.0) >= 0 for row in past.rows]
    last = max(place for place, sign in enumerate(signs) if sign != signs[-1])
    moments = [serial(row[0] or 0.0, new_york()) for row in past.rows]
    assert since == [["negative gamma", pytest.approx(moments[last + 1]), "positive gamma"]]
    assert ranks[0][::2] == [
        pytest.approx(past.gex.percentile),
        pytest.approx(past.balance.percentile),
        SESSIONS,
    ]
    assert [row[:2] for row in history] == [
        [pytest.approx(at), pytest.approx(row[1])] for at, row in zip(moments, past.rows, strict=True)
    ]
    for cells, moment in zip(changes, (moments[-2], moments[4]), strict=True):
        found = {str(word): value for word, value in cells}
        before, *parts, after, since_when = found.values()
        assert after == pytest.approx(net) and since_when == pytest.approx(moment)
        assert math.fsum(map(float, parts)) == pytest.approx(float(after) - float(before), rel=1e-6)
    assert "SYNTHETIC" in status
