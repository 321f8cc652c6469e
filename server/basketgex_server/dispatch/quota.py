"""The day's debits: what is left, what may be spent, and how fast. A state machine of values; the clock is an argument.

What the source says of its quota counts, less what has left since: another program may spend too. Where it has said nothing
yet, nothing is known and nothing is refused; its first reply tells. The day ends at midnight UTC. A reading belongs to the day
whose end it names: what lands after midnight, but was said before, says nothing of today. But where its call left after the end
that it names, it is this computer's clock that is ahead, and the source's day goes on. No moment beyond the next midnight is
believed, whoever names it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from basketgex_server.domain import SKEW, QuotaReading
from basketgex_server.errors import QuotaSpent
from basketgex_server.stores.port import QuotaValue

DAY = 86_400.0
LEAST = 60.0
"""Seconds without a call, at least, after the source has said that the quota is spent."""
AHEAD = 3_600.0
"""Seconds by which a clock may be ahead of the source's for that to be taken for the reason: more is a header that is wrong."""
RESERVE_SHARE = 10
"""Of a small quota at most a tenth is kept back."""


class QuotaStatus(NamedTuple):
    """The quota of a metered source: ``limit`` and ``left`` None where unknown or ``unlimited``, ``resets_at`` Unix seconds."""

    plan: str
    limit: int | None
    used: int
    left: int | None
    unlimited: bool
    resets_at: float


def day_of(now: float) -> int:
    """Return the day, UTC, that a moment belongs to."""
    return math.floor(now / DAY)


