from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from basketgex_server.market_hours import CLOSE, EARLY_CLOSE, last_session
from basketgex_server.sources.readers.occ import series
from tests.server.xnys import CLOSED, EARLY

FIRST, LAST = date(2006, 1, 3), date(2027, 10, 29)


def days(text: str) -> set[date]:
    found = set()
    for year, *rest in map(str.split, text.split("\n")[1:-1]):
        found |= {date.fromisoformat(f"{year}-{day}") for day in rest}
    return found


def test_it_agrees_with_exchange_calendars_on_every_day() -> None:
    closed, early = days(CLOSED), days(EARLY)
    assert len(closed) > 200 and len(early) > 40
    previous = FIRST
    for back in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(back)
        if day.weekday() < 5 and day not in closed:
            previous = day
            assert last_session(day) == (day, EARLY_CLOSE if day in early else CLOSE)
        elif back:
            assert last_session(day)[0] == previous


@pytest.mark.parametrize(
    "text, wanted",
    [
        (
            "SPXW241129C",
            datetime(2024, 11, 29, 18, 0, tzinfo=UTC),
        ),  # the day after Thanksgiving closes at 13:00
        ("SPY241224P", datetime(2024, 12, 24, 18, 0, tzinfo=UTC)),
        ("SPY240703P", datetime(2024, 7, 3, 17, 0, tzinfo=UTC)),
        ("SPX241129C", datetime(2024, 11, 29, 14, 30, tzinfo=UTC)),  # the opening does not move
        (
            "SPY241225C",
            datetime(2024, 12, 24, 18, 0, tzinfo=UTC),
        ),  # a holiday: the session before, itself a half day
        (
            "SPY140118C",
            datetime(2014, 1, 17, 21, 0, tzinfo=UTC),
        ),  # monthly ones were dated Saturday until 2015
        ("SPY250618C", datetime(2025, 6, 18, 20, 0, tzinfo=UTC)),
        ("SPY250619C", datetime(2025, 6, 18, 20, 0, tzinfo=UTC)),
    ],
)
def test_the_instant_of_expiry_follows_the_session(text: str, wanted: datetime) -> None:
    found = series(text)
    assert found and found.expiry == wanted.timestamp()
