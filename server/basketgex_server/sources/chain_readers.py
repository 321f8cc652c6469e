"""The forms a chain file comes in, each to columns. A file that cannot be read is refused whole, by its name alone.

- Cboe "quotedata" CSV: one row has a call and a put; spot in line 2, the moment in line 3, headings in line 4.
- Cboe delayed-quote JSON: ``data.options``, ``data.current_price``, ``data.last_trade_time`` (New York time).
- plain CSV (gzipped or not): headings ``option``, ``open_interest``, ``iv`` and others; spot from ``underlyings.json``.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from basketgex_server.errors import BadChain, quoted
from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.exposure.chain import NEW_YORK, Chain
from basketgex_server.sources.chain_files import PRICES, moment_in_name
from basketgex_server.sources.occ import chain_of

_LAST = re.compile(r"\bLast:\s*([\d,]*\.?\d+)")
_DATE = re.compile(r"Date:\s*(\w+) (\d{1,2}),? (\d{4}) at (\d{1,2}):(\d{2}) ([AP]M)")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_QUOTE_LINES = 3  # above the headings of a quotedata file


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file says: OCC symbols, volatilities f64[n], open interest f64[n] (NaN where blank); the rest if it does."""

    options: Sequence[str]
    volatility: Floats
    open_interest: Floats
    spot: float | None = None
    as_of: float | None = None


def read(
    path: Path,
    symbol: str,
    *,
    as_of: float | None = None,
    spot: float | None = None,
    as_of_without: float | None = None,
) -> Chain:
    """Return the chain of a symbol from one file.

    ``as_of`` (Unix seconds) and ``spot`` (USD) win over the file; ``as_of_without`` serves a file that carries no moment.
    Raises BadChain.
    """
    name = path.name
    columns = _columns(path)
    for moment in (as_of, columns.as_of, as_of_without, moment_in_name(path)):
        if moment is not None:
            break
    else:
        raise BadChain(
            f"{name} does not say when its chain is from: set chain_as_of, such as 2026-07-10T16:00."
        )
    price = next((p for p in (spot, columns.spot) if p is not None), None)
    price = _price_beside(path, symbol) if price is None else price
    if not (np.isfinite(price) and price > 0):
        raise BadChain(f"{name} has no usable spot price for {symbol}.")
    chain = chain_of(symbol, price, moment, columns.options, columns.volatility, columns.open_interest)
    if len(chain) == 0:
        raise BadChain(f"{name} has no option of {symbol}: check its option symbols.")
    return chain


def _columns(path: Path) -> Columns:
    name = path.name
    try:
        content = gzip.decompress(path.read_bytes()) if name.lower().endswith(".gz") else path.read_bytes()
        if name.lower().endswith(".json"):
            return _cboe_json(content, name)
        lines = content.decode("utf-8-sig").splitlines()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadChain(f"{name} cannot be unpacked: it is cut short or is not gzip.") from error
    except UnicodeDecodeError as error:
        raise BadChain(f"{name} is not text.") from error
    except OSError as error:
        raise BadChain(f"{name} cannot be opened.") from error
    if len(lines) > _QUOTE_LINES and "Calls" in lines[_QUOTE_LINES] and "Puts" in lines[_QUOTE_LINES]:
        return _cboe_csv(lines, name)
    return _plain_csv(lines, name)


def _plain_csv(lines: list[str], name: str) -> Columns:
    table = _Table(name, lines, 1)
    return Columns(
        table.texts(table.place("option")),
        table.numbers(table.place("iv")),
        table.numbers(table.place("open_interest")),
    )


def _cboe_csv(lines: list[str], name: str) -> Columns:
    table = _Table(name, lines, _QUOTE_LINES + 1)
    calls, puts = table.place("Calls"), table.place("Puts")
    volatility = (table.place("IV", calls), table.place("IV", puts))
    interest = (table.place("Open Interest", calls), table.place("Open Interest", puts))
    if (last := _LAST.search(lines[1])) is None:
        raise BadChain(f'{name}, line 2: no spot price: it should say "Last:" and a number.')
    return Columns(
        (*table.texts(calls), *table.texts(puts)),
        np.concatenate([table.numbers(place) for place in volatility]),
        np.concatenate([table.numbers(place) for place in interest]),
        float(last[1].replace(",", "")),
        _cboe_moment(lines[2], name),
    )


