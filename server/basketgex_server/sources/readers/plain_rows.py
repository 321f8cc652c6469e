"""Rows of plain fields in bytes: where each field ends, and columns of decimals read where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from basketgex_server.exposure.arrays import Floats
from basketgex_server.sources.readers import swar
from basketgex_server.sources.readers.occ import Texts
from basketgex_server.sources.readers.swar import WORD, Bytes, Places, Words

_CHUNK = 1 << 16  # what is looked at stays in the second-level cache
_TOGETHER = 20_000  # words, likewise
_COMMA, _NEWLINE, _POINT = b",\n."
_PLAIN = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_TENS = 10.0 ** np.arange(WORD)

_POINT_READ = _POINT ^ ord("0")
"""What a point is among ``swar.digits``."""
_TO_LOWEST, _BYTE, _ONE = np.uint64(7), np.uint64(8), np.uint64(1)
_AFTER, _TO_INDEX = np.uint64(0x07_06_05_04_03_02_01_00), np.uint64(56)
"""Times the lowest bit of one of its bytes: the highest byte says how many bytes come after that one."""


class PlainRows:
    """Chosen columns of a table in bytes, by where their fields and the ones before them end, intp[rows] a column."""

    def __init__(self, content: Bytes, ends: dict[int, Places]) -> None:
        self._content, self._ends = content, ends

    def __len__(self) -> int:
        return len(next(iter(self._ends.values())))

    @classmethod
    def of(cls, content: bytes, begin: int, width: int, columns: Iterable[int]) -> PlainRows | None:
        """Find columns, not the first, in what follows ``begin``; None where a row has more or fewer than ``width`` fields.

        The content is ASCII without quotes, and ends with a newline.
        """
        codes = np.frombuffer(content, dtype=np.uint8)
        count = int(np.count_nonzero(codes[begin:] == _NEWLINE))  # bytes.count takes as long as all the rest
        ends = {place: np.empty(count, np.intp) for column in set(columns) for place in (column - 1, column)}
        row = 0
        while begin < len(content):
            after = content.rfind(b"\n", begin, begin + _CHUNK) + 1
            chunk = codes[begin:after]
            newline = chunk == _NEWLINE
            rows = int(np.count_nonzero(newline))
            breaks = np.flatnonzero(newline | (chunk == _COMMA))
            if not rows or len(breaks) != rows * width or not newline[breaks[width - 1 :: width]].all():
                return None
            breaks += begin
            for place, its in ends.items():
                its[row : row + rows] = breaks[place::width]
            row += rows
            begin = after
        return cls(codes, ends)

    def texts(self, columns: Sequence[int]) -> Texts:
        """Return columns one below the other."""
        return Texts(
            self._content,
            np.concatenate([self._ends[column - 1] for column in columns]) + 1,
            np.concatenate([self._ends[column] for column in columns]),
        )

    def numbers(self, columns: Sequence[int]) -> Floats | None:
        """Return columns one below the other; NaN where blank; None where one is no plain decimal."""
        found = np.empty((len(columns), len(self)))
        together = max(_TOGETHER // len(self), 1)
        for first in range(0, len(columns), together):
            some = slice(first, first + together)
            if (numbers := _decimals(self.texts(columns[some]))) is None:
                return None
            found[some] = numbers.reshape(-1, len(self))
        return found.ravel()


def _decimals(texts: Texts) -> Floats | None:
    """Return the numbers that texts are; NaN where blank; None where one is no plain decimal."""
    length = texts.end - texts.start
    found = _short(swar.words(texts.content, texts.end), length)
    if found is None:
        return None
    found[length == 0] = np.nan
    for row in np.flatnonzero(length > WORD).tolist():
        text = texts.text(row)
        if not _PLAIN.fullmatch(text):
            return None
        found[row] = float(text)
    return found


def _short(text: Words, length: Places) -> Floats | None:
    """Return the numbers that words are, of which ``length`` bytes count; None where one is no plain decimal."""
    values = swar.last(swar.digits(text), np.minimum(length, WORD))
    point = swar.equal(values, _POINT_READ)
    there = point != 0
    if not there.any():
        return swar.number(values) if swar.all_digits(values).all() else None
    lowest = point >> _TO_LOWEST
    values ^= lowest * np.uint64(_POINT_READ)
    if not swar.all_digits(values).all() or (point & (point - _ONE)).any() or (there & (length == 1)).any():
        return None
    # What is left of the point moves one place to the right; of eight digits nothing is lost.
    left = values & (lowest - there)
    values ^= left
    values |= left << _BYTE
    found = swar.number(values)
    found /= _TENS.take((lowest * _AFTER >> _TO_INDEX).astype(np.intp))
    return found
