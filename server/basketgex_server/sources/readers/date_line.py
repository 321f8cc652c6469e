"""The moment above a Cboe download's headings, which the browser writes in its reader's language and clock.

Cboe shows New York's time, so a line without a zone, or with one of New York's names whatever the season, is that. An offset
(``GMT-4``, ``UTC−5``) or another zone's name counts as written. What could be read in two ways is not read at all, and a word
that is not understood is never passed over: it may be what tells the evening from the morning.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from basketgex_server.domain import YEARS
from basketgex_server.market_hours import NEW_YORK


def _plain(text: str) -> str:
    """Return a text in small letters without accents, odd spaces and odd signs."""
    text = text.replace("\u2212", "-").replace("\u2013", "-")
    marks = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in marks if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFC", bare).casefold().split())


def _words(text: str) -> frozenset[str]:
    return frozenset(_plain(text).split())


_MONTHS = (
    "january janvier enero januar gennaio janeiro januari jan janv ene gen января январь янв stycznia styczeń sty ocak oca",
    "february février febrero februar febbraio fevereiro februari feb févr fev февраля февраль февр фев "
    "lutego luty lut şubat şub",
    "march mars marzo märz março maart mar mrz mrt марта март мар marca marzec mart",
    "april avril abril aprile apr avr abr апреля апрель апр kwietnia kwiecień kwi nisan nis",
    "may mai mayo maggio maio mei mag мая май maja maj mayıs mayis",
    "june juin junio juni giugno junho jun giu июня июнь июн czerwca czerwiec cze haziran haz",
    "july juillet juill julio juli luglio julho jul juil lug июля июль июл lipca lipiec lip temmuz tem",
    "august août agosto augustus aug ago августа август авг sierpnia sierpień sie ağustos ağu",
    "september septembre septiembre setiembre settembre setembro sep sept set сентября сентябрь сент сен września wrzesień wrz "
    "eylül eyl",
    "october octobre octubre oktober ottobre outubro oct okt ott out октября октябрь окт października październik paź ekim eki",
    "november novembre noviembre novembro nov ноября ноябрь нояб ноя listopada listopad lis kasım kasim kas",
    "december décembre diciembre dezember dicembre dezembro dec dic dez декабря декабрь дек "
    "grudnia grudzień gru aralık aralik ara",
)
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in _words(words)}
_POLISH = _words("listopada listopad lis lip")
"""Croatian has these words for other months, and a point after the day, which Polish has not."""

_IGNORED = _words(
    "at of the à le a la las de del da às alle ore um uhr den om uur o godz г год года в saat h min "
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag lunedì martedì mercoledì giovedì venerdì sabato domenica "
    "segunda terça quarta quinta sexta feira maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "понедельник вторник среда четверг пятница суббота воскресенье "
    "poniedziałek wtorek środa czwartek piątek sobota niedziela pazartesi salı çarşamba perşembe cuma cumartesi pazar "
    "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 星期一 星期二 星期三 星期四 星期五 星期六 星期日 "
    "周一 周二 周三 周四 周五 周六 周日 週一 週二 週三 週四 週五 週六 週日 "
    "월요일 화요일 수요일 목요일 금요일 토요일 일요일"
)
"""Days of the week, and words between the others, that say nothing about the moment."""
_NEW_YORK_S = re.compile(
    r"\b(?:e[sd]?t|h[an]e|eastern|oriental|orientale|l.est|do leste)\b"
    r"|\b(?:восточная америка|wschodnioamerykanski|kuzey amerika dogu)\b"
    r"|ostkusten?|(?:北美)?[東东]部|美[東东]|미 ?동부"
)
_OF_NEW_YORK = _words(
    "standard daylight summer time hora horario ora heure normale avancée d été de verano padrão estándar legale solare "
    "nord north american américain américaine nordamerikanische normalzeit sommerzeit zeit usa horário verão norte americana "
    "zomertijd standaardtijd летнее стандартное время czas letni standardowy yaz standart saati "
    "时间 標準時間 标准时间 夏令时间 夏令時間 アメリカ 米国 標準時 夏時間 표준시 하계"
)
"""Words that say nothing more where one of New York's names stands beside them."""
_ZONES: dict[str, tzinfo] = {
    word: zone
    for zone, words in (
        (UTC, "utc gmt z"),
        (ZoneInfo("America/Chicago"), "cst cdt ct hac hnc"),
        (ZoneInfo("America/Denver"), "mst mdt mt har hnr"),
        (ZoneInfo("America/Los_Angeles"), "pst pdt pt hap hnp"),
        (ZoneInfo("Europe/London"), "bst"),
        (ZoneInfo("Europe/Lisbon"), "wet west"),
        (ZoneInfo("Europe/Berlin"), "cet cest mez mesz hnec heec"),
    )
    for word in words.split()
}
_MORNING = _words("am 上午 午前 오전 早上 清晨 凌晨 öö")
_EVENING = _words("pm 下午 午後 午后 오후 中午 晚上 ös")
_FROM_NOUGHT = _words("午前 午後 오전 오후 凌晨")
"""Halves that also count their first hour as 0."""
_TO_ELEVEN = _words("早上 清晨 晚上")
"""Halves whose hour 12 could be noon or midnight."""
_NOON = _words("中午")
"""What only the hour 12 is."""

