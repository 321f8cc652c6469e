"""Volume GEX: what counts, what does not, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.symbol import exposure
from basketgex_server.exposure.volume import VolumeGex, volume_gex
from basketgex_server.sources.sample.provider import Sample

TERMS = Terms("flashalpha", 0.045, 0.013)
DAYS = 86_400.0


def chain(**columns: list[float]) -> Chain:
    """A call and a put with time left, and a call that has expired."""
    plain = {"volatility": [0.2, 0.2, 0.2], "open_interest": [10.0, 20.0, 30.0], "volume": [5.0, 7.0, 9.0]}
    arrays = {name: np.array(column) for name, column in (plain | columns).items()}
    expiry = np.array([30, 30, -1]) * DAYS
    return Chain("X", 100.0, 0.0, np.full(3, 100.0), np.array([True, False, True]), expiry, **arrays)


def made(of: Chain, terms: Terms = TERMS) -> VolumeGex:
    found = volume_gex(of, terms)
    assert found
    return found


def test_volume_takes_the_place_of_open_interest() -> None:
    found = made(chain())
    traded = exposure(chain(open_interest=[5.0, 7.0, 9.0]), *TERMS)
    as_it_is = exposure(chain(), *TERMS)
    assert traded and traded.call and traded.put and as_it_is
    assert (found.call, found.put) == pytest.approx((traded.call.gex, traded.put.gex))
    assert found.open_interest == pytest.approx(as_it_is.net.gex)
    assert (found.call_volume, found.put_volume) == (5.0, 7.0)
    half = exposure(chain(open_interest=[12.5, 23.5, 30.0]), *TERMS)
    assert half and found.with_open_interest(0.5) == pytest.approx(half.net.gex)
    assert made(chain(), TERMS._replace(convention="dealer")) == found


def test_a_contract_may_be_open_or_traded_alone() -> None:
    found = made(chain(open_interest=[0.0, 20.0, 0.0], volume=[5.0, 0.0, 0.0]))
    assert found.call > 0 == found.put and found.open_interest < 0


@pytest.mark.parametrize(
    "columns",
    [
        {"volume": [0.0, np.nan, 9.0]},
        {"volume": [-1.0, np.inf, 9.0]},
        {"volatility": [np.nan, 0.0, 0.2]},
        {"volume": [1e308, 1e308, 0.0], "volatility": [0.2, 0.2, 0.2]},
    ],
    ids=["none", "no numbers", "no volatility", "beyond computing"],
)
def test_where_nothing_counts_there_is_none(columns: dict[str, list[float]]) -> None:
    assert volume_gex(chain(**columns), TERMS) is None


def test_without_the_column_there_is_none() -> None:
    assert volume_gex(replace(chain(), volume=None), TERMS) is None


@pytest.mark.parametrize("symbol", ["NVDA", "SPX", "DUK"])
def test_the_sample_trades_most_what_is_near(symbol: str) -> None:
    of = Sample().chain(symbol)
    assert of and of.volume is not None
    found, figure = made(of), exposure(of, *TERMS)
    assert figure and found.open_interest == pytest.approx(figure.net.gex)
    days, away = (of.expiry - of.as_of) / DAYS, np.abs(of.strike / of.spot - 1)
    part = [of.volume[side].sum() / of.open_interest[side].sum() for side in (days < 7, days > 90)]
    assert part[0] > 3 * part[1]
    near, far = (of.volume[side].sum() / of.open_interest[side].sum() for side in (away < 0.05, away > 0.2))
    assert near > far
    assert 0.02 < of.volume.sum() / of.open_interest.sum() < 0.5
