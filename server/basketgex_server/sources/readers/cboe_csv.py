"""Cboe "quotedata" downloads: some lines of heading, then rows that each have a call and a put.

A body of plain numbers, as Cboe writes it, is read as one array of bytes; whatever is otherwise goes through the ``csv``
module, which also knows the line of what is wrong.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from basketgex_server.errors import BadChain
from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.sources.occ import Texts
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.date_line import moment_of
from basketgex_server.sources.readers.tables import Table

_LAST = re.compile(r"\bLast:\s*([\d,]*\.?\d+)")
_HEADING_WITHIN = 10
"""Lines within which the headings stand: Cboe writes three above them, others add their own."""
_WIDEST = 15
"""Characters of a number whose digits a double holds exactly."""
_CHUNK = 1 << 16  # what is looked at stays in the second-level cache
_NUMBERS = ("IV", "Open Interest", "Bid", "Ask")
_TENS = 10.0 ** np.arange(_WIDEST + 1)
_COMMA, _NEWLINE, _ZERO, _NINE = ord(","), ord("\n"), np.uint8(ord("0")), 9
_ONE = np.uint8(1)
_DOT = np.uint8(ord(".") - ord("0") & 0xFF)  # less the code of 0

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


def headings_of(content: bytes) -> int | None:
    """Return the number (from 0) of the line of headings; None where this is no Cboe download."""
    head = content.split(b"\n", _HEADING_WITHIN)[:_HEADING_WITHIN]
    return next((n for n, line in enumerate(head) if b",Calls," in line and b",Puts," in line), None)


def cboe_csv(content: bytes, name: str, heading: int) -> Columns:
    """Read a download whose headings are in line ``heading`` (from 0). Raises BadChain and UnicodeDecodeError."""
    begin = 0
    head = []
    for _ in range(heading + 1):
        end = content.find(b"\n", begin)
        end = end if end >= 0 else len(content)
        head.append(content[begin:end].decode("utf-8-sig").rstrip("\r"))
        begin = end + 1
    last = next((said for line in head if (said := _LAST.search(line))), None)
    if last is None:
        raise BadChain(
            f'{name}, line {_line(heading, 1)}: no spot price: it should say "Last:" and a number.'
        )
    dated = next((n for n, line in enumerate(head) if "Date:" in line), None)
    if dated is None or (as_of := moment_of(head[dated])) is None:
        line = _line(heading, 2) if dated is None else dated + 1
        raise BadChain(
            f'{name}, line {line}: no moment: it should read like "Date: July 10, 2026 at 4:00 PM EDT".'
        )
    try:
        headings = next(csv.reader([head[-1]]))
    except csv.Error as error:
        raise BadChain(f"{name} is not CSV.") from error
    found = _fast(content, begin, [h.strip() for h in headings], heading + 2)
    found = found or _slow(content.decode("utf-8-sig").splitlines(), name, heading)
    return Columns(
        found.options,
        found.volatility,
        found.open_interest,
        found.bid,
        found.ask,
        float(last[1].replace(",", "")),
        as_of,
        place=found.place,
    )


def _line(heading: int, place: int) -> int:
    """Return the line, from 1, where something is missing above the headings: Cboe's own place for it, if there is one."""
    return min(place, heading) + 1


def _slow(lines: list[str], name: str, heading: int) -> Columns:
    table = Table(name, lines, heading + 1)
    sides = (table.place("Calls"), table.place("Puts"))

    def both(of: str) -> Floats:
        return np.concatenate([table.numbers(table.place(of, side)) for side in sides])

    volatility, interest, bid, ask = map(both, _NUMBERS)
    options = [text for side in sides for text in table.texts(side)]
    return Columns(options, volatility, interest, bid, ask, place=table.line)


