"""Why the formula in a cell has no value. The host finds the calls in it, and the worksheet explains them."""

from __future__ import annotations

from basketgex_addin.cells import CellError, Question, Reply, ask
from basketgex_addin.functions.record import Argument, Arguments, Function, Kind, Shape, Way, no_option

CELL = Argument("reference", "The cell that has no value: a reference to it, not its text.")


def _question(arguments: Arguments) -> Question[Reply]:
    return ask(arguments[0], None)


BASKETEXPLAIN = Function(
    "BASKETEXPLAIN",
    "Why the formula in a cell has no value, whichever of these functions it calls, and what to do; OK where it has one.",
    (CELL,),
    Shape.TEXT,
    Kind(
        question=_question,
        option=no_option,
        show=lambda reply, _: CellError.NOT_AVAILABLE,  # what a cell's text says is no reference to it
        cost="Asks what the cell itself asks, and costs no more.",
        way=Way.EXPLAIN,
    ),
)