def _cboe_moment(line: str, name: str) -> float:
    # The zone's name is not read: Cboe writes New York's, and EST or EDT follows from the day.
    if (found := _DATE.search(line)) and found[1] in _MONTHS:
        month, hour = _MONTHS.index(found[1]) + 1, int(found[4]) % 12 + (12 if found[6] == "PM" else 0)
        try:
            when = datetime(int(found[3]), month, int(found[2]), hour, int(found[5]), tzinfo=NEW_YORK)
            return when.timestamp()
        except ValueError:
            pass
    raise BadChain(f'{name}, line 3: no moment: it should read like "Date: July 10, 2026 at 4:00 PM EDT".')


class _Option(msgspec.Struct, gc=False):
    option: str
    iv: float | None = None
    open_interest: float | None = None


class _Data(msgspec.Struct):
    options: list[_Option]
    current_price: float | None = None
    last_trade_time: datetime | None = None


class _Reply(msgspec.Struct):
    data: _Data


class _Price(msgspec.Struct):
    underlying_price: float | None = None


_REPLY = msgspec.json.Decoder(_Reply)
_PRICES = msgspec.json.Decoder(dict[str, _Price])


def _cboe_json(content: bytes, name: str) -> Columns:
    try:
        data = _REPLY.decode(content)
    except msgspec.ValidationError as error:
        raise BadChain(f"{name} is not a Cboe chain: a field is missing or of another kind.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadChain(f"{name} is not whole JSON: it may be cut short.") from error
    options, when = data.data.options, data.data.last_trade_time
    if when is not None and when.tzinfo is None:
        when = when.replace(tzinfo=NEW_YORK)
    return Columns(
        [o.option for o in options],
        np.array([o.iv for o in options], dtype=np.float64),  # None becomes NaN
        np.array([o.open_interest for o in options], dtype=np.float64),
        data.data.current_price,
        when.timestamp() if when else None,
    )


def _price_beside(path: Path, symbol: str) -> float:
    try:
        prices = _PRICES.decode((path.parent / PRICES).read_bytes())
    except FileNotFoundError as error:
        raise BadChain(f"{path.name} has no spot price: put {PRICES} beside it.") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadChain(f"{PRICES} cannot be read: it needs an underlying_price for each symbol.") from error
    for spelling in (symbol, symbol.replace(".", "")):
        if spelling in prices and (price := prices[spelling].underlying_price) is not None:
            return price
    raise BadChain(f"{PRICES} has no underlying_price for {symbol}.")


class _Table:
    """A CSV table below its headings: rows as wide as those, blank lines skipped."""

    def __init__(self, name: str, lines: list[str], heading_line: int) -> None:
        self.name = name
        try:
            rows = list(_rows(lines[heading_line - 1 :], heading_line))
        except csv.Error as error:
            raise BadChain(f"{name} is not CSV.") from error
        self._headings = [h.strip() for h in rows[0][1]] if rows else []
        self._line_numbers = [number for number, _ in rows[1:]]
        self._rows = [row for _, row in rows[1:]]
        width = len(self._headings)
        for number, row in rows[1:]:
            if len(row) < width:
                raise BadChain(f"{name}, line {number}: {len(row)} columns where the headings are {width}.")

    def place(self, heading: str, start: int = 0) -> int:
        try:
            return self._headings.index(heading, start)
        except ValueError as error:
            raise BadChain(f"{self.name} has no column {quoted(heading)}.") from error

    def texts(self, place: int) -> list[str]:
        return [row[place] for row in self._rows]

    def numbers(self, place: int) -> Floats:
        try:
            return np.array([float(row[place] or "nan") for row in self._rows])
        except ValueError:
            return np.array([self._number(n, row[place], place) for n, row in self._numbered()])

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        return zip(self._line_numbers, self._rows, strict=True)

    def _number(self, line: int, text: str, place: int) -> float:
        text = text.strip()
        try:
            return float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text or "nan")
        except ValueError as error:
            heading = self._headings[place]
            raise BadChain(f"{self.name}, line {line}: {heading} is {quoted(text)}, not a number.") from error


def _rows(lines: list[str], first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    for row in reader:
        if row:
            yield first + reader.line_num - 1, row
