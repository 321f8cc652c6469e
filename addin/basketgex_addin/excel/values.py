"""Between xlwings' values and ours, pure: what a function receives and what it returns, as xlwings 0.37.8 does it.

A cell error cannot be returned as such: an integer error code becomes a number in the cell, and any other object is
handed to COM as it is. So an error leaves as a marker, a text that xlwings and COM pass on unchanged, and the VBA wrapper
makes the real error of it, in every cell of a table too: ``CVErr(CV_ERRORS[…])`` where the text is one of ``MARKERS``.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any

from basketgex_addin.cells import Block, CellError, CellValue, InputCell, Result

MARK = "\ue000"  # private use: no keyboard writes it, UTF-16 keeps it in one unit (VBA: ChrW(&HE000))
MARKERS = {error: MARK + error.value for error in CellError}
CV_ERRORS = {CellError.VALUE: 2015, CellError.NOT_AVAILABLE: 2042}  # VBA's xlErrValue and xlErrNA

ERROR_TEXTS = frozenset(
    {
        "#NULL!",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NAME?",
        "#NUM!",
        "#N/A",
        "#GETTING_DATA",
        "#SPILL!",
        "#CONNECT!",
    }
    | {"#BLOCKED!", "#UNKNOWN!", "#FIELD!", "#CALC!", "#BUSY!", "#PYTHON!", "#EXTERNAL!"}
)
_NULL_ERROR = -2146826288  # VT_ERROR of #NULL!, the first; a later one is its CVErr number - 2000 higher
_NA_ERROR = _NULL_ERROR + 42
_MOST_ERRORS = 100
_EPOCH = datetime(1899, 12, 30)

ExcelValue = float | str
_ERRORS = {marker: error for error, marker in MARKERS.items()}


def block(argument: Any) -> Block | None:
    """Return an argument as rows of cells; None where it was omitted.

    With ``ndim=2`` everything that was given is nested; a scalar and a flat list, which is a row, are taken as well.
    """
    if argument is None:
        return None
    if not isinstance(argument, list | tuple):
        return ((_input(argument),),)
    if not argument or not isinstance(argument[0], list | tuple):
        return (tuple(map(_input, argument)),)
    # A whole column is a million rows, nearly all of them blank: those are compared, not converted.
    blank = (None,) * len(argument[0])
    rows = map(tuple, argument)
    return tuple(blank if row == blank else tuple(map(_input, row)) for row in rows)


def result(found: Result) -> ExcelValue | list[list[ExcelValue]]:
    """Return what xlwings is given: a number, a text, or for a table a list of rows of them."""
    if isinstance(found, tuple):
        return [list(map(_output, row)) for row in found] or [[""]]
    return _output(found)


def unmarked(value: Any) -> Any:
    """Return what the VBA wrapper puts into the cell: a marker as the error it stands for, anything else as it is.

    >>> unmarked(result(CellError.NOT_AVAILABLE))
    <CellError.NOT_AVAILABLE: '#N/A'>
    """
    if isinstance(value, list | tuple):
        return tuple(map(unmarked, value))
    return _ERRORS.get(value, value) if isinstance(value, str) else value


def _input(value: Any) -> InputCell:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        # A text that somebody typed so cannot be told from an error.
        return _error(value == "#N/A") if value in ERROR_TEXTS else value
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        # Excel's numbers are floating; xlwings leaves the codes of the errors that it does not know.
        if _NULL_ERROR <= value < _NULL_ERROR + _MOST_ERRORS:
            return _error(value == _NA_ERROR)
        return float(value)
    if isinstance(value, Decimal):  # a cell formatted as currency
        return float(value)
    if isinstance(value, datetime):  # the number that the cell holds, as in Calc
        return (value.replace(tzinfo=None) - _EPOCH).total_seconds() / 86_400
    return CellError.VALUE


def _error(not_available: bool) -> CellError:
    return CellError.NOT_AVAILABLE if not_available else CellError.VALUE


def _output(value: CellValue) -> ExcelValue:
    if isinstance(value, CellError):
        return MARKERS[value]
    if value is None:
        return ""
    if isinstance(value, str):
        return value.lstrip(MARK)
    return float(value) if math.isfinite(value) else MARKERS[CellError.NOT_AVAILABLE]
