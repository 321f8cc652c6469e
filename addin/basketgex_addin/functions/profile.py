"""Net exposure over a range of prices, of one underlying or of a basket that moves together, and where it changes sign."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from basketgex_addin.cells import (
    MEASURES,
    NEAR_FLIP,
    Ask,
    BadInput,
    Betas,
    CellError,
    InputCell,
    Problem,
    Profile,
    Question,
    Server,
    Table,
    ask,
    betas,
    doubts_in_words,
    figure,
    number,
    only,
    roots_in_words,
    symbol,
)
from basketgex_addin.functions.of_basket import OfBasket, of_basket
from basketgex_addin.functions.record import (
    BETAS,
    SYMBOL,
    Argument,
    Arguments,
    Function,
    Kind,
    Shape,
    no_option,
)

MOST_LEVELS = 2_000
FLIP_REACH = (0.5, 1.5)
"""Where BASKETFLIP looks, in units of the present price."""
TOGETHER = Betas()
CHAINS = "From option chains, likewise."

CURVE = (
    Argument("measure", "GEX, DEX, VEX or CHEX.", optional=True, default="GEX"),
    Argument("low", "Where the range begins, in units of the present price.", optional=True, default="0.8"),
    Argument("high", "Where the range ends.", optional=True, default="1.2"),
    Argument("levels", "How many prices, 2 to 2000.", optional=True, default="60"),
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ProfileOf(OfBasket[Profile]):
    """The question for a profile: a measure ("gex") between two prices in units of the present one."""

    measure: str
    between: tuple[float, float]
    levels: int
    betas: Betas = TOGETHER

    def put_to(self, server: Server) -> Profile | Problem:
        """Ask it."""
        return server.curve(self.ask, self.measure, self.between, self.levels, self.betas)


def profile_of(ask: Ask, curve: Arguments) -> ProfileOf:
    """Return the question of a profile; ``curve`` is measure, low, high and levels. Raises BadInput."""
    measure, begin, end, levels = map(only, curve)
    found = "GEX" if measure is None else measure.strip().upper() if isinstance(measure, str) else ""
    if found not in MEASURES:
        raise BadInput("invalid_measure", "The measure must be GEX, DEX, VEX or CHEX.", "measure")
    between = _ratio(begin, 0.8, "low"), _ratio(end, 1.2, "high")
    if not between[0] < between[1]:
        raise BadInput("invalid_range", "low must be less than high: 0.8 and 1.2, say.", "low")
    points = 60.0 if levels is None else figure(levels)
    if not 2 <= points <= MOST_LEVELS or points != int(points):
        raise BadInput("invalid_levels", "levels must be a whole number, 2 to 2000.", "levels")
    return ProfileOf(ask, found.lower(), between, int(points))


def _ratio(cell: InputCell, default: float, argument: str) -> float:
    found = default if cell is None else figure(cell)
    if not 0 < found < math.inf:
        sentence = (
            f"{argument} must be a number above 0, in units of the present price: 0.9 is 10 % below it."
        )
        raise BadInput("invalid_range", sentence, argument)
    return found


def _of_symbol(arguments: Arguments) -> Question[Profile]:
    return profile_of(Ask((symbol(arguments[0]),)), arguments[1:])


def _of_basket(arguments: Arguments) -> Question[Profile]:
    return replace(
        profile_of(ask(arguments[0], arguments[1]), arguments[2:6]), betas=betas(arguments[0], arguments[6])
    )


def _flip_of(arguments: Arguments) -> Question[Profile]:
    symbols, weights, given = arguments
    return ProfileOf(ask(symbols, weights), "gex", FLIP_REACH, 2, betas(symbols, given))


def profile(found: Profile, *, moves: bool) -> Table:
    """Return the rows of a profile: the price of its one underlying, or the move of a basket; and the exposure there."""
    across = found.moves if moves else found.spots
    return tuple((number(x), number(y)) for x, y in zip(across, found.net, strict=True))


def flip(found: Profile) -> Table:
    """Return BASKETFLIP's row: the move at which a basket's regime changes, 0 being none; its doubts; all such moves.

    Last "near flip" where the regime is no more than that, else an empty text.
    """
    move = CellError.NOT_AVAILABLE if found.flip is None else found.flip - 1
    doubts = doubts_in_words(found.flip_status, found.flip_doubts)
    roots = roots_in_words(found.roots, lambda root: f"{root - 1:+.2%}")
    return ((move, doubts, roots, NEAR_FLIP if found.near_flip else ""),)


GEXPROFILE = Function(
    "GEXPROFILE",
    "Net exposure of one underlying over a range of its price, one row per price: the price, and the exposure there, every "
    "contract repriced.",
    (SYMBOL, *CURVE),
    Shape.TABLE,
    Kind(
        question=_of_symbol,
        option=no_option,
        show=lambda found, _: profile(found, moves=False),
        cost=CHAINS,
    ),
)
BASKETPROFILE = of_basket(
    "BASKETPROFILE",
    Shape.TABLE,
    "Weighted net exposure of a basket whose names all move together, one row per move: the move, 1 being none and 1.05 "
    "being 5 % up, and the exposure there.",
    Kind(  # moves, whether the basket has one name or many
        question=_of_basket,
        option=no_option,
        show=lambda found, _: profile(found, moves=True),
        cost=CHAINS,
    ),
    *CURVE,
    BETAS,
)
BASKETFLIP = of_basket(
    "BASKETFLIP",
    Shape.TABLE,
    "Side by side: the common move of all names at which the basket's net GEX changes its sign, nearest none, -0.03 being "
    "3 % down, #N/A where none is within 50 %; available, or what is against it; all such moves; near flip, or empty.",
    Kind(question=_flip_of, option=no_option, show=lambda found, _: flip(found), cost=CHAINS),
    BETAS,
)
