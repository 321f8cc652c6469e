"""What failed, and when it may be asked for again. Pure.

A failure has no age, so nothing else would keep the next recalculation, or a stream two seconds later, from spending a debit on
it again. What fails is left alone for 1, 2, 4 … minutes, for everybody alike; an explicit request may try once meanwhile. Names
are remembered one by one. A call that fails as a whole says nothing of other names until a second one fails: then the source
itself is left alone, and asked with one call when its time is over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from basketgex_server.dispatch.freshness import believable
from basketgex_server.domain import Failure
from basketgex_server.errors import BadChain, BasketgexError, Remembered

FIRST, LONGEST = 60.0, 960.0
"""Seconds after the first failure, and after the fifth and all that follow."""
DAY = 86_400.0
LEVELS = " levels"
"""Levels have calls of their own; what those run into is remembered beside the rest, under a name with this at its end."""
SOURCE = ""
"""The source itself among the names, which no symbol is."""
MOST = 10_000
"""Names that are remembered; then those are forgotten whose time is over."""
_ADVICE = re.compile(r" Recalculate (later )?to ask again\.$")


def pause(failures: int) -> float:
    """Return the seconds for which something that failed so many times in a row is left alone.

    >>> [pause(n) / 60 for n in range(1, 8)]
    [1.0, 2.0, 4.0, 8.0, 16.0, 16.0, 16.0]
    """
    return min(FIRST * 2.0 ** min(failures - 1, 30), LONGEST)


def error_of(failure: Failure, now: float) -> BasketgexError:
    """Return what to say of something that is left alone: when it is asked again, where its own sentence has no better advice.

    >>> failure = Failure("bad_chain", "UNAVAILABLE", "It broke off. Recalculate to ask again.", 1, 0.0, 60.0)
    >>> error_of(failure, now=10.0).sentence
    'It broke off. Recalculating asks again after 00:01:00 UTC, an explicit refresh may try once before.'
    """
    sentence, advised = _ADVICE.subn("", failure.sentence)
    if advised or failure.code == BadChain.code:
        again = f"{datetime.fromtimestamp(math.ceil(failure.until), UTC):%H:%M:%S} UTC"
        once = "" if failure.tried else ", an explicit refresh may try once before"
        sentence = f"{sentence} Recalculating asks again after {again}{once}."
    return Remembered(failure.code, failure.reason, sentence, max(failure.until - now, 0.0))


class Failures:
    """The failures of one origin, by name: a symbol, or anything else that is asked for by itself. Times are Unix seconds."""

    __slots__ = ("_by_name", "_left")

    def __init__(self, known: Mapping[str, Failure] | None = None) -> None:
        self._by_name = dict(known or {})
        self._left: dict[str, int] = {}  # by source: the calls that had left when it failed the last time

    def __repr__(self) -> str:
        return f"<Failures {sorted(self._by_name)}>"

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def held(self, name: str, now: float, *, explicit: bool = False) -> Failure | None:
        """Return the failure for which a name is left alone now; None where it may be asked for."""
        failure = self._by_name.get(name)
        if failure is None or now >= failure.until or not believable(failure.failed_at, now):
            return None
        return None if explicit and not failure.tried else failure

    def probing(self, source: str, now: float) -> Failure | None:
        """Return why a source was left alone that has not been heard of since: then one call is to find out."""
        failure = self._by_name.get(source)
        if failure is None or failure.until <= failure.failed_at or now - failure.until > LONGEST:
            return None
        return None if self.held(source, now) else failure

    def fails(
        self, names: Iterable[str], error: BasketgexError, now: float, *, explicit: bool = False
    ) -> dict[str, Failure]:
        """Remember what names ran into; return it, for the journal."""
        return self._note({name: self._next(name, error, now, explicit, pardoned=0) for name in names})

    def source_fails(
        self, source: str, error: BasketgexError, now: float, *, call: int, left: int, explicit: bool = False
    ) -> dict[str, Failure]:
        """Remember that a call failed as a whole: the ``call``-th that left, of the ``left`` that have by now.

        Calls that were under way together are one failure. The first holds nobody back.
        """
        if call <= self._left.get(source, 0):
            return {}
        self._left[source] = left
        return self._note({source: self._next(source, error, now, explicit, pardoned=1)})

    def pauses(
        self, source: str, error: BasketgexError, now: float, wait: float, *, call: int, left: int
    ) -> dict[str, Failure]:
        """Remember that the source asks for a pause, of so many seconds: a short one is kept by explicit requests too.

        One that asks again and again gets as much as one that fails.
        """
        if call <= self._left.get(source, 0):
            return {}
        self._left[source] = left
        before = self._by_name.get(source)
        failures = 1 if before is None or _forgotten(before, now) else before.failures + 1
        short = wait <= FIRST
        wait = wait if failures == 1 else max(wait, pause(failures - 1))
        return self._note({source: _made(error, failures, now, now + wait, tried=short)})

    def refuses(
        self, names: Iterable[str], error: BasketgexError, now: float, until: float
    ) -> dict[str, Failure]:
        """Remember that names are not to be had before a moment, whoever asks."""
        made = _made(error, 1, now, min(until, now + DAY), tried=True)
        return self._note(dict.fromkeys(names, made))

    def recovers(self, names: Iterable[str]) -> list[str]:
        """Forget the failures of names that have been answered; return those that had one, for the journal."""
        return [name for name in names if self._by_name.pop(name, None) is not None] if self._by_name else []

    def _next(self, name: str, error: BasketgexError, now: float, explicit: bool, pardoned: int) -> Failure:
        before = self._by_name.get(name)
        failures = 1
        if before is not None and not _forgotten(before, now):
            if now < before.until:  # an explicit request has tried in vain, or two calls met the same
                tried = before.tried or explicit
                return _made(error, before.failures, now, before.until, tried=tried)
            failures = before.failures + 1
        wait = pause(failures - pardoned) if failures > pardoned else 0.0
        return _made(error, failures, now, now + wait, tried=explicit)

    def _note(self, made: dict[str, Failure]) -> dict[str, Failure]:
        self._by_name.update(made)
        if len(self._by_name) > MOST:
            now = max((failure.failed_at for failure in made.values()), default=0.0)
            self._by_name = {n: f for n, f in self._by_name.items() if now < f.until or n in made}
        return made


def _forgotten(failure: Failure, now: float) -> bool:
    """Tell whether a failure lies too long back for the next one to follow from it, or in a future that is not believed."""
    return now - failure.until > LONGEST or not believable(failure.failed_at, now)


def _made(error: BasketgexError, failures: int, now: float, until: float, *, tried: bool) -> Failure:
    return Failure(error.code, error.reason, error.sentence, failures, now, until, tried)
