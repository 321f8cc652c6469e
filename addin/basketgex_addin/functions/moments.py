"""The moment of a basket's oldest figure: as such, as an age, and with the source asked again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import tzinfo

from basketgex_addin.cells import (
    BadInput,
    CellError,
    CellValue,
    InputCell,
    Question,
    Reply,
    ask,
    is_historical,
    new_york,
    only,
    serial,
    zone_of,
)
from basketgex_addin.functions.of_basket import basket_of, of_basket, of_reply_with
from basketgex_addin.functions.record import (
    SYMBOLS,
    Argument,
    Arguments,
    Function,
    Kind,
    Shape,
    Way,
    no_option,
)

ZONE = Argument(
    "zone",
    "Time zone of the result, such as Europe/London or UTC.",
    optional=True,
    default="America/New_York",
)
NO_AGE = "These figures are of a fixed past moment, so they have no age: BASKETASOF gives the moment."
"""What BASKETWHY says where nothing but the age is lacking."""
TRIGGER = Argument("trigger", "Any cell. When its value changes, and only then, the source is asked again.")


def _zone(arguments: Arguments) -> tzinfo:
    cell = only(arguments[2])
    if cell is None:
        return new_york()
    if isinstance(cell, str):
        with suppress(KeyError, ValueError, OSError):
            return zone_of(cell.strip())
    raise BadInput("invalid_zone", "The zone is not known: write one such as Europe/London or UTC.", "zone")


def age(reply: Reply, now: float) -> CellValue:
    """Return the minutes between the basket's oldest figure and ``now`` (Unix seconds); #N/A where they have no age."""
    return CellError.NOT_AVAILABLE if is_historical(reply) else max(0.0, now - reply.as_of) / 60


def _ageing(reply: Reply) -> Callable[[float], CellValue]:
    return lambda now: age(reply, now)


def _to_refresh(arguments: Arguments) -> Question[Reply]:
    return ask(arguments[0], None)


def _trigger(arguments: Arguments) -> InputCell:
    """Return the cell whose change makes BASKETREFRESH ask; of a range, the first. An error is a value like others."""
    block = arguments[1]
    return block[0][0] if block and block[0] else None


BASKETASOF = of_basket(
    "BASKETASOF",
    Shape.NUMBER,
    "Moment of the basket's oldest figure, as a date and time to be formatted as such.",
    of_reply_with(_zone, lambda reply, zone: serial(reply.as_of, zone)),
    ZONE,
)
BASKETAGE = of_basket(
    "BASKETAGE",
    Shape.NUMBER,
    "Minutes since the basket's oldest figure, from what this program last received: it never asks the server. #N/A for "
    "figures of a fixed past moment.",
    Kind(
        question=basket_of,
        option=no_option,
        show=lambda reply, _: _ageing(reply),
        cost="Recalculated every time; asks nobody.",
        way=Way.REMEMBER,
    ),
)
BASKETREFRESH = Function(
    "BASKETREFRESH",
    "Asks the source again whenever the trigger changes, which may cost debits; the first time after opening it only "
    "looks. Moment of the oldest figure, as BASKETASOF.",
    (SYMBOLS, TRIGGER),
    Shape.NUMBER,
    Kind(
        question=_to_refresh,
        option=_trigger,
        show=lambda reply, _: serial(reply.as_of, new_york()),
        cost="Asks the source when the trigger changes: a debit for up to 50 names.",
        way=Way.TRIGGER,
    ),
)
