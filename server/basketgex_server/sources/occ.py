"""OCC option symbols, and a chain from columns of them. The symbol is the authority on root, expiry, side and strike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.exposure.chain import Chain, belongs, expiry_instant

_SERIES = re.compile(r"([A-Z0-9.]{1,6}?) *(\d\d)(\d\d)(\d\d)([CP])")
_STRIKE_DIGITS = 8  # thousandths of a dollar


class Series(NamedTuple):
    """What contracts that differ only in strike share. ``expiry`` in Unix seconds."""

    root: str
    expiry: float
    is_call: bool


def series(text: str) -> Series | None:
    """Return the part of an OCC symbol before its strike; None where it is none.

    >>> series("SPXW221216C").root, series("SPX221399C")
    ('SPXW', None)
    """
    if (found := _SERIES.fullmatch(text)) is None:
        return None
    root, year, month, day, side = found.groups()
    try:
        expiry = expiry_instant(date(2000 + int(year), int(month), int(day)), root)
    except ValueError:
        return None
    return Series(root, expiry, side == "C")


def chain_of(
    symbol: str, spot: float, as_of: float, options: Sequence[str], volatility: Floats, open_interest: Floats
) -> Chain:
    """Return the chain of a symbol from OCC symbols and the columns f64[n] beside them.

    A contract of an adjusted or foreign root, and one whose symbol cannot be read, is kept out and counted.
    """
    texts = [option.strip() for option in options]
    fronts = [text[:-_STRIKE_DIGITS] for text in texts]

    own: list[Series] = []
    place: dict[str, int] = {}  # of a front in own; a chain has a few dozen fronts and thousands of contracts
    for front in set(fronts):
        found = series(front)
        place[front] = len(own) if found and belongs(found.root, symbol) else -1
        if place[front] >= 0 and found:
            own.append(found)
    kept = [row for row, front in enumerate(fronts) if place[front] >= 0]
    if not _whole("".join(texts[row][-_STRIKE_DIGITS:] for row in kept)):
        kept = [row for row in kept if _whole(texts[row][-_STRIKE_DIGITS:])]
    places = np.array([place[fronts[row]] for row in kept], dtype=np.intp)
    rows = np.array(kept, dtype=np.intp)
    return Chain(
        symbol=symbol,
        spot=spot,
        as_of=as_of,
        strike=np.array([int(texts[row][-_STRIKE_DIGITS:]) for row in kept], dtype=np.float64) / 1000.0,
        is_call=np.array([s.is_call for s in own], dtype=np.bool_)[places],
        expiry=np.array([s.expiry for s in own], dtype=np.float64)[places],
        volatility=volatility[rows],
        open_interest=open_interest[rows],
        other_root=len(options) - len(kept),
    )


def _whole(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal()
