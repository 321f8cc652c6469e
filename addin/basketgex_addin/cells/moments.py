"""Moments as a cell has them, from Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1899, 12, 30)


@cache
def new_york() -> ZoneInfo:
    """Return the exchanges' time zone."""
    return ZoneInfo("America/New_York")


def new_york_text(seconds: float) -> str:
    """Return a moment to the minute as New York's clocks have it; "" for 0, which is no moment."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(new_york()):%Y-%m-%d %H:%M}" if seconds else ""


def serial(seconds: float, zone: ZoneInfo) -> float:
    """Return a moment as sheets count them: days since 1899-12-30, by the clock of ``zone``."""
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone).replace(tzinfo=None)
    return (local - _EPOCH).total_seconds() / 86_400
