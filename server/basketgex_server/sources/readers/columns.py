"""What every reader returns, and how numbers and moments in text are understood."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from basketgex_server.errors import BadChain, quoted
from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.exposure.chain import NEW_YORK
from basketgex_server.sources.occ import Texts

_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a file says. ``options`` are OCC symbols, the columns f64[n] beside them are NaN where blank.

    ``bid`` and ``ask`` in USD, None where the form has none; ``spot`` in USD and ``as_of`` in Unix seconds, None where the file
    does not say; ``adjusted`` counts contracts left out because they do not deliver 100 units; ``place`` says where in the
    file a row is.
    """

    options: Sequence[str] | Texts
    volatility: Floats
    open_interest: Floats
    bid: Floats | None = None
    ask: Floats | None = None
    spot: float | None = None
    as_of: float | None = None
    adjusted: int = 0
    place: Callable[[int], str] | None = None


def number(text: str, name: str, line: int, heading: str) -> float:
    """Return a number of a table, NaN where it is blank. Raises BadChain with file and line."""
    text = text.strip()
    try:
        return float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text or "nan")
    except ValueError as error:
        raise BadChain(f"{name}, line {line}: {heading} is {quoted(text)}, not a number.") from error


def new_york(when: datetime) -> float:
    """Return the Unix seconds of a moment, New York's clock where it has no zone."""
    return (when if when.tzinfo else when.replace(tzinfo=NEW_YORK)).timestamp()
