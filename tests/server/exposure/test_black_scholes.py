from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from basketgex_server.exposure.black_scholes import Greeks, contracts

HOUR = 1 / 365 / 24


def greeks(
    spot: float, strike: float, is_call: bool, vol: float, years: float, r: float, q: float
) -> dict[str, float]:
    found = one(strike, is_call, vol, years, r, q, spot)
    return {name: float(column[0]) for name, column in found._asdict().items()}


def one(strike: float, is_call: bool, vol: float, years: float, r: float, q: float, spot: float) -> Greeks:
    prepared = contracts(np.array([strike]), np.array([is_call]), np.array([vol]), np.array([years]), r, q)
    return prepared.greeks(spot)


def exact(
    spot: float, strike: float, is_call: bool, vol: float, years: float, r: float, q: float
) -> tuple[mpmath.mpf, dict[str, tuple[mpmath.mpf, mpmath.mpf]]]:
    """d1, and each measure with the sum of its terms' magnitudes, by the textbook at 40 digits."""
    spot, strike, vol, years, r, q = (mpmath.mpf(x) for x in (spot, strike, vol, years, r, q))
    s = vol * mpmath.sqrt(years)
    terms = mpmath.log(spot / strike) / s, (r - q) * years / s, s / 2
    d1 = sum(terms)
    d2 = d1 - s
    discount, density, side = mpmath.exp(-q * years), mpmath.npdf(d1), 1 if is_call else -1
    delta = side * discount * mpmath.ncdf(side * d1)
    size = sum(map(abs, terms))
    charm = q * delta, -discount * density * (r - q) / s, discount * density * d2 / (2 * years)
    charm_size = abs(charm[0]) + abs(charm[1]) + discount * density * size / (2 * years)
    return d1, {
        "delta": (delta, abs(delta)),
        "gamma": (discount * density / (spot * s), discount * density / (spot * s)),
        "vanna": (-discount * density * d2 / vol, discount * density * size / vol),
        "charm": (sum(charm), charm_size),
    }


@settings(max_examples=400, deadline=None)
@given(
    spot=st.floats(1, 10_000),
    deviations=st.floats(-8, 8),
    is_call=st.booleans(),
    vol=st.floats(0.02, 5),
    years=st.floats(HOUR / 4, 5),
    r=st.floats(-0.02, 0.2),
    q=st.floats(-0.02, 0.2),
)
def test_agrees_with_forty_digits(
    spot: float, deviations: float, is_call: bool, vol: float, years: float, r: float, q: float
) -> None:
    strike = float(spot * np.exp(min(max(deviations * vol * years**0.5, -8), 8)))
    found = greeks(spot, strike, is_call, vol, years, r, q)
    with mpmath.workdps(40):
        d1, wanted = exact(spot, strike, is_call, vol, years, r, q)
        assume(abs(d1) < 20)
        for name, (value, size) in wanted.items():
            assert abs(found[name] - value) <= 1e-12 * size, (name, found[name], value)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [90.0, 100.0, 125.0])
def test_vanna_is_the_change_of_delta_by_volatility(strike: float, is_call: bool) -> None:
    h = 1e-5
    up = greeks(100, strike, is_call, 0.3 + h, 0.25, 0.05, 0.02)["delta"]
    down = greeks(100, strike, is_call, 0.3 - h, 0.25, 0.05, 0.02)["delta"]
    vanna = greeks(100, strike, is_call, 0.3, 0.25, 0.05, 0.02)["vanna"]
    assert vanna == pytest.approx((up - down) / (2 * h), rel=1e-7)


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [90.0, 100.0, 125.0])
def test_charm_is_the_change_of_delta_as_time_passes(strike: float, is_call: bool) -> None:
    h = 1e-5
    later = greeks(100, strike, is_call, 0.3, 0.25 - h, 0.05, 0.02)["delta"]
    earlier = greeks(100, strike, is_call, 0.3, 0.25 + h, 0.05, 0.02)["delta"]
    charm = greeks(100, strike, is_call, 0.3, 0.25, 0.05, 0.02)["charm"]
    assert charm == pytest.approx((later - earlier) / (2 * h), rel=1e-7)


def test_agrees_with_the_published_vector() -> None:
    found = greeks(580, 580, True, 0.18, 30 / 365, 0.045, 0.013)
    assert found["delta"] == pytest.approx(0.53003, abs=5e-6)
    assert found["gamma"] == pytest.approx(0.013276, abs=5e-7)
    assert found["vanna"] == pytest.approx(-0.055551, abs=5e-7)
    assert -found["charm"] / 365 == pytest.approx(0.00049, abs=5e-6)  # published with the opposite sign


def test_a_far_put_keeps_its_digits() -> None:
    delta = greeks(100, 20, False, 0.2, 0.5, 0.0, 0.0)["delta"]
    with mpmath.workdps(40):
        _, wanted = exact(100, 20, False, 0.2, 0.5, 0.0, 0.0)
    assert delta < 0
    assert abs(delta / wanted["delta"][0] - 1) < 1e-12


def test_many_contracts_are_each_as_alone() -> None:
    n = 20_001  # more than two chunks
    place = np.arange(n)
    strike, is_call = 50.0 + place % 101, place % 2 == 0
    vol, years = 0.1 + place % 7 / 10, 0.01 + place % 13 / 4
    together = contracts(strike, is_call, vol, years, 0.04, 0.01).greeks(97.5)
    for i in (0, 1, 4095, 8191, 8192, 16384, n - 1):
        alone = one(strike[i], bool(is_call[i]), vol[i], years[i], 0.04, 0.01, 97.5)
        assert [c[i] for c in together] == pytest.approx([c[0] for c in alone], rel=1e-15)


def test_no_contracts() -> None:
    nothing = np.empty(0)
    found = contracts(nothing, nothing.astype(bool), nothing, nothing, 0.04, 0.01).greeks(100)
    assert [len(column) for column in found] == [0, 0, 0, 0]
