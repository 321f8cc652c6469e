"""An index against its members."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketgex_addin.cells import (
    Ask,
    Dispersion,
    Problem,
    Question,
    Server,
    Table,
    ask,
    horizon,
    in_words,
    number,
    symbol,
)
from basketgex_addin.functions.profile import CHAINS
from basketgex_addin.functions.record import (
    HORIZON,
    SYMBOLS,
    Argument,
    Arguments,
    Function,
    Kind,
    Shape,
    no_option,
)

INDEX = Argument("index", "The ticker of the index, such as SPX.")
INDEX_WEIGHTS = Argument(
    "weights",
    "The members' weights in the index, per cent or shares of 1: what is missing of the whole is not covered. Left out: equal.",
    optional=True,
    default="equal",
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DispersionOf(Question[Dispersion]):
    """The question for an index against its members, at a horizon in calendar days."""

    index_symbol: str
    members: Ask
    horizon: float

    def put_to(self, server: Server) -> Dispersion | Problem:
        """Ask it."""
        members = self.members
        return server.dispersion(self.index_symbol, members.symbols, members.weights, horizon=self.horizon)

    @property
    def about(self) -> Ask:
        """The members."""
        return self.members


def _question(arguments: Arguments) -> Question[Dispersion]:
    index, symbols, weights, days = arguments
    return DispersionOf(symbol(index, "index"), ask(symbols, weights), horizon(days))


def dispersion(found: Dispersion) -> Table:
    """Return DISPERSION's rows: name and value, #N/A where there is none; last each member's weight · volatility."""
    figures: tuple[tuple[str, float | str | None], ...] = (
        ("implied correlation", _correlation(found)),
        ("index volatility", found.index_volatility),
        ("mean member volatility", found.basket_volatility),
        ("volatility at correlation 0", found.independent_volatility),
        ("covered weight", found.covered_weight),
        ("no volatility", ", ".join(found.missing)),
        ("index regime", in_words(found.index_regime) or None),
        ("basket regime", in_words(found.basket_regime) or None),
        ("net to gross", found.net_to_gross),
        ("opposed to the index", ", ".join(found.opposed) if found.index_regime else None),
        ("correlation", found.correlation_status.replace("_", " ")),
        ("correlation at least", found.correlation_low),
        ("correlation at most", found.correlation_high),
        ("covered part of the index", found.index_covered),
        *((f"contribution {name}", value) for name, value in found.contributions),
    )
    return tuple(
        (name, value if isinstance(value, str) else number(math.nan if value is None else value))
        for name, value in figures
    )


def _correlation(found: Dispersion) -> float | str | None:
    """Return the implied correlation, or the range that it lies in as a text: that is no number to calculate with."""
    low, high = found.correlation_low, found.correlation_high
    if found.implied_correlation is not None or low is None or high is None:
        return found.implied_correlation
    return f"{low:.2f} to {high:.2f}"


DISPERSION = Function(
    "DISPERSION",
    "An index against its members, one row per figure, name and value: implied correlation (a range where less than 90 % "
    "of the index is covered), volatilities at the money per 1.00, coverage, regimes, opposed names; then each weight "
    "times volatility.",
    (INDEX, SYMBOLS, INDEX_WEIGHTS, HORIZON),
    Shape.TABLE,
    Kind(question=_question, option=no_option, show=lambda found, _: dispersion(found), cost=CHAINS),
)
