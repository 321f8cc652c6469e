"""The regime of a basket, how much stands behind it, and since when the basket has been in it."""

from __future__ import annotations

from basketgex_addin.cells import (
    CellError,
    CellValue,
    Question,
    RegimesOf,
    Reply,
    Since,
    Table,
    ask,
    in_words,
    new_york,
    number,
    regime,
    serial,
)
from basketgex_addin.functions.of_basket import of_basket, of_reply
from basketgex_addin.functions.record import Arguments, Kind, Shape, no_option


def _since_of(arguments: Arguments) -> Question[Since]:
    return RegimesOf(ask(arguments[0], arguments[1]))


def since(found: Since) -> Table:
    """Return BASKETSINCE's row: regime, since when (date serial, New York), the regime before."""
    na = CellError.NOT_AVAILABLE
    moment = serial(found.since, new_york()) if found.since else na
    return ((in_words(found.regime) or na, moment, in_words(found.previous) or na),)


def _balance(reply: Reply) -> CellValue:
    return CellError.NOT_AVAILABLE if reply.balance is None else number(reply.balance)


BASKETREGIME = of_basket(
    "BASKETREGIME",
    Shape.TEXT,
    "positive_gamma or negative_gamma: the sign of the basket's net GEX.",
    of_reply(lambda reply: regime(reply.gex)),
)
BASKETBALANCE = of_basket(
    "BASKETBALANCE",
    Shape.NUMBER,
    "Net GEX over gross GEX, contract by contract, from -1 to 1: within 0.05 of 0 the regime is near its flip and says next "
    "to nothing. #N/A where the source gives net figures only.",
    of_reply(_balance),
)
BASKETSINCE = of_basket(
    "BASKETSINCE",
    Shape.TABLE,
    "Side by side: the regime in words, since when (date and time, New York), and the regime before. Where the figures "
    "kept show no other regime: #N/A for the last two.",
    Kind(
        question=_since_of,
        option=no_option,
        show=lambda found, _: since(found),
        cost="From the figures that the server has kept: never costs a debit.",
        foreseeable=True,
    ),
)
