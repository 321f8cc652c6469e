"""What dealers must trade, by brute force from ``textbook``: nothing of basketgex is imported here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.reference.textbook import Floats, Rows, greeks

DAY = 86_400.0
LAST_MINUTE = 60.0


def dealers_delta(rows: Rows, price: float, rate: float, dividend: float, day_count: str) -> Floats:
    """Shares a contract: calls held, puts owed."""
    delta, *_ = greeks(
        np.array([price]),
        rows.strike,
        rows.is_call,
        rows.volatility,
        rows.years(day_count),
        rate,
        dividend,
    )
    return np.where(rows.is_call, 1, -1) * rows.open_interest * 100 * delta


def bought(
    rows: Rows,
    move: float,
    vol: float,
    days: float,
    rate: float,
    dividend: float,
    day_count: str = "act365",
) -> tuple[float, float]:
    """USD of stock that dealers buy, and the gross USD of delta that its rounding is held to."""
    held = rows.counting()
    moment = held.as_of + days * DAY
    then = replace(
        held,
        as_of=moment,
        expiry=np.maximum(held.expiry, moment + LAST_MINUTE),
        volatility=np.maximum(held.volatility + vol, held.volatility / 2),
    )
    before = dealers_delta(held, held.spot, rate, dividend, day_count)
    after = dealers_delta(then, held.spot * (1 + move), rate, dividend, day_count)
    gross = np.abs(before).sum() + np.abs(after).sum()
    return -held.spot * float((after - before).sum()), held.spot * float(gross)
