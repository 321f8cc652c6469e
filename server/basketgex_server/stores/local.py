"""The books of one account in the memory of one process: for sources that cost nothing, and beneath ``state.db``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from basketgex_server.stores.port import (
    Departure,
    Flags,
    Flight,
    Landing,
    Leaving,
    Ledger,
    News,
    QuotaValue,
    Want,
)


class LocalPool:
    """A pool that nobody shares. Who decides is never interrupted: every change is made in one turn of the loop."""

    def __init__(self, begin: QuotaValue | None = None, flags: Flags = lambda _: (False, False)) -> None:
        self.quota = begin or QuotaValue(0)
        self._flags = flags
        # When a symbol was first wanted, in the loop's time, and who wants it.
        self._since: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._spent: dict[str, float] = {}  # by person, today
        self._caps: Mapping[str, int] = {}
        self._held: set[str] = set()
        self._flights: dict[int, Leaving] = {}
        self._flying: set[str] = set()  # their symbols: many a question looks while a large call is under way
        self._number = 0
        self._next = asyncio.Event()

    def listen(self, told: Callable[[News], None]) -> None:
        """Do nothing: there are no others."""

    def want(self, symbols: Sequence[str], person: str = "") -> None:
        """Note that symbols are waited for; those on their way come with their call."""
        now = asyncio.get_running_loop().time()
        for symbol in symbols:
            if symbol not in self._flying:
                since, people = self._since.get(symbol, (now, ()))
                if person not in people:
                    self._since[symbol] = since, (*people, person)

    def unwant(self, symbols: Sequence[str]) -> None:
        """Note that nobody waits for symbols any more."""
        for symbol in symbols:
            self._since.pop(symbol, None)
            self._held.discard(symbol)

    async def depart(self, decide: Callable[[Ledger], Departure], now: float) -> Departure:
        """Write what is decided, and have it committed before its calls leave."""
        departure = self._write(decide(self._ledger(now)))
        if departure.calls:
            try:
                await self._commit(departure.calls, now)
            except BaseException:
                self._take_back(departure.calls)
                raise
        return departure

    async def land(self, number: int, landing: Landing, now: float) -> QuotaValue:
        """Note the end of a call."""
        if (call := self._flights.pop(number, None)) is not None:
            self._flying.difference_update(call.symbols)
            self.quota = landing.settle(self.quota, now)
            self._next.set()
            self._next = asyncio.Event()
            await self._settled(number, landing)
        return self.quota

    async def note(self, change: Callable[[QuotaValue, float], QuotaValue], now: float) -> QuotaValue:
        """Note what was heard of the debits otherwise."""
        self.quota = change(self.quota, now)
        return self.quota

    async def landed(self) -> None:
        """Wait for the next landing."""
        await self._next.wait()

    async def close(self) -> None:
        """Take back what is wanted."""
        self._since.clear()

    async def _commit(self, calls: Sequence[Leaving], now: float) -> None:
        """Put the debits of calls where a crash does not reach them."""

    async def _settled(self, number: int, landing: Landing) -> None:
        """Put there what the end of a call changes of its debit."""

    def _ledger(self, now: float) -> Ledger:
        at = asyncio.get_running_loop().time()
        wants = tuple(
            Want(symbol, at - since, *self._flags(symbol), held=symbol in self._held, people=people)
            for symbol, (since, people) in self._since.items()
        )
        return Ledger(
            now,
            self.quota,
            wants,
            tuple(Flight(c.number, c.symbols, c.alone) for c in self._flights.values()),
            self._spent,
            self._caps,
        )

    def _write(self, decided: Departure) -> Departure:
        calls = []
        for call in decided.calls:
            self._number += 1
            calls.append(call._replace(number=self._number))
            self._flights[self._number] = calls[-1]
            self._flying.update(call.symbols)
        for symbols in (*(call.symbols for call in calls), decided.refused, decided.joined):
            self.unwant(list(symbols))
        self._held.update(decided.held)
        self.quota = decided.quota
        return decided._replace(calls=tuple(calls))

    def _take_back(self, calls: Sequence[Leaving]) -> None:
        for call in calls:
            del self._flights[call.number]
            self._flying.difference_update(call.symbols)
        today, flying = self.quota.today - len(calls), self.quota.flying - len(calls)
        self.quota = replace(self.quota, today=max(today, 0), flying=max(flying, 0))
