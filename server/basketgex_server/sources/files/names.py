"""What the name of a chain file says: whose chain it is, and of which day or moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from basketgex_server.errors import BadChain, InvalidSymbol
from basketgex_server.market_hours import CLOSE, NEW_YORK
from basketgex_server.shown import quoted
from basketgex_server.tickers import ticker

PRICES = "underlyings.json"
"""The file of spot prices beside chains that do not carry their own."""
SUFFIXES = (".csv.gz", ".csv", ".json.gz", ".json", ".parquet")
_NO_DATA = (
    ".md",
    ".py",
    ".sh",
    ".ps1",
    ".toml",
    ".ini",
    ".log",
    ".html",
    ".ipynb",
    ".png",
    ".ots",
    ".ods",
    ".xlsm",
)

_DATED = re.compile(
    r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)"  # a day, and perhaps a time: 2026-07-10T1545, 20260710_15-45
    r"(?:[T_ -](\d\d)[-.:h]?(\d\d)(?![-_.]?\d))?",
    re.IGNORECASE,
)
_OTHER_ENDING = re.compile(r"\.(?:xlsx?|csv|txt|json|dat)$", re.IGNORECASE)
_COPY = re.compile(r"\s*\(\d+\)$|\s+-\s+copy$", re.IGNORECASE)
_BEGINNING = re.compile(
    r"[\^$_]?[A-Za-z0-9]+(?:[.-][A-Za-z]{1,2}(?![A-Za-z0-9]))?(?:=F)?(?![A-Za-z0-9])", re.IGNORECASE
)
_CONTRACT = re.compile(rb"(\d{6})[CP]\d{8}")


class Dated(NamedTuple):
    """A day in a name, and the Unix seconds it stands for: its close, or the time of day beside it (``timed``)."""

    day: date
    at: float
    timed: bool


class Names(NamedTuple):
    """Whose chain a file is: by its beginning, and by all of its name, which is another symbol where a word follows a point.

    Both without dots; None where it is nobody's.
    """

    symbol: str | None
    whole: str | None = None


@lru_cache(maxsize=8192)  # the same names every second
def names_in(name: str) -> Names:
    """Return whose chain a file is by its name, in any spelling that a cell accepts.

    >>> [names_in(n).symbol for n in ("^SPX.csv", "brk-b_2026-07-10.csv.gz", "spy options.csv", "2026-07-10 NVDA (1).json")]
    ['SPX', 'BRKB', 'SPY', 'NVDA']
    >>> names_in("AAPL-new.csv")
    Names(symbol='AAPL', whole='AAPLNEW')
    """
    stem = _stem(name)
    if stem is None:
        return Names(None)
    while (shorter := _COPY.sub("", _OTHER_ENDING.sub("", stem))) != stem:
        stem = shorter
    stem = _DATED.sub(" ", unquote(stem)).strip(" .-+@,;")
    whole = _plain_ticker(stem)
    begins = _BEGINNING.match(stem) or _BEGINNING.match(stem.lstrip("_ "))
    symbol = _plain_ticker(begins[0]) if begins else None
    return Names(symbol or whole, whole if whole != symbol else None)


def symbol_of(name: str) -> str | None:
    """Return the symbol, without dots, that a file is for by its name; None where it is no chain.

    >>> [symbol_of(n) for n in ("_SPX.json", "spx_2022-12-12.csv", "BRK.B.csv.gz", "underlyings.json", "LICENSE")]
    ['SPX', 'SPX', 'BRKB', None, None]
    """
    return names_in(name).symbol


def is_data(name: str) -> bool:
    """Tell whether a file that is found under no symbol may all the same be meant as a chain.

    >>> [is_data(n) for n in ("AMD.txt", "TSLA.csv.bak", "LICENSE", "README.md", ".DS_Store", "underlyings.json")]
    [True, True, False, False, False, False]
    """
    plain = name.lower()
    return (
        not plain.startswith((".", "readme", "licen", PRICES))
        and "." in plain
        and not plain.endswith(_NO_DATA)
    )


def days_in(name: str) -> list[Dated]:
    """Return the days that a name has in it, in the order in which they stand.

    >>> [(d.day.isoformat(), d.timed) for d in days_in("SPY_2026-07-10T1545_2026-07-17.csv")]
    [('2026-07-10', True), ('2026-07-17', False)]
    """
    found = []
    for said in _DATED.finditer(name):
        try:
            day = date(int(said[1]), int(said[3]), int(said[4]))
        except ValueError:  # 2026-13-01 is no day
            continue
        try:
            clock = time(int(said[5]), int(said[6])) if said[5] else None
        except ValueError:
            clock = None
        found.append(
            Dated(day, datetime.combine(day, clock or CLOSE, NEW_YORK).timestamp(), clock is not None)
        )
    return found


def parts_of(names: Sequence[str], content: Callable[[str], bytes]) -> list[str]:
    """Return which of a symbol's files are its chain: of those of several days the latest day's, else all.

    Days that are each the only expiry of their file are no days of the chain: then all files are its parts. ``content`` gives
    what is in a file. Raises BadChain where some have a day in their names and some have not, and what ``content`` raises.
    """
    first = {name: min(days).day for name in names if (days := days_in(name))}
    if len(names) < 2 or not first:
        return list(names)
    if len(first) < len(names):
        dated, undated = next(iter(first)), next(name for name in names if name not in first)
        raise BadChain(
            f"{quoted(undated, 40)} and {quoted(dated, 40)} are chains of one name: "
            "give both a day in their names, or neither."
        )
    latest = [name for name in names if first[name] == max(first.values())]
    if len(latest) < len(names) and all(_is_its_expiry(first[name], content(name)) for name in latest):
        return list(names)
    return latest


def _is_its_expiry(day: date, content: bytes) -> bool:
    """Tell whether a day is that on which all contracts in a text expire."""
    wanted, found = f"{day:%y%m%d}".encode(), False
    for said in _CONTRACT.finditer(content):
        if said[1] != wanted:
            return False
        found = True
    return found


def _stem(name: str) -> str | None:
    if name.startswith(".") or name.lower() == PRICES:
        return None
    return next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), None)


def _plain_ticker(text: str) -> str | None:
    try:
        return ticker(text).replace(".", "")
    except InvalidSymbol:
        return None
