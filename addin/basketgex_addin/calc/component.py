"""Between Calc and the worksheet functions: arguments in, values out. The extension's shim loads it on first call."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

from basketgex.local import Home, default_home
from basketgex_addin.calc.age import Ages
from basketgex_addin.calc.document import Scanner
from basketgex_addin.calc.values import block, scalar, table
from basketgex_addin.client import BasketClient
from basketgex_addin.functions import BY_NAME, Shape
from basketgex_addin.worksheet import Worksheet

_ages = Ages()
_scanner = Scanner()


@cache
def _worksheet(home: str | None) -> Worksheet:
    """Return the functions over the one client that this process has for a home."""
    return Worksheet(BasketClient(Home(Path(home) if home else default_home())))


def evaluate(name: str, document: Any, arguments: tuple[Any, ...], home: str | None) -> Any:
    """Return a function's value for a cell of ``document``. ``home``: the one recorded, None: the default."""
    function = BY_NAME[name]
    worksheet = _worksheet(home)
    blocks = tuple(map(block, arguments))
    if function.volatile:
        return _ages.get((home, name, blocks), lambda: scalar(worksheet.evaluate(name, blocks)))
    result = worksheet.evaluate(name, blocks, partial(_scanner.asks, document))
    return table(result) if function.shape is Shape.TABLE else scalar(result)
