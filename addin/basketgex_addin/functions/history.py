"""How a basket stood on the days before, and whether today is unusual."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketgex_addin.cells import (
    BadInput,
    CellValue,
    Problem,
    Question,
    Server,
    Table,
    ask,
    figure,
    headers,
    new_york,
    number,
    only,
    serial,
)
from basketgex_addin.cells.shape import Past
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.record import HEADERS, Argument, Arguments, Kind, Shape, no_option

MOST_DAYS = 3_650
HISTORY_HEADINGS = ("as of (New York)", "GEX", "DEX", "VEX", "CHEX", "balance")
COST = "From the closing figures that the server has kept, for history_days days: it costs what the basket's figures cost."
DAYS = Argument("days", "Calendar days back, above 0 and up to 3650.", optional=True, default="400")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PastOf(OfBasket[Past]):
    """The question for a basket's closing figures over so many days."""

    days: float

    def put_to(self, server: Server) -> Past | Problem:
        """Ask it."""
        return server.history(self.ask, self.days)


def _question(arguments: Arguments) -> Question[Past]:
    cell = only(arguments[2])
    days = 400.0 if cell is None else figure(cell)
    if not 0 < days <= MOST_DAYS:
        raise BadInput("invalid_days", "days must be a number above 0 and up to 3650.", "days")
    return PastOf(ask(arguments[0], arguments[1]), days)


def history(found: Past, headings: bool) -> Table:
    """Return BASKETHISTORY's rows, the oldest first: the moment, the four measures, the balance."""
    rows = tuple((serial(row[0] or 0.0, new_york()), *map(_known, row[1:])) for row in found.rows)
    return (HISTORY_HEADINGS, *rows) if headings else rows


def ranks(found: Past) -> Table:
    """Return BASKETPERCENTILE's row: percentile and z-score of net GEX, of the balance, and how many days there are."""
    figures = (found.gex.percentile, found.gex.z_score, found.balance.percentile, found.balance.z_score)
    return ((*map(_known, figures), float(found.gex.days)),)


def _known(value: float | None) -> CellValue:
    return number(math.nan if value is None else value)


BASKETHISTORY = of_basket(
    "BASKETHISTORY",
    Shape.TABLE,
    "A basket's closing figures under its present weights, one row per day that was kept, the last of now: moment (date and "
    "time, New York), GEX, DEX, VEX, CHEX, balance.",
    Kind(question=_question, option=lambda arguments: headers(arguments[3]), show=history, cost=COST),
    DAYS,
    HEADERS,
)
BASKETPERCENTILE = of_basket(
    "BASKETPERCENTILE",
    Shape.TABLE,
    "Is today unusual? Side by side: percentile (0 to 1) and z-score of net GEX among the days before, the same of the "
    "balance, and how many days there are. #N/A where they are fewer than five.",
    Kind(question=_question, option=no_option, show=lambda found, _: ranks(found), cost=COST),
    DAYS,
)