def _fast(content: bytes, begin: int, headings: list[str], first: int) -> Columns | None:
    """Read a body that is plain ASCII, every row as wide as the headings; None where it is not."""
    if content.find(b"\r", begin) >= 0:
        content, begin = content[begin:].replace(b"\r\n", b"\n"), 0
    end = len(content)
    while end > begin and content[end - 1] == _NEWLINE:
        end -= 1
    if end <= begin or content.find(b'"', begin) >= 0 or content.find(b"\r", begin) >= 0:
        return None
    if not (content.isascii() or content[begin:].isascii()):
        return None
    if end == len(content):
        content += b"\n"
    body = np.frombuffer(content, dtype=np.uint8, offset=begin, count=end + 1 - begin)
    if (fields := _Fields.of(body, len(headings))) is None:
        return None
    try:
        calls, puts = headings.index("Calls"), headings.index("Puts")
        places = [[headings.index(of, s) for s in (calls, puts)] for of in _NUMBERS]
    except ValueError:
        return None
    iv, interest, bid, ask = (fields.numbers(pair) for pair in places)
    if calls == 0 or iv is None or interest is None or bid is None or ask is None:
        return None
    rows = len(fields.end)
    return Columns(
        fields.texts((calls, puts)), iv, interest, bid, ask, place=lambda row: f"line {first + row % rows}"
    )


class _Fields:
    """Where the fields of a table end in its bytes, intp[rows, columns]. After each comes one comma or newline."""

    def __init__(self, content: Bytes, end: Places) -> None:
        self._content, self.end = content, end

    @classmethod
    def of(cls, content: Bytes, width: int) -> _Fields | None:
        """Return them; None where a row has more or fewer than ``width``. The content ends with a newline."""
        found, rows = [], 0
        for start in range(0, len(content), _CHUNK):
            chunk = content[start : start + _CHUNK]
            newline = chunk == _NEWLINE
            rows += int(np.count_nonzero(newline))
            found.append(np.flatnonzero(newline | (chunk == _COMMA)) + start)
        breaks = np.concatenate(found)
        if len(breaks) != rows * width or (content[breaks[width - 1 :: width]] != _NEWLINE).any():
            return None
        return cls(content, breaks.reshape(rows, width))

    def _spans(self, columns: Sequence[int]) -> tuple[Places, Places]:
        """Return start and end of columns, not of the first, one below the other."""
        return (
            np.concatenate([self.end[:, column - 1] for column in columns]) + 1,
            np.concatenate([self.end[:, column] for column in columns]),
        )

    def texts(self, columns: Sequence[int]) -> Texts:
        """Return columns one below the other."""
        return Texts(self._content, *self._spans(columns))

    def numbers(self, columns: Sequence[int]) -> Floats | None:
        """Return columns one below the other; NaN where blank; None where one is no plain decimal."""
        start, end = self._spans(columns)
        length = end - start
        width = int(length.max(initial=1))
        if width > _WIDEST or int(end[0]) < width:
            return None
        short = length.astype(np.int8)
        # From the left, the point as if it were a 0 among the digits.
        whole = np.zeros(len(end))
        scale = np.zeros(len(end))
        points = np.zeros(len(end), dtype=np.uint8)
        at = end - width
        for left in range(width, 0, -1):
            digit = self._content.take(at)
            at += 1
            digit -= _ZERO
            digit *= (short >= left).view(np.uint8)
            point = (digit == _DOT).view(np.uint8)
            digit &= point - _ONE  # all bits but where the point is
            if digit.max() > _NINE:
                return None
            whole *= 10.0
            whole += digit
            if point.any():
                points += point
                scale += point * _TENS[left - 1]
        if points.max() > 1 or (points >= short).any(where=short > 0):
            return None
        # What is left of the point moves one place to the right; of at most 15 digits nothing is lost.
        values: Floats = whole
        if points.any():
            scale += points == 0
            after = whole - np.floor(whole / scale) * scale
            values = np.where(points, (after + (whole - after) / 10.0) / scale, whole)
        values[length == 0] = np.nan
        return values
