"""When an answer has to be on its way. Pure.

A caller's own clock ends its call, whatever the server has by then; so the last good values, or the typed error, leave before.
Many callers whose source hangs reach their deadline together, and their answers leave one after another: each that is waiting
makes the others leave a little earlier, and so they leave spread over the last moments rather than all in the last.
"""

from __future__ import annotations

LEAST = 0.05
"""Seconds before a caller's deadline by which the answer is under way, at the latest."""
EACH = 0.001
"""Seconds that one answer takes, with room for a machine that has other work."""
SHARE = 0.25
"""But no more of the time that a caller gives is held back."""


def patience(left: float, waiting: int) -> float:
    """Return the seconds that a caller may be kept waiting who has so many left, beside ``waiting`` others.

    >>> [round(patience(10.0, waiting), 3) for waiting in (0, 50, 1_000, 100_000)]
    [9.95, 9.9, 8.95, 7.5]
    >>> patience(0.03, 0)
    0.0
    """
    margin = max(LEAST, min(LEAST + waiting * EACH, left * SHARE))
    return max(left - margin, 0.0)
