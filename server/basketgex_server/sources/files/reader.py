"""The forms a chain file comes in, each to columns. A file that cannot be read is refused whole, by its name alone.

- Cboe "quotedata" CSV: one row has a call and a put; spot and moment stand above the headings.
- JSON: Cboe delayed quotes (``data.last_trade_time`` is the moment, New York time, and ``timestamp``, UTC, when the file was
  made), Tradier and Schwab chains, Polygon snapshots.
- plain CSV or Parquet: headings ``option``, ``open_interest``, ``iv`` and others; CSV as yfinance writes it.
- any of them gzipped; the spot price, where the form has none, from ``underlyings.json`` beside it.

A chain may be in several files: calls and puts apart, or one file per expiry.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import accumulate
from itertools import chain as chained
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from basketgex_server.errors import BadChain, InvalidSymbol, UnknownForm
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.shown import quoted
from basketgex_server.sources.files.names import PRICES, days_in
from basketgex_server.sources.files.reading import Reader, content_of, home_of, too_slow
from basketgex_server.sources.readers import forms
from basketgex_server.sources.readers.cboe_csv import cboe_csv, headings_of
from basketgex_server.sources.readers.chains import chain_of_columns, check_spot, with_place
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.json_forms import decoded, json_chain
from basketgex_server.sources.readers.occ import Texts, days_of, only_side
from basketgex_server.sources.readers.tables import plain_csv
from basketgex_server.sources.readers.text import utf8
from basketgex_server.tickers import ticker

TOGETHER = 900.0
"""Seconds between the moments of a chain's parts, at most,"""
APART = 0.01
"""and the distance between their spot prices, relative to the lower one."""

Contents = Callable[[str], bytes | None]
"""Gives what is in a file of the folder, by its name, unpacked; None where it is not there. Raises BadChain."""


class _Part(NamedTuple):
    """A file of a chain, and its moment in Unix seconds."""

    name: str
    columns: Columns
    as_of: float


_READER = Reader()
"""For files that are read one by one: its threads stay, and each call would leave its own behind."""


def read(path: Path, symbol: str, *, as_of: float | None = None, spot: float | None = None) -> Chain:
    """Return the chain of a symbol from one file. ``as_of`` (Unix seconds) and ``spot`` (USD) win over the file.

    Raises BadChain.
    """

    def contents(name: str) -> bytes | None:
        beside = path.with_name(name)
        found = _READER.now(lambda: (None if name == PRICES and not beside.exists() else content_of(beside),))
        if found is None:
            raise too_slow(name)
        return found[0]

    def home(name: str) -> str:
        return home_of(path.with_name(name))

    return chain_in([path.name], contents, symbol, home, as_of=as_of, spot=spot)


def chain_in(
    names: Sequence[str],
    contents: Contents,
    symbol: str,
    home: Callable[[str], str],
    *,
    as_of: float | None = None,
    spot: float | None = None,
    said: float | None = None,
) -> Chain:
    """Return the chain of a symbol from the named files of a folder: from one, or from several that are its parts.

    ``home`` gives the name of the folder that a file really is in. ``as_of`` (Unix seconds) and ``spot`` (USD) win over the
    files, and then what has expired is judged by ``as_of`` alone; ``said`` was said of the folder, and serves files that have
    no moment within: see ``_moment``. Raises BadChain.
    """
    parts = []
    for name in names:
        columns = columns_in(contents(name) or b"", name)
        if as_of is not None:
            columns = replace(columns, as_of=as_of, made_at=None)
        if spot is not None:
            columns = replace(columns, spot=spot)
        if columns.spot is not None:
            check_spot(columns.spot, name, symbol)
        parts.append(
            _Part(name, columns, _moment(name, columns, symbol, home(name), said, alone=len(names) == 1))
        )
    _check_together(parts, symbol)
    latest = max(parts, key=lambda part: part.as_of)
    prices = (latest.columns.spot, *(part.columns.spot for part in parts))
    price = next((p for p in prices if p is not None), None)
    if price is None:
        price = _price_beside(contents, latest, symbol)
    chain = chain_of_columns(_joined(parts), symbol, price, latest.as_of, latest.name, strict=True)
    later = _later_than_said(parts, latest.as_of)
    return replace(chain, gaps="; ".join(filter(None, (chain.gaps, later)))) if later else chain


