"""One calculation has one deadline, however many of its cells have to wait.

A host calculates one cell after another, and cells that could not be read ahead each make a call of their own. Where the source
is slow, what such calls take adds up; so what a calculation has waited is counted, and when its deadline is reached the rest of
its cells are not waited for. What is quick costs no patience: ten thousand warm cells may take as long as they take.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

DEADLINE = 10.0
"""Seconds that the cells of one calculation wait in all, unless the client has another deadline."""
VARIABLE = "BASKETGEX_DEADLINE"
"""What names other seconds, for a slow machine or a far source; what is no number of seconds is as if it were not there."""
LONGEST = 600.0
SLOW = 0.05
"""Seconds from which on an answer is a slow one."""
PAUSE = 1.0
"""Seconds without a slow answer, or one that was not waited for, after which another calculation begins."""
T = TypeVar("T")


def deadline(environment: Mapping[str, str] = os.environ) -> float:
    """Return the seconds that a calculation may wait."""
    return seconds_in(environment.get(VARIABLE, "")) or DEADLINE


def seconds_in(text: str) -> float | None:
    """Return the seconds that a text names; None where it names none that a calculation may wait.

    >>> [seconds_in(text) for text in ("30", "0", "1e4", "soon", "")]
    [30.0, None, None, None, None]
    """
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= LONGEST else None


class Patience(threading.local):
    """What is left of the patience of a calculation; each thread that calculates has its own. ``clock`` gives seconds.

    ``slowest_said`` is what the answer was that took the last of it, None where that was not waited for.
    """

    def __init__(self, deadline: float = DEADLINE, clock: Callable[[], float] = time.monotonic) -> None:
        self._deadline = deadline
        self._clock = clock
        self._waited = 0.0
        self._last = self._ran_out = -math.inf
        self.slowest_said: object = None

    def __repr__(self) -> str:
        return f"<Patience {self._waited:.1f} of {self._deadline:g} s waited>"

    def wait(self, work: Callable[[], T], *, anyway: bool = False) -> T | None:
        """Return what ``work`` returns, by the deadline; None where that has passed, or passes meanwhile.

        The first work of a calculation has a deadline of its own. Later work that is not done in time goes on without the
        caller, on a thread made for it; what comes after the deadline is done so only where it is to be done ``anyway``.
        """
        began = self._clock()
        if began - self._last > PAUSE or began - self._ran_out > self._deadline:
            self._waited, self._ran_out, self.slowest_said = 0.0, math.inf, None
        left = self._deadline - self._waited
        if left <= 0:
            self._last = began
            return _within(0.0, work) if anyway else None
        found = work() if not self._waited else _within(left, work)
        ended = self._clock()
        if ended - began >= SLOW:
            self._waited, self._last = self._waited + ended - began, ended
            if self._waited >= self._deadline:
                self._ran_out, self.slowest_said = ended, found
        return found


def _within(seconds: float, work: Callable[[], T]) -> T | None:
    try:
        return begun(work, "basketgex-cell").result(seconds)
    except TimeoutError:
        return None


def begun(work: Callable[[], T], name: str) -> Future[T]:
    """Begin some work on a thread of that name, which no end of the program waits for; return what is to come of it."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return done
