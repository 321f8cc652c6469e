"""The worksheet functions as xlwings wants them: one Python function each, made from the function table.

This is the module that ``UDF MODULES`` names. Off Windows xlwings' decorators do nothing, and where xlwings is missing they
are left out: the functions are then plain ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from inspect import Parameter, Signature
from typing import Any

from basketgex_addin.loading import uncollected

with uncollected():
    from basketgex_addin.excel.component import evaluate
    from basketgex_addin.functions import CATEGORY, FUNCTIONS, Function
    from basketgex_addin.functions import CELL as REFERENCE

CELL = "cell"
"""The last parameter of each: the calling cell, which formulas do not see; the wrapper passes ``CELL_VBA`` for it.

xlwings' own ``caller`` would be marshalled for other threads on every call."""
CELL_VBA = "Application.Caller"

xw: Any = None
with suppress(ImportError):
    xw = importlib.import_module("xlwings")


def _udf(function: Function) -> Callable[..., Any]:
    count = len(function.arguments)

    def udf(*values: Any) -> Any:
        return evaluate(function.name, values[:count], *values[count : count + 1])

    udf.__name__ = udf.__qualname__ = function.name
    udf.__doc__ = function.summary
    udf.__annotations__ = {}  # xlwings would read converters from them
    udf.__dict__["__signature__"] = _signature(function)
    return udf if xw is None else _for_xlwings(function, udf)


def _signature(function: Function) -> Signature:
    optional = {argument.name: argument.optional for argument in function.arguments} | {CELL: True}
    return Signature([_parameter(name, out) for name, out in optional.items()])


@cache  # most are of many functions
def _parameter(name: str, out: bool) -> Parameter:
    default = None if out else Parameter.empty
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default)


def _for_xlwings(function: Function, udf: Callable[..., Any]) -> Callable[..., Any]:
    # No xw.ret: nothing of it applies to what is returned, and its expand is not wanted.
    for argument in function.arguments:
        how = {"convert": "range"} if argument is REFERENCE else {"ndim": 2, "err_to_str": True}
        udf = xw.arg(argument.name, doc=argument.help, **how)(udf)
    udf = xw.arg(CELL, convert="range", vba=CELL_VBA)(udf)  # a range: its cells are not read
    # Last, as the outermost decorator: xw.arg sets category, volatile and call_in_wizard back to xlwings' defaults.
    return xw.func(category=CATEGORY, volatile=function.volatile, call_in_wizard=False)(udf)  # type: ignore[no-any-return]


globals().update({function.name: _udf(function) for function in FUNCTIONS})
