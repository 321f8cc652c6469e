"""Who asks, and whose share of the day's debits is spent. Pure, but for the variable that goes with a call.

Draws a branch of the error tree::

    BasketgexError
    └── ShareSpent    RESOURCE_EXHAUSTED, share_spent: what others ask for still serves
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from basketgex_server.dispatch.quota import DAY, Quota, day_of
from basketgex_server.errors import BasketgexError
from basketgex_server.stores.port import Leaving, Ledger

ASKS: ContextVar[str] = ContextVar("asks", default="")
"""The name of the person whose call this is; empty for the home's own token."""
EXACT = 1e-9
SCARCE = 5
"""Below a fifth of the day's debits what is left is shared fairly."""


class Share(NamedTuple):
    """What a person has spent of today's debits (UTC), and what they may spend in a day; None: as many as there are."""

    spent: float
    debits: int | None


NO_SHARE = Share(0.0, None)


class ShareSpent(BasketgexError):
    """Nobody pays for a symbol: the ``people`` who want it have had their share of the day's debits."""

    code = "share_spent"
    reason = "RESOURCE_EXHAUSTED"

    def __init__(self, people: Iterable[str], retry_after: float) -> None:
        said = "Your share of today's debits is spent; what others ask for still reaches you."
        super().__init__(said, retry_after=retry_after)
        self.people = frozenset(people)


class Shares:
    """What each person has had of the day's debits, while it is decided which calls leave; ``cap`` 0: as many as there are.

    Once debits are scarce nobody gets further than an equal part of what the people of the day have had and what is left.
    (Measured by what is left alone, all would be stopped who have spent alike, while there are debits.) Whoever asks alone
    shares with nobody. The home's own token has no cap.
    """

    __slots__ = ("_cap", "_caps", "_ends", "_fair", "_spent", "is_bound")

    def __init__(self, ledger: Ledger, quota: Quota, cap: int) -> None:
        self._spent = dict(ledger.spent)
        self._caps = ledger.caps
        self._cap = cap or math.inf
        self._ends = (day_of(ledger.now) + 1) * DAY - ledger.now
        left, limit = quota.left(ledger.now), quota.limit
        self._fair = math.inf
        if left and limit and left < limit / SCARCE:
            people = self._spent.keys() | {
                person for want in ledger.wants for person in want.people if person
            }
            if len(people) > 1:
                self._fair = (sum(self._spent.values()) + left) / len(people)
        self.is_bound = bool(cap or self._caps) or self._fair < math.inf
        """Whether there is any bound: a departure may have thousands of wants, and a home alone has none."""

    def is_spent(self, person: str) -> bool:
        """Tell whether a person has had their share; thirds of debits are not exact."""
        share = min(self._caps.get(person, self._cap), self._fair)
        return bool(person) and self._spent.get(person, 0.0) >= share - EXACT

    def payer(self, people: Sequence[str]) -> str | None:
        """Return who pays, the first whose share is not spent; None where there is nobody."""
        if not self.is_bound:
            return people[0]
        return next((person for person in people if not self.is_spent(person)), None)

    def refusal(self, people: Iterable[str]) -> ShareSpent:
        """Return what those are told who have had their share."""
        return ShareSpent(people, self._ends)

    def pay(self, call: Leaving) -> None:
        """Count a call that leaves."""
        for person, share in call.shares.items() if self.is_bound else ():
            self._spent[person] = self._spent.get(person, 0.0) + share
