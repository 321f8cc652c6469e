"""SWAR (SIMD within a register): eight bytes of text as one number, many at once; digits are added up eight in one step.

A word is uint64, its lowest byte the first character. All texts are ASCII: a byte below 128 leaves room for a carry, by which
every byte of a word is compared at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.arrays import Flags

WORD = 8
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]


def each(byte: int) -> np.uint64:
    """Return the word whose eight bytes are all one byte."""
    return np.uint64(byte * 0x0101_0101_0101_0101)


_TOP = each(0x80)
_ZEROS = each(ord("0"))
_BEYOND_NINE = each(0x80 - 10)
_LAST = np.array([0, *((1 << 64) - (1 << WORD * (WORD - count)) for count in range(1, WORD + 1))], np.uint64)
"""Which bits are the last bytes of a word, by their count."""
_TO_WORD, _IN_WORD, _WORD_BITS = 6, 63, np.uint64(64)
_LANES: list[tuple[Any, Any, Any]] = [
    (lane, lane(step), lane(shift))
    for lane, step, shift in (
        (np.uint16, 10 << 8 | 1, 8),
        (np.uint32, 100 << 16 | 1, 16),
        (np.uint64, 10_000 << 32 | 1, 32),
    )
]
"""Two digits, numbers of two digits, of four: made one in a lane of their own, which loses what is carried out of it."""


def words(content: Bytes, end: Places, count: int = 1) -> Words:
    """Return the eight bytes before each place, which must be there, in its shape; so many words uint64[…, count] if asked."""
    size = WORD * count
    # Bytes without a type: numpy copies them from where they stand, at once for all words.
    at_every_byte = np.ndarray((len(content) - size + 1,), f"V{size}", content, strides=(1,))
    found: Words = at_every_byte[end - size].view("<u8")
    return found if count == 1 else found.reshape(*end.shape, count)


def from_bits(of: Words, bit: npt.NDArray[np.signedinteger[Any]]) -> Words:
    """Return the 64 bits from each bit on; ``of`` has a word more than the last of them is in."""
    at, shift = bit >> _TO_WORD, (bit & _IN_WORD).astype(np.uint64)
    found: Words = of.take(at) >> shift
    found |= of.take(at + 1) << (_WORD_BITS - shift)  # of 64 bits none is left
    return found


def last(text: Words, length: Places) -> Words:
    """Return words of which only so many of the last bytes are kept, all where it is 8 or more; the others become 0."""
    return text & _LAST.take(length, mode="clip")


def digits(text: Words) -> Words:
    """Return words whose bytes are no longer codes but what the digits say; what is no digit is above 9."""
    return text ^ _ZEROS


def all_digits(values: Words) -> bool:
    """Return whether each byte of all ``digits`` is 9 or less."""
    return not np.bitwise_or.reduce(values + _BEYOND_NINE, axis=None) & _TOP


def are_digits(values: Words) -> Flags:
    """Return whether each byte of ``digits`` is 9 or less, bool[n]."""
    result: Flags = ((values + _BEYOND_NINE) & _TOP) == 0
    return result


def number(values: Words) -> npt.NDArray[np.int64]:
    """Return the whole numbers that eight ``digits`` each are."""
    for lane, step, shift in _LANES:
        values = values.view(lane) * step
        values >>= shift
    return values.view(np.int64)
