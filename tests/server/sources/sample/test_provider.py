from __future__ import annotations

from itertools import chain as joined

import numpy as np
import pytest

from basketgex_server.domain import SymbolExposure
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.sample.names import SECTORS
from basketgex_server.sources.sample.provider import Sample

SYMBOLS = tuple(joined.from_iterable(SECTORS.values()))


@pytest.fixture(scope="module")
def exposures() -> dict[str, SymbolExposure]:
    sample = Sample()
    found: dict[str, SymbolExposure] = {}
    for symbol in SYMBOLS:
        chain = sample.chain(symbol)
        assert chain
        figure = exposure(chain, "flashalpha", 0.045, 0.013)
        assert figure
        found[symbol] = figure
    return found


def test_the_figures_never_change(exposures: dict[str, SymbolExposure]) -> None:
    assert exposures["NVDA"].net.gex == pytest.approx(-725827406.26, rel=1e-9)
    assert exposures["SPX"].net.gex == pytest.approx(32027797644.49, rel=1e-9)
    assert exposures["NVDA"].as_of == 1_789_587_900.0  # Wednesday, 2026-09-16, 15:45 New York


def test_two_samples_draw_the_same_chain() -> None:
    one, other = Sample().chain("AMD"), Sample().chain("AMD")
    assert one and other
    for column in ("strike", "is_call", "expiry", "volatility", "open_interest", "bid", "ask"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_the_sectors() -> None:
    assert len(SECTORS) >= 9
    assert len(SYMBOLS) == len(set(SYMBOLS)) >= 60
    assert set(SYMBOLS) == set(Sample().symbols())
    assert {"NVDA", "AMD", "AVGO", "MU", "SMCI", "TSM", "QCOM", "ASML"} == set(SECTORS["Semiconductors"])


def test_sectors_differ_in_regime(exposures: dict[str, SymbolExposure]) -> None:
    tilt = {}
    for sector, symbols in SECTORS.items():
        figures = [exposures[s].net.gex for s in symbols]
        tilt[sector] = sum(figures) / sum(map(abs, figures))
    assert tilt["Energy"] < -0.5
    assert tilt["Semiconductors"] < -0.25
    assert tilt["Megacap technology"] > 0.5
    assert abs(tilt["Banks"]) < 0.1


def test_the_figures_look_like_a_market(exposures: dict[str, SymbolExposure]) -> None:
    assert all(abs(exposures[s].net.gex) > 2e8 for s in SECTORS["Megacap technology"])
    assert all(abs(exposures[s].net.gex) < 5e7 for s in SECTORS["Utilities and real estate"])
    for symbol, figure in exposures.items():
        assert figure.rows, symbol
        assert 0.97 <= figure.usable_open_interest <= 1
        assert 200 <= figure.rows.used <= 5_000
        assert figure.rows.expired == figure.rows.other_root == 0
        assert figure.rows.no_volatility > 0


def test_index_options_settle_at_the_open_and_at_the_close() -> None:
    chain = Sample().chain("SPX")
    assert chain
    hours = {round((expiry - chain.as_of) % 86_400 / 3600, 2) for expiry in chain.expiry.tolist()}
    assert {0.25, 17.75} <= hours
    assert (chain.expiry - chain.as_of).min() == 900.0  # some expire today


def test_volatility_and_open_interest_are_rounded() -> None:
    chain = Sample().chain("XOM")
    assert chain
    known = chain.volatility[~np.isnan(chain.volatility)]
    np.testing.assert_array_equal(known, known.round(4))
    np.testing.assert_array_equal(chain.open_interest, chain.open_interest.round())
    assert chain.open_interest.min() >= 0


def test_a_name_it_does_not_have() -> None:
    assert Sample().chain("ZZZZ") is None


def test_it_says_what_it_is() -> None:
    origin = Sample().origin()
    assert (origin.source, origin.label) == ("sample", "synthetic sample")
    assert origin.synthetic and origin.historical