class Quota:
    """What is left of a day's debits. ``reserve`` of them are kept back for explicit requests."""

    __slots__ = ("_ahead", "_answered", "_day", "_flying", "_reading", "_reserve", "_spent_until", "_today")

    def __init__(self, reserve: int, now: float, today: int = 0, reading: QuotaReading | None = None) -> None:
        self._reserve = reserve
        self._day = day_of(now)
        self._today = today  # debits of ours since midnight
        self._flying = 0  # of those, the ones whose reply is still to come
        self._reading = reading  # the last the source said, of today
        self._spent_until = 0.0  # the source refused: nothing before this moment
        self._answered = False  # the source has answered a call, whether it told of its quota or not
        self._ahead = False  # the reading is of a day that is over by this clock, which is ahead

    @classmethod
    def of(cls, value: QuotaValue, reserve: int, now: float) -> Quota:
        """Return the quota that a store has kept."""
        quota = cls(reserve, now, value.today, value.reading)
        quota._day, quota._flying, quota._spent_until = value.day, value.flying, value.spent_until
        quota._answered, quota._ahead = value.answered, value.ahead
        quota._roll(now)
        return quota

    @property
    def value(self) -> QuotaValue:
        """The quota as a store keeps it."""
        return QuotaValue(
            self._day,
            self._today,
            self._flying,
            self._spent_until,
            self._reading,
            self._answered,
            self._ahead,
        )

    def __repr__(self) -> str:
        return f"<Quota {self._today} spent today, {self._flying} on their way, {self._reading}>"

    def reserve_call(self, now: float) -> None:
        """Count a debit whose call is about to leave."""
        self._roll(now)
        self._today += 1
        self._flying += 1

    def settle(
        self,
        reading: QuotaReading | None,
        now: float,
        *,
        uncharged: bool = False,
        left_at: float = -math.inf,
        answered: bool = False,
    ) -> None:
        """Take note of the end of a call that ``left_at`` a moment, and of what its reply said of the quota.

        An ``uncharged`` one certainly cost nothing; an ``answered`` one had a reply, even if that does not tell of the quota.
        """
        self._roll(now)
        self._answered = self._answered or answered
        self._flying = max(self._flying - 1, 0)
        if uncharged:
            self._today = max(self._today - 1, 0)
        if reading is not None:
            ahead = reading.reset_at is not None and 0 <= left_at - reading.reset_at < AHEAD
            if ahead:  # for a minute at a time: its next reply tells whether its day is over
                reading = replace(reading, reset_at=now + LEAST)
            self.record_reading(reading, now, ahead=ahead)
        if not uncharged and (reading is None or _is_over(reading, now)):
            self._count_down()

    def record_reading(
        self,
        reading: QuotaReading,
        now: float,
        *,
        at: float | None = None,
        account: bool = False,
        ahead: bool = False,
    ) -> None:
        """Take note of what the source says, or said ``at`` a moment.

        Of two readings of a day the lower counts, since replies overtake each other; but what the ``account`` says counts
        whatever was said before. ``ahead``: by this clock, which is wrong, its day is over.
        """
        self._roll(now)
        another_day, self._ahead = self._ahead and not ahead, ahead
        last, midnight = self._reading, (day_of(now) + 1) * DAY
        if _is_over(reading, now if at is None else at) or _is_over(reading, now):
            same = last is not None and last.limit == reading.limit
            reading = replace(
                reading, remaining=last.remaining if same and last else reading.limit, reset_at=None
            )
        elif reading.reset_at is not None:
            reading = replace(reading, reset_at=min(reading.reset_at, midnight))
        if account:
            self._spent_until = 0.0
        elif (
            last is not None
            and last.limit == reading.limit
            and last.remaining is not None
            and not another_day
        ):
            remaining = (
                last.remaining if reading.remaining is None else min(last.remaining, reading.remaining)
            )
            reading = replace(reading, remaining=remaining)
        if last is not None and not reading.plan:
            reading = replace(reading, plan=last.plan)
        self._reading = reading

    def to_keep(self, reading: QuotaReading, now: float) -> QuotaReading:
        """Return a reading as a later start may rely on it: less the calls on their way, which it may not have counted."""
        left = self.left(now)
        if reading.remaining is None or left is None or math.isinf(left) or _is_over(reading, now):
            return reading
        return replace(reading, remaining=int(left))

    def exhausted_until(self, until: float, now: float) -> None:
        """Take note that the source says the quota is spent, until a moment: for a minute at least, for this day at most."""
        self._roll(now)
        self._spent_until = min(max(until, now + LEAST), (day_of(now) + 1) * DAY)

    def left(self, now: float) -> float | None:
        """Return the debits left today; infinity where unlimited, None where unknown."""
        self._roll(now)
        if now < self._spent_until:
            return 0
        if self._reading is None:
            return None
        if self._reading.unlimited:
            return math.inf
        if self._reading.remaining is not None:
            return max(self._reading.remaining - self._flying, 0)
        return None if self._reading.limit is None else max(self._reading.limit - self._today, 0)

    def is_untold(self, now: float) -> bool:
        """Tell whether nothing is known because no call has been answered yet: then one call leaves, and its reply tells."""
        return not self._answered and self.left(now) is None

    def check(self, now: float, *, explicit: bool, rushed: bool = False) -> None:
        """Raise QuotaSpent where no call may leave: ``explicit`` ones may use the reserve too, unless they are ``rushed``."""
        left, kept = self.left(now), 0 if explicit else self.kept
        if left is None or left > kept:
            return
        raise QuotaSpent(
            self._resets_at(now),
            kept=int(left),
            rushed=rushed and not explicit,
            retry_after=max(self._resets_at(now) - now, 0.0),
        )

    def pace(self, now: float, closes: float, most: int = 0) -> float:
        """Return the seconds between two calls behind the answers with which the day's debits last until the close.

        ``most`` are all that may be spent in a day; 0: as many as there are.
        """
        left = self.left(now)
        free = math.inf if left is None else left - self.kept
        if most:
            free = min(free, most - self._today)
        if math.isinf(free) or closes <= now:
            return 0.0
        return (closes - now) / free if free > 0 else math.inf

    def status(self, now: float) -> QuotaStatus:
        """Return the quota as a person reads it."""
        left, reading = self.left(now), self._reading
        unlimited = reading is not None and reading.unlimited
        limit = reading.limit if reading is not None else None
        used = self._today if limit is None or left is None else max(int(limit - left), self._today)
        return QuotaStatus(
            plan=reading.plan if reading is not None else "",
            limit=limit,
            used=used,
            left=None if left is None or unlimited else int(left),
            unlimited=unlimited,
            resets_at=self._resets_at(now),
        )

    @property
    def limit(self) -> int | None:
        """The debits of a day, None where unknown or unlimited."""
        return self._reading.limit if self._reading is not None else None

    @property
    def unlimited(self) -> bool:
        """Tell whether debits are of no account."""
        return self._reading is not None and self._reading.unlimited

    @property
    def reading(self) -> QuotaReading | None:
        """What the source said last, of today."""
        return self._reading

    @property
    def kept(self) -> int:
        """The debits that are kept back for explicit requests."""
        limit = self._reading.limit if self._reading is not None else None
        return self._reserve if limit is None else min(self._reserve, limit // RESERVE_SHARE)

    def _count_down(self) -> None:
        last = self._reading  # a reply that said nothing was a call all the same
        if last is not None and last.remaining is not None:
            self._reading = replace(last, remaining=max(last.remaining - 1, 0))

    def _resets_at(self, now: float) -> float:
        if now < self._spent_until:
            return self._spent_until
        said = self._reading.reset_at if self._reading is not None else None
        return said if said is not None and said > now else (day_of(now) + 1) * DAY

    def _roll(self, now: float) -> None:
        if day_of(now) != self._day:  # a clock may also be put back
            self._spent_until = 0.0
            self._day, self._today = day_of(now), self._flying
            self._begin_anew()
        elif self._reading is not None and (ends := self._reading.reset_at) is not None and now >= ends:
            self._begin_anew()  # the source's day ends at another hour than ours

    def _begin_anew(self) -> None:
        if self._reading is not None and not self._reading.unlimited:
            self._reading = replace(self._reading, remaining=self._reading.limit, reset_at=None)


def _is_over(reading: QuotaReading, at: float) -> bool:
    """Tell whether a reading that came at a moment is of a day before: its own, or where it names none, just after midnight."""
    if reading.unlimited:
        return False
    return at % DAY < SKEW if reading.reset_at is None else reading.reset_at <= at