def columns_of(path: Path) -> Columns:
    """Return what a file says. Raises BadChain."""
    return columns_in(content_of(path), path.name)


def columns_in(content: bytes, name: str) -> Columns:
    """Return what the content of a file says, by its form, which name and content tell. Raises BadChain."""
    kind = name.lower().removesuffix(".gz")
    try:
        if kind.endswith(".parquet"):
            from basketgex_server.sources.readers.parquet import parquet

            return parquet(content, name)
        if not content:
            raise BadChain(f"{name} is empty.")
        text = utf8(content, name)
        return json_chain(text, name) if kind.endswith(".json") else _csv(text, name)
    except UnknownForm as error:
        what = forms.recognised(content)
        if what == forms.PACKED and kind != name.lower():
            what = "packed by gzip twice: unpack it once"
        raise BadChain(f"{f'{name} is {what}.' if what else error.sentence} {forms.READ}") from error


def _csv(content: bytes, name: str) -> Columns:
    try:
        return _utf8_csv(content, name)
    except UnicodeDecodeError:  # a spreadsheet of western Europe writes its letters so
        try:
            return _utf8_csv(content.decode("cp1252").encode(), name)
        except UnicodeDecodeError as error:
            raise UnknownForm(f"{name} is not text.") from error


def _utf8_csv(content: bytes, name: str) -> Columns:
    if (heading := headings_of(content)) is not None:
        return cboe_csv(content, name, heading)
    return plain_csv(content.decode().splitlines(), name)


def _moment(
    name: str, columns: Columns, symbol: str, folder: str, said: float | None, *, alone: bool
) -> float:
    """Return the moment of a file, in Unix seconds. Raises BadChain where nothing tells.

    What stands within rules, then the name. A time of day in the name is a moment. A day alone means its close, but not where
    it is an expiry of the file; what was ``said`` of the folder is the time of day where it is of that very day, and serves a
    file whose name has none. The last to ask is the folder's name.
    """
    if columns.as_of is not None:
        return columns.as_of
    expiries: set[date] | None = None
    doubtful: date | None = None
    for source in (name, folder):
        for day, at, timed in days_in(source):
            if timed:
                return at
            if expiries is None:
                expiries = days_of(columns.options, symbol)
            if day in expiries:
                doubtful = doubtful or day
                continue
            return said if said is not None and _day(said) == day else at
        if said is not None:
            return said
    if columns.undated and not doubtful:
        raise BadChain(columns.undated)
    such = "day, such as AAPL_2026-07-10.csv"
    if doubtful:
        such = f"day and time, such as AAPL_2026-07-10T1600.csv (on {doubtful} contracts expire: it may mean that)"
    only = only_side(columns.options) if alone else ""
    raise BadChain(
        f"{name} {f'has {only}, and ' if only else ''}does not say when its chain is from: name it with its {such}, "
        "or say it with --as-of (chain_as_of in config.toml), such as 2026-07-10T16:00."
    )


def _later_than_said(parts: Sequence[_Part], as_of: float) -> str:
    """Return what a person should know where a moment that was said is of an earlier day than a trade in the file."""
    late = max((part.columns.made_at or 0.0 for part in parts if part.columns.as_of is None), default=0.0)
    return f"a trade in it is of {_day(late)}, after its moment" if _day(late) > _day(as_of) else ""


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, NEW_YORK).date()


