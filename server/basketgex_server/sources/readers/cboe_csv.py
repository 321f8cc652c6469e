"""Cboe "quotedata" downloads, today's and those of 2018 to 2020: lines of heading, then rows that each have a call and a put.

A body of plain numbers, as Cboe writes it, is read as one array of bytes; whatever is otherwise goes through the ``csv``
module, which also knows the line of what is wrong.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from basketgex_server.errors import UnknownForm
from basketgex_server.exposure.arrays import Floats
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.date_line import moment_in, moment_of
from basketgex_server.sources.readers.plain_rows import PlainRows
from basketgex_server.sources.readers.tables import Table

_LAST = re.compile(r"\bLast:\s*([\d,]*\.?\d+)")
_PRICE_AND_CHANGE = re.compile(r",\s*([\d,]*\.?\d+),\s*[-+]?\d*\.?\d+\s*,?\s*$")
"""How the first line ended until 2020: ``SPY (SPDR S&P 500 ETF Trust),310.68,1.98``."""
_AT = re.compile(r'\s*(?:"([^"]*@[^"]*)"|([^,"]*@[^,"]*))')
"""How the second began: ``Jun 22 2020 @ 20:42 ET,Bid,0``."""
_VOLUME = "Volume"
_RENAMED = {"Open Int": "Open Interest", "Vol": _VOLUME}
_HEADING_WITHIN = 10
"""Lines within which the headings stand: Cboe writes three above them, others add their own."""
_NUMBERS = ("IV", "Open Interest", "Bid", "Ask")
_NEWLINE = ord("\n")
_ODD = (b'"', b"\0")


def headings_of(content: bytes) -> int | None:
    """Return the number (from 0) of the line of headings; None where this is no Cboe download."""
    begin = 0
    for number in range(_HEADING_WITHIN):
        end = content.find(b"\n", begin)
        line = content[begin : end if end >= 0 else None]
        if b",Calls," in line and b",Puts," in line:
            return number
        if end < 0:
            break
        begin = end + 1
    return None


def cboe_csv(content: bytes, name: str, heading: int) -> Columns:
    """Read a download whose headings are in line ``heading`` (from 0). Raises BadChain and UnicodeDecodeError.

    A spot price or a moment that cannot be understood is absent, and a sentence says so: the caller may know them otherwise.
    """
    begin = 0
    head = []
    for _ in range(heading + 1):
        end = content.find(b"\n", begin)
        end = end if end >= 0 else len(content)
        head.append(content[begin:end].decode("utf-8-sig").rstrip("\r"))
        begin = end + 1
    spot, unpriced = _spot(head[:-1], name)
    as_of, undated = _moment(head[:-1], name)
    try:
        headings = [_RENAMED.get(h := text.strip(), h) for text in next(csv.reader([head[-1]]))]
    except csv.Error as error:
        raise UnknownForm(f"{name} is not CSV.") from error
    found = _fast(content, begin, headings, heading + 2)
    found = found or _slow(content.decode("utf-8-sig").splitlines(), name, heading)
    return replace(found, spot=spot, as_of=as_of, unpriced=unpriced, undated=undated)


def _spot(head: Sequence[str], name: str) -> tuple[float | None, str]:
    """Return the spot price, or the sentence that says where it is missing."""
    said = next((said for line in head if (said := _LAST.search(line))), None)
    said = said or (_PRICE_AND_CHANGE.search(head[_first(head)]) if head else None)
    if said is None:
        return None, f'{name}, line {_line(len(head), 1)}: no spot price: it should say "Last:" and a number.'
    return float(said[1].replace(",", "")), ""


def _moment(head: Sequence[str], name: str) -> tuple[float | None, str]:
    """Return the moment in Unix seconds, or the sentence that says where it is missing or cannot be understood."""
    number = next((n for n, line in enumerate(head) if "Date:" in line or _AT.match(line)), None)
    if number is None:
        number = _line(len(head), 2)
    else:
        line, number = head[number], number + 1
        at = _AT.match(line)
        if (
            as_of := moment_of(line) if "Date:" in line or at is None else moment_in(at[1] or at[2])
        ) is not None:
            return as_of, ""
    return (
        None,
        f'{name}, line {number}: no moment: it should read like "Date: July 10, 2026 at 4:00 PM EDT".',
    )


def _first(head: Sequence[str]) -> int:
    """Return the number of the first line with something in it."""
    return next((number for number, line in enumerate(head) if line.strip(", ")), 0)


def _line(heading: int, place: int) -> int:
    """Return the line, from 1, where something is missing above the headings: Cboe's own place for it, if there is one."""
    return min(place, heading) + 1


def _slow(lines: list[str], name: str, heading: int) -> Columns:
    table = Table(name, lines, heading + 1)
    table.headings = [_RENAMED.get(h, h) for h in table.headings]
    sides = (table.place("Calls"), table.place("Puts"))

    def both(of: str) -> Floats:
        return np.concatenate([table.numbers(table.place(of, side)) for side in sides])

    volatility, interest, bid, ask = map(both, _NUMBERS)
    volume = both(_VOLUME) if _VOLUME in table.headings else None
    options = [text for side in sides for text in table.texts(side)]
    return Columns(options, volatility, interest, bid, ask, place=table.line, volume=volume)


def _fast(content: bytes, begin: int, headings: list[str], first: int) -> Columns | None:
    """Read a body that is plain ASCII, every row as wide as the headings; None where it is not."""
    if content.find(b"\r", begin) >= 0:
        content = content[:begin] + content[begin:].replace(b"\r\n", b"\n")
        if content.find(b"\r", begin) >= 0:
            return None
    end = len(content)
    while end > begin and content[end - 1] == _NEWLINE:
        end -= 1
    if end <= begin or any(content.find(odd, begin) >= 0 for odd in _ODD):
        return None
    if not (content.isascii() or content[begin:].isascii()):
        return None
    if end + 1 != len(content):
        content = content[:end] + b"\n"
    try:
        sides = headings.index("Calls"), headings.index("Puts")
        wanted = (*_NUMBERS, _VOLUME) if _VOLUME in headings else _NUMBERS
        places = [[headings.index(of, side) for side in sides] for of in wanted]
    except ValueError:
        return None
    numbers = list(chain.from_iterable(places))
    if 0 in sides or (rows := PlainRows.of(content, begin, len(headings), sides, numbers)) is None:
        return None
    iv, interest, bid, ask, *volume = rows.numbers.reshape(len(wanted), -1)
    count = rows.numbers.shape[1]
    return Columns(
        rows.texts,
        iv,
        interest,
        bid,
        ask,
        place=lambda row: f"line {first + row % count}",
        volume=volume[0] if volume else None,
    )
