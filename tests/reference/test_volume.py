"""Volume GEX on every real chain, those that say what was traded, held to the textbook to 1e-9 of gross."""

from __future__ import annotations

import numpy as np
import pytest

from basketgex_server.exposure.volume import volume_gex
from tests.reference.test_real_chains import CHAINS, SHARED, TERMS, Terms, chain_of, moments
from tests.reference.textbook import Rows, exposures

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")


def by_the_book(chain: object, held: np.ndarray, terms: Terms) -> tuple[Rows, np.ndarray]:
    """The contracts of which so many count, and their GEX."""
    names = ("strike", "is_call", "expiry", "volatility")
    rows = Rows(chain.spot, chain.as_of, *(getattr(chain, name) for name in names), held).counting()  # type: ignore[attr-defined]
    return rows, exposures(rows, np.array([rows.spot]), *terms)["gex"][0]


@pytest.mark.parametrize("terms", TERMS, ids=lambda t: f"{t.day_count}, r={t.rate}")
@pytest.mark.parametrize("path, symbol", CHAINS)
def test_it_agrees(path: str, symbol: str, terms: Terms) -> None:
    for chain in moments(path, symbol):
        assert chain.volume is not None and np.nansum(chain.volume) > 0
        traded, gex = by_the_book(chain, np.nan_to_num(chain.volume), terms)
        _, open_gex = by_the_book(chain, np.nan_to_num(chain.open_interest), terms)
        _, both = by_the_book(
            chain, np.nan_to_num(chain.open_interest) + 0.3 * np.nan_to_num(chain.volume), terms
        )
        found = volume_gex(chain, terms)
        if len(gex) == 0:
            assert found is None
            continue
        assert found
        near = 1e-9 * float(np.abs(gex).sum() + np.abs(open_gex).sum())
        assert found.call == pytest.approx(gex[traded.is_call].sum(), abs=near)
        assert found.put == pytest.approx(gex[~traded.is_call].sum(), abs=near)
        assert found.open_interest == pytest.approx(open_gex.sum(), abs=near)
        assert found.with_open_interest(0.3) == pytest.approx(both.sum(), abs=near)
        later = chain.expiry > chain.as_of
        counts = [np.nansum(chain.volume[later & side]) for side in (chain.is_call, ~chain.is_call)]
        assert [found.call_volume, found.put_volume] == counts
        assert chain_of(path, symbol).volume is not None
