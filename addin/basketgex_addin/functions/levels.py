"""The levels of one underlying."""

from __future__ import annotations

from dataclasses import dataclass

from basketgex_addin.cells import (
    LEVELS,
    NEAR_FLIP,
    Ask,
    CellError,
    LevelFigures,
    Problem,
    Question,
    Server,
    Table,
    doubts_in_words,
    number,
    roots_in_words,
    symbol,
)
from basketgex_addin.functions.record import SYMBOL, Arguments, Function, Kind, Shape, no_option


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LevelsOf(Question[LevelFigures]):
    """The question for one underlying's levels."""

    symbol: str

    def put_to(self, server: Server) -> LevelFigures | Problem:
        """Ask it."""
        return server.levels(self.symbol)

    @property
    def about(self) -> Ask:
        """The underlying as a basket of its own."""
        return Ask((self.symbol,))


def _question(arguments: Arguments) -> Question[LevelFigures]:
    return LevelsOf(symbol(arguments[0]))


def levels(found: LevelFigures) -> Table:
    """Return GEXLEVELS' rows: name, price, distance from the underlying price as a share of it; #N/A where there is none.

    The flip's row goes on with what there is against it, with all prices at which net GEX changes its sign, and with "near
    flip" where the regime is no more than that.
    """
    spot = found.underlying_price
    named = [("underlying price", spot)]
    named += [(label, getattr(found, field)) for field, label in LEVELS.items()]
    na = CellError.NOT_AVAILABLE
    doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts)
    roots = roots_in_words(found.gamma_flip_roots, "{:,.2f}".format, spot)
    near = NEAR_FLIP if found.near_flip else ""
    return tuple(
        (
            label,
            na if price is None else number(price),
            na if price is None or not spot else number(price / spot - 1),
            *((doubts, roots, near) if label == LEVELS["gamma_flip"] else (None, None, None)),
        )
        for label, price in named
    )


GEXLEVELS = Function(
    "GEXLEVELS",
    "One row per level: name, price, distance (0.01 is 1 %): price, gamma flip, call wall, put wall, largest positive and "
    "negative strike, highest open interest, 0DTE magnet. Beside the flip: available, or what is against it; all flips; "
    "near flip, or empty.",
    (SYMBOL,),
    Shape.TABLE,
    Kind(
        question=_question,
        option=no_option,
        show=lambda found, _: levels(found),
        cost="From a metered source: one debit per symbol, and only one while its figure is fresh.",
    ),
)
