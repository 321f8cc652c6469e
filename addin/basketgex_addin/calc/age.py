"""BASKETAGE in Calc: a value that moves by itself.

Calc has no volatile add-in functions: neither the configuration nor the interface can say it, and a soft
recalculation never calls one whose arguments stay the same. An age calculated before its basket was answered is #N/A until
the next look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from basketgex_addin.calc.results import Result

PERIOD = 2.0  # seconds between two looks at the memo, while a cell shows an age
STEP = 0.25  # minutes that an age has to grow before the cell is painted again

UNCLAIMED = 10.0  # seconds until an object is let go that no cell has come for: Calc does so after the call that made it

Read = Callable[[], float | str]


@dataclass(slots=True)
class _Age:
    result: Result
    read: Read
    keep_until: float


class Ages:
    """All live ages: one object per question, as Calc wants it, and one thread while any is shown."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[Hashable, _Age] = {}
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def get(self, key: Hashable, read: Read) -> Result:
        """Return the live age of a question; a recalculation makes the thread look at once."""
        with self._lock:
            if key not in self._live:
                self._live[key] = _Age(Result(read()), read, time.monotonic() + UNCLAIMED)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="basketgex-age", daemon=True)
                self._thread.start()
            else:
                self._wake.set()
            return self._live[key].result

    def _run(self) -> None:
        while True:
            self._wake.wait(PERIOD)
            self._wake.clear()
            # Never deliver under the lock: Calc's own lock is held around get() and wanted by modified().
            with self._lock:
                now = time.monotonic()
                self._live = {
                    key: age for key, age in self._live.items() if age.result.watched or now < age.keep_until
                }
                if not self._live:
                    self._thread = None
                    return
                watched = tuple(self._live.values())
            for age in watched:
                if differs(age.result.value, found := age.read()) and age.result.take(found):
                    age.result.deliver()


def differs(shown: object, found: float | str) -> bool:
    """Tell whether an age has moved so far that it is worth painting."""
    if isinstance(shown, str) or isinstance(found, str) or not isinstance(shown, float):
        return shown != found
    if shown != shown or found != found:  # an error value is a NaN
        return (shown != shown) != (found != found)
    return found < shown or found - shown >= STEP
