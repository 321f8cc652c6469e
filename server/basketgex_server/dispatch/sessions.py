"""The New York sessions, holidays and early closes, from the ``holidays`` package."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from basketgex_server.dispatch.freshness import Session

NEW_YORK = ZoneInfo("America/New_York")
OI_READY = time(8)
CLOSE = time(16)
EARLY_CLOSE = time(13)


class NewYorkSessions:
    """The calendar of the New York exchanges. ``holidays`` is imported at the first question, not at start."""

    @cached_property
    def _closed(self) -> Any:
        import holidays

        return holidays.financial_holidays("NYSE")

    @cached_property
    def _half_days(self) -> Any:
        import holidays

        return holidays.financial_holidays("NYSE", categories=holidays.HALF_DAY)

    def trades(self, day: date) -> bool:
        """Tell whether there is a session on a day."""
        return day.weekday() < 5 and day not in self._closed

    def session(self, at: float) -> Session:
        """Return the session whose open interest is the settled one at a moment (Unix seconds)."""
        moment = datetime.fromtimestamp(at, NEW_YORK)
        day = moment.date()
        if moment.time() < OI_READY or not self.trades(day):
            day = self._step(day, -1)
        return self._of_day(day)

    @lru_cache(maxsize=64)  # noqa: B019 - one calendar lives as long as the server
    def _of_day(self, day: date) -> Session:
        close = EARLY_CLOSE if day in self._half_days else CLOSE
        return Session(_at(day, OI_READY), _at(day, close), _at(self._step(day, 1), OI_READY))

    def _step(self, day: date, days: int) -> date:
        day += timedelta(days)
        while not self.trades(day):
            day += timedelta(days)
        return day


_CALENDAR = NewYorkSessions()
DAY = 86_400.0


def distant(oldest: float, newest: float) -> bool:
    """Tell whether two moments (Unix seconds) lie more than a trading day apart: beyond the same time of the next session."""
    return newest - oldest > DAY and newest > _a_session_later(oldest)


@lru_cache(maxsize=4096)
def _a_session_later(at: float) -> float:
    try:
        moment = datetime.fromtimestamp(at, NEW_YORK)
        return _at(_CALENDAR._step(moment.date(), 1), moment.time())
    except (OverflowError, ValueError, OSError):  # no moment of a calendar
        return at + DAY


def _at(day: date, clock: time) -> float:
    return datetime.combine(day, clock, NEW_YORK).timestamp()
