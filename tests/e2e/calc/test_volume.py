"""GEX by volume in a real Calc, as the client is answered."""

from __future__ import annotations

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask
from basketgex_addin.cells.shape import VolumeGex
from basketgex_addin.client import BasketClient
from tests.e2e.calc.harness import VALUE, Calc
from tests.e2e.serving import Server


def test_volume_alone_and_with_open_interest(calc: Calc, fresh_home: Home) -> None:
    with Server(fresh_home.path, source="sample"):
        calc.awake()
        client = BasketClient(fresh_home)
        found = client.volume_gex(Ask(("NVDA", "AMD"), (2.0, 1.0)))
        client.close()
        assert isinstance(found, VolumeGex)
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            cells: dict[str, float | str] = {"A1": "NVDA", "A2": "AMD", "B1": 2.0, "B2": 1.0}
            cells |= {
                "C1": "=BASKETVOLUMEGEX(A1:A2;B1:B2)",
                "C2": "=BASKETVOLUMEGEX(A1:A2;B1:B2;0.5)",
                "C3": "=BASKETVOLUMEGEX(A1:A2;B1:B2;0)",
                "C4": "=BASKETGEX(A1:A2;B1:B2)",
                "C5": "=BASKETVOLUMEGEX(A1:A2;B1:B2;2)",
            }
            for address, value in cells.items():
                calc.set(document, name, address, value)
            shown = [row[0] for row in calc.cells(document, name, "C1:C5")]
        finally:
            document.close(True)
    traded = found.call + found.put
    assert shown[:2] == pytest.approx([traded, found.open_interest + 0.5 * traded])
    assert shown[2] == pytest.approx(found.open_interest) and shown[3] == pytest.approx(found.open_interest)
    assert shown[4] == VALUE
