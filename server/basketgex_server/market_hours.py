"""The sessions of the New York exchanges, their holidays and early closes, from the ``holidays`` package."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
OPEN = time(9, 30)
CLOSE = time(16)
EARLY_CLOSE = time(13)
_LONGEST_BREAK = 7


def trades(day: date) -> bool:
    """Tell whether there is a session on a day."""
    return day.weekday() < 5 and day not in _holidays()


def close_of(day: date) -> time:
    """Return New York's time of the close of a day that has a session."""
    return EARLY_CLOSE if day in _half_days() else CLOSE


@lru_cache(maxsize=4096)
def last_session(day: date) -> tuple[date, time]:
    """Return the last session on or before a day, and New York's time of its close.

    A contract dated on a holiday or a weekend (until 2015 the monthly ones were, on Saturdays) ended with the session before.

    >>> last_session(date(2026, 11, 27)), last_session(date(2014, 1, 18))
    ((datetime.date(2026, 11, 27), datetime.time(13, 0)), (datetime.date(2014, 1, 17), datetime.time(16, 0)))
    """
    for back in range(_LONGEST_BREAK):
        session = day - timedelta(back)
        if trades(session):
            return session, close_of(session)
    return day, CLOSE


@lru_cache(maxsize=4096)
def next_session(at: float) -> tuple[float, float]:
    """Return open and close (Unix seconds) of the session that is under way at a moment, or else of the next.

    >>> eve = datetime(2026, 11, 25, 16, tzinfo=NEW_YORK).timestamp()  # before Thanksgiving, whose Friday ends early
    >>> [f"{datetime.fromtimestamp(x, NEW_YORK):%a %H:%M}" for x in next_session(eve)]
    ['Fri 09:30', 'Fri 13:00']
    """
    day = datetime.fromtimestamp(at, NEW_YORK).date()
    while not (trades(day) and at < (close := _at(day, close_of(day)))):
        day += timedelta(1)
    return _at(day, OPEN), close


def _at(day: date, clock: time) -> float:
    return datetime.combine(day, clock, NEW_YORK).timestamp()


@cache
def _holidays() -> Any:
    import holidays  # at the first question, not at start

    return holidays.financial_holidays("NYSE")


@cache
def _half_days() -> Any:
    import holidays

    return holidays.financial_holidays("NYSE", categories=holidays.HALF_DAY)
