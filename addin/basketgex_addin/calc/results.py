"""Values that Calc takes from an object, which can deliver a new one at any time: ``XVolatileResult``.

Seen in 25.2: the document does not become modified by a delivery, ``--convert-to`` stores the first value, and a delivery
during the call that returns the object counts for that call. Cells that share an object share one listener; it goes when the
document closes, not when a formula's arguments change. A table has to be an ``any`` of the exact type: as a bare result of a
function Calc refuses that, delivered by such an object it takes it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uno
import unohelper
from com.sun.star.sheet import ResultEvent, XVolatileResult

CalcTable = tuple[tuple[float | str, ...], ...]
CalcValue = float | str | CalcTable


class Result(unohelper.Base, XVolatileResult):  # type: ignore[misc]
    """One value and the cells that show it. ``gone`` is called when none does any more."""

    def __init__(self, value: CalcValue, gone: Callable[[], None] | None = None) -> None:
        self._value = value
        self._gone = gone
        self._listeners: list[Any] = []

    @property
    def watched(self) -> bool:
        """Tell whether a cell shows it."""
        return bool(self._listeners)

    @property
    def value(self) -> CalcValue:
        """What is shown."""
        return self._value

    def addResultListener(self, listener: Any) -> None:  # noqa: N802 - UNO's name
        """Deliver at once: a cell without a value would show #N/A, and a conversion does not wait."""
        self._listeners.append(listener)
        listener.modified(self._event())

    def removeResultListener(self, listener: Any) -> None:  # noqa: N802 - UNO's name
        """Forget a cell."""
        with suppress(ValueError):
            self._listeners.remove(listener)
        if not self._listeners and self._gone is not None:
            self._gone()

    def show(self, value: CalcValue) -> bool:
        """Deliver a value, and return True; the same one again is not delivered."""
        if taken := self.take(value):
            self.deliver()
        return taken

    def take(self, value: CalcValue) -> bool:
        """Let a value be what is shown from now on, without delivering it; tell whether it is another."""
        if same(value, self._value):
            return False
        self._value = value
        return True

    def deliver(self) -> None:
        """Tell the cells what is shown now. Never under a lock: Calc's own is wanted for it."""
        for listener in tuple(self._listeners):
            with suppress(Exception):  # a document that is just being closed
                listener.modified(self._event())

    def _event(self) -> Any:
        value = self._value
        return ResultEvent(self, uno.Any("[][]any", value) if isinstance(value, tuple) else value)


def same(one: CalcValue, other: CalcValue) -> bool:
    """Tell whether two values look the same in a cell. An error value is a NaN, and its bits say which."""
    return _bits(one) == _bits(other)


def _bits(value: CalcValue) -> object:
    if isinstance(value, tuple):
        return tuple(tuple(map(_bits, row)) for row in value)
    return struct.pack("<d", value) if isinstance(value, float) else value
