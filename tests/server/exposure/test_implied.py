from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.domain import DAY_COUNTS, DayCount
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import YEAR, Chain, rows
from basketgex_server.exposure.implied import (
    NOISE,
    adjusted,
    fill,
    forwards,
    implied_volatility,
    mid_prices,
)
from basketgex_server.sources.files.folder import read_chain

R, Q = 0.045, 0.013


def exact_price(
    forward: float, strike: float, years: float, volatility: float, discount: float, call: bool
) -> mpmath.mpf:
    with mpmath.workdps(60):
        f, k, v = mpmath.mpf(forward), mpmath.mpf(strike), mpmath.mpf(volatility)
        s = v * mpmath.sqrt(mpmath.mpf(years))
        d1 = mpmath.log(f / k) / s + s / 2
        w = 1 if call else -1
        return mpmath.mpf(discount) * w * (f * mpmath.ncdf(w * d1) - k * mpmath.ncdf(w * (d1 - s)))


def solve(price: float, forward: float, strike: float, years: float, discount: float, call: bool) -> float:
    columns = [np.array([x]) for x in (price, forward, strike, years, discount)]
    return float(implied_volatility(*columns, np.array([call]))[0])


@given(
    moneyness=st.floats(-1.5, 1.5),
    years=st.floats(1 / 365 / 24, 5),
    volatility=st.floats(0.01, 4),
    call=st.booleans(),
)
def test_a_price_gives_its_volatility_back(
    moneyness: float, years: float, volatility: float, call: bool
) -> None:
    forward, discount = 4_000.0, float(np.exp(-R * years))
    strike = forward * float(np.exp(moneyness))
    price = float(exact_price(forward, strike, years, volatility, discount, call))
    value = max(forward - strike if call else strike - forward, 0.0) * discount
    found = solve(price, forward, strike, years, discount, call)
    if not price - value > 2 * NOISE * price:  # no more than rounding is left of its time value
        return
    if price < 1e-290 or np.isnan(found):
        assert (
            price < 1e-290
            or price - value < 1e-11 * price
            or price > 0.999999 * discount * (forward if call else strike)
        )
        return
    again = exact_price(forward, strike, years, found, discount, call)
    assert abs(float(again / mpmath.mpf(price)) - 1) < 1e-9


@pytest.mark.parametrize("volatility", [0.01, 0.2, 1.0, 3.3, 3.9])
def test_at_the_forward_the_first_guess_is_the_answer(volatility: float) -> None:
    price = float(exact_price(4_000.0, 4_000.0, 2.0, volatility, 0.9, True))
    assert solve(price, 4_000.0, 4_000.0, 2.0, 0.9, True) == pytest.approx(volatility, rel=1e-12)


@pytest.mark.parametrize(
    "price, call",
    [
        (0.0, True),
        (-1.0, True),
        (float("nan"), True),
        (float("inf"), False),
        (100.1, True),
        (20.0, False),
        (1e-300, False),
    ],
)
def test_what_has_no_volatility_is_nan(price: float, call: bool) -> None:
    found = solve(price, 100.0, 120.0, 0.5, 1.0, call)
    assert np.isnan(found)
    assert np.isnan(solve(1.0, 100.0, 120.0, -0.5, 1.0, call))
    assert np.isnan(solve(1.0, 100.0, 0.0, 0.5, 1.0, call))


CHAINS = {
    "cboe_csv/spx_2022-12-12.csv": "SPX",
    "cboe_csv/ndx_2022-12-12.csv": "NDX",
    "cboe_csv/spy_2025-05-16.csv": "SPY",
    "cboe_json/rut_2023-09-20.json": "RUT",
    "basket_2026-07-10/AMD.csv.gz": "AMD",
    "basket_2026-07-10/SPX.csv.gz": "SPX",
}


def inputs(chain: Chain) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    years = chain.years()
    return (
        mid_prices(chain), chain.spot * np.exp((R - Q) * years), chain.strike, years, np.exp(-R * years)
    )  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_every_row_of_a_real_chain_is_solved_or_has_no_solution(shared_data: Path, name: str) -> None:
    chain = read_chain(shared_data / "chains" / name, CHAINS[name])
    price, forward, strike, years, discount = inputs(chain)
    found = implied_volatility(price, forward, strike, years, discount, chain.is_call)
    solved = np.isfinite(found)
    # Unsolvable rows are those, and only those, whose price is outside what any volatility gives.
    value = np.maximum(np.where(chain.is_call, forward - strike, strike - forward), 0) * discount
    most = np.where(chain.is_call, forward, strike) * discount
    within = (price > value * (1 + 1e-11)) & (price < most) & (years > 0)
    assert (solved[within]).all()
    assert not solved[~(price > value) | ~(price < most) | (years <= 0)].any()
    draw = np.random.default_rng(3)
    (places,) = solved.nonzero()
    for row in draw.choice(places, min(300, len(places)), replace=False):
        again = exact_price(
            forward[row], strike[row], years[row], found[row], discount[row], bool(chain.is_call[row])
        )
        assert abs(float(again) / price[row] - 1) < 1e-9
    if "2022" not in name:
        assert solved.sum() > 100


