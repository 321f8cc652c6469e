"""SWAR (SIMD within a register): eight bytes of text as one number, many at once; digits are added up eight in one step.

A word is uint64, its lowest byte the first character. All texts are ASCII: a byte below 128 leaves room for a carry, by which
every byte of a word is compared at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.arrays import Flags, Floats

WORD = 8
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]


def each(byte: int) -> np.uint64:
    """Return the word whose eight bytes are all one byte."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_TOP = each(0x80)
_BELOW_TOP = each(0x7F)
_ZEROS = each(ord("0"))
_BEYOND_NINE = each(0x80 - 10)
_PAIRS = (np.uint64(0x00FF_00FF_00FF_00FF), np.uint64(10 << 8 | 1), np.uint64(8))
_FOURS = (np.uint64(0x0000_FFFF_0000_FFFF), np.uint64(100 << 16 | 1), np.uint64(16))
_EIGHTS = (np.uint64(0xFFFF_FFFF_FFFF_FFFF), np.uint64(10_000 << 32 | 1), np.uint64(32))


def words(content: Bytes, end: Places) -> Words:
    """Return the eight bytes before each place, which must be there: no place is before the eighth."""
    at_every_byte = np.ndarray((len(content) - WORD + 1,), "<u8", content, strides=(1,))
    found: Words = at_every_byte[end - WORD]
    return found


def last(text: Words, length: Places) -> Words:
    """Return words of which only so many of the last bytes, 0 to 8, are kept; the others become 0."""
    shift = (WORD * (WORD - length)).astype(np.uint64)
    return text >> shift << shift  # of 64 bits none is left


def digits(text: Words) -> Words:
    """Return words whose bytes are no longer codes but what the digits say; what is no digit is above 9."""
    return text ^ _ZEROS


def equal(text: Words, byte: int) -> Words:
    """Return words that have 0x80 where a byte is the given one, and 0 elsewhere."""
    return (((text ^ each(byte)) + _BELOW_TOP) & _TOP) ^ _TOP


def all_digits(values: Words) -> Flags:
    """Return whether each byte of ``digits`` is 9 or less, bool[n]."""
    result: Flags = ((values + _BEYOND_NINE) & _TOP) == 0
    return result


def number(values: Words) -> Floats:
    """Return the whole numbers f64[n] that eight ``digits`` each are."""
    for mask, step, shift in (_PAIRS, _FOURS, _EIGHTS):
        values = (values * step >> shift) & mask
    return values.astype(np.float64)
