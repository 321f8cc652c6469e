"""Coalesces concurrent questions into as few source calls as possible: single-flight per symbol, micro-batches per window.

Only misses come here. The first opens a window; the call leaves when no new symbol came for ``quiet`` seconds, or ``longest``
after the first. A full one leaves at once, and what it has no room for keeps its window. While any metered call is in flight,
be it a full one of the same plan, an under-full one waits for it: whoever arrives meanwhile shares its price. A symbol on its
way is joined, never asked for twice. When what leaves is not decided here but in ``departure``, over the books of the account:
here is who waits, and when to look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from basketgex_server.dispatch.departure import Terms, decide
from basketgex_server.dispatch.people import ASKS, ShareSpent
from basketgex_server.domain import SymbolExposure
from basketgex_server.errors import BasketgexError, Draining, Internal
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import Departure, Landing, Leaving, Pool, QuotaValue

Outcome = SymbolExposure | BasketgexError | None
"""What a symbol's call ended in: its exposure, the error of its call, or None: no data."""


@dataclass(slots=True, eq=False, repr=False)
class _Pending:
    outcome: asyncio.Future[Outcome]
    waiters: int = 0
    asked: bool = field(default=False)
    people: set[str] = field(default_factory=set)


class Batcher:
    """Turns symbols that are waited for into calls of ``call``, which never raises for a single symbol.

    ``pool`` has the books in which they are wanted; ``depart`` makes the calls leave that its argument decides on, and ``land``
    notes the end of one. Without these the books are the batcher's own.
    """

    __slots__ = (
        "_call",
        "_closed",
        "_depart",
        "_departing",
        "_due",
        "_first",
        "_land",
        "_pending",
        "_pool",
        "_tasks",
        "_terms",
        "_timer",
    )

    def __init__(
        self,
        call: Callable[[Leaving], Awaitable[Mapping[str, Outcome]]],
        terms: Terms,
        *,
        pool: Pool | None = None,
        depart: Callable[[], Awaitable[Departure]] | None = None,
        land: Callable[[Leaving], Awaitable[None]] | None = None,
    ) -> None:
        self._call = call
        self._terms = terms
        self._pool = pool = pool or LocalPool(QuotaValue(0, answered=True))

        async def leave() -> Departure:
            return await pool.depart(lambda ledger: decide(ledger, terms), 0.0)

        async def come(call: Leaving) -> None:
            await pool.land(call.number, Landing(), 0.0)

        self._depart = depart or leave
        self._land = land or come
        self._pending: dict[str, _Pending] = {}  # wanted or on their way, in order of arrival
        self._tasks: set[asyncio.Task[None]] = set()  # the calls in flight
        self._timer: asyncio.Handle | None = None
        self._departing: asyncio.Task[None] | None = None
        self._due = False  # somebody has looked while a departure was under way
        self._first = 0.0  # when the window opened, in the loop's time
        self._closed = False

    def __repr__(self) -> str:
        asked = sum(s.asked for s in self._pending.values())
        return (
            f"<Batcher {len(self._pending) - asked} wanted, {asked} on their way in {len(self._tasks)} calls>"
        )

    @property
    def outstanding(self) -> int:
        """How many symbols are wanted or on their way."""
        return len(self._pending)

    @property
    def under_way(self) -> tuple[int, int]:
        """How many symbols are wanted and have no call yet, and how many calls are in flight."""
        return len(self._wanted()), len(self._tasks)

    async def fetch(self, symbols: Iterable[str], timeout: float | None = None) -> dict[str, Outcome]:
        """Return what became of each symbol; those still on their way at the timeout are left out.

        Giving up, by timeout or cancellation, takes nothing from others; what nobody waits for any more is not asked.
        """
        joined = self._join(symbols)
        if not joined:
            return {}
        try:
            await asyncio.wait([pending.outcome for pending in joined.values()], timeout=timeout)
        finally:
            for symbol, pending in joined.items():
                self._leave(symbol, pending)
        return {
            symbol: pending.outcome.result() for symbol, pending in joined.items() if pending.outcome.done()
        }

    def refresh(self, symbols: Iterable[str]) -> None:
        """Ask for symbols that nobody waits for; they stay wanted until their call has been."""
        self._join(symbols)

    async def drain(self) -> None:
        """Let no further call leave, end every wait for one, and wait until those in flight have landed."""
        self._closed = True
        self._disarm()
        if self._departing is not None:  # what it has committed leaves
            await asyncio.wait([self._departing])
        self._give_up({symbol: Draining() for symbol in self._wanted()})
        await self._pool.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End every wait, and wait for the calls in flight to let go."""
        self._closed = True
        self._disarm()
        tasks = [*self._tasks, *([self._departing] if self._departing else [])]
        for task in tasks:
            task.cancel()
        for pending in self._pending.values():
            _settle(pending, Draining())
        self._pending.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pool.close()

    def settle(self, outcomes: Mapping[str, Outcome]) -> None:
        """Give those who wait what came of symbols by another way than a call from here."""
        for symbol, outcome in outcomes.items():
            pending = self._pending.get(symbol)
            if pending is not None and not pending.asked:
                _settle(self._pending.pop(symbol), outcome)

    def look(self, after: float = 0.0) -> None:
        """See in so many seconds, unless that is seen to before, what may leave."""
        loop = asyncio.get_running_loop()
        at = loop.time() + after
        if self._closed or (isinstance(self._timer, asyncio.TimerHandle) and self._timer.when() <= at):
            return
        self._disarm()
        self._timer = loop.call_at(at, self._look)

    def _join(self, symbols: Iterable[str]) -> dict[str, _Pending]:
        known = len(self._pending)
        pending = {symbol: self._take(symbol) for symbol in symbols}
        if not self._closed:
            self._pool.want([symbol for symbol, p in pending.items() if not p.asked], ASKS.get())
        if len(self._pending) > known:
            self._arrived()
        return pending

    def _take(self, symbol: str) -> _Pending:
        pending = self._pending.get(symbol)
        if pending is None:
            pending = _Pending(asyncio.get_running_loop().create_future())
            if self._closed:
                _settle(pending, Draining())
                return pending
            self._pending[symbol] = pending
        pending.waiters += 1
        pending.people.add(ASKS.get())
        return pending

    def _leave(self, symbol: str, pending: _Pending) -> None:
        pending.waiters -= 1
        if not pending.waiters and not pending.asked and self._pending.get(symbol) is pending:
            del self._pending[symbol]
            self._pool.unwant([symbol])

    def _wanted(self) -> list[str]:
        return [symbol for symbol, pending in self._pending.items() if not pending.asked]

    def _arrived(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is None:
            self._first = now
        else:
            self._timer.cancel()
        ends = min(now + self._terms.quiet, self._first + self._terms.longest)
        if self._terms.symbols_per_call and len(self._wanted()) >= self._terms.symbols_per_call:
            # Full calls leave in the next turn of the loop, not in this line: other requests may be about to fill the rest.
            self._timer = loop.call_soon(self._look)
        else:
            self._timer = loop.call_at(ends, self._look)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Let leave what may; one departure at a time, what comes meanwhile goes with the next."""
        self._disarm()
        if self._departing is not None:
            self._due = True
        else:
            self._departing = asyncio.get_running_loop().create_task(self._leaves())

    async def _leaves(self) -> None:
        try:
            departure = await self._depart()
        except BasketgexError as error:
            self._give_up(dict.fromkeys(self._wanted(), error))
        except Exception:  # noqa: BLE001 - whoever waits must hear of it; what departs has logged it
            self._give_up(dict.fromkeys(self._wanted(), Internal()))
        else:
            self._give_up(departure.refused)
            for call in departure.calls:
                self._dispatch(call)
            if departure.again is not None and self._wanted():
                self.look(departure.again)
        finally:
            self._departing = None
            if self._due:
                self._due = False
                self.look()

    def _give_up(self, refused: Mapping[str, BasketgexError]) -> None:
        given = {symbol: error for symbol, error in refused.items() if not self._has_another(symbol, error)}
        self._pool.unwant(list(given))
        self.settle(given)
        if len(given) < len(refused):
            self.look()

    def _has_another(self, symbol: str, error: BasketgexError) -> bool:
        """Tell whether somebody waits who came after it was decided that nobody pays: they may."""
        pending = self._pending.get(symbol)
        if pending is None or not isinstance(error, ShareSpent):
            return False
        pending.people -= error.people
        return bool(pending.people)

    def _dispatch(self, call: Leaving) -> None:
        loop = asyncio.get_running_loop()
        for symbol in call.symbols:
            pending = self._pending.setdefault(symbol, _Pending(loop.create_future()))
            pending.asked = True
        task = loop.create_task(self._run(call))
        self._tasks.add(task)
        task.add_done_callback(self._landed)

    async def _run(self, call: Leaving) -> None:
        outcomes: Mapping[str, Outcome] = {}
        rest: BasketgexError | None = Draining()
        try:
            try:
                outcomes = await self._call(call)
                rest = None
            finally:
                await self._land(call)
        except BasketgexError as error:
            rest = error
        except Exception:  # noqa: BLE001 - whoever waits must hear of it; the caller below has logged it
            rest = Internal()
        finally:
            for symbol in call.symbols:
                if pending := self._pending.pop(symbol, None):
                    _settle(pending, outcomes.get(symbol, rest))

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._closed and self._timer is None and self._wanted():
            self._look()  # those held back have waited long enough


def _settle(pending: _Pending, outcome: Outcome) -> None:
    if not pending.outcome.done():
        pending.outcome.set_result(outcome)
