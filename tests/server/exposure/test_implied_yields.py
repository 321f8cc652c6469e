"""Dividend yields from put-call parity, and that everything computed from a chain uses them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketgex_server.domain import DayCount, Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.implied import adjusted, forwards, with_implied_yields
from basketgex_server.exposure.levels import levels
from basketgex_server.exposure.profile import Member, profile
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tests.server.exposure.test_implied import Q, R, exact_price
from tests.server.exposure.test_symbol import make, odd, sensible

TERMS = Terms("flashalpha", R, Q)
NEAR, FAR = 0.25, 0.75
YIELDS = {NEAR: 0.06, FAR: -0.01}  # of each expiry its own


def quoted_chain(spread: float = 0.001) -> Chain:
    """Quotes of two expiries whose forwards mean different dividend yields: puts are held below spot, calls above."""
    rows = [
        (strike, call, years, 0.2 + (100 - strike) / 400, 1.0 + (strike - 80 if call else 120 - strike))
        for years in YIELDS
        for strike in np.arange(80.0, 121.0, 2.5).tolist()
        for call in (True, False)
    ]
    chain = make(rows)
    price = np.array(
        [
            float(exact_price(100 * math.exp((R - YIELDS[t]) * t), k, t, v, math.exp(-R * t), c))
            for k, c, t, v, _ in rows
        ]
    )
    return replace(chain, bid=price * (1 - spread), ask=price * (1 + spread))


def parts(chain: Chain) -> list[tuple[Chain, Terms]]:
    """The same, an expiry at a time, each with its dividend yield as a flat one."""
    return [
        (chain.only(chain.expiry == chain.as_of + t * YEAR), TERMS._replace(dividend_yield=q))
        for t, q in YIELDS.items()
    ]


def test_every_expiry_is_computed_with_its_own_yield() -> None:
    chain = quoted_chain()
    found = exposure(with_implied_yields(chain, R, Q), *TERMS)
    assert found and [f.dividend_yield for f in found.forwards] == pytest.approx(
        list(YIELDS.values()), abs=1e-9
    )
    assert all(f.trusted and f.pairs == 12 for f in found.forwards)
    for row, (part, terms) in zip(found.expiries, parts(chain), strict=True):
        alone = exposure(part, *terms)
        assert alone and alone.call and alone.put
        assert row.call == pytest.approx(alone.call, rel=1e-9)
        assert row.put == pytest.approx(alone.put, rel=1e-9)
    flat = exposure(chain, *TERMS)
    assert flat and abs(flat.net.dex / found.net.dex - 1) > 0.01  # it makes a difference
    assert flat.forwards == ()


def test_profiles_levels_and_volatilities_at_the_money_use_them_too() -> None:
    chain = quoted_chain()
    implied = with_implied_yields(chain, R, Q)
    moves = [0.8, 0.95, 1.0, 1.1]
    whole = profile([Member(implied, TERMS)], moves)
    alone = [profile([Member(part, terms)], moves) for part, terms in parts(chain)]
    assert whole
    for m in range(4):
        added = [sum(p.net[m][i] for p in alone if p) for i in range(len(moves))]
        assert whole.net[m] == pytest.approx(added, rel=1e-9)
    flips = [found.gamma_flip for c in (chain, implied) if (found := levels(c, *TERMS))]
    assert len(flips) == 2 and flips[0] and flips[1] and abs(flips[0] - flips[1]) > 0.05
    root = profile([Member(implied, TERMS)], [0.5, 1.5])
    assert root and flips[1] == pytest.approx(root.flip * 100 if root.flip else None)
    for t, q in YIELDS.items():
        forward = 100 * math.exp((R - q) * t)
        assert at_the_money(implied, R, Q, t * 365) == pytest.approx(0.2 + (100 - forward) / 400, rel=1e-6)


def test_absent_volatilities_are_solved_with_the_implied_forward() -> None:
    chain = quoted_chain(spread=0.0)
    volatility = chain.volatility.copy()
    volatility[::7] = np.nan
    bare = replace(chain, volatility=volatility)
    solved = adjusted(bare, R, Q, implied=True, filled=True).volatility
    np.testing.assert_allclose(solved, chain.volatility, rtol=1e-7)
    flat = adjusted(bare, R, Q, implied=False, filled=True).volatility
    assert np.abs(flat / chain.volatility - 1).max() > 0.02


@pytest.mark.parametrize("day_count", ["act365", "bus262", "bus252"])
def test_the_forward_is_the_same_however_years_are_counted(day_count: DayCount) -> None:
    chain = quoted_chain()
    for found, wanted in zip(forwards(chain, 0.0, day_count), forwards(chain, 0.0), strict=True):
        assert found.forward == pytest.approx(wanted.forward, rel=1e-12)
        years = float(chain.years(day_count)[chain.expiry == found.expiry][0])
        assert 100 * math.exp(-found.dividend_yield * years) == pytest.approx(found.forward, rel=1e-12)


def test_what_cannot_be_trusted_is_reported_and_not_used() -> None:
    chain = quoted_chain()
    assert chain.bid is not None and chain.ask is not None
    far = chain.expiry > chain.as_of + 0.5 * YEAR
    # One quote in three is stale by some dollars: more than half of the pairs still agree, but their quartiles do not.
    noise = np.where(far & (np.arange(len(chain)) % 3 == 0), 4.0, 0.0)
    noisy = replace(chain, bid=chain.bid + noise, ask=chain.ask + noise)
    found = with_implied_yields(noisy, R, Q)
    assert found.dividend_yield is not None
    assert [f.trusted for f in found.forwards] == [True, False]
    assert found.forwards[1].spread > 0.002
    assert found.dividend_yield[far].tolist() == [Q] * int(far.sum())
    assert found.dividend_yield[~far] == pytest.approx(YIELDS[NEAR], abs=1e-9)
    few = with_implied_yields(chain.only(far | (chain.strike > 115)), R, Q)
    assert [(f.pairs, f.trusted) for f in few.forwards] == [(2, False), (12, True)]
    unquoted = with_implied_yields(replace(chain, bid=None, ask=None), R, Q)
    assert unquoted.forwards == () and unquoted.dividend_yield is not None
    assert set(unquoted.dividend_yield.tolist()) == {Q}


def test_a_real_chain(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/basket_2026-07-10/SPX.csv.gz", "SPX")
    found = with_implied_yields(chain, R, Q)
    assert found.forwards and all(f.trusted for f in found.forwards)
    # Parity at the money, by hand: the strike where call and put cost nearly the same is the forward but for carry.
    for f in found.forwards:
        assert abs(f.forward / chain.spot - 1) < 0.01
        assert f.spread < 1e-4


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(sensible, st.tuples(odd, st.booleans(), odd, odd, odd)), odd, odd), max_size=12
    ),
    st.one_of(odd, st.just(100.0)),
    st.one_of(odd, st.just(0.04)),
)
def test_odd_quotes_never_come_out(rows: list, spot: float, rate: float) -> None:
    with np.errstate(all="ignore"):
        chain = make([row for row, _, _ in rows], spot)
    bid, ask = (np.array([row[place] for row in rows]) for place in (1, 2))
    found = adjusted(replace(chain, bid=bid, ask=ask), rate, Q, implied=True, filled=True)
    for f in found.forwards:
        assert f.forward > 0 and math.isfinite(f.forward) and math.isfinite(f.spread)
    held = exposure(found, *TERMS)
    assert held is None or all(map(math.isfinite, held.net))
