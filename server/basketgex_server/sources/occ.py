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
from basketgex_server.sources.market_days import last_session

_SERIES = re.compile(r"([A-Z0-9.]{1,6}?) *(\d\d)(\d\d)(\d\d)([CP])")
_TAIL = 9  # side and strike, in thousandths of a dollar
_FRONT = 16  # bytes that hold root and day, with the blanks of the padded spelling
_ZERO, _CALL, _PUT, _NEWLINE = b"0CP\n"
_NINE = 9
_BLANKS = (b" ", b"\t", b"\r")


class Series(NamedTuple):
    """What contracts that differ only in strike share. ``expiry`` in Unix seconds."""

    root: str
    expiry: float
    is_call: bool


class Texts(NamedTuple):
    """Many short texts in one array of bytes uint8[…], each from its ``start`` to its ``end`` intp[n]."""

    content: npt.NDArray[np.uint8]
    start: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]

    def text(self, row: int) -> str:
        """Return one of them."""
        return self.content[self.start[row] : self.end[row]].tobytes().decode("ascii", "replace")


def texts_of(options: Sequence[str]) -> Texts:
    """Return the texts as one array, blanks around them gone, what is not ASCII as a question mark."""
    joined = "\n".join(options).encode("ascii", "replace")
    if options and not any(map(joined.__contains__, _BLANKS)) and joined.count(b"\n") == len(options) - 1:
        content = np.frombuffer(joined, dtype=np.uint8)
        ends = np.append(np.flatnonzero(content == _NEWLINE), len(content))
        return Texts(content, np.append(0, ends[:-1] + 1), ends)
    encoded = [option.strip().encode("ascii", "replace") for option in options]
    lengths = np.fromiter(map(len, encoded), dtype=np.intp, count=len(encoded))
    end = np.cumsum(lengths)
    return Texts(np.frombuffer(b"".join(encoded), dtype=np.uint8), end - lengths, end)


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
    rows = np.flatnonzero(readable & (found >= 0))
    return Chain(
        symbol=symbol,
        spot=spot,
        as_of=as_of,
        strike=strike[rows],
        is_call=side[rows] == _CALL,
        expiry=np.array([s.expiry for s in own], dtype=np.float64)[found[rows]],
        volatility=volatility[rows],
        open_interest=open_interest[rows],
        other_root=len(found) - len(rows) + adjusted,
        bid=None if bid is None else bid[rows],
        ask=None if ask is None else ask[rows],
    )


_UNREADABLE, _FOREIGN = -2, -1


def _tails(texts: Texts) -> tuple[npt.NDArray[np.uint8], Floats, npt.NDArray[np.bool_]]:
    """Return side letters uint8[n], strikes f64[n] in USD, and whether they are that."""
    padded = np.concatenate((np.zeros(_TAIL, np.uint8), texts.content))
    side = padded.take(texts.end)
    strike = np.zeros(len(side))
    whole = ((side == _CALL) | (side == _PUT)) & (texts.end - texts.start > _TAIL)
    for after in range(1, _TAIL):
        digit = padded.take(texts.end + after)
        digit -= np.uint8(_ZERO)
        whole &= digit <= _NINE
        strike *= 10.0
        strike += digit
    return side, strike / 1000.0, whole


def _places(texts: Texts, symbol: str) -> tuple[npt.NDArray[np.intp], list[Series]]:
    """Return which series each symbol is of, intp[n], and the series of the symbol's own; the others are negative.

    Rows come in runs of one root and day, so only where a run begins is text looked at.
    """
    length = texts.end - _TAIL - texts.start
    padded = np.concatenate((texts.content, np.zeros(_FRONT, np.uint8)))
    fronts = np.lib.stride_tricks.sliding_window_view(padded, _FRONT)[texts.start]
    fronts[np.arange(_FRONT) >= np.where(length > _FRONT, 0, length)[:, None]] = 0
    first, second = fronts.view(np.uint64).T
    new = np.ones(len(length), dtype=np.bool_)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    starts = np.flatnonzero(new)
    runs_of = list(zip(first[starts].tolist(), second[starts].tolist(), strict=True))

    own: list[Series] = []
    known: dict[tuple[int, int], int] = {}
    for front in dict.fromkeys(runs_of):
        text = np.array(front, dtype=np.uint64).tobytes().rstrip(b"\0").decode("ascii", "replace")
        if (found := series(text + "C")) is None:
            known[front] = _UNREADABLE
        elif belongs(found.root, symbol):
            known[front] = len(own)
            own.append(found)
        else:
            known[front] = _FOREIGN
    places = list(map(known.__getitem__, runs_of))
    runs = np.diff(np.append(starts, len(new)))
    return np.repeat(np.array(places, dtype=np.intp), runs), own
