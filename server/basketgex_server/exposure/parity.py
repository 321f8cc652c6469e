"""What the forwards of put-call parity say together: whether spot is of their moment, and the dividend yields they mean.

With F_T the forward of an expiry, T years away, a line is laid through ln(F_T/S) = a + b·T. A spot of the quotes' own moment
leaves a = 0, whatever the dividends; r − b is the yield. One forward alone cannot tell the two apart: a gap of 0.8 % in spot is
a yield of 99 % a year for an expiry three days away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from basketgex_server.domain import SPOT_AGREES, SPOT_STALE, SPOT_THIN, Forward

GAP = 0.001
"""A larger |a| is no noise: spot is of another moment than the quotes."""
LEAST_EXPIRIES, NEAR_ENOUGH = 3, 90.0
"""Trusted forwards it takes to tell, and how near, in days, the nearest has to be: a is what a line says of today."""
SURE, SURE_OF_YIELD = 3.0, 0.01
"""How many standard errors a has to be worth to be believed, and the largest standard error of a yield that is."""
FARTHEST = 0.10
"""A yield farther from the one that is set is none that a stock or an index has."""
OWN = 30.0
"""Days: a nearer expiry's forward never stands for a yield of its own; a cent of its price were several points."""
DAY = 86_400.0


class Carry(NamedTuple):
    """What a chain's forwards mean, spot put right where ``status`` is SPOT_STALE.

    ``correction``: ln of what spot is to be multiplied by, else 0. ``common``: the yield of expiries that have none of their
    own; ``yields``: of each forward, in order, what it is computed with. ``forwards`` with the yields that each means alone,
    from the spot put right, trusted only where such a yield can be.
    """

    status: str
    correction: float
    common: float
    yields: tuple[float, ...]
    forwards: tuple[Forward, ...]


def carry(
    forwards: Sequence[Forward], years: Sequence[float], spot: float, as_of: float, rate: float, given: float
) -> Carry:
    """Return what forwards mean; ``years`` to each, spot in USD, ``as_of`` Unix seconds, ``given`` the yield that is set."""
    trusted = [place for place, forward in enumerate(forwards) if forward.trusted]
    times = np.array([years[place] for place in trusted])
    gaps = np.array([math.log(forwards[place].forward / spot) for place in trusted])
    near = bool(trusted) and forwards[trusted[0]].expiry - as_of <= NEAR_ENOUGH * DAY
    line = _line(times, gaps) if len(trusted) >= LEAST_EXPIRIES and near else None
    gap, common, status = 0.0, given, SPOT_THIN
    if line is not None:
        gap, slope, error_of_gap, error_of_slope = line
        status = (
            SPOT_AGREES if abs(gap) <= GAP else SPOT_STALE if abs(gap) >= SURE * error_of_gap else SPOT_THIN
        )
        yield_of_line = rate - slope
        if status != SPOT_THIN and error_of_slope <= SURE_OF_YIELD and abs(yield_of_line - given) <= FARTHEST:
            common = yield_of_line
    refused = line is not None and status == SPOT_THIN
    correction = gap if status == SPOT_STALE else 0.0
    found, yields = [], []
    for forward, t in zip(forwards, years, strict=True):
        alone = rate - (math.log(forward.forward / spot) - correction) / t
        can_be = forward.trusted and not refused and abs(alone - given) <= FARTHEST
        found.append(forward._replace(dividend_yield=alone, trusted=can_be))
        own = alone + (gap - correction) / t
        yields.append(own if can_be and forward.expiry - as_of >= OWN * DAY else common)
    return Carry(status, correction, common, tuple(yields), tuple(found))


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Return a and b of y = a + b·x by least squares, at least three points, and their standard errors."""
    from_mean = x - x.mean()
    square = float(from_mean @ from_mean)
    slope = float(from_mean @ y) / square
    start = float(y.mean()) - slope * float(x.mean())
    rest = y - start - slope * x
    variance = float(rest @ rest) / (len(x) - 2)
    mean = float(x.mean())
    return (
        start,
        slope,
        math.sqrt(variance * (1 / len(x) + mean * mean / square)),
        math.sqrt(variance / square),
    )
