"""Values that Calc takes from an object, which can deliver a new one at any time: ``XVolatileResult``.

Seen in 25.2: the document does not become modified by a delivery, and ``--convert-to`` stores what was delivered during the
call that returned the object, else #N/A. Cells that share an object share one listener; it goes when the document closes,
not when a formula's arguments change. A table has to be an ``any`` of the exact type, and is taken only as a delivery, never
as what a function declared ``any`` returns.

Deliver no table from inside a call. With a window Calc then looks at its dependants while the table's own cell is still
being calculated; they find it empty, and count as calculated (seen in 25.2: after an edit sums beside a table were 0).
"""

from __future__ import annotations

import queue
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uno
import unohelper
from com.sun.star.sheet import ResultEvent, XVolatileResult

from basketgex_addin.calc.values import ERRORS
from basketgex_addin.cells import CellError

CalcTable = tuple[tuple[float | str, ...], ...]
CalcValue = float | str | CalcTable

WAITING = ERRORS[CellError.NOT_AVAILABLE]
"""What Calc shows of an object that has not delivered anything."""


class Result(unohelper.Base, XVolatileResult):  # type: ignore[misc]
    """One value and the cells that show it. ``gone`` is called when none does any more.

    ``later`` takes the object when a cell is to be told after the call that made it; without it a cell is told at once.
    """

    def __init__(
        self,
        value: CalcValue,
        gone: Callable[[], None] | None = None,
        later: Callable[[Result], None] | None = None,
    ) -> None:
        self._value = value
        self._delivered: CalcValue = WAITING
        self._gone = gone
        self._later = later
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
        """Take a cell on, which shows #N/A until it is told."""
        self._listeners.append(listener)
        self._delivered = WAITING
        if self._later is None:
            self.deliver()
        else:
            self._later(self)

    def removeResultListener(self, listener: Any) -> None:  # noqa: N802 - UNO's name
        """Forget a cell."""
        with suppress(ValueError):
            self._listeners.remove(listener)
        if not self._listeners and self._gone is not None:
            self._gone()

    def take(self, value: CalcValue) -> bool:
        """Let a value be what is shown from the next delivery on; tell whether it is another."""
        if same(value, self._value):
            return False
        self._value = value
        return True

    def deliver(self) -> None:
        """Tell the cells what is shown now, unless they show it. Never under a lock: Calc's own is wanted for it.

        Not on two threads at once: the older value could come last.
        """
        value = self._value
        if same(value, self._delivered):
            return
        for listener in tuple(self._listeners):
            self._delivered = value
            with suppress(Exception):  # a document that is just being closed
                listener.modified(self._event(value))

    def _event(self, value: CalcValue) -> Any:
        return ResultEvent(self, uno.Any("[][]any", value) if isinstance(value, tuple) else value)


class Deliveries:
    """One thread that delivers results, one after the other, each as it stands by then.

    It has to wait for Calc's own lock, and so for the end of the calculation in which it was told of a result.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, result: Result) -> None:
        """Deliver a result soon. Never blocks."""
        self._waiting.put(result)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="basketgex-deliver", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._waiting.get().deliver()


def same(one: CalcValue, other: CalcValue) -> bool:
    """Tell whether two values look the same in a cell. An error value is a NaN, and its bits say which."""
    return _bits(one) == _bits(other)


def _bits(value: CalcValue) -> object:
    if isinstance(value, tuple):
        return tuple(tuple(map(_bits, row)) for row in value)
    return struct.pack("<d", value) if isinstance(value, float) else value
