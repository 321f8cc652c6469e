"""Functions that show something of a basket's reply: all of them in a sheet share one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from basketgex_addin.cells import Ask, Question, Reply, Result, ask
from basketgex_addin.functions.record import (
    BASKET,
    A,
    Argument,
    Arguments,
    Function,
    Kind,
    O,
    Shape,
    no_option,
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OfBasket(Question[A]):
    """A question of one basket that is answered with an A of its own."""

    ask: Ask

    @property
    def about(self) -> Ask:
        """The basket."""
        return self.ask


def basket_of(arguments: Arguments) -> Question[Reply]:
    """Return the question for the basket of a function's first two arguments. Raises BadInput."""
    return ask(arguments[0], arguments[1])


def of_reply(show: Callable[[Reply], Result]) -> Kind[Reply, None]:
    """Return the kind of function that shows something of a basket."""
    return Kind(question=basket_of, option=no_option, show=lambda reply, _: show(reply), foreseeable=True)


def of_reply_with(option: Callable[[Arguments], O], show: Callable[[Reply, O], Result]) -> Kind[Reply, O]:
    """Return the kind of function that shows something of a basket, which its third argument says more exactly."""
    return Kind(question=basket_of, option=option, show=show, foreseeable=True)


def of_basket(name: str, shape: Shape, summary: str, kind: Kind[A, O], *further: Argument) -> Function:
    """Return a function of a basket; ``further`` arguments follow symbols and weights."""
    return Function(name, summary, (*BASKET, *further), shape, kind)
