"""Coalesces concurrent questions into as few source calls as possible: single-flight per symbol, micro-batches per window.

Only misses come here. The first opens a window; the call leaves when no new symbol came for ``quiet`` seconds, or ``longest``
after the first. A full one leaves at once, and what it has no room for keeps its window. While any metered call is in flight,
be it a full one of the same plan, an under-full one waits for it: whoever arrives meanwhile shares its price. A symbol on its
way is joined, never asked for twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from basketgex_server.dispatch.planner import plan
from basketgex_server.domain import SymbolExposure
from basketgex_server.errors import BasketgexError, Draining, Internal

Outcome = SymbolExposure | BasketgexError | None
"""What a symbol's call ended in: its exposure, the error of its call, or None: no data."""


@dataclass(slots=True, eq=False)
class _Pending:
    outcome: asyncio.Future[Outcome]
    waiters: int = 0
    asked: bool = field(default=False)


class Batcher:
    """Turns symbols that are waited for into calls of ``call``, which never raises for a single symbol.

    ``ride_alongs`` gives, the oldest first, the symbols worth carrying where a call has room.
    """

    __slots__ = (
        "_call",
        "_closed",
        "_first",
        "_longest",
        "_metered",
        "_pending",
        "_quiet",
        "_ride_alongs",
        "_symbols_per_call",
        "_tasks",
        "_timer",
    )

    def __init__(
        self,
        call: Callable[[tuple[str, ...]], Awaitable[Mapping[str, Outcome]]],
        *,
        symbols_per_call: int,
        metered: bool,
        quiet: float,
        longest: float,
        ride_alongs: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._call = call
        self._symbols_per_call = symbols_per_call
        self._metered = metered
        self._quiet = quiet
        self._longest = longest
        self._ride_alongs = ride_alongs
        self._pending: dict[str, _Pending] = {}  # wanted or on their way, in order of arrival
        self._tasks: set[asyncio.Task[None]] = set()  # the calls in flight
        self._timer: asyncio.Handle | None = None
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

    async def close(self) -> None:
        """End every wait, and wait for the calls in flight to let go."""
        self._closed = True
        self._disarm()
        for task in self._tasks:
            task.cancel()
        for pending in self._pending.values():
            _settle(pending, Draining())
        self._pending.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _join(self, symbols: Iterable[str]) -> dict[str, _Pending]:
        known = len(self._pending)
        joined = {symbol: self._take(symbol) for symbol in symbols}
        if len(self._pending) > known:
            self._arrived()
        return joined

    def _take(self, symbol: str) -> _Pending:
        pending = self._pending.get(symbol)
        if pending is None:
            pending = _Pending(asyncio.get_running_loop().create_future())
            if self._closed:
                _settle(pending, Draining())
                return pending
            self._pending[symbol] = pending
        pending.waiters += 1
        return pending

    def _leave(self, symbol: str, pending: _Pending) -> None:
        pending.waiters -= 1
        if not pending.waiters and not pending.asked and self._pending.get(symbol) is pending:
            del self._pending[symbol]

    def _wanted(self) -> list[str]:
        return [symbol for symbol, pending in self._pending.items() if not pending.asked]

    def _arrived(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is None:
            self._first = now
        else:
            self._timer.cancel()
        ends = min(now + self._quiet, self._first + self._longest)
        if self._symbols_per_call and len(self._wanted()) >= self._symbols_per_call:
            # Full calls leave in the next turn of the loop, not in this line: other requests may be about to fill the rest.
            self._timer = loop.call_soon(self._flush_full, ends)
        else:
            self._timer = loop.call_at(ends, self._flush)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush_full(self, ends: float) -> None:
        """Let full calls leave; the rest of a metered plan waits for company until its window ends."""
        if not self._metered:
            self._flush()
            return
        self._disarm()
        self._depart(only_full=True)
        if self._wanted():
            self._timer = asyncio.get_running_loop().call_at(ends, self._flush)

    def _flush(self) -> None:
        """The window is over."""
        self._disarm()
        self._depart()

    def _depart(self, *, only_full: bool = False) -> None:
        wanted = self._wanted()
        fills_one = (
            0 < self._symbols_per_call <= len(wanted)
        )  # then the rest of this very plan has a call beside it
        busy = self._metered and (only_full or fills_one or bool(self._tasks))
        ride_alongs = (symbol for symbol in self._ride_alongs() if symbol not in self._pending)
        for symbols in plan(wanted, ride_alongs, symbols_per_call=self._symbols_per_call, busy=busy).calls:
            self._dispatch(symbols)

    def _dispatch(self, symbols: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        for symbol in symbols:
            pending = self._pending.setdefault(symbol, _Pending(loop.create_future()))
            pending.asked = True
        task = loop.create_task(self._run(tuple(symbols)))
        self._tasks.add(task)
        task.add_done_callback(self._landed)

    async def _run(self, symbols: tuple[str, ...]) -> None:
        outcomes: Mapping[str, Outcome] = {}
        rest: BasketgexError | None = Draining()
        try:
            outcomes = await self._call(symbols)
            rest = None
        except BasketgexError as error:
            rest = error
        except Exception:  # noqa: BLE001 - whoever waits must hear of it; the caller below has logged it
            rest = Internal()
        finally:
            for symbol in symbols:
                if pending := self._pending.pop(symbol, None):
                    _settle(pending, outcomes.get(symbol, rest))

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._closed and self._timer is None and self._wanted():
            self._depart()  # those held back have waited long enough


def _settle(pending: _Pending, outcome: Outcome) -> None:
    if not pending.outcome.done():
        pending.outcome.set_result(outcome)
