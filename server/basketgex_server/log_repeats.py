"""Keeps a log readable while something fails again and again: what was said lately is counted, not written."""

from __future__ import annotations

import logging
import math
import re

QUIET = 600.0
"""Seconds for which a warning or an error is not written again."""
MOST = 256
"""Different ones that are remembered."""

_NUMBERS = re.compile(r"\d+")


class Repeats(logging.Filter):
    """Lets a warning or an error pass once in QUIET seconds; the next that passes says how many did not.

    Two are the same where they differ in their numbers only: how many symbols a failed call was for is no news.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        message = record.getMessage()
        key = record.name, record.levelno, _NUMBERS.sub("#", message)
        passed, held = self._known.pop(key, (-math.inf, 0))
        if passed <= record.created < passed + QUIET:
            self._known[key] = passed, held + 1
            return False
        if held:
            record.msg, record.args = f"{message} And {held:,} more like it before.", ()
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = record.created, 0
        return True
