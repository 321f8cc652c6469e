"""Why cells had no value, for BASKETWHY: a reply says why a basket has none, but not what else a function lacked of it.

A cell is remembered by its function and by what BASKETWHY is called with where it is asked about that cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from basketgex_addin.cells import Question

_MOST_FAULTS = 256
_MOST_AGES = 4_096


class _Fault(NamedTuple):
    sentence: str
    question: Question[object] | None


class Reasons:
    """What was said of cells without a value. Threads may share it."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str], _Fault] = {}
        self._aged: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._faults)

    def remember(self, name: str, key: str, sentence: str, question: Question[object] | None = None) -> None:
        """Remember why a cell has no value, and the question that had no answer."""
        cell = name, key
        self._faults.pop(cell, None)  # that the latest stands last
        while len(self._faults) >= _MOST_FAULTS:
            self._faults.pop(next(iter(self._faults), ("", "")), None)
        self._faults[cell] = _Fault(sentence, question)

    def forget(self, name: str, key: str) -> None:
        """Forget a cell: it has a value, or its own reply says why not."""
        self._faults.pop((name, key), None)

    def of(self, name: str, key: str) -> str | None:
        """Return why a function's cell has no value, None where nothing is known against it."""
        fault = self._faults.get((name, key))
        return None if fault is None else fault.sentence

    def latest(self, key: str, answered: Callable[[Question[object]], bool]) -> str | None:
        """Return why the last of the cells of a basket has no value, whose question has not been ``answered`` since."""
        for (_, of), fault in reversed(list(self._faults.items())):
            if of == key and (fault.question is None or not answered(fault.question)):
                return fault.sentence
        return None

    def note_age(self, key: str) -> bool:
        """Note that an age is asked for, before or after its figures come: BASKETWHY is to say why there is none.

        Tell whether that is new.
        """
        if key in self._aged:
            return False
        if len(self._aged) >= _MOST_AGES:
            self._aged.pop(next(iter(self._aged)), None)
        self._aged[key] = None
        return True

    def wants_age(self, key: str) -> bool:
        """Tell whether an age is asked for."""
        return key in self._aged
