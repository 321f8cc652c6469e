"""How many calls formulas may cause beside what age asks for. Pure.

Age bounds what known names cost. It does not bound what is asked for in spite of age, or for the first time: a trigger that
changes with every recalculation is an explicit request each time, and a formula can make up names without end. So each of
these kinds has an allowance, a token bucket: an hour's calls at once, and then as many as come back with time. A request that
finds some of it left is made whole, whatever it takes; the next ones wait for that.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from basketgex_server.errors import Paced

HOUR = 3_600.0
SHARE = 50
"""Of a small quota at most this part comes back in an hour: less than half of it in a day."""
LEAST = 10
"""But so many calls may leave at once of any quota."""

EXPLICIT, NEW, LEVELS = "Explicit refreshes have", "New names have", "Levels have"


class Allowance:
    """The calls of one kind. ``hourly`` is the setting; the day's ``limit`` is None where unknown; times are Unix seconds.

    >>> names = Allowance("New names have", hourly=50)
    >>> for _ in range(50): names.spend(0.0, limit=2_500)
    >>> names.left(0.0, limit=2_500), names.left(72.0, limit=2_500)
    (0.0, 1.0)
    """

    __slots__ = ("_at", "_hourly", "_spent", "_who")

    def __init__(self, who: str, hourly: int) -> None:
        self._who = who
        self._hourly = hourly
        self._spent = 0.0  # less what has come back by _at
        self._at = 0.0

    def __repr__(self) -> str:
        return f"<Allowance {self._who}: {self._spent:.1f} spent>"

    def spend(self, now: float, limit: int | None) -> None:
        """Count a call that leaves."""
        self._pass(now, limit)
        self._spent += 1

    def left(self, now: float, limit: int | None) -> float:
        """Return the calls that may leave at once; below 0 where the last request took more than there were."""
        self._pass(now, limit)
        return self._at_once(limit) - self._spent

    def check(self, now: float, limit: int | None) -> None:
        """Raise Paced where not one whole call is left."""
        if (left := self.left(now, limit)) > 1 - 1e-6:
            return
        wait = (1 - left) / self._rate(limit)
        again = datetime.fromtimestamp(math.ceil((now + wait) / 60) * 60, UTC)
        raise Paced(
            f"{self._who} caused as many source calls as formulas may cause in an hour ({self._at_once(limit)}): "
            f"recalculate after {again:%H:%M} UTC.",
            retry_after=wait,
        )

    def _at_once(self, limit: int | None) -> int:
        return self._hourly if limit is None else min(self._hourly, max(limit // SHARE, LEAST))

    def _rate(self, limit: int | None) -> float:
        return (self._hourly if limit is None else min(self._hourly, max(limit // SHARE, 1))) / HOUR

    def _pass(self, now: float, limit: int | None) -> None:
        self._spent = max(self._spent - max(now - self._at, 0.0) * self._rate(limit), 0.0)
        self._at = now
