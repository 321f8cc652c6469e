"""Moments as a cell has them, from Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache

_EPOCH = datetime(1899, 12, 30)


@cache
def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name. Raises KeyError, ValueError or OSError where there is none."""
    from zoneinfo import ZoneInfo  # a first cell that tells no time does not wait for it

    return ZoneInfo(name)


def new_york() -> tzinfo:
    """Return the exchanges' time zone."""
    return zone_of("America/New_York")


def new_york_text(seconds: float) -> str:
    """Return a moment to the minute as New York's clocks have it; "" for 0, which is no moment."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(new_york()):%Y-%m-%d %H:%M}" if seconds else ""


def serial(seconds: float, zone: tzinfo) -> float:
    """Return a moment as sheets count them: days since 1899-12-30, by the clock of ``zone``."""
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone).replace(tzinfo=None)
    return (local - _EPOCH).total_seconds() / 86_400
