"""What was answered lately: a cell recalculated within its reply's lifetime costs no call."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock
from typing import NamedTuple, TypeVar, cast

from basketgex_addin.cells import BasketQuestion, Problem, Question

SHORT_TTL = 2.0  # seconds, of problems and of what does not say how long it holds
LOOK = 0.005  # seconds between two looks at the stamp: it is read from the disk


A = TypeVar("A")


class _Entry(NamedTuple):
    answer: object
    expires: float
    last: object


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
        self._entries: OrderedDict[Question[object], _Entry] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def get(self, question: Question[A]) -> A | Problem | None:
        """Return the answer that still holds, or None."""
        with self._lock:
            entry = self._find(question)
            found = entry.answer if entry is not None and self._clock() < entry.expires else None
        return cast("A | Problem | None", found)  # put beside no other kind of question

    def remembered(self, question: Question[A]) -> A | None:
        """Return a question's last answer, of any age, which no problem since then hides."""
        with self._lock:
            entry = self._find(question)
        return cast("A | None", entry.last if entry is not None else None)

    def put(self, answers: Iterable[tuple[Question[A], A | Problem]], stamp: Hashable = None) -> None:
        """Keep answers. ``stamp`` is the one under which they were asked: answers from before a change are not kept."""
        with self._lock:
            now = self._clock()
            self._look(pause=0.0)
            if stamp is not None and stamp != self._seen:
                return
            for question, answer in answers:
                before = self._entries.pop(question, None)
                ttl = getattr(answer, "client_ttl", SHORT_TTL)
                expires = now + (ttl if math.isfinite(ttl) else SHORT_TTL)
                last = answer if not isinstance(answer, Problem) else before.last if before else None
                self._entries[question] = _Entry(answer, expires, last)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def forget(self, symbols: Iterable[str]) -> None:
        """Let no answer that has one of these symbols hold any longer: their figures were asked for anew."""
        changed = frozenset(symbols)
        with self._lock:
            for question, entry in self._entries.items():
                if isinstance(question, BasketQuestion) and not changed.isdisjoint(question.basket.symbols):
                    self._entries[question] = entry._replace(expires=-math.inf)

    def expire(self, question: Question[object]) -> None:
        """Let the answer to a question hold no longer."""
        with self._lock:
            if (entry := self._entries.get(question)) is not None:
                self._entries[question] = entry._replace(expires=-math.inf)

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

    def _find(self, question: Question[object]) -> _Entry | None:
        self._look()
        entry = self._entries.get(question)
        if entry is not None:
            self._entries.move_to_end(question)
        return entry
