"""What is asked for: one spelling of each ticker, and the basket that they make with their weights."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from basketgex_server.domain import Basket
from basketgex_server.errors import (
    InvalidSymbol,
    InvalidWeights,
    MissingSymbols,
    TooManySymbols,
    WeightCountMismatch,
)

_TICKER = re.compile(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,3})?|[A-Z0-9]{1,4}=F")
"""A stock's, fund's or index's; or a future's, as FlashAlpha spells it: ES=F."""


def ticker(text: str, argument: str = "symbols") -> str:
    """Return the one spelling of a ticker; raise InvalidSymbol, naming the ``argument``, where the text is not a ticker.

    >>> [ticker(t) for t in (" nvda ", "^SPX", "BRK/B", "brk-b", "AAPL US Equity", "es=f")]
    ['NVDA', 'SPX', 'BRK.B', 'BRK.B', 'AAPL', 'ES=F']
    """
    if not text.isascii():  # what capitals make of other letters could be a ticker
        raise InvalidSymbol(text, argument)
    symbol = text.strip().upper()
    symbol = symbol.removesuffix(" EQUITY").rstrip() if symbol.endswith(" US EQUITY") else symbol
    symbol = symbol.removesuffix(" US").rstrip()
    if symbol[:1] in ("^", "$", "_"):
        symbol = symbol[1:]
    symbol = symbol.replace("/", ".").replace("-", ".")
    if not _TICKER.fullmatch(symbol):
        raise InvalidSymbol(text, argument)
    return symbol


def basket(symbols: Sequence[str], weights: Sequence[float] | None, most: int) -> Basket:
    """Return the basket that symbols and weights ask for, duplicates merged and their weights added up.

    Without weights the distinct names weigh equally. Raises MissingSymbols, InvalidSymbol, TooManySymbols (more than
    ``most`` distinct), WeightCountMismatch, InvalidWeights.

    >>> basket(["nvda", "AMD", "NVDA"], [1, 1, 2], most=50)
    Basket(symbols=('NVDA', 'AMD'), weights=(3.0, 1.0))
    """
    if not symbols:
        raise MissingSymbols
    names = [ticker(s) for s in symbols]
    merged = dict.fromkeys(names, 0.0)
    if len(merged) > most:
        raise TooManySymbols(len(merged), most)
    if weights is None:
        return Basket(tuple(merged), (1.0,) * len(merged))
    if len(weights) != len(names):
        raise WeightCountMismatch(len(names), len(weights))
    for name, weight in zip(names, weights, strict=True):
        if not math.isfinite(weight):
            raise InvalidWeights(f"The weight of {name} is not a finite number.")
        if weight < 0:
            raise InvalidWeights(
                f"The weight of {name} is negative: weights must be 0 or more. For a short leg use a basket of its own."
            )
        merged[name] += weight
    total = sum(merged.values())
    if total == 0:
        raise InvalidWeights("The weights are all zero: give at least one name a weight.")
    if math.isinf(total):
        raise InvalidWeights("The weights are too large to add up.")
    return Basket(tuple(merged), tuple(merged.values()))
