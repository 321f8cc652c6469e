"""What a cell asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Ask:
    """One basket a cell asks for: symbols as typed (trimmed, never blank), and their weights, or None: equal ones.

    Raises ValueError where there is not one weight a symbol: in a batch it would shift the others' weights.
    """

    symbols: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not pair."""
        if self.weights is not None and len(self.weights) != len(self.symbols):
            raise ValueError("one weight a symbol")


class RegimesOf(NamedTuple):
    """The question for a basket's ``Since``."""

    ask: Ask


class LevelsOf(NamedTuple):
    """The question for one underlying's ``LevelFigures``."""

    symbol: str


class QuotaOf(NamedTuple):
    """The question for the ``Quota``."""


class StrikesOf(NamedTuple):
    """The question for one underlying's ``Strikes``. Two fields, so that it is no ``LevelsOf``."""

    symbol: str
    per: str = "strike"


class ProfileOf(NamedTuple):
    """The question for a ``Profile``: a measure ("gex") between two prices in units of the present one."""

    ask: Ask
    measure: str
    between: tuple[float, float]
    levels: int


class DispersionOf(NamedTuple):
    """The question for a ``Dispersion``: an index, its members, and a horizon in calendar days."""

    index_symbol: str
    members: Ask
    horizon: float


Question = Ask | RegimesOf | LevelsOf | QuotaOf | StrikesOf | ProfileOf | DispersionOf


def asked_about(question: Question) -> Ask | None:
    """Return the basket that BASKETWHY is called with for a question; None for the quota, which is nobody's."""
    if isinstance(question, LevelsOf | StrikesOf):
        return Ask((question.symbol,))
    if isinstance(question, DispersionOf):
        return question.members
    if isinstance(question, QuotaOf):
        return None
    return question if isinstance(question, Ask) else question.ask
