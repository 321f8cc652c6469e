"""What made net GEX another, from ``textbook``, contract by contract in dictionaries: nothing of basketgex is imported here."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tests.reference.textbook import Rows, exposures


class Contract(NamedTuple):
    volatility: float
    open_interest: float


Book = dict[tuple[float, float, bool], Contract]


def book(rows: Rows) -> Book:
    """Contracts by expiry, strike and side."""
    columns = (rows.expiry, rows.strike, rows.is_call, rows.volatility, rows.open_interest)
    return {
        (expiry, strike, bool(call)): Contract(volatility, interest)
        for expiry, strike, call, volatility, interest in zip(*(c.tolist() for c in columns), strict=True)
    }


def net(held: Book, spot: float, as_of: float, rate: float, dividend: float) -> tuple[float, float]:
    """Net GEX of what is open, has a volatility and time left; and its gross."""
    kept = [
        (key, c) for key, c in held.items() if c.open_interest > 0 and c.volatility > 0 and key[0] > as_of
    ]
    if not kept:
        return 0.0, 0.0
    rows = Rows(
        spot,
        as_of,
        np.array([key[1] for key, _ in kept]),
        np.array([key[2] for key, _ in kept]),
        np.array([key[0] for key, _ in kept]),
        np.array([c.volatility for _, c in kept]),
        np.array([c.open_interest for _, c in kept]),
    )
    each = exposures(rows, np.array([spot]), "dealer", rate, dividend, "act365")["gex"][0]
    return float(each.sum()), float(np.abs(each).sum())


def parts(old: Rows, new: Rows, rate: float, dividend: float) -> tuple[list[float], float]:
    """Spot, volatility, time and open interest, each the difference that it makes in its turn; and the largest gross."""
    was, now = book(old), book(new)
    open_now = {k for k, c in now.items() if c.open_interest > 0 and c.volatility > 0 and k[0] > new.as_of}
    states: list[tuple[Book, float, float]] = [(was, old.spot, old.as_of), (was, new.spot, old.as_of)]
    quoted = {
        k: c._replace(volatility=now[k].volatility)
        if k in now and now[k].volatility > 0 and k[0] > new.as_of
        else c
        for k, c in was.items()
    }
    states += [(quoted, new.spot, old.as_of), (quoted, new.spot, new.as_of)]
    held = {
        k: c._replace(open_interest=now[k].open_interest if k in open_now else 0.0) for k, c in quoted.items()
    }
    held |= {k: now[k] for k in open_now if k not in was or not was[k].volatility > 0}
    states.append((held, new.spot, new.as_of))
    found = [net(*state, rate, dividend) for state in states]
    return [b[0] - a[0] for a, b in pairwise(found)], max(gross for _, gross in found)
