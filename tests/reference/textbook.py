"""Dealer exposures by the textbook, apart from the product's code: nothing of basketgex is imported here.

Black-Scholes-Merton as printed (Hull; Haug), each term in the order in which it is printed, all contracts against all prices
with numpy and nothing hoisted, shared or rearranged. ``test_textbook.py`` holds this to forty digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.special import erfc

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Rows:
    """Contracts, a column each, and the moment and price of their underlying."""

    spot: float
    as_of: float
    strike: Floats
    is_call: Flags
    expiry: Floats
    volatility: Floats
    open_interest: Floats

    def counting(self) -> Rows:
        """Those with open interest, a volatility and time left."""
        kept = (self.open_interest > 0) & (self.volatility > 0) & (self.expiry > self.as_of)
        columns = (self.strike, self.is_call, self.expiry, self.volatility, self.open_interest)
        return Rows(self.spot, self.as_of, *(column[kept] for column in columns))  # type: ignore[arg-type]

    def years(self, day_count: str) -> Floats:
        """Elapsed days over 365, or Mondays to Fridays from the day of the chain to that of expiry over 262 or 252."""
        if day_count == "act365":
            return (self.expiry - self.as_of) / 60 / 60 / 24 / 365
        today = datetime.fromtimestamp(self.as_of, NEW_YORK).date()
        days = {
            at: weekdays(today, datetime.fromtimestamp(at, NEW_YORK).date())
            for at in set(self.expiry.tolist())
        }
        return (
            np.array([max(days[at], 1) for at in self.expiry.tolist()])
            / {"bus262": 262, "bus252": 252}[day_count]
        )


def weekdays(start: date, end: date) -> int:
    """Mondays to Fridays from a day to the one before another."""
    return sum((start + timedelta(days)).weekday() < 5 for days in range((end - start).days))


def greeks(
    price: Floats,
    strike: Floats,
    is_call: Flags,
    volatility: Floats,
    years: Floats,
    rate: float,
    dividend: float,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Delta, gamma, vanna a unit of volatility, and charm a year that passes."""
    root = np.sqrt(years)
    d1 = (np.log(price / strike) + (rate - dividend + volatility**2 / 2) * years) / (volatility * root)
    d2 = d1 - volatility * root
    density = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
    discount = np.exp(-dividend * years)
    delta = np.where(is_call, discount * normal(d1), -discount * normal(-d1))
    gamma = discount * density / (price * volatility * root)
    vanna = -discount * density * d2 / volatility
    drift = (2 * (rate - dividend) * years - d2 * volatility * root) / (2 * years * volatility * root)
    sign = np.where(is_call, 1.0, -1.0)
    charm = sign * dividend * discount * normal(sign * d1) - discount * density * drift
    return delta, gamma, vanna, charm


def normal(x: Floats) -> Floats:
    return erfc(-x / np.sqrt(2)) / 2


def exposures(
    rows: Rows, prices: Floats, convention: str, rate: float, dividend: float, day_count: str
) -> dict[str, Floats]:
    """Exposures [prices, contracts] of the rows that count, puts signed by the convention."""
    years = rows.years(day_count)
    price = prices[:, None]
    delta, gamma, vanna, charm = greeks(
        price, rows.strike, rows.is_call, rows.volatility, years, rate, dividend
    )
    others = np.where(rows.is_call, 1, -1) if convention == "dealer" else 1
    return {
        "gex": np.where(rows.is_call, 1, -1) * gamma * rows.open_interest * 100 * price**2 * 0.01,
        "dex": others * delta * rows.open_interest * 100 * price,
        "vex": others * vanna * rows.open_interest * 100 * price * 0.01,
        "chex": others * charm * rows.open_interest * 100 * price / 365,
    }
