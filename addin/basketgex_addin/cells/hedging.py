"""What dealers must trade, as cells ask it and are answered: scenarios, betas, and the figures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from basketgex_addin.cells.arguments import flat, is_blank, number_in, numbers
from basketgex_addin.cells.values import BadInput, Block, InputCell

LADDER = tuple(percent / 100 for percent in range(-5, 6))
"""The moves of a ladder that does not say which."""
BESIDE = ((0.0, -0.01, 0.0), (0.0, 0.01, 0.0), (0.0, 0.0, 1.0))
"""What stands below them: one point of volatility down and up, and one calendar day."""


class Scenario(NamedTuple):
    """A move of the market (-0.01: 1 % down), what is added to volatilities per 1.00, and calendar days that pass."""

    move: float = 0.0
    vol: float = 0.0
    days: float = 0.0


@dataclass(frozen=True, slots=True)
class Betas:
    """By which beta each name moves: ``given``, one a symbol; or as options imply to an ``index``; or else 1."""

    given: tuple[float, ...] | None = None
    index: str = ""
    horizon: float = 30.0


class Tick(NamedTuple):
    """What dealers buy until a moment (Unix seconds), USD, as time alone passes; ``kind``: hour, close or weekend."""

    kind: str
    at: float
    buy: float


class Hedge(NamedTuple):
    """What dealers buy in scenarios, USD of stock; positive: they buy.

    ``per`` is market (each name's whole open interest, added up) or weight (the weighted mean). Beside ``symbols`` what each
    ``counts`` and its beta; ``correlation`` is that of implied betas. ``missing`` have no data or no beta.
    """

    rows: tuple[tuple[Scenario, float], ...]
    clock: tuple[Tick, ...]
    per: str
    symbols: tuple[str, ...]
    counts: tuple[float, ...]
    betas: tuple[float, ...]
    correlation: float | None
    missing: tuple[str, ...]
    covered_weight: float
    as_of: float
    client_ttl: float
    notice: str = ""
    source: str = ""
    synthetic: bool = False
    keep_until: float = 0.0

    @property
    def to_close(self) -> float | None:
        """What dealers buy until the close as time alone passes; None where the clock was not asked for."""
        return next((tick.buy for tick in self.clock if tick.kind == "close"), None)


def betas(symbols: Block | None, given: Block | None, horizon: float = 30.0) -> Betas:
    """Return the betas that an argument gives: numbers beside the symbols, or the ticker of an index. Raises BadInput.

    >>> betas((("NVDA,AMD",),), ((1.5,), ("80%",))).given, betas((("NVDA",),), (("SPX",),)).index
    ((1.5, 0.8), 'SPX')
    """
    cells = [] if given is None else [cell for row in given for cell in row if not is_blank(cell)]
    if not cells:
        return Betas()
    if len(cells) == 1 and isinstance(cells[0], str) and number_in(cells[0]) is None and "," not in cells[0]:
        return Betas(index=cells[0].strip(), horizon=horizon)
    found = []
    for where, cell in beside(symbols, given, "betas", "give one beta beside each symbol, or an index."):
        beta = number_in(cell)
        if beta is None:
            raise BadInput("invalid_scenario", f"{where} is no number: give each symbol a beta.", "betas")
        found.append(beta)
    return Betas(tuple(found), horizon=horizon)


def beside(
    symbols: Block | None, given: Block | None, argument: str, instead: str
) -> list[tuple[str, InputCell]]:
    """Return what stands beside each symbol that is not blank, and how a sentence names that. Raises BadInput."""
    names, column = flat(symbols or (), "symbols"), flat(given or (), argument)
    if names.count != column.count:
        sentence = f"{names.count:,} symbols but {column.count:,} {argument}: {instead}"
        raise BadInput("invalid_scenario", sentence, argument)
    pairs = enumerate(zip_longest(names.cells, column.cells[: len(names.cells)]), 1)
    return [(column.where(i), cell) for i, (name, cell) in pairs if not is_blank(name)]


def moves(block: Block | None) -> tuple[float, ...] | None:
    """Return the moves that an argument lists, a range or a text; None where it is left out. Raises BadInput."""
    return numbers(block, "moves", "A move is a part of the price: -0.02 is 2 % down.", "invalid_scenario")
