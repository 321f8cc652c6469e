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
        # The debits of calls under way and their numbers, by those of the calls.
        self._debits: dict[int, tuple[int, Debit]] = {}

    async def depart(self, decide: Callable[[Ledger], Departure], now: float) -> Departure:
        """Write what is decided, and have it committed before its calls leave; with another day all begin anew."""
        if self._day != (day := math.floor(now / DAY)):
            spent = await self._spent_on(day)
            if self._day != day:  # nobody else was faster
                self._day, self._spent = day, spent
        return await super().depart(decide, now)

    async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
        debits = [Debit(len(call.symbols), call.shares, call.waited) for call in calls]
        self._pay(debits, 1)
        try:
            made = await self._debit(debits, now)
        except BaseException:
            self._pay(debits, -1)
            raise
        self._debits.update(zip((call.number for call in calls), zip(made, debits, strict=True), strict=True))

    async def _settled(self, number: int, landing: Landing) -> None:
        number_of_debit, debit = self._debits.pop(number)
        if landing.uncharged:
            self._pay([debit], -1)
            await self._refund(number_of_debit)

    def _pay(self, debits: Sequence[Debit], sign: int) -> None:
        for debit in debits:
            for person, share in debit.shares.items():
                self._spent[person] = max(self._spent.get(person, 0.0) + sign * share, 0.0)