def test_overnight_zero_bids_are_no_prices(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/cboe_csv/spx_2022-12-12.csv", "SPX")
    assert chain.bid is not None and chain.ask is not None
    without = chain.bid == 0
    assert without.mean() > 0.5
    assert np.isnan(mid_prices(chain)[without]).all()


def flat_chain(volatility: float = 0.2, dividend_yield: float = 0.02) -> Chain:
    strike = np.tile(np.arange(80.0, 121.0, 2.5), 4)
    count = len(strike) // 4
    is_call = np.tile(np.repeat([True, False], count), 2)
    years = np.repeat([0.1, 0.5], 2 * count)
    forward = 100 * np.exp((R - dividend_yield) * years)
    price = np.array(
        [
            float(exact_price(f, k, t, volatility, float(np.exp(-R * t)), bool(c)))
            for f, k, t, c in zip(forward, strike, years, is_call, strict=True)
        ]
    )
    return Chain(
        "X", 100.0, 0.0, strike, is_call, years * YEAR, np.full(len(strike), volatility), np.ones(len(strike)),
        bid=price * 0.999, ask=price * 1.001,
    )  # fmt: skip


def test_parity_gives_the_forward_and_its_dividend_yield() -> None:
    near, far = forwards(flat_chain(), R)
    assert near.trusted and far.trusted
    assert (near.pairs, far.pairs) == (12, 12)
    assert near.dividend_yield == pytest.approx(0.02, abs=1e-9)
    assert far.forward == pytest.approx(100 * np.exp((R - 0.02) * 0.5), rel=1e-9)


def test_parity_on_a_real_chain(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains/cboe_json/rut_2023-09-20.json", "RUT")
    found = forwards(chain, 0.053)
    trusted = [f for f in found if f.trusted]
    assert len(trusted) > 0.7 * len(found)
    yearly = [f.dividend_yield for f in trusted if f.expiry - chain.as_of > 0.25 * YEAR]
    assert yearly and all(0 < q < 0.03 for q in yearly)
    assert forwards(read_chain(shared_data / "chains/cboe_csv/spx_2022-12-12.csv", "SPX"), 0.04) is not None


def test_what_is_absent_is_filled_from_the_price_and_else_from_the_smile() -> None:
    chain = flat_chain()
    assert chain.bid is not None
    volatility, bid = chain.volatility.copy(), chain.bid.copy()
    volatility[:5], bid[3:5] = np.nan, 0
    volatility[20] = 0
    found = fill(replace(chain, volatility=volatility, bid=bid), R, 0.02)
    assert (found.solved, found.from_smile, found.left) == (4, 2, 0)
    np.testing.assert_allclose(found.chain.volatility, 0.2, rtol=1e-6)
    nothing = fill(replace(chain, volatility=np.full(len(chain), np.nan), bid=None, ask=None), R, 0.02)
    assert (nothing.solved, nothing.from_smile, nothing.left) == (0, 0, len(chain))


@pytest.mark.parametrize("name", CHAINS)
def test_filling_leaves_what_is_given_alone(shared_data: Path, name: str) -> None:
    chain = read_chain(shared_data / "chains" / name, CHAINS[name])
    before = rows(chain)
    found = fill(chain, R, Q)
    after = rows(found.chain)
    np.testing.assert_array_equal(found.chain.volatility[before.used], chain.volatility[before.used])
    assert int(after.used.sum()) == int(before.used.sum()) + found.solved + found.from_smile
    assert int(after.no_volatility.sum()) == found.left
    assert found.left <= 0.01 * len(chain)


@pytest.mark.parametrize("day_count", DAY_COUNTS)
@pytest.mark.parametrize(
    "name, symbol", [("cboe_json/rut_2023-09-20.json", "RUT"), ("basket_2026-07-10/SPX.csv.gz", "SPX")]
)
def test_a_filled_contract_is_worth_the_middle_that_it_was_solved_from(
    shared_data: Path, name: str, symbol: str, day_count: DayCount
) -> None:
    chain = read_chain(shared_data / "chains" / name, symbol)
    chain = replace(chain, volatility=np.full(len(chain), np.nan))
    years, mid = chain.years(day_count), mid_prices(chain)
    growth, discount = np.exp((R - Q) * years), np.exp(-R * years)
    by_price = implied_volatility(mid, chain.spot * growth, chain.strike, years, discount, chain.is_call)
    solved = np.isfinite(by_price) & (chain.expiry > chain.as_of)
    found = adjusted(chain, R, Q, day_count, implied=False, filled=True)
    assert solved.sum() > 1_000
    np.testing.assert_array_equal(found.volatility[solved], by_price[solved])
    if day_count != "act365":  # another clock is another volatility
        other = fill(chain, R, Q).chain.volatility[solved]
        assert np.nanmax(np.abs(other - by_price[solved])) > 0.001
