"""CSV tables with one contract per row: the canonical form of docs/chains.md, and what yfinance writes."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from basketgex_server.errors import BadChain, UnknownForm
from basketgex_server.exposure.arrays import Floats
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.columns import (
    Columns,
    number,
    without_placeholders,
)
from basketgex_server.times import in_new_york

T = TypeVar("T")


class Table:
    """A CSV table below its headings: rows as wide as those, blank lines skipped. Raises BadChain."""

    def __init__(self, name: str, lines: list[str], heading_line: int = 1) -> None:
        self.name = name
        try:
            rows = list(_rows(lines[heading_line - 1 :], heading_line))
        except csv.Error as error:
            raise UnknownForm(f"{name} is not CSV.") from error
        self.headings = [h.strip() for h in rows[0][1]] if rows else []
        self._line_numbers = [number for number, _ in rows[1:]]
        self._rows = [row for _, row in rows[1:]]
        width = len(self.headings)
        for line, row in rows[1:]:
            if len(row) < width:
                raise BadChain(f"{name}, line {line}: {len(row)} columns where the headings are {width}.")

    def __len__(self) -> int:
        return len(self._rows)

    def line(self, row: int) -> str:
        """Return where a row is."""
        return f"line {self._line_numbers[row % len(self._line_numbers)]}"

    def place(self, heading: str, start: int = 0) -> int:
        """Return the place of a column. Raises BadChain."""
        try:
            return self.headings.index(heading, start)
        except ValueError as error:
            raise BadChain(f"{self.name} has no column {quoted(heading)}.") from error

    def texts(self, place: int) -> list[str]:
        """Return a column as it stands."""
        return [row[place] for row in self._rows]

    def numbers(self, place: int) -> Floats:
        """Return a column f64[n], NaN where it is blank. Raises BadChain with file and line."""
        try:
            texts = [row[place] for row in self._rows]
            if any("_" in text for text in texts):
                raise ValueError
            return np.array([float(text or "nan") for text in texts])
        except ValueError:
            heading = self.headings[place]
            rows = zip(self._line_numbers, self._rows, strict=True)
            return np.array([number(row[place], self.name, line, heading) for line, row in rows])


def plain_csv(lines: list[str], name: str) -> Columns:
    """Read the canonical form, or yfinance's where the headings are its. Raises BadChain."""
    table = Table(name, lines)
    if "contractSymbol" in table.headings:
        return _yfinance(table)

    if "option" not in table.headings:
        raise UnknownForm(f'{name} has no column "option", and is no chain of a form that is read.')

    def numbers(heading: str) -> Floats | None:
        return table.numbers(table.place(heading)) if heading in table.headings else None

    def texts(heading: str) -> list[str]:
        return table.texts(table.place(heading)) if heading in table.headings else []

    volatility, bid, ask = table.numbers(table.place("iv")), numbers("bid"), numbers("ask")
    if bid is not None and ask is not None:
        volatility = without_placeholders(volatility, bid, ask)
    return Columns(
        table.texts(table.place("option")),
        volatility,
        table.numbers(table.place("open_interest")),
        bid,
        ask,
        the_spot(numbers("underlying_price"), name, table.line),
        the_moment(texts("as_of"), name, table.line),
        place=table.line,
        volume=numbers("volume"),
    )


def _yfinance(table: Table) -> Columns:
    volatility, bid, ask = (table.numbers(table.place(of)) for of in ("impliedVolatility", "bid", "ask"))
    volatility = without_placeholders(volatility, bid, ask, yahoo=True)
    sizes = table.texts(table.place("contractSize")) if "contractSize" in table.headings else []
    regular = np.array([size.strip() in ("", "REGULAR") for size in sizes] or [True] * len(table), dtype=bool)
    options = table.texts(table.place("contractSymbol"))
    kept = np.flatnonzero(regular)
    return Columns(
        [options[row] for row in kept],
        volatility[kept],
        table.numbers(table.place("openInterest"))[kept],
        bid[kept],
        ask[kept],
        made_at=_last_trade(table),
        adjusted=len(options) - len(kept),
        place=lambda row: table.line(int(kept[row])),
        volume=table.numbers(table.place("volume"))[kept] if "volume" in table.headings else None,
    )


def _last_trade(table: Table) -> float | None:
    """Return the latest ``lastTradeDate``, in Unix seconds: before that the file was not made. None where none can be read."""
    found = []
    for text in set(table.texts(table.place("lastTradeDate")) if "lastTradeDate" in table.headings else ()):
        with suppress(ValueError, OverflowError):
            when = datetime.fromisoformat(text.strip())
            found.append((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    return max(found, default=None)


def the_spot(prices: Floats | None, name: str, place: Callable[[int], str]) -> float | None:
    """Return the one price of a column of them; None without one. Raises BadChain where they differ."""
    return _only(prices[~np.isnan(prices)].tolist() if prices is not None else [], name, "underlying_price")


def the_moment(texts: Sequence[str], name: str, place: Callable[[int], str]) -> float | None:
    """Return the Unix seconds of the one moment in a column of ISO 8601 texts; None without one. Raises BadChain."""
    text = _only([t for t in dict.fromkeys(t.strip() for t in texts) if t], name, "as_of")
    if text is None:
        return None
    try:
        if len(text) < len("2026-07-10T16:00"):
            raise ValueError
        return in_new_york(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        row = next(row for row, t in enumerate(texts) if t.strip() == text)
        raise BadChain(
            f"{name}, {place(row)}: as_of is {quoted(text)}: write it like 2026-07-10T16:00."
        ) from error


def _only(values: Iterable[T], name: str, heading: str) -> T | None:
    found = list(dict.fromkeys(values))
    if len(found) > 1:
        raise BadChain(f"{name}: {heading} must be the same in every row: one file is one moment.")
    return found[0] if found else None


def _rows(lines: list[str], first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines)
    for row in reader:
        if row:
            yield first + reader.line_num - 1, row
