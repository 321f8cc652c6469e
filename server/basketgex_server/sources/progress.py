"""How far a source has come with what it was asked for: what a person who waits is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol, runtime_checkable


class Progress:
    """Counts the symbols that are being worked out, on whatever thread. Thread-safe.

    ``awaited``: begun and not done; ``done``: done since the start, which grows as long as something gets on.
    """

    __slots__ = ("_awaited", "_done", "_lock")

    def __init__(self) -> None:
        self._lock = Lock()
        self._awaited = 0
        self._done = 0

    def __repr__(self) -> str:
        return f"<Progress awaited={self._awaited} done={self._done}>"

    @property
    def awaited(self) -> int:
        """How many symbols are being worked out."""
        return self._awaited

    @property
    def done(self) -> int:
        """How many have been."""
        return self._done

    @contextmanager
    def of(self, symbols: int) -> Iterator[Part]:
        """Count a piece of work with so many symbols, all of which are done when the block ends, however it does."""
        part = Part(self, symbols)
        self._count(symbols, 0)
        try:
            yield part
        finally:
            self._count(-part.left, part.left)

    def _count(self, awaited: int, done: int) -> None:
        with self._lock:
            self._awaited += awaited
            self._done += done


class Part:
    """One piece of work. The last symbol is done when all of it is: work is left after what is read has been."""

    __slots__ = ("_of", "left")

    def __init__(self, of: Progress, symbols: int) -> None:
        self._of = of
        self.left = symbols

    def step(self) -> None:
        """Count a symbol as done; by one thread at a time."""
        if self.left > 1:
            self.left -= 1
            self._of._count(-1, 1)


@runtime_checkable
class Reports(Protocol):
    """What a source offers besides the port where one call of it can take long."""

    @property
    def progress(self) -> Progress:
        """How far it has come."""
