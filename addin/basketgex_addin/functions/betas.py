"""Betas that option prices imply, GEX in units of the index, and figures in which names compare."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketgex_addin.cells import (
    BadInput,
    Betas,
    CellValue,
    Problem,
    Question,
    Server,
    Table,
    ask,
    betas,
    headers,
    horizon,
    number,
    symbol,
)
from basketgex_addin.cells.arguments import flat, is_blank, number_in
from basketgex_addin.cells.hedging import beside
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.cells.values import Block
from basketgex_addin.functions.dispersion import INDEX
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.profile import CHAINS
from basketgex_addin.functions.record import (
    BETAS,
    HEADERS,
    HORIZON,
    SYMBOLS,
    WEIGHTS,
    Argument,
    Arguments,
    Function,
    Kind,
    Shape,
    no_option,
)

COMPARED = ("name", "net GEX", "volatility", "GEX per daily sigma", "GEX per dollar of volume")
Layout = tuple[tuple[bool, ...], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BetasAsked(OfBasket[IndexUnits]):
    """The question for a basket in units that compare."""

    betas: Betas

    def put_to(self, server: Server) -> IndexUnits | Problem:
        """Ask it."""
        return server.betas(self.ask, self.betas)


def _implied(arguments: Arguments) -> Question[IndexUnits]:
    index, symbols, weights, days = arguments
    of, members = symbol(index, "index"), ask(symbols, weights)
    return BetasAsked(members, Betas(index=of, horizon=horizon(days)))


def _layout(arguments: Arguments) -> Layout:
    """Return how the symbols lie, False for blanks: the betas are to lie beside them."""
    block: Block = arguments[1] or ()
    if len(block) == 1 and len(block[0]) == 1:
        return tuple((not is_blank(cell),) for cell in flat(block, "symbols").cells)
    used = [i for i, row in enumerate(block, 1) if not all(map(is_blank, row))]
    return tuple(tuple(not is_blank(cell) for cell in row) for row in block[: max(used, default=0)])


def as_they_lie(found: IndexUnits, layout: Layout) -> Table:
    """Return the betas as their symbols lie, #N/A for a name that has none."""
    places = iter(found.place)

    def beta(there: bool) -> CellValue:
        place = next(places, None) if there else None
        return None if not there else number(math.nan if place is None else found.betas[place])

    return tuple(tuple(beta(there) for there in row) for row in layout)


def _in_units(arguments: Arguments) -> Question[IndexUnits]:
    symbols, weights, given = arguments
    return BetasAsked(ask(symbols, weights), betas(symbols, given))


def _compared(arguments: Arguments) -> Question[IndexUnits]:
    return BetasAsked(ask(arguments[0], arguments[1]), Betas())


def _with_volume(arguments: Arguments) -> tuple[tuple[float, ...] | None, bool]:
    """Return dollars of daily volume beside each symbol, NaN for a blank, and whether there are headings. Raises BadInput."""
    symbols, _, given, headings = arguments
    if given is None or all(is_blank(cell) for row in given for cell in row):
        return None, headers(headings)
    found = []
    for where, cell in beside(symbols, given, "adv", "give one beside each symbol, or none."):
        dollars = math.nan if is_blank(cell) else number_in(cell)
        if dollars is None or dollars <= 0:
            sentence = f"{where} is no number above 0: give the average daily volume in dollars."
            raise BadInput("invalid_scenario", sentence, "adv")
        found.append(dollars)
    return tuple(found), headers(headings)


def compared(found: IndexUnits, option: tuple[tuple[float, ...] | None, bool]) -> Table:
    """Return one row per name, in COMPARED's columns, and the basket's last. Of volume it has the sum, or the weighted mean."""
    adv, headings = option
    dollars = [math.nan] * len(found.symbols)
    for place, known in zip(found.place, adv or (), strict=False):
        if place is not None:
            dollars[place] = known
    rows = list(zip(found.symbols, found.gex, found.volatilities, found.gex_per_sigma, dollars, strict=True))
    whole = math.fsum(c * d for c, d in zip(found.counts, dollars, strict=True))
    per_sigma = math.nan if found.total_per_sigma is None else found.total_per_sigma
    rows.append(("basket", found.total_gex, math.nan, per_sigma, whole))
    shown: Table = tuple(
        (name, number(gex), "" if name == "basket" else number(vol), number(sigma), number(gex / volume))
        for name, gex, vol, sigma, volume in rows
    )
    return (COMPARED, *shown) if headings else shown


BASKETBETA = Function(
    "BASKETBETA",
    "Betas to an index that option prices imply with the one implied correlation of these names, as the symbols lie; #N/A "
    "where a name has no volatility. They are taken for the whole index: names that are little of it mislead.",
    (INDEX, SYMBOLS, WEIGHTS, HORIZON),
    Shape.TABLE,
    Kind(question=_implied, option=_layout, show=as_they_lie, cost=CHAINS),
)
BASKETINDEXGEX = of_basket(
    "BASKETINDEXGEX",
    Shape.NUMBER,
    "Index-equivalent GEX: sum of beta squared times net GEX, USD per 1 % of the index, the GEX on it that curves as much. "
    "Without weights the whole market in these names; with weights their weighted mean.",
    Kind(
        question=_in_units,
        option=no_option,
        show=lambda found, _: number(found.index_equivalent),
        cost=CHAINS,
    ),
    BETAS,
)
BASKETCOMPARE = of_basket(
    "BASKETCOMPARE",
    Shape.TABLE,
    "Figures that compare across names, one row per name, the basket's last: net GEX per 1 %, volatility at the money in 30 "
    "days, GEX for a move of one daily standard deviation, and net GEX per dollar of daily volume.",
    Kind(question=_compared, option=_with_volume, show=compared, cost=CHAINS),
    Argument(
        "adv",
        "Average daily volume in dollars, one per ticker. Left out: the last column is #N/A.",
        optional=True,
        default="none",
    ),
    HEADERS,
)
