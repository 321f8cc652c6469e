"""What every reader returns, and how numbers and moments in text are understood."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from basketgex_server.errors import BadChain
from basketgex_server.exposure.arrays import Floats
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.occ import Texts

STANDARD = 100.0
"""Units that a contract delivers if nothing happened to the underlying."""
_DAY = 86_400.0
"""Seconds between replies of one moment, at most: a quiet expiry's latest quote may be some hours old."""
_LATEST = 1e11
"""A Unix time above this is in milliseconds or finer."""
PLACEHOLDER = 1.5e-5
"""Yahoo writes 0.00001 where it has no volatility: nothing up to this is one."""
_LOWEST, _ROUNDED = 1e-5, 1e-7
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file says. ``options`` are OCC symbols, the columns f64[n] beside them are NaN where blank.

    ``bid`` and ``ask`` in USD, and ``volume`` in contracts traded on the day, None where the form has none;
    ``spot`` in USD and ``as_of`` in Unix seconds, None where the file
    does not say; ``made_at`` is the latest moment that the file knows of, when it was written or its last quote;
    ``adjusted`` counts contracts left out because they do not deliver 100 units; ``place`` says where in the file a row is.
    ``undated`` and ``unpriced`` are the sentences for the person where moment or spot are there and cannot be understood.
    """

    options: Sequence[str] | Texts
    volatility: Floats
    open_interest: Floats
    bid: Floats | None = None
    ask: Floats | None = None
    spot: float | None = None
    as_of: float | None = None
    made_at: float | None = None
    adjusted: int = 0
    place: Callable[[int], str] | None = None
    undated: str = ""
    unpriced: str = ""
    volume: Floats | None = None


def number(text: str, name: str, line: int, heading: str) -> float:
    """Return a number of a table, NaN where it is blank. Raises BadChain with file and line."""
    text = text.strip()
    try:
        if "_" in text:  # which Python takes for a thousands' separator, and nobody else
            raise ValueError
        return float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text or "nan")
    except ValueError as error:
        raise BadChain(f"{name}, line {line}: {heading} is {quoted(text)}, not a number.") from error


def without_placeholders(volatility: Floats, bid: Floats, ask: Floats, *, yahoo: bool = False) -> Floats:
    """Return volatilities f64[n] with those absent that Yahoo's search ended in without a price to search for.

    It halves the way between 0.00001 and 1 again and again, so that with neither bid nor ask it says 0.500005, 0.2500075, …,
    0.00001. In its own form (``yahoo``) 0.5, 0.25 … count as absent too, and so does 0.00001 whatever was quoted.
    """
    with np.errstate(all="ignore"):
        unquoted = ~(bid > 0) & ~(ask > 0)
        share = (volatility - _LOWEST) / (1 - _LOWEST)
        step = np.exp2(np.round(np.log2(share)))
        placeholder = (np.abs(share - step) < _ROUNDED) | (volatility < _LOWEST + _ROUNDED)
        if yahoo:
            placeholder |= np.exp2(np.round(np.log2(volatility))) == volatility
        placeholder &= unquoted & (volatility < 0.75)
        if yahoo:
            placeholder |= volatility < PLACEHOLDER
        return np.where(placeholder, np.nan, volatility)


def latest(moments: Iterable[float | None]) -> float | None:
    """Return the latest of some moments in Unix seconds, each in seconds or in a thousandth, millionth … of them; None without.

    >>> latest([1557171657, 1557171657000, 1557171658000000000, 0, None, math.inf])
    1557171658.0
    """
    return max((_seconds(m) for m in set(moments) if m and 0 < m < math.inf), default=None)


def check_one_moment(replies: Iterable[float | None], name: str) -> None:
    """Raise BadChain where the replies in a file, each by its latest quote in Unix seconds, are of different days."""
    known = [moment for moment in replies if moment]
    if known and max(known) - min(known) > _DAY:
        one, other = (
            f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d %H:%M}" for at in (min(known), max(known))
        )
        raise BadChain(
            f"{name} has a reply of {one} and one of {other}: only those of one moment are one chain."
        )


def floats(values: Sequence[float | None]) -> Floats:
    """Return numbers as a column f64[n]; None becomes NaN."""
    try:
        return np.fromiter(values, np.float64, len(values))
    except TypeError:  # a None, which takes longer
        return np.array(values, dtype=np.float64)


def nth_option(row: int) -> str:
    """Return where a contract is among those of a reply."""
    return f"option {row + 1}"


def _seconds(moment: float) -> float:
    while moment > _LATEST:
        moment /= 1000.0
    return moment
