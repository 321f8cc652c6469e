"""Rows of plain fields in bytes: where each field ends, and columns of decimals read where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.sources.readers import swar
from basketgex_server.sources.readers.occ import Texts
from basketgex_server.sources.readers.swar import WORD, Bytes, Places, Words

_CHUNK = 1 << 17  # with all that is made of it, it stays in the second-level cache
_COMMA, _NEWLINE, _POINT = b",\n."
_PLAIN = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)

_NO_DIGIT = swar.each(0x10)
"""A bit that a point has among ``swar.digits``, and no digit."""
_POINT_READ, _NINE = np.uint64(_POINT ^ ord("0")), np.uint64(9)
_TO_LOWEST, _BYTE, _TO_HIGHEST = np.uint64(4), np.uint64(8), np.uint64(56)
_AFTER = np.uint64(0x80_40_20_10_08_04_02_01)
"""Times the lowest bit of a byte: of the highest byte one bit is set, the first if no byte comes after that one, and so on."""
_DIVISORS = np.full(1 << WORD, np.nan)
_DIVISORS[0] = 1.0
_DIVISORS[1 << np.arange(WORD)] = 10.0 ** np.arange(1, WORD + 1)
"""What to divide by, by that byte: ten times more than the digits after the point say, NaN where there are two points."""


class PlainRows(NamedTuple):
    """Columns of a table in bytes: ``texts`` one below the other, ``numbers`` f64[columns, rows], NaN where blank."""

    texts: Texts
    numbers: Floats

    @classmethod
    def of(
        cls, content: bytes, begin: int, width: int, texts: Sequence[int], numbers: Sequence[int]
    ) -> PlainRows | None:
        """Read columns, not the first, of what follows ``begin``.

        None where a row has more or fewer than ``width`` fields, or a number is no plain decimal. The content is ASCII without
        quotes, and ends with a newline.
        """
        codes = np.frombuffer(content, dtype=np.uint8)
        columns, split = np.array([*texts, *numbers]), len(texts)
        count = _rows(codes[begin:])
        bounds = np.empty((2, split, count), np.intp)
        found = np.empty((len(numbers), count))
        row = 0
        while begin < len(content):
            after = content.rfind(b"\n", begin, begin + _CHUNK) + 1
            if (breaks := _breaks(codes[begin:after], width)) is None:
                return None
            breaks += begin
            some = slice(row, row + breaks.shape[1])
            start, end = breaks[columns - 1], breaks[columns]
            start += 1
            bounds[0, :, some], bounds[1, :, some] = start[:split], end[:split]
            if not _read_decimals(Texts(codes, start[split:], end[split:]), found[:, some]):
                return None
            row, begin = some.stop, after
        return cls(Texts(codes, *bounds.reshape(2, -1)), found)


def _rows(codes: Bytes) -> int:
    """Return how many lines there are: bytes.count takes as long as half of all else."""
    pieces = range(0, len(codes), _CHUNK)
    return sum(int(np.count_nonzero(codes[at : at + _CHUNK] == _NEWLINE)) for at in pieces)


def _breaks(chunk: Bytes, width: int) -> Places | None:
    """Return where the fields of rows end, intp[width, rows]; None where a row is of another width."""
    newline = chunk == _NEWLINE
    either = chunk == _COMMA
    either |= newline
    breaks = np.flatnonzero(either)
    rows, over = divmod(len(breaks), width)
    if not rows or over or np.count_nonzero(newline) != rows:
        return None
    of_fields = breaks.reshape(rows, width).T
    return of_fields if newline[of_fields[-1]].all() else None


def _read_decimals(texts: Texts, found: Floats) -> bool:
    """Write the numbers that texts are, in their shape, NaN where blank; False where one is no plain decimal."""
    length = texts.end - texts.start
    if not length.size:
        return True
    if not _read_short(swar.words(texts.content, texts.end), length, found):
        return False
    if length.min() == 0:
        found[length == 0] = np.nan
    if length.max() > WORD:
        for place in zip(*np.nonzero(length > WORD), strict=True):
            text = texts.text(place)
            if not _PLAIN.fullmatch(text):
                return False
            found[place] = float(text)
    return True


def _read_short(text: Words, length: Places, found: Floats) -> bool:
    """Write the numbers that words are, of which ``length`` bytes count; False where one is no plain decimal."""
    values = swar.last(swar.digits(text), length)
    point = values & _NO_DIGIT
    somewhere = np.bitwise_or.reduce(point, axis=None)
    point >>= _TO_LOWEST
    values ^= point * _POINT_READ
    none_left = point * _NINE  # of a point not even a digit may be left
    none_left += values
    if not swar.all_digits(none_left):
        return False
    if somewhere >> _TO_HIGHEST and ((length == 1) & (point >> _TO_HIGHEST != 0)).any():
        return False
    after = point * _AFTER
    after >>= _TO_HIGHEST
    # What is right of the point moves over it: ten times the digits.
    right = np.negative(point, out=point)
    right &= values
    values ^= right
    right >>= _BYTE
    values |= right
    found[...] = swar.number(values)
    found /= _DIVISORS.take(after.view(np.int64))
    return not np.isnan(found.max())
