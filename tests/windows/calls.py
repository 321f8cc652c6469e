"""Calls of every worksheet function, with what their cells show on this machine, to hold the same calls on Windows to."""

from __future__ import annotations

from typing import Any

from basketgex_addin.excel import component
from basketgex_addin.functions import FUNCTIONS, SYMBOL, SYMBOLS, TOP, TRIGGER, WEIGHTS, ZONE

COLUMN = [["NVDA"], ["AMD"], ["BRK.B"], ["ZZZZ"], ["SPY"]]
GIVEN: dict[str, list[Any]] = {
    SYMBOLS.name: [COLUMN, [["JPM, BAC;C"]]],
    SYMBOL.name: [[["NVDA"]], [["ZZZZ"]]],
    WEIGHTS.name: [[[0.1], [1 / 3], [2.0], [1.0], [1e-3]], [[1.0, 2.0, 4.0]]],
    TOP.name: [[[2.0]], None],
    ZONE.name: [[["Europe/London"]], None],  # Windows has no zones of its own
    TRIGGER.name: [[[1.0]], [[2.0]]],
}
OWN = ("BASKETAGE", "BASKETQUOTA")
"""What a client has seen, and what a server has counted: other figures in another process, or a moment later."""


def calls() -> list[dict[str, Any]]:
    """Every function twice, with arguments as xlwings gives them, and what its cell shows here."""
    found = []
    for function in FUNCTIONS:
        for i in (0, 1):
            if function.name not in OWN:
                arguments = [GIVEN.get(argument.name, [None, None])[i] for argument in function.arguments]
                value = component.evaluate(function.name, arguments)
                found.append({"name": function.name, "arguments": arguments, "value": value})
    return found
