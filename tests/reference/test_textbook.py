"""The reference itself, held to forty digits and to counted days."""

from __future__ import annotations

from datetime import date

import mpmath
import numpy as np
import pytest

from tests.reference.textbook import greeks, weekdays


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("years", [1e-5, 0.02, 1.5])
@pytest.mark.parametrize("deviations", [-3.0, 0.0, 0.4, 5.0])
def test_the_textbook_agrees_with_forty_digits(is_call: bool, years: float, deviations: float) -> None:
    spot, vol, r, q = 100.0, 0.3, 0.05, 0.013
    strike = float(spot * np.exp(-deviations * vol * years**0.5))
    columns = (np.array([x]) for x in (spot, strike, is_call, vol, years))
    found = [float(x[0]) for x in greeks(*columns, r, q)]  # type: ignore[arg-type]
    with mpmath.workdps(40):

        def delta(sigma: mpmath.mpf, t: mpmath.mpf, price: mpmath.mpf) -> mpmath.mpf:
            d1 = (mpmath.log(price / strike) + (r - q + sigma**2 / 2) * t) / (sigma * mpmath.sqrt(t))
            side = 1 if is_call else -1
            return side * mpmath.exp(-q * t) * mpmath.ncdf(side * d1)

        here = mpmath.mpf(vol), mpmath.mpf(years), mpmath.mpf(spot)
        wanted = [
            delta(*here),
            mpmath.diff(delta, here, (0, 0, 1)),
            mpmath.diff(delta, here, (1, 0, 0)),
            -mpmath.diff(delta, here, (0, 1, 0)),
        ]
        for value, exact in zip(found, wanted, strict=True):
            assert abs(value - exact) <= 1e-10 * max(abs(exact), mpmath.mpf(1e-3))


def test_weekdays_are_counted_from_the_first_day_to_the_one_before_the_last() -> None:
    monday = date(2022, 12, 12)
    assert [weekdays(monday, date(2022, 12, d)) for d in (12, 13, 16, 17, 19)] == [0, 1, 4, 5, 5]
