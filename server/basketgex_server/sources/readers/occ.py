"""OCC option symbols, and a chain from columns of them. The symbol is the authority on root, expiry, side and strike."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.chain import Chain, belongs, expiry_instant
from basketgex_server.market_hours import last_session
from basketgex_server.sources.readers import swar
from basketgex_server.sources.readers.swar import WORD, Bytes, Places, Words

_SERIES = re.compile(r"([A-Z0-9.]{1,6}?) *(\d\d)(\d\d)(\d\d)([CP])")
_TAIL = 9  # side and strike, in thousandths of a dollar
_FRONT = 2 * WORD  # bytes that hold root and day, with the blanks of the padded spelling
LEAD = _FRONT + _TAIL
_WORDS = 3
"""Words that hold all of it but the first byte: in the second the side is the last."""
_TO_SIDE, _BYTE = np.uint64(56), np.uint64(8)
_CALL, _PUT, _NEWLINE = b"CP\n"
_BLANKS = (b" ", b"\t", b"\r")
_SLOT_BITS = 14
_MIX, _TO_SLOT = np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(64 - _SLOT_BITS)


class Series(NamedTuple):
    """What contracts that differ only in strike share: ``day`` as the symbol says it, ``expiry`` in Unix seconds."""

    root: str
    day: date
    expiry: float
    is_call: bool


class Texts(NamedTuple):
    """Many short texts in one array of bytes uint8[…], each from its ``start`` to its ``end``, intp[n] or of another shape.

    ASCII without NUL, and none ends before the byte LEAD: whole words can be read back from there.
    """

    content: Bytes
    start: Places
    end: Places

    def text(self, row: int | tuple[int, ...]) -> str:
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


@lru_cache(maxsize=4096)
def series(text: str) -> Series | None:
    """Return the part of an OCC symbol before its strike; None where the text is no OCC symbol.

    >>> series("SPXW221216C").root, series("SPX221399C")
    ('SPXW', None)
    """
    if (found := _SERIES.fullmatch(text)) is None:
        return None
    root, year, month, day, side = found.groups()
    try:
        dated = date(2000 + int(year), int(month), int(day))
    except ValueError:
        return None
    session, close = last_session(dated)
    return Series(root, dated, expiry_instant(session, root, close), side == "C")


def days_of(options: Sequence[str] | Texts, symbol: str) -> set[date]:
    """Return the days on which contracts of a symbol expire: as their symbols say, and the sessions that they end with."""
    texts = options if isinstance(options, Texts) else texts_of(options)
    _, own = _places(texts, swar.words(texts.content, texts.end, _WORDS), symbol)
    return {day for s in own for day in (s.day, last_session(s.day)[0])}


def only_side(options: Sequence[str] | Texts) -> str:
    """Return "calls only" or "puts only" where that is all that there is; else an empty text."""
    texts = options if isinstance(options, Texts) else texts_of(options)
    sides = set(texts.content.take(texts.end - _TAIL).tolist())
    return "calls only" if sides == {_CALL} else "puts only" if sides == {_PUT} else ""


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
    made_at: float = 0.0,
    volume: Floats | None = None,
    adjusted: int = 0,
    unreadable: Callable[[int, str], object] | None = None,
    differs: Callable[[int, int, str], object] | None = None,
) -> Chain:
    """Return the chain of a symbol from OCC symbols and the columns f64[n] beside them.

    A contract of an adjusted or foreign root is kept out and counted, with those ``adjusted`` that were left out before. So is
    one whose symbol cannot be read, unless ``unreadable`` refuses it: called with the first such row and its text.

    A contract counts once: a row that says again what an earlier one said is left out and counted. One that says something else
    is too, unless ``differs`` refuses it: called with both rows and the text. Of volumes that differ the first counts.
    """
    texts = options if isinstance(options, Texts) else texts_of(options)
    words = swar.words(texts.content, texts.end, _WORDS)
    is_call, thousandths, whole = _tails(texts, words)
    found, own = _places(texts, words, symbol)
    del words
    readable = (found != _UNREADABLE) & whole
    if unreadable and not readable.all():
        row = int(np.flatnonzero(~readable)[0])
        unreadable(row, texts.text(row))
    mine = readable & (found >= 0)
    everything = bool(mine.all())
    of_series = found + np.where(is_call, 0, len(own))
    key = of_series.astype(np.float64)
    key *= _STRIKES
    key += thousandths
    again = _again(key if everything else key[mine])
    kept = np.arange(len(found)) if everything else np.flatnonzero(mine)
    if len(again):
        columns = [c for c in (volatility, open_interest, bid, ask) if c is not None]
        if differs and (clash := _clash(kept[again], columns)):
            differs(*clash, texts.text(clash[1]))
        kept = np.delete(kept, again[:, 1])
    rows = kept if len(kept) < len(found) else slice(None)
    return Chain(
        symbol=symbol,
        spot=spot,
        as_of=as_of,
        strike=thousandths[rows] / 1000.0,
        is_call=is_call[rows],
        expiry=np.array([s.expiry for s in own], dtype=np.float64)[found[rows]],
        volatility=volatility[rows],
        open_interest=open_interest[rows],
        other_root=len(found) - int(mine.sum()) + adjusted,
        bid=None if bid is None else bid[rows],
        ask=None if ask is None else ask[rows],
        volume=None if volume is None else volume[rows],
        made_at=made_at,
        repeated=len(again),
        gaps=_gaps(of_series[rows], [s.expiry > max(as_of, made_at) for s in own]),
    )


_UNREADABLE, _FOREIGN = -2, -1
_STRIKES = 1e8
"""More than the thousandths of any strike."""
Pairs = npt.NDArray[np.intp]


def _again(key: Floats) -> Pairs:
    """Return the rows whose key an earlier one has, after the first that has it: intp[k, 2]."""
    if _ascends(key) or _ascends(np.sort(key)):  # nearly always one or the other, and a sort is soon done
        return np.empty((0, 2), np.intp)
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    rows = np.arange(len(key))
    pairs: Pairs = np.column_stack((first[which], rows))[first[which] != rows]
    return pairs


def _ascends(key: Floats) -> bool:
    return bool((key[1:] > key[:-1]).all())


def _gaps(of_series: Places, live: Sequence[bool]) -> str:
    """Return what a person should know where series have one side only; a row's is its series', and so many more for a put."""
    counts = np.bincount(of_series, minlength=2 * len(live)).reshape(2, -1)
    calls, puts = (counts > 0)[:, np.array(live, np.bool_)]
    if not (lone := int((puts != calls).sum())):
        return ""
    if puts.any() and calls.any():
        return f"one side only in {lone} of {len(calls)} expiries"
    return "calls only" if calls.any() else "puts only"


def _clash(pairs: Pairs, columns: Sequence[Floats]) -> tuple[int, int] | None:
    """Return the first pair of rows that do not say the same; two absent numbers are the same."""
    one, other = pairs.T
    same = np.ones(len(pairs), np.bool_)
    for column in columns:
        same &= (column[one] == column[other]) | (np.isnan(column[one]) & np.isnan(column[other]))
    found = pairs[~same]
    return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def _tails(texts: Texts, words: Words) -> tuple[Flags, Floats, Flags]:
    """Return which texts are calls, their strikes f64[n] in thousandths of a dollar, and which end in a side and a strike."""
    side, strike = words[:, 1] >> _TO_SIDE, swar.digits(words[:, 2])
    is_call = side == _CALL
    whole = (is_call | (side == _PUT)) & (texts.end - texts.start > _TAIL)
    if not swar.all_digits(strike):
        whole &= swar.are_digits(strike)
    return is_call, swar.number(strike).astype(np.float64), whole


def _places(texts: Texts, words: Words, symbol: str) -> tuple[Places, list[Series]]:
    """Return which series each symbol is of, intp[n], and the series of the symbol's own; the others are negative.

    What stands before the side is looked at as text once for all that share it: two words a row, of which runs of equal ones
    count once, and equal runs are found by the slot of a table that they fall into. Those that fall into one and are not equal
    go round again.
    """
    length = texts.end - texts.start - _TAIL
    length[length > _FRONT] = 0
    late = swar.last(words[:, 1] << _BYTE, length)
    early = swar.last(words[:, 0], length - (WORD - 1))
    if len(full := np.flatnonzero(length == _FRONT)):  # the first of them stands where the side was
        late[full] |= texts.content[texts.end[full] - LEAD]

    differs = (late[1:] != late[:-1]) | (early[1:] != early[:-1])
    begins = np.flatnonzero(np.concatenate(([True], differs)))[: len(length)]
    late, early = late[begins], early[begins]

    own: dict[tuple[str, date], int] = {}
    found: list[Series] = []
    places = np.empty(len(begins), dtype=np.intp)
    slots = np.empty(1 << _SLOT_BITS, dtype=np.intp)
    runs = np.arange(len(begins))
    while len(runs):
        slot = ((late[runs] ^ early[runs] * _MIX) * _MIX >> _TO_SLOT).astype(np.intp)
        slots[slot] = runs
        chosen = slots[slot]
        fresh = runs[chosen == runs]
        begin = texts.start[begins[fresh]]
        fronts = Texts(texts.content, begin, begin + np.maximum(length[begins[fresh]], 0))
        for place, run in enumerate(fresh.tolist()):
            places[run] = _place(fronts.text(place), symbol, own, found)
        places[runs] = places[chosen]
        runs = runs[(late[chosen] != late[runs]) | (early[chosen] != early[runs])]
    return np.repeat(places, np.diff(begins, append=len(length))), found


def _place(front: str, symbol: str, own: dict[tuple[str, date], int], known: list[Series]) -> int:
    """Return which series a root and a day are, added to the symbol's own if it is one of them; padded or not is the same."""
    if (found := series(front + "C")) is None:
        return _UNREADABLE
    if not belongs(found.root, symbol):
        return _FOREIGN
    if (place := own.setdefault((found.root, found.day), len(known))) == len(known):
        known.append(found)
    return place