def _check_together(parts: Sequence[_Part], symbol: str) -> None:
    """Raise BadChain where files are not parts of one moment's chain."""
    first, last = (choose(parts, key=lambda part: part.as_of) for choose in (min, max))
    belong = f"those are of one moment. Move what is of another out of the folder, or rename it, if it is not {symbol}."
    if last.as_of - first.as_of > TOGETHER:
        one, other = (
            f"{quoted(p.name, 40)} of {datetime.fromtimestamp(p.as_of, NEW_YORK):%Y-%m-%d %H:%M}"
            for p in (first, last)
        )
        raise BadChain(f"{one} and {other} are not parts of one chain; {belong}")
    priced = sorted(
        (p for p in parts if p.columns.spot is not None), key=lambda part: part.columns.spot or 0.0
    )
    low, high = (priced[0], priced[-1]) if priced else (first, last)
    if (high.columns.spot or 0.0) > (low.columns.spot or 0.0) * (1 + APART):
        one, other = (f"{quoted(p.name, 40)} at {p.columns.spot:,.2f}" for p in (low, high))
        raise BadChain(f"{one} and {other} are not parts of one chain; {belong}")


def _joined(parts: Sequence[_Part]) -> Columns:
    """Return parts as one."""
    located = [with_place(part.columns, part.name) for part in parts]
    if len(located) == 1:
        return located[0]
    ends = list(accumulate(len(columns.volatility) for columns in located))
    places = [
        columns.place or (lambda row, name=part.name: name)
        for columns, part in zip(located, parts, strict=True)
    ]

    def place(row: int) -> str:
        which = min(bisect_right(ends, row), len(places) - 1)
        return places[which](row - (ends[which - 1] if which else 0))

    made_at = [columns.made_at for columns in located if columns.made_at]
    return Columns(
        list(chained.from_iterable(map(_option_texts, located))),
        np.concatenate([columns.volatility for columns in located]),
        np.concatenate([columns.open_interest for columns in located]),
        np.concatenate([_present(columns.bid, columns) for columns in located]),
        np.concatenate([_present(columns.ask, columns) for columns in located]),
        made_at=max(made_at, default=None),
        adjusted=sum(columns.adjusted for columns in located),
        place=place,
        volume=np.concatenate([_present(columns.volume, columns) for columns in located]),
    )


def _option_texts(columns: Columns) -> Sequence[str]:
    options = columns.options
    return [options.text(row) for row in range(len(options.end))] if isinstance(options, Texts) else options


def _present(column: Floats | None, columns: Columns) -> Floats:
    return np.full(len(columns.volatility), np.nan) if column is None else column


_PRICES = msgspec.json.Decoder(dict[str, Any])


def _price_beside(contents: Contents, part: _Part, symbol: str) -> float:
    """Return the price of a symbol in ``underlyings.json``, whatever way its name is spelt there. Raises BadChain.

    What is wrong there with another symbol is of no matter.
    """
    content = contents(PRICES)
    if content is None:
        raise BadChain(part.columns.unpriced or f"{part.name} has no spot price: put {PRICES} beside it.")
    try:
        prices = decoded(_PRICES, utf8(content, PRICES), PRICES)
    except BadChain as error:
        raise BadChain(f"{PRICES} cannot be read: it needs an underlying_price for each symbol.") from error
    entries = [entry for spelling, entry in prices.items() if _plain(spelling) == _plain(symbol)]
    said = {entry.get("underlying_price") if isinstance(entry, dict) else str(entry) for entry in entries}
    said.discard(None)
    if not said:
        raise BadChain(part.columns.unpriced or f"{PRICES} has no underlying_price for {symbol}.")
    if len(said) > 1:
        raise BadChain(f"{PRICES} has more than one underlying_price for {symbol}: leave the right one.")
    price = said.pop()
    if isinstance(price, bool) or not isinstance(price, int | float):
        raise BadChain(f"{PRICES}: the underlying_price of {symbol} is {quoted(str(price))}, not a number.")
    return float(price)


def _plain(text: str) -> str:
    try:
        return ticker(text).replace(".", "")
    except InvalidSymbol:
        return ""
