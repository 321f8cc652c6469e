"""What dealers must trade in a thousand random contracts, held to the change of QuantLib's deltas, each and together."""

from __future__ import annotations

import math

import numpy as np
import pytest
import QuantLib

from basketgex_server.domain import Terms
from basketgex_server.exposure.chain import YEAR, Chain
from basketgex_server.exposure.hedging import Hedged, Scenario, ladder

COUNT = 1_000
SPOT, RATE, DIVIDEND, BETA = 100.0, 0.045, 0.013, 1.4
NOON = 1_789_574_400.0
DAY, LAST_MINUTE = 86_400.0, 60.0
DRAW = np.random.default_rng(14)
SECONDS = np.exp(DRAW.uniform(math.log(3_600.0), math.log(3 * YEAR), COUNT))
VOLATILITY = np.exp(DRAW.uniform(math.log(0.05), math.log(1.5), COUNT))
STRIKE = SPOT * np.exp(DRAW.uniform(-3, 3, COUNT) * VOLATILITY * np.sqrt(SECONDS / YEAR))
IS_CALL = DRAW.random(COUNT) < 0.5
OPEN_INTEREST = DRAW.integers(1, 10_000, COUNT).astype(np.float64)
CHAIN = Chain("X", SPOT, NOON, STRIKE, IS_CALL, NOON + SECONDS, VOLATILITY, OPEN_INTEREST)
TERMS = Terms("flashalpha", RATE, DIVIDEND)
SCENARIOS = [
    *(Scenario(move) for move in (-0.3, -0.05, -0.01, 0.01, 0.05, 0.3)),
    *(Scenario(0.0, vol) for vol in (-0.2, -0.01, 0.01)),
    *(Scenario(0.0, 0.0, days) for days in (1 / 24, 1.0, 30.0)),
    Scenario(-0.03, 0.02, 3.0),
]


def delta(place: int, price: float, vol: float = 0.0, days: float = 0.0) -> float:
    """QuantLib's delta of one contract, its volatility by at most half lower, its time at least a minute."""
    years = max(float(SECONDS[place]) - days * DAY, LAST_MINUTE) / YEAR
    sigma = max(float(VOLATILITY[place]) + vol, float(VOLATILITY[place]) / 2)
    side = QuantLib.Option.Call if IS_CALL[place] else QuantLib.Option.Put
    payoff = QuantLib.PlainVanillaPayoff(side, float(STRIKE[place]))
    forward = price * math.exp((RATE - DIVIDEND) * years)
    black = QuantLib.BlackCalculator(payoff, forward, sigma * math.sqrt(years), math.exp(-RATE * years))
    found: float = black.delta(price)
    return found


def by_quantlib(place: int, scenario: Scenario) -> float:
    held = (1 if IS_CALL[place] else -1) * 100 * float(OPEN_INTEREST[place])  # calls are held, puts owed
    then = delta(place, SPOT * (1 + BETA * scenario.move), scenario.vol, scenario.days)
    return -held * SPOT * (then - delta(place, SPOT))


def by_ladder(chain: Chain) -> tuple[float, ...]:
    found = ladder([Hedged(chain, TERMS, beta=BETA)], SCENARIOS)
    assert found
    return found.buy


def test_each_contract_alone() -> None:
    for place in range(COUNT):
        size = 100 * SPOT * float(OPEN_INTEREST[place])
        ours = by_ladder(CHAIN.only(np.arange(COUNT) == place))
        wanted = [by_quantlib(place, scenario) for scenario in SCENARIOS]
        assert ours == pytest.approx(wanted, abs=1e-9 * size, rel=0), place


def test_all_of_them_together() -> None:
    gross = 100 * SPOT * float(OPEN_INTEREST.sum())
    wanted = [math.fsum(by_quantlib(place, scenario) for place in range(COUNT)) for scenario in SCENARIOS]
    assert by_ladder(CHAIN) == pytest.approx(wanted, abs=1e-9 * gross, rel=0)
    assert all(abs(usd) > 1e-6 * gross for usd in wanted)
