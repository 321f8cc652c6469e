"""Columns made a chain, whatever they came from: a file of a folder, or a reply over the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import numpy as np

from basketgex_server.errors import BadChain
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.columns import Columns
from basketgex_server.sources.readers.occ import Texts, chain_of, texts_of

HIGHEST = 5.0
"""Volatilities above this, per 1.00, are beyond any market: they count as absent."""


def chain_of_columns(
    columns: Columns, symbol: str, spot: float, as_of: float, name: str, *, strict: bool
) -> Chain:
    """Return the chain that columns are; their ``place`` begins with the file's name.

    ``strict``: an option symbol that cannot be read refuses all. Raises BadChain.
    """
    check_spot(spot, name, symbol)
    place = columns.place or (lambda row: name)

    def unreadable(row: int, text: str) -> NoReturn:
        raise BadChain(f"{place(row)}: {quoted(text)} is not an option symbol.")

    def differs(first: int, again: int, text: str) -> NoReturn:
        raise BadChain(f"{place(again)}: {text} stands there with other figures than in {place(first)}.")

    _check_interest(columns.open_interest, place)
    with np.errstate(invalid="ignore"):
        beyond = columns.volatility > HIGHEST
    chain = chain_of(
        symbol,
        spot,
        as_of,
        columns.options,
        np.where(beyond, np.nan, columns.volatility) if beyond.any() else columns.volatility,
        columns.open_interest,
        columns.bid,
        columns.ask,
        volume=columns.volume,
        made_at=columns.made_at or 0.0,
        adjusted=columns.adjusted,
        unreadable=unreadable if strict else None,
        differs=differs,
    )
    if len(chain) == 0:
        texts = columns.options if isinstance(columns.options, Texts) else texts_of(columns.options)
        first = f"its first is {quoted(texts.text(0))}" if len(texts.end) else "there is none at all"
        raise BadChain(f"{name} has no option of {symbol}: {first}.")
    return replace(chain, implausible=int(beyond.sum())) if beyond.any() else chain


def with_place(columns: Columns, name: str) -> Columns:
    """Return columns whose places begin with the name of what they came from."""
    place = columns.place
    return columns if place is None else replace(columns, place=lambda row: f"{name}, {place(row)}")


def check_spot(spot: float, name: str, symbol: str) -> None:
    """Raise BadChain where a spot price is no price."""
    if not (np.isfinite(spot) and spot > 0):
        raise BadChain(f"{name} has no usable spot price for {symbol}.")


def _check_interest(open_interest: Floats, place: Callable[[int], str]) -> None:
    """Raise BadChain where open interest is no number of contracts."""
    with np.errstate(invalid="ignore"):
        odd = (open_interest < 0) | (open_interest == np.inf)
    if odd.any():
        row = int(np.flatnonzero(odd)[0])
        raise BadChain(f"{place(row)}: an open interest of {open_interest[row]:g} is no number of contracts.")
