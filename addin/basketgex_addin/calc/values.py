"""Between Calc's values and ours, pure: what a function receives and what it returns, as measured in 25.2."""

from __future__ import annotations

import struct
from typing import Any

from basketgex_addin.cells import Block, CellError, InputCell, Result

_ERROR_CODES = {CellError.VALUE: 519, CellError.NOT_AVAILABLE: 32767}


def _error(code: int) -> float:
    """Return the NaN that Calc reads as an error: its payload is the code."""
    number: float = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 | code))[0]
    return number


ERRORS = {error: _error(code) for error, code in _ERROR_CODES.items()}


def block(argument: Any) -> Block | None:
    """Return an argument as rows of cells; None where it was omitted.

    A range is a tuple of rows; a single cell or a constant is the bare value. An empty cell is "" in a range, but
    0.0 on its own, where nothing tells it from a zero.
    """
    if argument is None:
        return None
    if isinstance(argument, tuple):
        # A whole column is a million rows, nearly all of them blank: those are compared, not converted.
        columns = len(argument[0]) if argument else 0
        empty, blank = ("",) * columns, (None,) * columns
        return tuple(blank if row == empty else tuple(map(_input, row)) for row in argument)
    return ((_input(argument),),)


def _input(value: Any) -> InputCell:
    if value is None or value == "":
        return None
    if isinstance(value, bool | float | str):
        return value
    return float(value) if isinstance(value, int) else CellError.VALUE


def scalar(result: Result) -> float | str:
    """Return what a single cell gets. A table shows its first cell, as Calc itself would do."""
    if isinstance(result, tuple):
        return scalar(result[0][0] if result and result[0] else None)
    if isinstance(result, CellError):
        return ERRORS[result]
    if result is None:
        return ""
    return float(result) if isinstance(result, bool | int) else result


def table(result: Result) -> tuple[tuple[float | str, ...], ...]:
    """Return what an array formula gets: an error or a single value is a table of one."""
    if isinstance(result, tuple):
        return tuple(tuple(map(scalar, row)) for row in result)
    return ((scalar(result),),)
