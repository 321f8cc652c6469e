"""Rows of plain fields in bytes: where each field ends, and columns of decimals read where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.arrays import Floats
from basketgex_server.sources.readers import swar
from basketgex_server.sources.readers.occ import Texts
from basketgex_server.sources.readers.swar import WORD, Bytes, Places, Words

_CHUNK, _ROWS = (
    1 << 16,
    1 << 10,
)  # with all that is made of so many bytes, or rows, they stay in the second-level cache
_COMMA, _NEWLINE, _POINT = b",\n."
_PLAIN = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)

_ONE, _BITS = np.uint64(1), 8
_BIT = np.full(1 << _BITS, -1)
_BIT[1 << np.arange(_BITS)] = np.arange(_BITS)
"""Which bit is the only one that a byte has, else -1."""
Ends = npt.NDArray[np.int32]

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

        None where a row has more or fewer than ``width`` fields or less than eight bytes, where a field has more than 63, or a
        number is no plain decimal. The content is ASCII without quotes, and ends with a newline.
        """
        codes = np.frombuffer(content, dtype=np.uint8)
        columns, split = [*texts, *numbers], len(texts)
        if (ends := _ends(codes, begin, width, [*(column - 1 for column in columns), *columns])) is None:
            return None
        count = ends.shape[1]
        bounds = np.empty((2, split, count), np.intp)
        np.add(ends[:split], 1, out=bounds[0])
        bounds[1] = ends[len(columns) : len(columns) + split]
        found = np.empty((len(numbers), count))
        for row in range(0, count, _ROWS):
            some = slice(row, row + _ROWS)
            start, end = ends[split : len(columns), some] + np.intp(1), ends[len(columns) + split :, some]
            if not _read_decimals(Texts(codes, start, end.astype(np.intp)), found[:, some]):
                return None
        return cls(Texts(codes, *bounds.reshape(2, -1)), found)


def _ends(codes: Bytes, begin: int, width: int, places: Sequence[int]) -> Ends | None:
    """Return where some fields of rows end, one below the other, i32[places, rows]; None where a row is of another width.

    All rows go from comma to comma at once: the lowest bit that is set among those of 64 bytes, then the next.
    """
    commas, lines = _marks(codes, begin)
    if lines is None or int(np.bitwise_count(commas).sum(dtype=np.intp)) != len(lines) * (width - 1):
        return None
    found = np.empty((len(places), len(lines)), np.int32)
    before = np.concatenate(([begin], lines[:-1] + 1)).astype(np.int32) - np.int32(1)
    left = swar.from_bits(commas, before + (1 - begin))
    through = np.zeros_like(left)
    for field in range(width):
        if field == width - 1:
            if not (before + np.bitwise_count(through) < lines).all():
                return None
        else:
            if not left.min():  # in one of them no comma is left
                before = before + np.bitwise_count(through)
                left = swar.from_bits(commas, before + (1 - begin))
                if not left.min():
                    return None
            below = left - _ONE
            np.bitwise_xor(left, below, out=through)
            left &= below
        for place, wanted in enumerate(places):
            if wanted == field:
                found[place] = lines if field == width - 1 else before + np.bitwise_count(through)
    return found


def _marks(codes: Bytes, begin: int) -> tuple[Words, Places | None]:
    """Return which bytes after ``begin`` are commas, a bit each, and where lines end; None where two do within eight bytes."""
    commas, lines = [], []
    for at in range(begin, len(codes), _CHUNK):
        chunk = codes[at : at + _CHUNK]
        commas.append(np.packbits(chunk == _COMMA, bitorder="little"))
        ended = np.packbits(chunk == _NEWLINE, bitorder="little")
        some = np.flatnonzero(ended != 0)
        bit = _BIT.take(ended.take(some))
        if (bit < 0).any():
            return np.empty(0, np.uint64), None
        some *= _BITS
        some += bit
        some += at
        lines.append(some)
    beyond = WORD - sum(map(len, commas)) % WORD + WORD
    return np.concatenate([*commas, np.zeros(beyond, np.uint8)]).view("<u8"), np.concatenate(lines)


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
    divisor = _DIVISORS.take(after.view(np.int64))
    np.divide(swar.number(values).astype(np.float64), divisor, out=found)
    return not np.isnan(divisor.max())
