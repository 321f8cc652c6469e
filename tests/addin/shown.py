"""What the cells of functions show of an answer, by name, as the worksheet shows it."""

from __future__ import annotations

from typing import Any

from basketgex_addin.cells import Block, Result
from basketgex_addin.functions import BY_NAME


def option(name: str, last: Block | None = None) -> Any:
    """Return what the last argument of a function says. Raises BadInput."""
    function = BY_NAME[name]
    return function.kind.option((*(None,) * (len(function.arguments) - 1), last))


def render(name: str, answer: Any, *said: Any) -> Result:
    """Return what a cell shows of an answer; ``said`` is its option, if it is not the default."""
    shown = BY_NAME[name].kind.show(answer, *(said or (option(name),)))
    assert not callable(shown)
    return shown
