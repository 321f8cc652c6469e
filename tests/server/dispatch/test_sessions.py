from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketgex_server.dispatch.freshness import Session
from basketgex_server.dispatch.sessions import NewYorkSessions, distant
from basketgex_server.market_hours import trades

NEW_YORK = ZoneInfo("America/New_York")
SESSIONS = NewYorkSessions()


def at(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)).timestamp()


def day(opens: str, closes: str, next_opens: str) -> Session:
    return Session(at(opens), at(closes), at(next_opens))


WEDNESDAY = day("2026-11-18T08:00", "2026-11-18T16:00", "2026-11-19T08:00")
FRIDAY = day("2026-11-20T08:00", "2026-11-20T16:00", "2026-11-23T08:00")
BEFORE_THANKSGIVING = day("2026-11-25T08:00", "2026-11-25T16:00", "2026-11-27T08:00")
HALF_DAY = day("2026-11-27T08:00", "2026-11-27T13:00", "2026-11-30T08:00")


@pytest.mark.parametrize(
    ("moment", "session"),
    [
        ("2026-11-18T08:00", WEDNESDAY),
        ("2026-11-18T12:00", WEDNESDAY),
        ("2026-11-18T23:59:59", WEDNESDAY),
        ("2026-11-19T00:00", WEDNESDAY),
        ("2026-11-19T07:59:59.999", WEDNESDAY),
        ("2026-11-20T20:00", FRIDAY),
        ("2026-11-21T12:00", FRIDAY),
        ("2026-11-22T12:00", FRIDAY),
        ("2026-11-23T07:59", FRIDAY),
        ("2026-11-26T12:00", BEFORE_THANKSGIVING),
        ("2026-11-27T07:30", BEFORE_THANKSGIVING),
        ("2026-11-27T08:00", HALF_DAY),
        ("2026-11-27T15:00", HALF_DAY),
        ("2026-11-29T15:00", HALF_DAY),
    ],
)
def test_session(moment: str, session: Session) -> None:
    assert SESSIONS.session(at(moment)) == session


@pytest.mark.parametrize(
    ("oldest", "newest", "apart"),
    [
        ("2026-11-18T09:31", "2026-11-18T16:00", False),
        ("2026-11-18T16:00", "2026-11-19T16:00", False),
        ("2026-11-18T16:00", "2026-11-19T16:01", True),
        ("2026-11-20T16:00", "2026-11-23T16:00", False),  # over a weekend
        ("2026-11-20T16:00", "2026-11-23T16:01", True),
        ("2026-11-21T12:00", "2026-11-23T12:00", False),
        ("2026-11-25T16:00", "2026-11-27T13:00", False),  # over Thanksgiving
        ("2026-11-25T10:00", "2026-11-27T13:00", True),
        ("2026-04-02T16:00", "2026-04-06T16:00", False),  # over Good Friday and Easter
        ("2026-03-06T16:00", "2026-03-09T16:00", False),  # over the change of clocks
        ("1969-12-31T19:00", "2026-03-09T16:00", True),
    ],
)
def test_moments_more_than_a_trading_day_apart(oldest: str, newest: str, apart: bool) -> None:
    assert distant(at(oldest), at(newest)) is apart


@pytest.mark.parametrize(
    ("moment", "opens", "next_opens"),
    [
        (
            "2026-03-08T12:00-04:00",
            "2026-03-06T13:00+00:00",
            "2026-03-09T12:00+00:00",
        ),  # clocks go forward on Sunday
        ("2026-11-01T12:00-05:00", "2026-10-30T12:00+00:00", "2026-11-02T13:00+00:00"),  # and back
        ("2026-11-02T12:30+00:00", "2026-10-30T12:00+00:00", "2026-11-02T13:00+00:00"),
        ("2026-11-02T13:00+00:00", "2026-11-02T13:00+00:00", "2026-11-03T13:00+00:00"),
    ],
)
def test_eight_in_the_morning_is_new_yorks(moment: str, opens: str, next_opens: str) -> None:
    session = SESSIONS.session(at(moment))
    assert (session.oi_ready, session.next_oi_ready) == (at(opens), at(next_opens))


@pytest.mark.parametrize(
    ("text", "open_that_day"),
    [
        ("2026-11-20", True),
        ("2026-11-21", False),
        ("2026-11-26", False),
        ("2026-11-27", True),
        ("2026-12-25", False),
        ("2027-01-01", False),
        ("2026-07-03", False),
        ("2026-04-03", False),
        ("2025-01-09", False),
    ],
)
def test_trades(text: str, open_that_day: bool) -> None:
    assert trades(date.fromisoformat(text)) is open_that_day


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)))
def test_every_moment_has_its_session(moment: datetime) -> None:
    now = moment.replace(tzinfo=NEW_YORK).timestamp()
    session = SESSIONS.session(now)
    assert session.oi_ready <= now < session.next_oi_ready
    assert session.oi_ready < session.close < session.next_oi_ready
    assert session.next_oi_ready - session.oi_ready < timedelta(days=5).total_seconds()
    assert SESSIONS.session(session.oi_ready) == SESSIONS.session(session.next_oi_ready - 1) == session
