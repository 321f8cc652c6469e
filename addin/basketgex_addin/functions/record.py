"""What a worksheet function is made of: one record each, from which hosts, wizard texts and reference are generated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from basketgex_addin.cells import BadInput, BasketQuestion, Block, Problem, Question, Result

Arguments = Sequence[Block | None]
"""A call's arguments, one for each that the function has; None where it was left out."""
A = TypeVar("A")
O = TypeVar("O")  # noqa: E741 - what an option is


class Shape(Enum):
    """What a cell gets."""

    NUMBER = "number"
    TEXT = "text"
    TABLE = "table"


class Argument(NamedTuple):
    """One argument, as the function wizard shows it. ``default`` is shown where it is optional."""

    name: str
    help: str
    optional: bool = False
    default: str = ""


class Way(Enum):
    """When a function asks the server."""

    ASK = "ask"
    """Where memory has no answer."""
    REMEMBER = "remember"
    """Never: it shows what the client last received, and is recalculated every time."""
    TRIGGER = "trigger"
    """When its option, the trigger, has changed; else it only looks at what is there."""
    EXPLAIN = "explain"
    """As the cell that it is pointed at: the host tells which functions that calls, and with what."""


def no_option(arguments: Arguments) -> None:
    """Return the option of functions that have none."""


def cell_error(problem: Problem) -> Result:
    """Return the error value that stands for a problem."""
    return problem.cell_error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Kind(Generic[A, O]):
    """How a function is answered: what it asks, and what its cell shows of the answer A, given the option O."""

    question: Callable[[Arguments], Question[A]]
    """What the arguments ask. Raises BadInput."""
    option: Callable[[Arguments], O]
    """What else the arguments say, such as a time zone: it makes no other question. Raises BadInput."""
    show: Callable[[A, O], Result | Callable[[float], Result]]
    """What the cell shows; of what grows older by itself a function of the moment (Unix seconds)."""
    refuse: Callable[[Problem], Result] = cell_error
    """What the cell shows where there is a problem instead of an answer."""
    cost: str = ""
    """A sentence on what it costs, or on where its figures come from; empty: as every basket."""
    foreseeable: bool = False
    """Whether it may be asked ahead: the question is a basket's, and made of the first argument and the weights alone."""
    way: Way = Way.ASK


class Function(NamedTuple):
    """One worksheet function."""

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    shape: Shape
    kind: Kind[Any, Any]  # of each its own answer, and option

    @property
    def volatile(self) -> bool:
        """Whether it is recalculated every time."""
        return self.kind.way is Way.REMEMBER

    @property
    def weighs(self) -> bool:
        """Whether its second argument is the weights."""
        return self.arguments[1:2] == (WEIGHTS,)

    def given(self, arguments: Arguments) -> Arguments:
        """Return a call's arguments as its kind wants them: None for each that was left out."""
        return (*arguments, *(None,) * len(self.arguments))[: len(self.arguments)]

    def foreseen(self, arguments: Arguments) -> BasketQuestion[object] | None:
        """Return what a call is about to ask, None where it may not be asked ahead, or its arguments are bad input."""
        if not self.kind.foreseeable:
            return None
        try:
            question = self.kind.question(self.given(arguments))
        except BadInput:
            return None
        return question if isinstance(question, BasketQuestion) else None

    def basket(self, arguments: Arguments) -> tuple[Block | None, Block | None]:
        """Return the symbols and weights that BASKETWHY is called with where it is asked about such a cell."""
        names = [argument.name for argument in self.arguments]
        at = names.index(SYMBOLS.name) if SYMBOLS.name in names else 0
        first, second = (*arguments[at : at + 2], None, None)[:2]
        return first, second if names[at + 1 : at + 2] == [WEIGHTS.name] else None


SYMBOLS = Argument("symbols", "Tickers: a range in any orientation, or a text such as NVDA,AMD.")
WEIGHTS = Argument(
    "weights",
    "One weight per ticker, on any scale, none negative. Left out: the names weigh equally.",
    optional=True,
    default="equal",
)
BASKET = (SYMBOLS, WEIGHTS)
SYMBOL = Argument("symbol", "One ticker.")
HORIZON = Argument("horizon", "Calendar days ahead, above 0 and up to 3650.", optional=True, default="30")
HEADERS = Argument("headers", "TRUE puts a row of headings on top.", optional=True, default="FALSE")
BETAS = Argument(
    "betas",
    "One beta per ticker, by which it moves for each 1 of the market; or the ticker of an index, SPX say: then the betas are "
    "those that option prices imply.",
    optional=True,
    default="1",
)
