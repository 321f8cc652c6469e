"""When contracts stop trading: the New York holidays and early closes, from the ``holidays`` package."""

from __future__ import annotations

from datetime import date, time, timedelta
from functools import cache, lru_cache
from typing import Any

CLOSE = time(16)
EARLY_CLOSE = time(13)
_LONGEST_BREAK = 7


@lru_cache(maxsize=4096)
def last_session(day: date) -> tuple[date, time]:
    """Return the last session on or before a day, and New York's time of its close.

    A contract dated on a holiday or a weekend (until 2015 the monthly ones were, on Saturdays) ended with the session before.

    >>> last_session(date(2026, 11, 27)), last_session(date(2014, 1, 18))
    ((datetime.date(2026, 11, 27), datetime.time(13, 0)), (datetime.date(2014, 1, 17), datetime.time(16, 0)))
    """
    closed, half = _nyse()
    for back in range(_LONGEST_BREAK):
        session = day - timedelta(back)
        if session.weekday() < 5 and session not in closed:
            return session, EARLY_CLOSE if session in half else CLOSE
    return day, CLOSE


@cache
def _nyse() -> tuple[Any, Any]:
    import holidays

    return holidays.financial_holidays("NYSE"), holidays.financial_holidays(
        "NYSE", categories=holidays.HALF_DAY
    )