_SAID = re.compile(r"Date:\s*(.*?)\s*(?:\"|,?\s*\bBid\s*:|$)")
_YEAR_FIRST = re.compile(
    r"\b(\d{4})(?:(-|/|\. ?)(\d{1,2})\2|[年년] ?(\d{1,2})[月월] ?)(\d{1,2})(?:[日일t]|\.?(?=$|[ ,]))"
)
_SLASHED = re.compile(r"\b(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\b")
_OFFSET = re.compile(
    r"(?<![a-z])(?:gmt|utc)\s*([+-])(\d{1,2})(?::?(\d{2}))?(?![\d:])|([+-])(\d{2}):?(\d{2})\s*$"
)
_TIME = re.compile(
    r"(?:(?<=\dt)|(?<![\d:]))(\d{1,2})\s?[:h時时点시]\s?(\d{2}|\d(?=[分분]))"
    r"(?::(\d{2})|(?:[分분]| min\b)(?: ?(\d{1,2})(?:[秒초]| s\b))?)?(?![\d:])"
)
_LATIN_HALF = re.compile(r"(?<![^\W\d_])([ap])\.?\s?m\b\.?")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?:st|nd|rd|th|er|º|o)?(?![\d:])")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def moment_of(line: str) -> float | None:
    """Return the Unix seconds that a line of the form ``Date: …`` says; None where it cannot be told.

    >>> moment_of('"Date: 27 de agosto de 2023, 13:35 GMT-4",Bid: 1') == moment_of('Date: August 27, 2023 at 1:35 PM EDT')
    True
    """
    found = _SAID.search(line)
    return moment_in(found[1]) if found else None


def moment_in(text: str) -> float | None:
    """Return the Unix seconds that a text says, every word of which is understood; None where it cannot be told.

    >>> moment_in("Jun 22 2020 @ 20:42") == moment_in("2020年6月22日 下午8:42 [EDT]") == moment_in("22 juin 2020 20 h 42 HAE")
    True
    """
    text = _plain(text)
    zones: list[tzinfo] = []
    if (taken := _zone_offset(text)) is None:
        return None
    offset, text = taken
    zones += [offset] if offset else []
    if (time := _TIME.search(text)) is None:
        return None
    before, rest = text[: time.start()], f"{text[: time.start()]} {text[time.end() :]}"
    if (half := _LATIN_HALF.search(before)) and not (
        _YEAR_FIRST.search(before) and before.endswith(half[0] + " ")
    ):
        return None  # in Welsh "am" is "at", in German "on"
    if (dated := _date(rest)) is None:
        return None
    day, rest = dated
    rest = _LATIN_HALF.sub(lambda half: f" {half[1]}m ", rest)
    named = _NEW_YORK_S.sub(" ", rest)
    new_york = named != rest
    words = re.findall(r"[^\W_]+", named)
    halves = [word for word in words if word in _MORNING or word in _EVENING]
    zones += [NEW_YORK] if new_york else []
    zones += [_ZONES[word] for word in words if word in _ZONES]
    known = {*halves, *_ZONES, *_IGNORED, *(_OF_NEW_YORK if new_york else ())}
    hour = _hour(int(time[1]), halves)
    if hour is None or not known.issuperset(words):
        return None
    return _moment((*day, hour, int(time[2]), int(time[3] or time[4] or 0)), zones or [NEW_YORK])


def _moment(clock: tuple[int, ...], zones: list[tzinfo]) -> float | None:
    """Return the Unix seconds of a clock in zones that must mean the same; None where they do not, or there is no such time."""
    if clock[0] not in YEARS:
        return None
    try:
        found = {datetime(*clock, tzinfo=zone).timestamp() for zone in zones}  # type: ignore[arg-type,misc]
    except (ValueError, OverflowError):
        return None
    return found.pop() if len(found) == 1 else None


def _hour(hour: int, halves: list[str]) -> int | None:
    """Return the hour of the day, 0 to 23 where it is one; None where the halves named of it do not fit it or each other."""
    if not halves:
        return hour
    half = halves[0]
    first = 12 if half in _NOON else 0 if half in _FROM_NOUGHT else 1
    last = 11 if half in _TO_ELEVEN else 12
    if len(halves) > 1 or not first <= hour <= last:
        return None
    return hour % 12 + (12 if half in _EVENING else 0)


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


def _date(text: str) -> tuple[tuple[int, int, int], str] | None:
    """Return year, month and day, in whatever order they stand, and what else the text says."""
    if found := _YEAR_FIRST.search(text):
        day = (int(found[1]), int(found[3] or found[4]), int(found[5]))
        return day, f"{text[: found.start()]} {text[found.end() :]}"
    if found := _SLASHED.search(text):
        first, second = int(found[1]), int(found[3])
        if first <= 12 and second <= 12 and first != second:
            return None
        day = (int(found[4]), min(first, second), max(first, second))
        return day, f"{text[: found.start()]} {text[found.end() :]}"
    names = [word for word in re.findall(r"[^\W\d_]+", text) if word in _MONTH]
    if len({_MONTH[name] for name in names}) != 1 or (year := _YEAR.search(text)) is None:
        return None
    text = f"{text[: year.start()]} {text[year.end() :]}"
    days = list(_DAY.finditer(text))
    if len(days) != 1 or (text[days[0].end() :].startswith(".") and not _POLISH.isdisjoint(names)):
        return None
    rest = f"{text[: days[0].start()]} {text[days[0].end() :]}"
    for name in names:
        rest = re.sub(rf"(?<![^\W\d_]){name}(?![^\W\d_])", " ", rest)
    return (int(year[1]), _MONTH[names[0]], int(days[0][1])), rest
