"""Between Excel and the worksheet functions: xlwings' arguments in, values for xlwings out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketgex.home import CELLS_LIVE, Home, default_home
from basketgex_addin.cells import Block, CellError, InputCell, Result
from basketgex_addin.client import BasketClient
from basketgex_addin.excel.ages import Ages
from basketgex_addin.excel.applications import cell_ref
from basketgex_addin.excel.live import ExcelLiveCells
from basketgex_addin.excel.values import ExcelValue, block, result
from basketgex_addin.functions import BY_NAME, Way
from basketgex_addin.triggers import Triggers
from basketgex_addin.worksheet import Live, Worksheet

if TYPE_CHECKING:  # loaded when the first workbook is read
    from basketgex_addin.excel.book import Scanner
    from basketgex_addin.prefetch import Foreseen

triggers = Triggers()
"""What BASKETREFRESH has seen in this process, which serves every workbook of one Excel."""
ages = Ages()
"""The cells that show an age."""


@cache
def scanner() -> Scanner:
    """Return what reads workbooks ahead, one a process."""
    from basketgex_addin.excel.book import Scanner

    return Scanner()


@cache
def client(home: Path) -> BasketClient:
    """Return the one client that this process has for a home."""
    return BasketClient(Home(home))


@cache
def worksheet(home: Path) -> Worksheet:
    """Return the functions over that client."""
    return Worksheet(client(home), more_to_say=live(home).look_again)


@cache
def live(home: Path) -> ExcelLiveCells:
    """Return the live cells over that client."""
    return ExcelLiveCells(client(home))


def evaluate(name: str, arguments: Sequence[Any], cell: Any = None) -> ExcelValue | list[list[ExcelValue]]:
    """Return a function's value for ``cell``, an xlwings range, None where no cell asks. Never raises.

    Whatever leaves a function raised stands as a traceback in the cell.
    """
    try:
        home = default_home()
        if BY_NAME[name].kind.way is Way.EXPLAIN:
            return result(_explain(home, arguments[0], cell))
        blocks = tuple(map(block, arguments))
        found = worksheet(home).evaluate(
            name,
            blocks,
            partial(_asks, cell),
            trigger=partial(_has_changed, cell, blocks[:1]),
            live=_view(home, name, blocks, cell),
        )
        if cell is not None and BY_NAME[name].volatile:
            with suppress(
                Exception
            ):  # where Excel cannot be reached later, the age is as young as its calculation
                ages.seen(cell.api)
        return result(found)
    except Exception:  # noqa: BLE001 - the last guard
        return result(CellError.NOT_AVAILABLE)


def _asks(cell: Any) -> tuple[Foreseen, ...]:
    return () if cell is None else scanner().asks(cell)


def _explain(home: Path, explained_cell: Any, cell: Any) -> Result:
    from basketgex_addin.excel.book import explained

    asked = explained(explained_cell)
    view = _view(home, "BASKETEXPLAIN", (((repr(asked),),),), cell)
    return worksheet(home).explain(asked, partial(_asks, cell), live=view)


def closed(book: str) -> None:
    """Forget the cells of a workbook: it closes."""
    triggers.forget(book)
    ages.closed(book)
    live(default_home()).closed(book)


def _view(home: Path, name: str, blocks: tuple[Block | None, ...], cell: Any) -> Live | None:
    if cell is None or BY_NAME[name].volatile or Home(home).cell_mode() != CELLS_LIVE:
        return None
    try:
        return live(home).view(cell.api, name, blocks)
    except Exception:  # noqa: BLE001 - where Excel cannot be reached later, the cell waits
        return None


def _has_changed(cell: Any, symbols: tuple[Block | None, ...], value: InputCell) -> bool:
    if cell is None:
        return False
    at = cell_ref(cell.api)
    return triggers.changed(at.book.name, (at, symbols), value)
