"""Between a browser's values and ours, pure: what JSON carries of a call, and what goes back.

An argument is null (left out), a scalar, or rows of cells; an error cell is ``{"e": "#N/A"}``, and a blank one null or "".
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from basketgex_addin.cells import Block, CellError, CellValue, InputCell, Result

NO_NAME: dict[str, str] = {"e": "#NAME?"}
"""What a cell shows of an unknown function."""

_ROWS = msgspec.json.Decoder(tuple[tuple[float | str | bool | None, ...], ...])
"""Of rows as nearly every range has them, cells at once: converting them one by one takes forty times as long."""


def read(argument: bytes) -> Block | None:
    """Return an argument as rows of cells from its JSON; None where it was left out. Never raises.

    >>> read(b'[["NVDA", 5], [null, ""]]')
    (('NVDA', 5.0), (None, None))
    """
    if b'""' not in argument:  # which is a blank cell
        try:
            return _ROWS.decode(argument) or ((),)
        except msgspec.DecodeError:  # an error cell, a scalar, or what no page of ours sends
            pass
    return block(said(argument))


def said(argument: bytes) -> Any:
    """Return what JSON says, as Python has it; of what cannot be read, what stands for an error."""
    try:
        return msgspec.json.decode(argument)
    except (msgspec.DecodeError, RecursionError):
        return {}


def block(argument: Any) -> Block | None:
    """Return an argument as rows of cells; None where it was left out.

    >>> block([["NVDA", 5], ["", {"e": "#DIV/0!"}]])
    (('NVDA', 5.0), (None, <CellError.VALUE: '#VALUE!'>))
    """
    if argument is None:
        return None
    if not isinstance(argument, list):
        return ((_input(argument),),)
    if not argument or not isinstance(argument[0], list):
        return (tuple(map(_input, argument)),)
    # A whole column is a million rows, nearly all of them blank: those are compared, not converted.
    columns = len(argument[0])
    blanks = [""] * columns, [None] * columns
    blank: tuple[InputCell, ...] = (None,) * columns
    return tuple(blank if row in blanks else _row(row) for row in argument)


def without_zeros(argument: bytes) -> bytes:
    """Return symbols without their zeros: Excel's custom functions are given a blank cell of a range as 0.

    >>> without_zeros(b'[["NVDA"], [0]]')
    b'[["NVDA"],[null]]'
    """
    return msgspec.json.encode(_blank_zeros(said(argument))) if b"0" in argument else argument


def result(found: Result) -> Any:
    """Return what a cell shows as JSON has it: a number, a text, rows, or an error as an object."""
    if isinstance(found, tuple):
        return [list(map(_output, row)) for row in found] or [[None]]
    return _output(found)


def is_error(shown: Any) -> bool:
    """Tell whether what a cell shows is an error value."""
    return isinstance(shown, dict)


def _blank_zeros(argument: Any) -> Any:
    if isinstance(argument, list):
        return [_blank_zeros(each) for each in argument]
    return None if argument == 0 and not isinstance(argument, bool) else argument


def _row(row: Any) -> tuple[InputCell, ...]:
    return tuple(map(_input, row)) if isinstance(row, list) else (CellError.VALUE,)


def _input(value: Any) -> InputCell:
    if value is None or value == "":
        return None
    if isinstance(value, str | bool | float):
        return value
    if isinstance(value, int):
        try:
            return float(value)
        except OverflowError:
            return CellError.VALUE
    not_available = isinstance(value, dict) and value.get("e") == CellError.NOT_AVAILABLE.value
    return CellError.NOT_AVAILABLE if not_available else CellError.VALUE


def _output(value: CellValue) -> Any:
    if isinstance(value, CellError):
        return {"e": value.value}
    if isinstance(value, float) and not math.isfinite(value):
        return {"e": CellError.NOT_AVAILABLE.value}
    return value
