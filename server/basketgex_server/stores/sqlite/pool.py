"""The books of one account of a home: in memory but for the debits, each committed to ``state.db`` before its call leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Flags, Landing, Leaving, QuotaValue

Debit = tuple[int, Mapping[str, float]]


class SqlitePool(LocalPool):
    """``debit`` commits the debits of calls, by their numbers of symbols and their shares; ``refund`` takes one back."""

    def __init__(
        self,
        begin: QuotaValue,
        flags: Flags,
        debit: Callable[[Sequence[Debit], float], Awaitable[Sequence[int]]],
        refund: Callable[[int], Awaitable[None]],
    ) -> None:
        super().__init__(begin, flags)
        self._debit = debit
        self._refund = refund
        self._debits: dict[int, int] = {}  # the numbers of the debits of calls under way, by their own

    async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
        made = await self._debit([(len(call.symbols), call.shares) for call in calls], now)
        self._debits.update(zip((call.number for call in calls), made, strict=True))

    async def _settled(self, number: int, landing: Landing) -> None:
        debit = self._debits.pop(number)
        if landing.uncharged:
            await self._refund(debit)
