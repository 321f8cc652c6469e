"""Strikes, profiles and a basket's flip in a real Calc: what the client is answered, in the cells."""

from __future__ import annotations

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Strikes
from basketgex_addin.client import BasketClient
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc
from tests.e2e.serving import Server


def test_strikes_profiles_and_flip_are_what_the_client_is_answered(calc: Calc, fresh_home: Home) -> None:
    with Server(fresh_home.path, source="sample"):
        calc.awake()
        client = BasketClient(fresh_home)
        strikes = client.strikes("NVDA")
        one = client.profile(["NVDA"], between=(0.9, 1.1), levels=5, measures=("gex",))
        both = client.profile(["NVDA", "AMD"], [3.0, 1.0], levels=4, measures=("vex",))
        flip = client.profile(["NVDA", "AMD"], between=(0.5, 1.5), levels=2, measures=("gex",))
        client.close()
        assert isinstance(strikes, Strikes)
        assert one.spots and not both.spots  # type: ignore[union-attr]
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            sheet = document.Sheets.getByName(name)
            for area, formula in (
                ("A1:F4", '=GEXSTRIKES("NVDA";TRUE())'),
                ("H1:I5", '=GEXPROFILE("NVDA";;0.9;1.1;5)'),
                ("K1:L4", '=BASKETPROFILE("NVDA,AMD";"3,1";"vex";;;4)'),
            ):
                sheet.getCellRangeByName(area).setArrayFormula(formula)
            calc.set(document, name, "N1", '=BASKETFLIP("NVDA,AMD")')
            calc.set(document, name, "N2", '=BASKETFLIP("NVDA,AMD";"1")')
            calc.set(document, name, "N3", '=BASKETWHY("ZZZZ")')
            calc.set(document, name, "N4", '=GEXPROFILE("ZZZZ")')
            shown = calc.cells(document, name, "A1:F4")
            assert shown[0][0] == "strike"
            assert shown[1:] == [pytest.approx(row, rel=1e-9) for row in strikes.rows[:3]]
            assert calc.cells(document, name, "H1:I5") == [
                pytest.approx(pair, rel=1e-9) for pair in zip(one.spots, one.net["gex"], strict=True)
            ]
            assert calc.cells(document, name, "K1:L4") == [
                pytest.approx(pair, rel=1e-9) for pair in zip(both.moves, both.net["vex"], strict=True)
            ]
            expected = NOT_AVAILABLE if flip.flip is None else pytest.approx(flip.flip - 1, abs=1e-12)
            assert calc.cell(document, name, "N1") == expected
            assert calc.cell(document, name, "N2") == VALUE
            assert calc.cell(document, name, "N4") == NOT_AVAILABLE
        finally:
            calc.close(document)
