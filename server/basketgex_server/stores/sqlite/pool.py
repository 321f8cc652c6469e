"""The books of one account of a home: in memory but for the debits, each committed to ``state.db`` before its call leaves."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Departure, Flags, Landing, Leaving, Ledger, QuotaValue
from basketgex_server.stores.sqlite.ledger import DAY, Debit


class SqlitePool(LocalPool):
    """``debit`` commits the debits of calls and returns their numbers; ``refund`` takes one back.

    ``spent`` tells what persons have paid on a day (UTC, by its number); ``caps`` has what those with a cap of their own may.
    """

    def __init__(
        self,
        begin: QuotaValue,
        flags: Flags,
        debit: Callable[[Sequence[Debit], float], Awaitable[Sequence[int]]],
        refund: Callable[[int], Awaitable[None]],
        spent: Callable[[int], Awaitable[dict[str, float]]],
        caps: Mapping[str, int],
    ) -> None:
        super().__init__(begin, flags)
        self._spent_on = spent
        self._caps = caps
        self._day: int | None = None
        self._debit = debit
        self._refund = refund
        self._debits: dict[int, int] = {}  # the numbers of the debits of calls under way, by their own

    async def depart(self, decide: Callable[[Ledger], Departure], now: float) -> Departure:
        """Write what is decided, and have it committed before its calls leave; with another day all begin anew."""
        if self._day != (day := math.floor(now / DAY)):
            spent = await self._spent_on(day)
            if self._day != day:  # nobody else was faster
                self._day, self._spent = day, spent
        return await super().depart(decide, now)

    async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
        made = await self._debit([Debit(len(call.symbols), call.shares, call.waited) for call in calls], now)
        self._debits.update(zip((call.number for call in calls), made, strict=True))

    async def _settled(self, number: int, landing: Landing) -> None:
        debit = self._debits.pop(number)
        if landing.uncharged:
            await self._refund(debit)
