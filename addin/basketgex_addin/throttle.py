"""How often a document may be read ahead, in any host: seldom enough to cost nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from basketgex_addin.prefetch import Foreseen

MIN_PAUSE = 0.25  # seconds between two readings of one document
PAUSE_FACTOR = 10  # and so many times as long as the last one took
SWITCH = "BASKETGEX_PREFETCH"  # 0 turns reading ahead off

_MOST_DOCUMENTS = 64


class Throttle:
    """Lets a document be read when the last reading lies long enough back. One a process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._enabled = os.environ.get(SWITCH) != "0"
        self._next: dict[str, float] = {}

    def asks(self, key: Callable[[], str], read: Callable[[], Iterable[Foreseen]]) -> tuple[Foreseen, ...]:
        """Return what ``read`` finds, each once; nothing when the document ``key`` was read just now. Never raises."""
        if not self._enabled:
            return ()
        try:
            document, started = key(), self._clock()
            if started < self._next.get(document, started):
                return ()
            if len(self._next) >= _MOST_DOCUMENTS:
                self._next.clear()
            try:
                return tuple(dict.fromkeys(read()))
            finally:
                ended = self._clock()
                self._next[document] = ended + max(MIN_PAUSE, PAUSE_FACTOR * (ended - started))
        except Exception:  # noqa: BLE001 - an optimisation: without it every cell makes its own call
            return ()
