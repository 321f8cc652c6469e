"""Black-Scholes-Merton delta, gamma, vanna and charm of many contracts at once.

Continuously compounded rate r and dividend yield q, both per year. With s = σ√T, d1 = (ln(S/K) + (r − q)T)/s + s/2,
d2 = d1 − s, φ and N the normal density and distribution, and ω = 1 for a call, −1 for a put::

    delta = ω e^(−qT) N(ω d1)             vanna = ∂delta/∂σ = −e^(−qT) φ(d1) d2/σ
    gamma = e^(−qT) φ(d1)/(S s)           charm = −∂delta/∂T = q delta − e^(−qT) φ(d1) ((r − q)/s − d2/(2T))

Source: Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., chapter 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from basketgex_server.exposure.arrays import Flags, Floats

Places = npt.NDArray[np.intp]
_CHUNK = 8192  # the scratch columns of a chunk stay in the second-level cache
_DENSITY = 1 / math.sqrt(2 * math.pi)


class Greeks(NamedTuple):
    """Four columns f64[n], per unit of the underlying.

    ``delta``; ``gamma`` per USD of spot; ``vanna``: delta per 1.00 of volatility; ``charm``: delta per year of calendar
    time passing, the opposite of the derivative by time to expiry (divide by 365 for a calendar day).
    """

    delta: Floats
    gamma: Floats
    vanna: Floats
    charm: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Contracts:
    """Contracts with everything worked out that does not depend on spot. Made by ``contracts``.

    ``strikes`` f64[m] are the distinct strikes, ascending; ``strike_index`` intp[n] says which one a contract has.
    """

    strikes: Floats
    strike_index: Places
    rate: float | Floats
    """r, one for all or f64[n]"""
    dividend_yield: float | Floats
    """q, likewise"""
    inverse_deviation: Floats
    """1/s"""
    drift: Floats
    """(r − q)T/s + s/2"""
    deviation: Floats
    """s"""
    density: Floats
    """e^(−qT)/(s√(2π))"""
    side: Floats
    """ω"""
    signed_discount: Floats
    """ω e^(−qT)"""
    minus_root_years: Floats
    """−√T"""
    decay: Floats
    """s/(2T)"""

    def __len__(self) -> int:
        return len(self.strike_index)

    def greeks(self, spot: float | Floats) -> Greeks:
        """Return the four measures at a spot price in USD: one for all, or one for each of ``strikes``.

        Where an input is no positive number, NaN or infinity come out.
        """
        result = Greeks(*np.empty((4, len(self))))
        with np.errstate(all="ignore"):
            moneyness, inverse = log_ratio(spot, self.strikes), 1 / spot
            for start in range(0, len(self), _CHUNK):
                self._fill(result, moneyness, inverse, slice(start, start + _CHUNK))
        return result

    def _fill(self, result: Greeks, moneyness: Floats, inverse_spot: float | Floats, part: slice) -> None:
        delta, gamma, vanna, charm = (column[part] for column in result)
        d1 = self._d1(moneyness, part)
        ndtr(np.multiply(d1, self.side[part], out=delta), out=delta)
        delta *= self.signed_discount[part]

        self._bells(d1, part, out=gamma)  # from which all three follow

        d1 -= self.deviation[part]  # d2 from here on
        d1 *= gamma
        np.multiply(d1, self.minus_root_years[part], out=vanna)
        np.multiply(d1, self.decay[part], out=charm)
        r, q = _part(self.rate, part), _part(self.dividend_yield, part)
        charm += np.multiply(delta, q, out=d1)
        charm -= np.multiply(gamma, r - q, out=d1)
        gamma *= _part(inverse_spot, self.strike_index[part])

    def _d1(self, moneyness: Floats, part: slice) -> Floats:
        d1 = np.take(moneyness, self.strike_index[part])
        d1 *= self.inverse_deviation[part]
        d1 += self.drift[part]
        return d1

    def _bells(self, d1: Floats, part: slice, out: Floats) -> None:
        """Write e^(−qT) φ(d1)/s."""
        np.multiply(d1, d1, out=out)
        out *= -0.5
        np.exp(out, out=out)
        out *= self.density[part]


def _part(one_or_all: float | Floats, part: slice | Places) -> float | Floats:
    return one_or_all[part] if isinstance(one_or_all, np.ndarray) else one_or_all


def contracts(
    strike: Floats,
    is_call: Flags,
    volatility: Floats,
    years: Floats,
    rate: float | Floats,
    dividend_yield: float | Floats,
    distinct: tuple[Floats, Places] | None = None,
) -> Contracts:
    """Prepare n contracts: strikes in USD, volatility per 1.00, time to expiry in years; each column of length n.

    Rate and dividend yield are one for all, or a column. ``distinct``: ``strikes`` and ``strike_index`` where they are known.
    """
    strikes, strike_index = distinct or np.unique(strike, return_inverse=True)
    with np.errstate(all="ignore"):
        root_years = np.sqrt(years)
        deviation = volatility * root_years
        inverse = 1 / deviation
        discount = np.exp(-dividend_yield * years)
        side = np.where(is_call, 1.0, -1.0)
        return Contracts(
            strikes=strikes,
            strike_index=strike_index.astype(np.intp, copy=False),
            rate=rate,
            dividend_yield=dividend_yield,
            inverse_deviation=inverse,
            drift=(rate - dividend_yield) * years * inverse + deviation / 2,
            deviation=deviation,
            density=discount * inverse * _DENSITY,
            side=side,
            signed_discount=side * discount,
            minus_root_years=-root_years,
            decay=deviation / (2 * years),
        )


def log_ratio(spot: float | Floats, strikes: Floats) -> Floats:
    """Return ln(spot/strike), right to the last digits near the money, where ln(spot) − ln(strike) is not."""
    difference = spot - strikes
    return np.copysign(np.log1p(np.abs(difference) / np.minimum(strikes, spot)), difference)
