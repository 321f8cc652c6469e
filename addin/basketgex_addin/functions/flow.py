"""DEX, VEX and CHEX of a book with two sides."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketgex_addin.cells import (
    Ask,
    BadInput,
    Block,
    CellValue,
    Problem,
    Question,
    Server,
    Table,
    ask,
    number,
    only,
)
from basketgex_addin.cells.shape import Flow
from basketgex_addin.functions.record import SYMBOLS, Argument, Arguments, Function, Kind, Shape

DIRECTED = ("DEX", "VEX", "CHEX")

MONEY = Argument("money", "One amount per ticker, on any scale: negative is short.")
MEASURE = Argument("measure", "DEX, VEX or CHEX; ALL: a row each.", optional=True, default="ALL")
ADV = Argument(
    "adv", "Average daily volume in USD, one per ticker, blank where unknown.", optional=True, default="none"
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FlowOf(Question[Flow]):
    """The question for the flow of a book: symbols as typed, signed money, and average daily volumes, or none."""

    symbols: tuple[str, ...]
    money: tuple[float, ...]
    adv: tuple[float, ...]

    def put_to(self, server: Server) -> Flow | Problem:
        """Ask it."""
        return server.flow(self.symbols, self.money, self.adv)

    @property
    def about(self) -> Ask:
        """Its names, which weigh equally."""
        return Ask(self.symbols)


def _question(arguments: Arguments) -> Question[Flow]:
    symbols, money, _, adv = arguments
    if money is None:
        raise BadInput("missing_money", "No money: give one amount beside each symbol.", "money")
    held = _amounts(symbols, money, "money")
    if adv is None or _is_blank(adv):
        return FlowOf(*_split(held), ())
    volumes = dict(_amounts(symbols, adv, "adv"))
    if any(volume < 0 for volume in volumes.values()):
        raise BadInput("invalid_adv", "An average daily volume must be 0 or more.", "adv")
    names, amounts = _split(held)
    return FlowOf(names, amounts, tuple(volumes.get(name, 0.0) for name in names))


def _split(held: list[tuple[str, float]]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    return tuple(name for name, _ in held), tuple(amount for _, amount in held)


def _amounts(symbols: Block | None, block: Block, argument: str) -> list[tuple[str, float]]:
    """Return each symbol with its amount. Raises BadInput, in the words of ``argument``."""
    try:
        found = ask(symbols, block)
    except BadInput as bad:
        problem = bad.problem
        if problem.argument != "weights":
            raise
        raise BadInput(f"invalid_{argument}", _in_words(problem, argument), argument) from None
    return list(zip(found.symbols, found.weights or (), strict=True))


def _in_words(problem: Problem, argument: str) -> str:
    """Return what is wrong with weights as it is said of amounts."""
    if problem.code == "weight_count_mismatch":
        return f"The {argument} must be one amount beside each symbol."
    sentence = problem.sentence.replace("The weights", "The amounts").replace(
        "the weights", f"the {argument}"
    )
    return sentence.replace("the weight", "the amount").replace("a weight", "an amount")


def _is_blank(block: Block | None) -> bool:
    return block is None or all(cell is None or cell == "" for row in block for cell in row)


def _measure(arguments: Arguments) -> str:
    cell = only(arguments[2])
    found = "ALL" if cell is None else cell.strip().upper() if isinstance(cell, str) else ""
    if found == "GEX":
        raise BadInput(
            "invalid_measure", "Gamma has no side: ask for each leg as a basket of its own.", "measure"
        )
    if found not in (*DIRECTED, "ALL"):
        raise BadInput("invalid_measure", "The measure must be DEX, VEX, CHEX or ALL.", "measure")
    return found


def flow(found: Flow, measure: str) -> Table:
    """Return BASKETFLOW's rows, one a measure: net, long leg, short leg, gross, the dealers' net, and in days of volume."""
    columns = (found.net, found.long_leg, found.short_leg, found.gross, found.dealers, found.days_of_volume)
    rows = range(3) if measure == "ALL" else (DIRECTED.index(measure),)
    return tuple(tuple(_at(column, row) for column in columns) for row in rows)


def _at(column: tuple[float, ...], row: int) -> CellValue:
    return number(column[row] if column else math.nan)


BASKETFLOW = Function(
    "BASKETFLOW",
    "A book with two sides, a row for DEX, VEX, CHEX, per unit of gross money: net, long leg, short leg, gross, the dealers' "
    "net (CHEX above 0: they sell what you are long as time passes), net in days of volume.",
    (SYMBOLS, MONEY, MEASURE, ADV),
    Shape.TABLE,
    Kind(question=_question, option=_measure, show=flow, cost="Costs what the basket's figures cost."),
)
