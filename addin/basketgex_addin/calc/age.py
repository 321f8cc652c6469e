"""BASKETAGE in Calc: a value that moves by itself.

Calc has no volatile add-in functions: neither the configuration nor the interface can say it, and a soft
recalculation never calls one whose arguments stay the same. What a function may return is an ``XVolatileResult``, which
delivers its value at once and again whenever it has a new one. Seen in 25.2: the document does not become modified by
it, ``--convert-to`` stores the first value, a removed formula takes its listener away. An age calculated before its basket
was answered is #N/A until the next look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any

import unohelper
from com.sun.star.sheet import ResultEvent, XVolatileResult

PERIOD = 2.0  # seconds between two looks at the memo, while a cell shows an age
STEP = 0.25  # minutes that an age has to grow before the cell is painted again


class LiveAge(unohelper.Base, XVolatileResult):  # type: ignore[misc]
    """One question's age and the cells that show it; ``read`` is memory only."""

    def __init__(self, read: Callable[[], float | str]) -> None:
        self._read = read
        self._shown: float | str = read()
        self._listeners: list[Any] = []

    @property
    def watched(self) -> bool:
        """Tell whether a cell shows it."""
        return bool(self._listeners)

    def addResultListener(self, listener: Any) -> None:  # noqa: N802 - UNO's name
        """Deliver at once: a cell without a value would show #N/A, and a conversion does not wait."""
        self._listeners.append(listener)
        self._shown = self._read()
        listener.modified(self._event())

    def removeResultListener(self, listener: Any) -> None:  # noqa: N802 - UNO's name
        """Forget a cell."""
        with suppress(ValueError):
            self._listeners.remove(listener)

    def refresh(self) -> None:
        """Deliver the value again, if it differs visibly from the one shown."""
        found = self._read()
        if not _differs(self._shown, found):
            return
        self._shown = found
        for listener in tuple(self._listeners):
            with suppress(Exception):  # a document that is just being closed
                listener.modified(self._event())

    def _event(self) -> Any:
        return ResultEvent(self, self._shown)


def _differs(shown: float | str, found: float | str) -> bool:
    if isinstance(shown, str) or isinstance(found, str):
        return shown != found
    if shown != shown or found != found:  # an error value is a NaN
        return (shown != shown) != (found != found)
    return found < shown or found - shown >= STEP


class Ages:
    """All live ages: one object a question, as Calc wants it, and one thread while any is shown."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[Hashable, LiveAge] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def get(self, key: Hashable, read: Callable[[], float | str]) -> LiveAge:
        """Return the live age of a question; a recalculation makes the thread look at once."""
        with self._lock:
            if key not in self._live:
                self._live[key] = LiveAge(read)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="basketgex-age", daemon=True)
                self._thread.start()
            else:
                self._wake.set()
            return self._live[key]

    def _run(self) -> None:
        while True:
            self._wake.wait(PERIOD)
            self._wake.clear()
            # Never deliver under the lock: Calc's own lock is held around get() and wanted by modified().
            with self._lock:
                self._live = {key: age for key, age in self._live.items() if age.watched}
                if not self._live:
                    self._thread = None
                    return
                watched = tuple(self._live.values())
            for age in watched:
                age.refresh()
