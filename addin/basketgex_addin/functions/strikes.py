"""One underlying by strike."""

from __future__ import annotations

from dataclasses import dataclass

from basketgex_addin.cells import Ask, Problem, Question, Server, Strikes, Table, headers, number, symbol
from basketgex_addin.functions.record import HEADERS, SYMBOL, Arguments, Function, Kind, Shape

HEADINGS = ("strike", "call GEX", "put GEX", "net GEX", "call open interest", "put open interest")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StrikesOf(Question[Strikes]):
    """The question for one underlying by strike."""

    symbol: str

    def put_to(self, server: Server) -> Strikes | Problem:
        """Ask it."""
        return server.strikes(self.symbol)

    @property
    def about(self) -> Ask:
        """The underlying as a basket of its own."""
        return Ask((self.symbol,))


def _question(arguments: Arguments) -> Question[Strikes]:
    return StrikesOf(symbol(arguments[0]))


def _strikes(found: Strikes, headings: bool) -> Table:
    rows = tuple(tuple(map(number, row)) for row in found.rows)
    return (HEADINGS, *rows) if headings else rows


GEXSTRIKES = Function(
    "GEXSTRIKES",
    "One row per strike of one underlying: strike, GEX of calls, of puts, and net, open interest of calls and of puts.",
    (SYMBOL, HEADERS),
    Shape.TABLE,
    Kind(
        question=_question,
        option=lambda arguments: headers(arguments[1]),
        show=_strikes,
        cost="From option chains: the sample, chain files and others that have them. FlashAlpha gives net figures only.",
    ),
)
