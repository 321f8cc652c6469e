"""Between Calc and the worksheet functions: arguments in, values out. The extension's shim loads it on first call."""

from __future__ import annotations

import math
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

from basketgex.home import CELLS_LIVE, Home, default_home
from basketgex_addin.calc.age import Ages
from basketgex_addin.calc.document import Scanner, explained
from basketgex_addin.calc.live import CalcLiveCells
from basketgex_addin.calc.results import CalcValue
from basketgex_addin.calc.values import block, scalar, table
from basketgex_addin.cells import Block
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import BY_NAME, Function, Shape, Way
from basketgex_addin.triggers import Triggers
from basketgex_addin.worksheet import Live, Worksheet

LOOK = 0.25  # seconds between two looks at the configuration

_ages = Ages()
_scanner = Scanner()
_triggers = Triggers()


class _Host:
    """The functions over the one client that this process has for a home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.client = BasketClient(home)
        self.live = CalcLiveCells(self.client)
        self.worksheet = Worksheet(self.client, more_to_say=self.live.look_again)
        self._live, self._looked = False, -math.inf

    def is_live(self) -> bool:
        """Tell whether cells are live; the configuration is looked at now and then, not for every cell."""
        now = time.monotonic()
        if now - self._looked > LOOK:
            self._live, self._looked = self.home.cell_mode() == CELLS_LIVE, now
        return self._live


@cache
def host(home: str | None) -> _Host:
    """Return what serves a home's cells; None: the default home."""
    return _Host(Home(Path(home) if home else default_home()))


def evaluate(
    name: str, document: Any, arguments: tuple[Any, ...], home: str | None, *, live_tables: bool
) -> Any:
    """Return a function's value for a cell of ``document``. ``home``: the one recorded, None: the default.

    ``live_tables``: how LibreOffice was told, at its start, that tables come. A single value follows the cell mode at once.
    """
    function, serving = BY_NAME[name], host(home)
    if function.kind.way is Way.EXPLAIN:
        return _explain(document, arguments[0], serving, home)
    blocks = tuple(map(block, arguments))
    is_table = function.shape is Shape.TABLE
    if function.volatile:
        return _ages.get((home, name, blocks), lambda: scalar(serving.worksheet.evaluate(name, blocks)))
    if live_tables if is_table else serving.is_live():
        uid = _document(document)
        read = partial(_read, serving.worksheet, function, uid, blocks)
        return serving.live.get((home, uid, name, blocks), read)
    found = serving.worksheet.evaluate(
        name, blocks, partial(_scanner.asks, document), trigger=_trigger(document, blocks)
    )
    return table(found) if is_table else scalar(found)


def _explain(document: Any, cell: Any, serving: _Host, home: str | None) -> Any:
    asked = explained(document, cell) if cell is not None else []
    if serving.is_live():
        key = home, _document(document), "BASKETEXPLAIN", tuple(asked)
        return serving.live.get(key, lambda live: scalar(serving.worksheet.explain(asked, live=live)))
    return scalar(serving.worksheet.explain(asked, partial(_scanner.asks, document)))


def _read(
    worksheet: Worksheet, function: Function, document: str, blocks: tuple[Block | None, ...], live: Live
) -> CalcValue:
    trigger = _trigger(document, blocks)
    found = worksheet.evaluate(function.name, blocks, trigger=trigger, live=live)
    return table(found) if function.shape is Shape.TABLE else scalar(found)


def _document(document: Any) -> str:
    if document is None or isinstance(document, str):
        return document or ""
    return str(document.RuntimeUID)


def _trigger(document: Any, blocks: tuple[Block | None, ...]) -> Any:
    """Return whether a trigger changed. Which cell is calculating Calc does not say: its symbols stand for it."""
    return lambda value: _triggers.changed(_document(document), repr(blocks[:1]), value)
