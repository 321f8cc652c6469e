"""What a basket is made of: its names one by one, the drivers among them, and how many have data."""

from __future__ import annotations

from basketgex_addin.cells import (
    HEADINGS,
    MOST_CELLS,
    NEAR_FLIP,
    BadInput,
    CellError,
    CellValue,
    Reply,
    Result,
    Table,
    figure,
    headers,
    in_words,
    new_york_text,
    number,
    only,
    regime,
)
from basketgex_addin.functions.of_basket import of_basket, of_reply, of_reply_with
from basketgex_addin.functions.record import HEADERS, Argument, Arguments, Shape

MOST_SHOWN = 3
TOP = Argument("n", "How many names, at most.", optional=True, default=str(MOST_SHOWN))


def _table(reply: Reply, headings: bool) -> Table:
    found: list[tuple[CellValue, ...]] = [HEADINGS] if headings else []
    for row in reply.rows:
        figures = (
            row.weight,
            row.underlying_price,
            row.gex,
            row.dex,
            row.vex,
            row.chex,
            row.signed_share,
        )
        words = in_words(regime(row.gex)) + (f", {NEAR_FLIP}" if row.near_flip else "")
        found.append((row.symbol, *map(number, figures), words, new_york_text(row.as_of), row.balance))
    found.extend((symbol, *(None,) * 7, "no data", None, None) for symbol in reply.missing)
    return tuple(found)


def _top(reply: Reply, most: int) -> Table:
    """Signed shares; contributions that tie stay in the order of the names."""
    rows = sorted((row for row in reply.rows if row.weight), key=lambda row: -row.contribution_pct)[:most]
    return tuple((row.symbol, row.signed_share) for row in rows)


def _count(arguments: Arguments) -> int:
    cell = only(arguments[2])
    found = float(MOST_SHOWN) if cell is None else figure(cell)
    a_share = isinstance(cell, str) and cell.strip().endswith("%")
    if a_share or not 1 <= found <= MOST_CELLS or found != int(found):
        raise BadInput("invalid_n", "n must be a whole number, 1 or more.", "n")
    return int(found)


def _breadth(reply: Reply) -> Result:
    rows = len(reply.rows)
    return sum(row.gex >= 0 for row in reply.rows) / rows if rows else CellError.NOT_AVAILABLE


def _missing(reply: Reply) -> Result:
    return ", ".join(f"{symbol} ({reason})" if reason else symbol for symbol, reason in reply.left_out)


BASKET = of_basket(
    "BASKET",
    Shape.TABLE,
    "One row per name: symbol, weight, underlying price, GEX, DEX, VEX, CHEX, its share of the gross weighted GEX from -1 "
    "to 1 with the sign of its GEX, regime, as of (New York), balance as BASKETBALANCE. Names without data come last.",
    of_reply_with(lambda arguments: headers(arguments[2]), _table),
    HEADERS,
)
BASKETTOP = of_basket(
    "BASKETTOP",
    Shape.TABLE,
    "The names that drive the basket's GEX, one row per name: symbol, and its share of the gross weighted GEX, from -1 "
    "to 1, with the sign of its GEX.",
    of_reply_with(_count, _top),
    TOP,
)
BASKETBREADTH = of_basket(
    "BASKETBREADTH",
    Shape.NUMBER,
    "Share of the names with data whose own net GEX is positive, from 0 to 1.",
    of_reply(_breadth),
)
BASKETCOUNT = of_basket(
    "BASKETCOUNT",
    Shape.NUMBER,
    "How many names had data and were used.",
    of_reply(lambda reply: float(len(reply.rows))),
)
BASKETMISSING = of_basket(
    "BASKETMISSING",
    Shape.TEXT,
    "The names without data, separated by commas; empty where none is missing.",
    of_reply(_missing),
)
BASKETCOVERAGE = of_basket(
    "BASKETCOVERAGE",
    Shape.NUMBER,
    "Share of the requested weight that had data, from 0 to 1.",
    of_reply(lambda reply: number(reply.covered_weight)),
)
