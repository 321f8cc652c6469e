"""The moment in line 3 of a Cboe download, which the browser writes in its reader's language and clock.

Cboe shows New York's time, so a line without a zone, or with one of New York's names whatever the season, is that. An offset
(``GMT-4``, ``UTC−5``) or another zone's name counts as written. What could be read in two ways is not read at all.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from basketgex_server.exposure.chain import NEW_YORK

_MONTHS = (
    "january janvier enero januar gennaio janeiro januari jan janv ene gen",
    "february fevrier febrero februar febbraio fevereiro februari feb fevr fev",
    "march mars marzo marz marco maart mar mrz mrt",
    "april avril abril aprile apr avr abr",
    "may mai mayo maggio maio mei mag",
    "june juin junio juni giugno junho jun giu",
    "july juillet julio juli luglio julho jul juil lug",
    "august aout agosto augustus aug ago",
    "september septembre septiembre setiembre settembre setembro sep sept set",
    "october octobre octubre oktober ottobre outubro oct okt ott out",
    "november novembre noviembre novembro nov",
    "december decembre diciembre dezember dicembre dezembro dec dic dez",
)
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}

_SAID = re.compile(r"Date:\s*(.*?)\s*(?:\"|,?\s*\bBid\s*:|$)")
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=$|[ t,])")
_SLASHED = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_IDEOGRAPHS = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_OFFSET = re.compile(r"\b(?:gmt|utc)\s*([+-])(\d{1,2})(?::?(\d{2}))?\b|([+-])(\d{2}):?(\d{2})\s*$")
_TIME = re.compile(r"(?<!\d)(\d{1,2})\s?[:h]\s?(\d{2})(?::(\d{2}))?(?!\d)\s*(?:([ap])\.?\s?m\b\.?)?")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?:st|nd|rd|th|er|º|o)?(?![\d:])")
_NEW_YORKS = re.compile(r"\b(e[sd]?t|eastern|oriental|orientale?|l.est)\b|ostkuste")
_ZONES: dict[str, tzinfo] = {
    word: zone
    for zone, words in (
        (UTC, "utc gmt z"),
        (ZoneInfo("America/Chicago"), "cst cdt ct"),
        (ZoneInfo("America/Denver"), "mst mdt mt"),
        (ZoneInfo("America/Los_Angeles"), "pst pdt pt"),
        (ZoneInfo("Europe/London"), "bst"),
        (ZoneInfo("Europe/Lisbon"), "wet west"),
        (ZoneInfo("Europe/Berlin"), "cet cest mez mesz hnec heec"),
    )
    for word in words.split()
}


def moment_of(line: str) -> float | None:
    """Return the Unix seconds that a line of the form ``Date: …`` says; None where it cannot be told.

    >>> moment_of('"Date: 27 de agosto de 2023, 13:35 GMT-4",Bid: 1') == moment_of('Date: August 27, 2023 at 1:35 PM EDT')
    True
    """
    found = _SAID.search(line)
    text = _plain(found[1]) if found else ""
    if (taken := _zone_offset(text)) is None:
        return None
    zone, text = taken
    if (time := _TIME.search(text)) is None:
        return None
    day = _date(f"{text[: time.start()]} {text[time.end() :]}" if zone else text[: time.start()])
    zone = zone or _zone(text[time.end() :])
    hour = int(time[1])
    if time[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if time[4] == "p" else 0)
    if day is None or zone is None:
        return None
    try:
        return datetime(*day, hour, int(time[2]), int(time[3] or 0), tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    """Return a text in small letters without accents, odd spaces and odd signs."""
    text = text.replace("\u2212", "-").replace("\u2013", "-")
    marks = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in marks if not unicodedata.combining(c)).casefold().split())


def _zone_offset(text: str) -> tuple[tzinfo | None, str] | None:
    """Return the offset that a text names, and the text without it; None where it is no offset there can be."""
    if (found := _OFFSET.search(text)) is None:
        return None, text
    sign, hours, minutes = (found[1], found[2], found[3]) if found[1] else (found[4], found[5], found[6])
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if ahead >= timedelta(hours=15):
        return None
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    return timezone(-ahead if sign == "-" else ahead), rest


def _zone(text: str) -> tzinfo | None:
    """Return the zone named after the time; None where it is not known."""
    words = re.findall(r"[a-z']+", text.replace("uhr", " "))
    if not words or _NEW_YORKS.search(text):
        return NEW_YORK
    return _ZONES.get(words[0]) if len(words) == 1 else None


def _date(text: str) -> tuple[int, int, int] | None:
    """Return year, month and day, in whatever order they stand."""
    if found := _ISO.search(text) or _IDEOGRAPHS.search(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _SLASHED.search(text):
        first, second = int(found[1]), int(found[2])
        if first <= 12 and second <= 12 and first != second:
            return None
        return int(found[3]), min(first, second), max(first, second)
    months = {_MONTH[word] for word in re.findall(r"[a-z]+", text) if word in _MONTH}
    if len(months) != 1 or (year := _YEAR.search(text)) is None:
        return None
    days = _DAY.findall(text[: year.start()] + " " + text[year.end() :])
    return (int(year[1]), months.pop(), int(days[0])) if len(days) == 1 else None
