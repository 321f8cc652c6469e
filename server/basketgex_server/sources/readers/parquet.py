"""The canonical form as Parquet: the columns of docs/chains.md. Needs pyarrow, the extra ``parquet``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from basketgex_server.errors import BadChain
from basketgex_server.exposure.arrays import Floats
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.columns import Columns, without_placeholders
from basketgex_server.sources.readers.tables import the_moment, the_spot

_WANTED = ("option", "iv", "open_interest", "bid", "ask", "underlying_price", "as_of", "volume")
_NEEDED = 3
_MOST_ROWS = 1_000_000
"""Some thirty times the largest chain there is: columns of one value pack into nothing."""


def parquet(content: bytes, name: str) -> Columns:
    """Read a Parquet file. Raises BadChain, also where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BadChain(
            f"{name} needs pyarrow, which is not installed: run pip install pyarrow with the pip of basketgex's Python."
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        if file.metadata.num_rows > _MOST_ROWS:
            raise BadChain(f"{name} is larger than a chain can be: at most {_MOST_ROWS:,} rows are read.")
        there = file.schema_arrow.names
        for heading in _WANTED[:_NEEDED]:
            if heading not in there:
                raise BadChain(f"{name} has no column {quoted(heading)}.")
        table = file.read(columns=[heading for heading in _WANTED if heading in there])
    except (pyarrow.ArrowException, OSError) as error:
        raise BadChain(f"{name} is not whole Parquet: it may be cut short.") from error

    def numbers(heading: str) -> Floats | None:
        if heading not in table.column_names:
            return None
        column = table.column(heading)
        if not (pyarrow.types.is_floating(column.type) or pyarrow.types.is_integer(column.type)):
            raise BadChain(f"{name}: {heading} is of the type {column.type}: it must be a number.")
        return np.asarray(column.cast(pyarrow.float64(), safe=False).to_numpy(), dtype=np.float64)

    options = table.column("option").to_pylist()
    if not all(isinstance(option, str) for option in options):
        raise BadChain(f"{name}: option must be a text in every row.")
    volatility, interest = numbers("iv"), numbers("open_interest")
    assert volatility is not None and interest is not None  # noqa: S101 - both are needed columns
    moments = table.column("as_of").to_pylist() if "as_of" in table.column_names else []
    bid, ask = numbers("bid"), numbers("ask")
    if bid is not None and ask is not None:
        volatility = without_placeholders(volatility, bid, ask)
    return Columns(
        options,
        volatility,
        interest,
        bid,
        ask,
        the_spot(numbers("underlying_price"), name, _row),
        the_moment([_text(m) for m in moments], name, _row),
        place=_row,
        volume=numbers("volume"),
    )


def _text(moment: Any) -> str:
    return moment.isoformat() if isinstance(moment, datetime) else str(moment or "")


def _row(row: int) -> str:
    return f"row {row + 1}"
