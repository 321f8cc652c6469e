"""What was answered lately: a cell recalculated within its reply's lifetime costs no call."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import NamedTuple

from basketgex_addin.cells import Ask, Problem, Reply

PROBLEM_TTL = 2.0  # seconds
LOOK = 0.005  # seconds between two looks at the stamp: it is read from the disk


class _Entry(NamedTuple):
    answer: Reply | Problem
    expires: float
    reply: Reply | None


class Memo:
    """Answers by question, each for its own lifetime, the least recently used forgotten first. Thread-safe.

    When ``stamp()`` changes (another server, other settings) everything is forgotten: figures of different origin
    never meet. ``clock`` gives seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        stamp: Callable[[], Hashable] = tuple,
        most: int = 20_000,
    ) -> None:
        self._clock = clock
        self._stamp = stamp
        self._most = most
        self._seen: Hashable = stamp()
        self._looked = clock()
        self._entries: OrderedDict[Ask, _Entry] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def get(self, ask: Ask) -> Reply | Problem | None:
        """Return the answer that still holds, or None."""
        with self._lock:
            entry = self._find(ask)
            return entry.answer if entry is not None and self._clock() < entry.expires else None

    def remembered(self, ask: Ask) -> Reply | None:
        """Return the last reply, of any age; a problem since then does not hide it."""
        with self._lock:
            entry = self._find(ask)
            return entry.reply if entry is not None else None

    def put(self, answers: Iterable[tuple[Ask, Reply | Problem]], stamp: Hashable = None) -> None:
        """Keep answers. ``stamp`` is the one under which they were asked: answers from before a change are not kept."""
        with self._lock:
            now = self._clock()
            self._look(pause=0.0)
            if stamp is not None and stamp != self._seen:
                return
            for ask, answer in answers:
                before = self._entries.pop(ask, None)
                if isinstance(answer, Reply):
                    ttl = answer.client_ttl if math.isfinite(answer.client_ttl) else PROBLEM_TTL
                    self._entries[ask] = _Entry(answer, now + ttl, answer)
                else:
                    self._entries[ask] = _Entry(answer, now + PROBLEM_TTL, before.reply if before else None)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def _look(self, pause: float = LOOK) -> None:
        """Forget everything where the stamp has changed; it is read at most once in ``pause`` seconds."""
        now = self._clock()
        if now - self._looked < pause:
            return
        self._looked, stamp = now, self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            self._entries.clear()

    def _find(self, ask: Ask) -> _Entry | None:
        self._look()
        entry = self._entries.get(ask)
        if entry is not None:
            self._entries.move_to_end(ask)
        return entry
