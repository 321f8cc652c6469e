"""A circuit breaker: a failure that the next call would meet as well is the answer to every call for a while.

The deadline belongs to a calculation, not to a cell: five hundred cells over a dead server take one deadline, not five hundred.
"""

from __future__ import annotations

from collections.abc import Callable

from basketgex_addin.cells import Problem
from basketgex_addin.client.problems import LASTING

BREAKER_OPEN = 2.0
"""Seconds for which every call is answered with the failure that opened the breaker."""


class CircuitBreaker:
    """Open for BREAKER_OPEN seconds after a lasting failure. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failure: Problem | None = None
        self._until = 0.0

    @property
    def failure(self) -> Problem | None:
        """The failure that calls are answered with, None where the breaker is closed."""
        return self._failure if self._failure is not None and self._clock() < self._until else None

    def record_failure(self, *found: Problem) -> None:
        """Open the breaker for the first lasting failure, unless it is open."""
        lasting = next((problem for problem in found if problem.code in LASTING), None)
        if lasting is not None and self.failure is None:
            self._failure, self._until = lasting, self._clock() + BREAKER_OPEN
