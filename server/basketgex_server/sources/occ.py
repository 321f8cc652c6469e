"""OCC option symbols, and a chain from columns of them. The symbol is the authority on root, expiry, side and strike."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.exposure.chain import Chain, belongs, expiry_instant
from basketgex_server.sources import words
from basketgex_server.sources.market_days import last_session
from basketgex_server.sources.words import WORD, Bytes, Places

_SERIES = re.compile(r"([A-Z0-9.]{1,6}?) *(\d\d)(\d\d)(\d\d)([CP])")
_TAIL = 9  # side and strike, in thousandths of a dollar
_FRONT = 2 * WORD  # bytes that hold root and day, with the blanks of the padded spelling
LEAD = _FRONT + _TAIL
_CALL, _PUT, _NEWLINE = b"CP\n"
_BLANKS = (b" ", b"\t", b"\r")
_SLOT_BITS = 16
_MIX, _TO_SLOT = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(64 - _SLOT_BITS)


class Series(NamedTuple):
    """What contracts that differ only in strike share. ``expiry`` in Unix seconds."""

    root: str
    expiry: float
    is_call: bool


class Texts(NamedTuple):
    """Many short texts in one array of bytes uint8[…], each from its ``start`` to its ``end`` intp[n].

    ASCII without NUL, and none ends before the byte LEAD: whole words can be read back from there.
    """

    content: Bytes
    start: Places
    end: Places

    def text(self, row: int) -> str:
        """Return one of them."""
        return self.content[self.start[row] : self.end[row]].tobytes().decode("ascii", "replace")


def texts_of(options: Sequence[str]) -> Texts:
    """Return the texts as one array, blanks around them gone, what is not ASCII as a question mark."""
    joined = ("\n" * LEAD + "\n".join(options)).encode("ascii", "replace").replace(b"\0", b"?")
    if options and not any(map(joined.__contains__, _BLANKS)):
        content = np.frombuffer(joined, dtype=np.uint8)
        ends = np.append(np.flatnonzero(content == _NEWLINE)[LEAD:], len(content))
        if len(ends) == len(options):
            return Texts(content, np.append(LEAD, ends[:-1] + 1), ends)
    encoded = [option.strip().encode("ascii", "replace").replace(b"\0", b"?") for option in options]
    lengths = np.fromiter(map(len, encoded), dtype=np.intp, count=len(encoded))
    end = LEAD + np.cumsum(lengths)
    return Texts(np.frombuffer(bytes(LEAD) + b"".join(encoded), dtype=np.uint8), end - lengths, end)


def series(text: str) -> Series | None:
    """Return the part of an OCC symbol before its strike; None where it is none.

    >>> series("SPXW221216C").root, series("SPX221399C")
    ('SPXW', None)
    """
    if (found := _SERIES.fullmatch(text)) is None:
        return None
    root, year, month, day, side = found.groups()
    try:
        session, close = last_session(date(2000 + int(year), int(month), int(day)))
    except ValueError:
        return None
    return Series(root, expiry_instant(session, root, close), side == "C")


def chain_of(
    symbol: str,
    spot: float,
    as_of: float,
    options: Sequence[str] | Texts,
    volatility: Floats,
    open_interest: Floats,
    bid: Floats | None = None,
    ask: Floats | None = None,
    *,
    adjusted: int = 0,
    unreadable: Callable[[int, str], object] | None = None,
) -> Chain:
    """Return the chain of a symbol from OCC symbols and the columns f64[n] beside them.

    A contract of an adjusted or foreign root is kept out and counted, with those ``adjusted`` that were left out before. So is
    one whose symbol cannot be read, unless ``unreadable`` refuses it: called with the first such row and its text.
    """
    texts = options if isinstance(options, Texts) else texts_of(options)
    side, strike, whole = _tails(texts)
    found, own = _places(texts, symbol)
    readable = (found != _UNREADABLE) & whole
    if unreadable and not readable.all():
        row = int(np.flatnonzero(~readable)[0])
        unreadable(row, texts.text(row))
    mine = readable & (found >= 0)
    rows = slice(None) if mine.all() else np.flatnonzero(mine)
    return Chain(
        symbol=symbol,
        spot=spot,
        as_of=as_of,
        strike=strike[rows],
        is_call=side[rows] == _CALL,
        expiry=np.array([s.expiry for s in own], dtype=np.float64)[found[rows]],
        volatility=volatility[rows],
        open_interest=open_interest[rows],
        other_root=len(found) - int(mine.sum()) + adjusted,
        bid=None if bid is None else bid[rows],
        ask=None if ask is None else ask[rows],
    )


_UNREADABLE, _FOREIGN = -2, -1


def _tails(texts: Texts) -> tuple[Bytes, Floats, npt.NDArray[np.bool_]]:
    """Return side letters uint8[n], strikes f64[n] in USD, and whether they are that."""
    side = texts.content.take(texts.end - _TAIL)
    strike = words.digits(words.words(texts.content, texts.end))
    whole = ((side == _CALL) | (side == _PUT)) & (texts.end - texts.start > _TAIL)
    whole &= words.all_digits(strike)
    return side, words.number(strike) / 1000.0, whole


def _places(texts: Texts, symbol: str) -> tuple[Places, list[Series]]:
    """Return which series each symbol is of, intp[n], and the series of the symbol's own; the others are negative.

    What stands before the side is looked at as text once for all that share it: two words a row, and equal ones found by
    the slot of a table that they fall into. Rows that fall into one and are not equal go round again.
    """
    end, length = texts.end - _TAIL, texts.end - texts.start - _TAIL
    length[length > _FRONT] = 0
    late = words.last(words.words(texts.content, end), np.clip(length, 0, WORD))
    early = words.last(words.words(texts.content, end - WORD), np.maximum(length - WORD, 0))

    own: list[Series] = []
    places = np.empty(len(length), dtype=np.intp)
    slots = np.empty(1 << _SLOT_BITS, dtype=np.intp)
    rows = np.arange(len(length))
    while len(rows):
        slot = ((late[rows] ^ early[rows] * _MIX) * _MIX >> _TO_SLOT).astype(np.intp)
        slots[slot] = rows
        chosen = slots[slot]
        for row in rows[chosen == rows].tolist():
            front = texts.text(row)[:-_TAIL] if length[row] > 0 else ""
            places[row] = _place(front, symbol, own)
        places[rows] = places[chosen]
        rows = rows[(late[chosen] != late[rows]) | (early[chosen] != early[rows])]
    return places, own


def _place(front: str, symbol: str, own: list[Series]) -> int:
    """Return which series a root and a day are, added to the symbol's own if it is one of them."""
    if (found := series(front + "C")) is None:
        return _UNREADABLE
    if not belongs(found.root, symbol):
        return _FOREIGN
    own.append(found)
    return len(own) - 1
