"""DISPERSION in a real Calc: the sample as the client is answered, real chains as the mathematics has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Dispersion
from basketgex_addin.client import BasketClient
from basketgex_server.domain import Basket
from basketgex_server.exposure.dispersion import at_the_money, dispersion
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import read_chain
from tests.e2e.calc.harness import NOT_AVAILABLE, VALUE, Calc
from tests.e2e.serving import Server

BIG = ("AAPL", "AMZN", "AVGO", "GOOGL", "META", "MSFT", "NVDA", "TSLA")


def test_the_sample_is_what_the_client_is_answered(calc: Calc, fresh_home: Home) -> None:
    with Server(fresh_home.path, source="sample"):
        calc.awake()
        client = BasketClient(fresh_home)
        found = client.dispersion("SPY", ["NVDA", "AMD", "ZZZZ"], [3.0, 1.0, 1.0], horizon=60.0)
        client.close()
        assert isinstance(found, Dispersion)
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            sheet = document.Sheets.getByName(name)
            for area, formula in (
                ("A1:B16", '=DISPERSION("SPY";"NVDA,AMD,ZZZZ";"3,1,1";60)'),
                ("D1:E15", '=DISPERSION("SPY";"NVDA")'),
                ("G1:H10", '=DISPERSION("ZZZZ";"NVDA")'),
                ("J1:K10", '=DISPERSION("SPY";"NVDA";;0)'),
            ):
                sheet.getCellRangeByName(area).setArrayFormula(formula)
            calc.set(document, name, "M1", "=BASKETEXPLAIN(J1)")
            assert calc.cells(document, name, "A1:B16") == [
                ["implied correlation", f"{found.correlation_low:.2f} to {found.correlation_high:.2f}"],
                ["index volatility", pytest.approx(found.index_volatility, rel=1e-12)],
                ["mean member volatility", pytest.approx(found.basket_volatility, rel=1e-12)],
                ["volatility at correlation 0", pytest.approx(found.independent_volatility, rel=1e-12)],
                ["covered weight", 0.8],
                ["no volatility", "ZZZZ"],
                ["index regime", found.index_regime.replace("_", " ")],
                ["basket regime", found.basket_regime.replace("_", " ")],
                ["net to gross", pytest.approx(found.net_to_gross, rel=1e-12)],
                ["opposed to the index", ", ".join(found.opposed)],
                ["correlation", "part of index"],
                ["correlation at least", pytest.approx(found.correlation_low, rel=1e-12)],
                ["correlation at most", pytest.approx(found.correlation_high, rel=1e-12)],
                ["covered part of the index", pytest.approx(0.04)],
                *(
                    [f"contribution {symbol}", pytest.approx(value, rel=1e-12)]
                    for symbol, value in found.contributions
                ),
            ]
            alone = calc.cells(document, name, "D1:E15")
            assert alone[0] == ["implied correlation", NOT_AVAILABLE]
            assert alone[14][0] == "contribution NVDA"
            assert calc.cell(document, name, "G1") == NOT_AVAILABLE
            assert calc.cell(document, name, "J1") == VALUE
            why = "horizon must be a number of calendar days, above 0 and up to 3650."
            assert calc.cell(document, name, "M1") == why
        finally:
            calc.close(document)


def test_real_chains_are_what_the_mathematics_gives(calc: Calc, fresh_home: Home, shared_data: Path) -> None:
    folder = shared_data / "chains" / "basket_2026-07-10"
    s = Settings()
    volatilities = {}
    for symbol in ("QQQ", *BIG):
        chain = read_chain(folder / f"{symbol}.csv.gz", symbol)
        volatility = at_the_money(chain, *s.rates_of(symbol), 30.0)
        assert volatility is not None
        volatilities[symbol] = volatility
    expected = dispersion(volatilities["QQQ"], Basket(BIG, (1.0,) * len(BIG)), volatilities)
    assert expected
    with Server(fresh_home.path, source="chain-files", chain_folder=folder):
        calc.awake()
        document = calc.open_document("private:factory/scalc")
        try:
            name = document.Sheets.ElementNames[0]
            sheet = document.Sheets.getByName(name)
            for row, symbol in enumerate(BIG, start=1):
                calc.set(document, name, f"A{row}", symbol)
            sheet.getCellRangeByName("C1:D22").setArrayFormula('=DISPERSION("QQQ";A1:A8)')
            shown = calc.cells(document, name, "C1:D22")
            assert [row[1] for row in shown[:5]] == pytest.approx(
                [
                    expected.implied_correlation,
                    expected.index_volatility,
                    expected.basket_volatility,
                    expected.independent_volatility,
                    1.0,
                ],
                rel=1e-9,
            )
            assert shown[10] == ["correlation", "equal weights"]
            assert shown[14:] == [
                [f"contribution {c.symbol}", pytest.approx(c.contribution, rel=1e-9)]
                for c in expected.contributions
            ]
        finally:
            calc.close(document)
