"""Net, per strike, per expiry and the 60-level profile of every real chain, held to the textbook to 1e-9."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketgex_server.domain import Measures, Terms, levels_between
from basketgex_server.exposure.profile import Member, profile
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.reference.textbook import Floats, Rows, exposures

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = "AAPL", "AMD", "AMZN", "AVGO", "GOOGL", "IWM", "META", "MSFT", "NVDA", "QQQ", "SPX", "SPY", "TSLA"
CHAINS = [
    *((f"cboe_csv/{name}_2022-12-12.csv", name.upper()) for name in ("spx", "ndx", "rut")),
    ("cboe_csv/spy_2025-05-16.csv", "SPY"),
    ("cboe_json/rut_2023-09-20.json", "RUT"),
    *((f"basket_2026-07-10/{name}.csv.gz", name) for name in NAMES),
]
TERMS = [
    Terms("flashalpha", 0.0, 0.0),
    Terms("dealer", 0.05, 0.013),
    Terms("flashalpha", 0.0, 0.0, "bus262"),
    Terms("dealer", 0.05, 0.013, "bus252"),
]
LEVELS = 60
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")


@lru_cache(maxsize=1)
def chain_of(path: str, symbol: str) -> Any:
    return read_chain(SHARED / "chains" / path, symbol)


def moments(path: str, symbol: str) -> Iterator[Any]:
    """The chain as it is, and half an hour before its next expiry: 0DTE included."""
    chain = chain_of(path, symbol)
    yield chain
    yield replace(chain, as_of=chain.expiry[chain.expiry > chain.as_of].min() - 1800)


def close(found: Floats, wanted: Floats, gross: Floats) -> None:
    """To 1e-9 of what is added up, of which calls and puts may leave little."""
    assert np.all(np.abs(found - wanted) <= 1e-9 * gross)


def by(keys: Floats, values: Floats) -> dict[float, float]:
    places, place = np.unique(keys, return_inverse=True)
    return dict(zip(places.tolist(), np.bincount(place, values).tolist(), strict=True))


@pytest.mark.parametrize("terms", TERMS, ids=lambda t: f"{t.day_count}, r={t.rate}")
@pytest.mark.parametrize("path, symbol", CHAINS)
def test_every_figure_agrees(path: str, symbol: str, terms: Terms) -> None:
    for chain in moments(path, symbol):
        columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
        rows = Rows(chain.spot, chain.as_of, *columns).counting()
        wanted = exposures(rows, np.array([chain.spot]), *terms)
        found = exposure(chain, *terms)
        assert found and found.call and found.put and found.rows
        assert found.rows.used == len(rows.strike)
        moves = np.array(levels_between(0.8, 1.2, LEVELS))
        curve = profile([Member(chain, terms)], moves.tolist())
        assert curve

        for m, measure in enumerate(Measures._fields):
            here = wanted[measure][0]
            calls, puts = np.where(rows.is_call, here, 0.0), np.where(rows.is_call, 0.0, here)
            gross = np.abs(here).sum()
            close(np.array(found.net[m]), here.sum(), gross)
            close(np.array([found.call[m], found.put[m]]), np.array([calls.sum(), puts.sum()]), gross)
            for table, keys in ((found.strikes, rows.strike), (found.expiries, rows.expiry)):
                for side, values in (("call", calls), ("put", puts)):
                    its = by(keys, values)
                    assert [row[0] for row in table] == list(its)
                    size = np.array(list(by(keys, np.abs(values)).values()))
                    its_found = np.array([getattr(row, side)[m] for row in table])
                    close(its_found, np.array(list(its.values())), size + 1e-290)

        for part in np.array_split(np.arange(LEVELS), 12):  # the textbook's arrays are large
            there = exposures(rows, np.linspace(0.8, 1.2, LEVELS)[part] * chain.spot, *terms)
            for m, measure in enumerate(Measures._fields):
                sizes = np.abs(there[measure]).sum(axis=1)
                close(np.array(curve.net[m])[part], there[measure].sum(axis=1), sizes)
