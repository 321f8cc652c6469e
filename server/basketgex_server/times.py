"""Moments as text and text as moments; a moment is in Unix seconds. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from basketgex_server.domain import YEARS
from basketgex_server.market_hours import NEW_YORK

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE
)


def iso_utc(at: float) -> str:
    """Return a moment as ISO 8601, UTC.

    >>> iso_utc(1584372600.5)
    '2020-03-16T15:30:00.500000Z'
    """
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def parse_iso(value: object) -> float | None:
    """Return the moment of an ISO 8601 text, UTC where it names no zone; None where it is no such text.

    >>> parse_iso("2026-05-27T17:58:14.9303577Z"), parse_iso("2020-03-16T15:30:00"), parse_iso("yesterday")
    (1779904694.9303577, 1584372600.0, None)
    """
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    date, time, fraction, zone = match.groups()
    try:
        whole = datetime.fromisoformat(
            f"{date}T{time}{'+00:00' if zone in (None, 'Z', 'z') else zone}"
        ).timestamp()
    except (ValueError, OverflowError):
        return None
    # Not through the fraction of a datetime: that has six digits. The year 1 is how some servers write "never".
    return float(f"{int(whole)}{fraction or ''}") if whole > 0 else None


def parse_new_york(text: str) -> float:
    """Return the moment of an ISO 8601 text: New York's clock where it names no zone, the close where it has no time.

    Raises ValueError and OverflowError.

    >>> parse_new_york("2026-07-10") == parse_new_york("2026-07-10T16:00") == parse_new_york("2026-07-10T20:00Z")
    True
    """
    return in_new_york(datetime.fromisoformat(f"{text}T16:00" if _DAY.fullmatch(text) else text))


def in_new_york(when: datetime) -> float:
    """Return the moment of a clock, New York's where it has no zone. Raises ValueError in years without a market."""
    if when.year not in YEARS:
        raise ValueError
    return (when if when.tzinfo else when.replace(tzinfo=NEW_YORK)).timestamp()
