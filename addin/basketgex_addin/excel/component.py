"""Between Excel and the worksheet functions: xlwings' arguments in, values for xlwings out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from basketgex.local import Home, default_home
from basketgex_addin.cells import CellError, InputCell
from basketgex_addin.client import BasketClient
from basketgex_addin.excel.book import Scanner
from basketgex_addin.excel.triggers import Place, Triggers
from basketgex_addin.excel.values import ExcelValue, block, result
from basketgex_addin.worksheet import Worksheet

_scanner = Scanner()
triggers = Triggers()
"""What BASKETREFRESH has seen in this process, which serves every workbook of one Excel."""


@cache
def client(home: Path) -> BasketClient:
    """Return the one client that this process has for a home."""
    return BasketClient(Home(home))


@cache
def worksheet(home: Path) -> Worksheet:
    """Return the functions over that client."""
    return Worksheet(client(home))


def evaluate(name: str, arguments: Sequence[Any], cell: Any = None) -> ExcelValue | list[list[ExcelValue]]:
    """Return a function's value for ``cell``, an xlwings range, None where no cell asks. Never raises.

    Whatever leaves a function raised stands as a traceback in the cell.
    """
    try:
        found = worksheet(default_home()).evaluate(
            name,
            tuple(map(block, arguments)),
            partial(_scanner.asks, cell),
            trigger=partial(_has_changed, cell),
        )
        return result(found)
    except Exception:  # noqa: BLE001 - the last guard
        return result(CellError.NOT_AVAILABLE)


def _has_changed(cell: Any, value: InputCell) -> bool:
    return cell is not None and triggers.changed(_place(cell), value)


def _place(cell: Any) -> Place:
    found = cell.api
    sheet = found.Worksheet
    return str(sheet.Parent.FullName), str(sheet.Name), f"R{int(found.Row)}C{int(found.Column)}"
