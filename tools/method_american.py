"""What early exercise is worth, by QuantLib's finite differences; printed by ``method_effects`` with its other tables.

Of every contract the American value's delta, gamma, vanna and charm less the European's on the same grid, so that the grid's
own error goes, is added to what the engine gives.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import QuantLib

from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.symbol import contracts_of, exposure, signed_exposures

LARGEST = 300
TIMES, PRICES = 100, 200  # of the grid
POINT, DAY = 0.005, 1
"""By how much volatility and the day of expiry are moved, either way, for vanna and charm."""
NOTHING = 1e-7
"""An early exercise worth less than this part of spot changes nothing."""
PAID = 0.063
"""The dividends of a year that the payer pays, a quarter of them each quarter, in units of spot."""
FIRST, QUARTER = 30, 91


class Greeks(NamedTuple):
    """Value; delta, gamma per USD, vanna per 1.00 of volatility, charm per calendar day passing."""

    value: float
    delta: float
    gamma: float
    vanna: float
    charm: float


class Market:
    """A process whose spot, rate, yield and volatility are set, and what is priced in it, from one day."""

    def __init__(self, spot: float, rate: float, dividend_yield: float) -> None:
        self.today = QuantLib.Date(1, 1, 2026)
        QuantLib.Settings.instance().evaluationDate = self.today
        count, self._spot, self._volatility = QuantLib.Actual365Fixed(), spot, QuantLib.SimpleQuote(0.2)

        def flat(value: float) -> QuantLib.YieldTermStructureHandle:
            return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(self.today, value, count))

        constant = QuantLib.BlackConstantVol(
            self.today, QuantLib.NullCalendar(), QuantLib.QuoteHandle(self._volatility), count
        )
        self._process = QuantLib.BlackScholesMertonProcess(
            QuantLib.QuoteHandle(QuantLib.SimpleQuote(spot)),
            flat(dividend_yield),
            flat(rate),
            QuantLib.BlackVolTermStructureHandle(constant),
        )

    def greeks(
        self,
        strike: float,
        is_call: bool,
        days: int,
        volatility: float,
        *,
        early: bool,
        dividends: bool = False,
        whole: bool = True,
    ) -> Greeks:
        """Return a contract's; ``whole``: vanna and charm too."""
        moves = ((0, 0.0), (0, POINT), (0, -POINT), (-DAY, 0.0), (DAY, 0.0)) if whole else ((0, 0.0),)
        priced = []
        for more_days, more in moves:
            self._volatility.setValue(volatility + more)
            end = self.today + days + more_days
            exercise = QuantLib.AmericanExercise(self.today, end) if early else QuantLib.EuropeanExercise(end)
            side = QuantLib.Option.Call if is_call else QuantLib.Option.Put
            option = QuantLib.VanillaOption(QuantLib.PlainVanillaPayoff(side, strike), exercise)
            option.setPricingEngine(self._engine(end if dividends else None))
            priced.append((option.NPV(), option.delta(), option.gamma()))
        (value, delta, gamma), *others = priced
        if not whole:
            return Greeks(value, delta, gamma, 0.0, 0.0)
        (_, up, _), (_, down, _), (_, sooner, _), (_, later, _) = others
        return Greeks(value, delta, gamma, (up - down) / (2 * POINT), (sooner - later) / (2 * DAY))

    def _engine(self, end: QuantLib.Date | None) -> QuantLib.FdBlackScholesVanillaEngine:
        if end is None:
            return QuantLib.FdBlackScholesVanillaEngine(self._process, TIMES, PRICES)
        days = range(FIRST, end - self.today, QUARTER)
        paid = QuantLib.DividendVector([self.today + d for d in days], [self._spot * PAID / 4] * len(days))
        return QuantLib.FdBlackScholesVanillaEngine(self._process, paid, TIMES, PRICES)


def early_exercise(chain: Chain, terms: Terms, largest: int = 0) -> Floats:
    """Return the net figures f64[4] with the right to exercise early in them; of the ``largest`` contracts where given."""
    return _with(chain, terms, terms.dividend_yield, dividends=False, largest=largest)


def discrete(chain: Chain, terms: Terms) -> Floats:
    """Return those of a payer of four dividends a year, early exercise in them, in place of the flat yield of ``terms``."""
    return _with(chain, terms, 0.0, dividends=True, largest=0)


def _with(chain: Chain, terms: Terms, other_yield: float, *, dividends: bool, largest: int) -> Floats:
    found = exposure(chain, *terms)
    rate, dividend_yield = terms.rate, terms.dividend_yield
    if found is None:
        raise ValueError("these are not the chains that docs/method.md is about")
    used = rows(chain).used
    if largest:
        (places,) = used.nonzero()
        figures = signed_exposures(
            contracts_of(chain, used, *terms[1:]),
            chain.spot,
            chain.open_interest[used],
            chain.is_call[used],
            terms.convention,
        )
        used = np.isin(np.arange(len(chain)), places[np.argsort(-np.abs(figures[0]))[:largest]])
    european, other = Market(chain.spot, rate, dividend_yield), Market(chain.spot, rate, other_yield)
    net = np.array(found.net)
    columns = (chain.strike, chain.is_call, chain.expiry, chain.volatility, chain.open_interest)
    for strike, is_call, expiry, volatility, interest in zip(
        *(c[used].tolist() for c in columns), strict=True
    ):
        days = round((expiry - chain.as_of) / 86_400)
        if volatility < 2 * POINT or days < 2 or (is_call and not dividends and dividend_yield <= 0):
            continue  # a call on what pays nothing is never exercised early
        asked = (strike, is_call, days, volatility)
        plain = european.greeks(*asked, early=False, whole=False)
        right = other.greeks(*asked, early=True, dividends=dividends, whole=False)
        if abs(right.value - plain.value) < NOTHING * chain.spot:
            continue
        plain = european.greeks(*asked, early=False)
        right = other.greeks(*asked, early=True, dividends=dividends)
        held = interest * 100 * chain.spot
        sign = 1.0 if is_call else -1.0
        net += held * np.array(
            [
                sign * (right.gamma - plain.gamma) * chain.spot * 0.01,
                right.delta - plain.delta,
                (right.vanna - plain.vanna) * 0.01,
                right.charm - plain.charm,
            ]
        )
    return net
