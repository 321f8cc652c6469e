"""The forms a chain file comes in, each to columns. A file that cannot be read is refused whole, by its name alone.

- Cboe "quotedata" CSV: one row has a call and a put; spot and moment stand above the headings.
- JSON: Cboe delayed quotes (``data.last_trade_time`` is the moment, New York time), Tradier chains, Polygon snapshots.
- plain CSV or Parquet: headings ``option``, ``open_interest``, ``iv`` and others; CSV as yfinance writes it.
- any of them gzipped; the spot price, where the form has none, from ``underlyings.json`` beside it.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import NoReturn

import msgspec
import numpy as np

from basketgex_server.errors import BadChain, quoted
from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.chain_files import PRICES, moment_without
from basketgex_server.sources.occ import chain_of
from basketgex_server.sources.readers.cboe_csv import cboe_csv, headings_of
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.json_forms import json_chain
from basketgex_server.sources.readers.tables import plain_csv


def read(
    path: Path,
    symbol: str,
    *,
    as_of: float | None = None,
    spot: float | None = None,
    as_of_without: float | None = None,
) -> Chain:
    """Return the chain of a symbol from one file.

    ``as_of`` (Unix seconds) and ``spot`` (USD) win over the file; ``as_of_without`` serves a file that has none within:
    see ``moment_without``. Raises BadChain.
    """
    name = path.name
    columns = columns_of(path)
    moment = next((m for m in (as_of, columns.as_of) if m is not None), None)
    if moment is None and (moment := moment_without(path, as_of_without)) is None:
        raise BadChain(
            f"{name} does not say when its chain is from: name it with its day, such as AAPL_2026-07-10.csv, "
            "or say it with --as-of (chain_as_of in config.toml), such as 2026-07-10T16:00."
        )
    price = next((p for p in (spot, columns.spot) if p is not None), None)
    price = _price_beside(path, symbol) if price is None else price
    return chain_of_columns(columns, symbol, price, moment, name, strict=True)


def chain_of_columns(
    columns: Columns, symbol: str, spot: float, as_of: float, name: str, *, strict: bool
) -> Chain:
    """Return the chain that columns are. ``strict``: an option symbol that cannot be read refuses all. Raises BadChain."""
    if not (np.isfinite(spot) and spot > 0):
        raise BadChain(f"{name} has no usable spot price for {symbol}.")

    def unreadable(row: int, text: str) -> NoReturn:
        where = f", {columns.place(row)}" if columns.place else ""
        raise BadChain(f"{name}{where}: {quoted(text)} is not an option symbol.")

    chain = chain_of(
        symbol,
        spot,
        as_of,
        columns.options,
        columns.volatility,
        columns.open_interest,
        columns.bid,
        columns.ask,
        adjusted=columns.adjusted,
        unreadable=unreadable if strict else None,
    )
    if len(chain) == 0:
        raise BadChain(f"{name} has no option of {symbol}: check its option symbols.")
    return chain


def columns_of(path: Path) -> Columns:
    """Return what a file says. Raises BadChain."""
    name = path.name
    try:
        content = path.read_bytes()
        kind = name.lower()
        if kind.endswith(".gz"):
            content, kind = gzip.decompress(content), kind.removesuffix(".gz")
        if kind.endswith(".json"):
            return json_chain(content, name)
        if kind.endswith(".parquet"):
            from basketgex_server.sources.readers.parquet import parquet

            return parquet(content, name)
        if (heading := headings_of(content)) is not None:
            return cboe_csv(content, name, heading)
        return plain_csv(content.decode("utf-8-sig").splitlines(), name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadChain(f"{name} cannot be unpacked: it is cut short or is not gzip.") from error
    except UnicodeDecodeError as error:
        raise BadChain(f"{name} is not text.") from error
    except OSError as error:
        raise BadChain(f"{name} cannot be opened.") from error


class _Price(msgspec.Struct):
    underlying_price: float | None = None


_PRICES = msgspec.json.Decoder(dict[str, _Price])


def _plain(symbol: str) -> str:
    return symbol.replace(".", "")


def _price_beside(path: Path, symbol: str) -> float:
    try:
        prices = _PRICES.decode((path.parent / PRICES).read_bytes())
    except FileNotFoundError as error:
        raise BadChain(f"{path.name} has no spot price: put {PRICES} beside it.") from error
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadChain(f"{PRICES} cannot be read: it needs an underlying_price for each symbol.") from error
    for spelling, price in prices.items():
        if _plain(spelling) == _plain(symbol) and price.underlying_price is not None:
            return price.underlying_price
    raise BadChain(f"{PRICES} has no underlying_price for {symbol}.")
