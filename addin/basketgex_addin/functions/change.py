"""What made a basket's net GEX another: spot, volatilities, time, open interest and weights, one after the other."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from basketgex_addin.cells import (
    BadInput,
    Block,
    Problem,
    Question,
    Server,
    Table,
    ask,
    new_york,
    number,
    only,
    serial,
)
from basketgex_addin.cells.shape import Change
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.record import Argument, Arguments, Kind, Shape, no_option

LAST = time(23, 59, 59)
"""Of a day that comes without a time its end: since its close."""

SINCE = Argument(
    "since",
    "A date, or a date and time (New York): since the last chain kept by then.",
    optional=True,
    default="the day before",
)
BEFORE = Argument(
    "before", "The weights that the basket had, one per ticker.", optional=True, default="the same weights"
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChangeOf(OfBasket[Change]):
    """The question what made a basket change since a moment (Unix seconds), None: since the day before."""

    since: float | None
    weights_before: tuple[float, ...]

    def put_to(self, server: Server) -> Change | Problem:
        """Ask it."""
        return server.change(self.ask, since=self.since, weights_before=self.weights_before)


def _question(arguments: Arguments) -> Question[Change]:
    symbols, weights, since, before = arguments
    asked, was = ask(symbols, weights), ask(symbols, before)
    if before is not None and was.symbols != asked.symbols:
        raise BadInput("invalid_before", "before must have a weight beside the same symbols.", "before")
    return ChangeOf(asked, _moment(since), was.weights or () if before is not None else ())


def _moment(block: Block | None) -> float | None:
    """Return a moment in Unix seconds, of a text or of a date as sheets count them; None where none is given."""
    cell = only(block)
    if cell is None:
        return None
    with suppress(ValueError, OverflowError, OSError):
        local: datetime | None = None
        if isinstance(cell, str):
            text = cell.strip()
            local = datetime.fromisoformat(text)
            local = datetime.combine(local, LAST) if len(text) <= len("2026-09-18") else local
        elif (
            isinstance(cell, float | int) and not isinstance(cell, bool) and cell >= 1 and math.isfinite(cell)
        ):
            day = datetime(1899, 12, 30) + timedelta(days=int(cell))
            local = (
                datetime.combine(day, LAST) if cell == int(cell) else day + timedelta(days=cell - int(cell))
            )
        if local is not None:
            moment = (local if local.tzinfo else local.replace(tzinfo=new_york())).timestamp()
            if moment > 0:
                return moment
    raise BadInput("invalid_since", "since must be a date, or a text such as 2026-09-18 15:30.", "since")


def change(found: Change) -> Table:
    """Return BASKETCHANGE's rows, name and value: before, the six parts, after; and the moment that it began with."""
    parts = tuple((name.replace("_", " "), number(getattr(found, name))) for name in Change._fields[:8])
    return (*parts, ("since", serial(found.since, new_york())))


BASKETCHANGE = of_basket(
    "BASKETCHANGE",
    Shape.TABLE,
    "What made a basket's net GEX another, one row each, name and value: before, what spot, volatility, time, open interest, "
    "weights made, the residual, after; and the moment it began with (New York).",
    Kind(
        question=_question,
        option=no_option,
        show=lambda found, _: change(found),
        cost="From the chains that the server has kept, for chain_days days: it costs what the basket's figures cost.",
    ),
    SINCE,
    BEFORE,
)
