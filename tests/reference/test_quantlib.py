"""A thousand random contracts held to QuantLib to 1e-9, and to differences of its deltas."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import QuantLib

from basketgex_server.exposure.black_scholes import Greeks, contracts

COUNT = 1_000
SPOT, RATE, DIVIDEND = 100.0, 0.045, 0.013
SIXTH_ORDER = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
DRAW = np.random.default_rng(11)
YEARS = np.exp(DRAW.uniform(math.log(1 / 365 / 24), math.log(3.0), COUNT))
VOLATILITY = np.exp(DRAW.uniform(math.log(0.05), math.log(1.5), COUNT))
STRIKE = SPOT * np.exp(DRAW.uniform(-3, 3, COUNT) * VOLATILITY * np.sqrt(YEARS))
IS_CALL = DRAW.random(COUNT) < 0.5


@cache
def found() -> Greeks:
    return contracts(STRIKE, IS_CALL, VOLATILITY, YEARS, RATE, DIVIDEND).greeks(SPOT)


def calculator(
    place: int, volatility: float | None = None, years: float | None = None
) -> QuantLib.BlackCalculator:
    t = float(YEARS[place]) if years is None else years
    sigma = float(VOLATILITY[place]) if volatility is None else volatility
    side = QuantLib.Option.Call if IS_CALL[place] else QuantLib.Option.Put
    forward = SPOT * math.exp((RATE - DIVIDEND) * t)
    payoff = QuantLib.PlainVanillaPayoff(side, float(STRIKE[place]))
    return QuantLib.BlackCalculator(payoff, forward, sigma * math.sqrt(t), math.exp(-RATE * t))


def slope(of: object, step: float) -> float:
    """The derivative at 0, by sixth-order differences."""
    return sum(w * (of(k * step) - of(-k * step)) for k, w in SIXTH_ORDER) / step  # type: ignore[operator]


def theirs(place: int) -> Greeks:
    """QuantLib's own; it has no charm, which the chain rule makes of the others: T acts through q, the forward and σ√T."""
    black, t, sigma = calculator(place), float(YEARS[place]), float(VOLATILITY[place])
    delta, gamma, vanna = black.delta(SPOT), black.gamma(SPOT), black.vanna(SPOT, t)
    charm = DIVIDEND * delta - (RATE - DIVIDEND) * SPOT * gamma - vanna * sigma / (2 * t)
    return Greeks(delta, gamma, vanna, charm)


@pytest.mark.parametrize("measure", Greeks._fields)
def test_it_agrees_with_quantlib(measure: str) -> None:
    ours = getattr(found(), measure)
    for place in range(COUNT):
        assert ours[place] == pytest.approx(getattr(theirs(place), measure), rel=1e-9, abs=1e-9), place


def test_charm_and_vanna_are_how_quantlibs_delta_changes() -> None:
    for place in range(COUNT):
        t, sigma = float(YEARS[place]), float(VOLATILITY[place])
        charm = -slope(lambda h, t=t, p=place: calculator(p, years=t + h).delta(SPOT), t / 100)
        vanna = slope(lambda h, v=sigma, p=place: calculator(p, volatility=v + h).delta(SPOT), sigma / 100)
        size = max(abs(charm), 1 / t)  # a delta changes by a part of 1 over its time left
        assert abs(found().charm[place] - charm) <= 1e-9 * size, place
        assert abs(found().vanna[place] - vanna) <= 1e-9 * max(abs(vanna), 1 / sigma), place
