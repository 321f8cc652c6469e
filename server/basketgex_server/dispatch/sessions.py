"""Between which moments the settled open interest is whose, and which moments lie a session apart."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from basketgex_server.dispatch.freshness import Session
from basketgex_server.market_hours import NEW_YORK, close_of, trades

OI_READY = time(8)


class NewYorkSessions:
    """The calendar of the New York exchanges."""

    def session(self, at: float) -> Session:
        """Return the session whose open interest is the settled one at a moment (Unix seconds)."""
        moment = datetime.fromtimestamp(at, NEW_YORK)
        day = moment.date()
        if moment.time() < OI_READY or not trades(day):
            day = self._step(day, -1)
        return self._of_day(day)

    @lru_cache(maxsize=64)  # noqa: B019 - one calendar lives as long as the server
    def _of_day(self, day: date) -> Session:
        return Session(_at(day, OI_READY), _at(day, close_of(day)), _at(self._step(day, 1), OI_READY))

    def _step(self, day: date, days: int) -> date:
        day += timedelta(days)
        while not trades(day):
            day += timedelta(days)
        return day


_CALENDAR = NewYorkSessions()
DAY = 86_400.0


def session_ends(at: float) -> float:
    """Return when the open interest that is the settled one at a moment ceases to be (Unix seconds)."""
    return _CALENDAR.session(at).next_oi_ready


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
