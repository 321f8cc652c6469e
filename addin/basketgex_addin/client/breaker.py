"""A circuit breaker: a failure that the next call would meet as well is the answer to every call for a while.

The deadline belongs to a calculation, not to a cell: five hundred cells over a dead server take one deadline, not five hundred.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from basketgex_addin.cells import Problem
from basketgex_addin.client.problems import DESK_AWAY, LASTING

BREAKER_OPEN = 2.0
"""Seconds for which every call is answered with the failure that opened the breaker."""
LONGEST_OPEN = 30.0
"""Seconds likewise, at most, where it is a desk that stays away: with each failure in a row twice as long as before."""


class CircuitBreaker:
    """Open for BREAKER_OPEN seconds after a lasting failure. ``clock`` gives seconds.

    A desk that is away is asked ever more seldom, and not by all its users at the same moment: ``chance`` gives 0..1.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._chance = chance
        self._failure: Problem | None = None
        self._opened = self._until = 0.0
        self._in_a_row = 0

    @property
    def failure(self) -> Problem | None:
        """The failure that calls are answered with, None where the breaker is closed."""
        return self._failure if self._failure is not None and self._clock() < self._until else None

    @property
    def explicit_failure(self) -> Problem | None:
        """Likewise for what a person asks for explicitly, who need not wait as long."""
        return self.failure if self._clock() < self._opened + BREAKER_OPEN else None

    def record_failure(self, *found: Problem) -> None:
        """Open the breaker for the first lasting failure, unless it is open."""
        lasting = next((problem for problem in found if problem.code in LASTING), None)
        if lasting is None or self.explicit_failure is not None:
            return
        self._in_a_row = self._in_a_row + 1 if lasting == DESK_AWAY else 1
        longer = min(BREAKER_OPEN * 2.0 ** min(self._in_a_row - 1, 10), LONGEST_OPEN)
        self._failure, self._opened = lasting, self._clock()
        self._until = self._opened + max(longer * (1 - self._chance() / 4), BREAKER_OPEN)

    def record_success(self) -> None:
        """Note that the desk has answered: it is not away."""
        self._in_a_row = 0
        if self._failure == DESK_AWAY:
            self._failure = None
