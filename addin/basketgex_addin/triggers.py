"""When BASKETREFRESH's trigger has changed. A host that knows the calling cell names it; Calc does not.

So a place (a cell's basket, or in Calc a document's) may have several triggers, one after another in one calculation: a
trigger has changed when it was not among those of the calculation before. The first calculation never changes anything.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

CALCULATION = 1.0
"""Seconds from a calculation's first look at a place: what comes within belongs to it."""
MOST = 10_000
"""Places that are remembered."""


class _Trigger(NamedTuple):
    kind: type  # TRUE is not 1
    value: Hashable


@dataclass(slots=True, eq=False, repr=False)
class _Place:
    began: float
    now: set[_Trigger]
    before: set[_Trigger] = field(default_factory=set)
    first: bool = True


class Triggers:
    """Remembers the triggers of each place. Thread-safe; ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._places: OrderedDict[tuple[Hashable, Hashable], _Place] = OrderedDict()
        self._lock = Lock()

    def changed(self, document: Hashable, place: Hashable, value: Hashable) -> bool:
        """Tell whether the trigger of a place has changed since the calculation before."""
        with self._lock:
            now, key, trigger = self._clock(), (document, place), _Trigger(type(value), value)
            seen = self._places.get(key)
            if seen is None:
                self._places[key] = _Place(now, {trigger})
                if len(self._places) > MOST:
                    self._places.popitem(last=False)
                return False
            self._places.move_to_end(key)
            if now - seen.began >= CALCULATION:
                seen.began, seen.before, seen.now, seen.first = now, seen.now, set(), False
            fresh = trigger not in seen.now and trigger not in seen.before
            seen.now.add(trigger)
            return fresh and not seen.first

    def forget(self, document: Hashable) -> None:
        """Forget a document's places: it was closed, or is being opened."""
        with self._lock:
            for key in [key for key in self._places if key[0] == document]:
                del self._places[key]
