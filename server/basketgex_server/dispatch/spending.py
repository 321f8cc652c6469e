"""The one way out: quota, debit, call, and what its end means for the calls to come. A thin shell around quota and backoff.

All that may cost passes here, so that it is read in one file.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from basketgex_server.dispatch.allowance import HOUR
from basketgex_server.dispatch.backoff import LEVELS, SOURCE, error_of
from basketgex_server.dispatch.departure import Terms, single
from basketgex_server.dispatch.faults import fault
from basketgex_server.dispatch.people import ASKS, ShareSpent
from basketgex_server.dispatch.quota import Quota
from basketgex_server.dispatch.snapshots import SnapshotCache
from basketgex_server.domain import Failure, Fetched, QuotaReading
from basketgex_server.errors import (
    BasketgexError,
    Internal,
    NotEntitled,
    NotOffered,
    Paced,
    QuotaSpent,
    RateLimited,
)
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.stores.port import Departure, Landing, Leaving, Ledger, QuotaValue, Store

LOG = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds in which the account has to say what a damaged store has lost: a call waits for that."""
T = TypeVar("T")


@dataclass(slots=True, eq=False, repr=False)
class Counts:
    """What happened since the start."""

    source_calls: int = 0
    symbols_fetched: int = 0
    debits: int = 0
    rest_requests: int = 0
    answered: int = 0
    """Calls that the same answers would have cost one by one."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by what they ended in: answered, or the code of an error."""
    ends: Counter[str] = field(default_factory=Counter)
    """Debits by what became of their calls, as a desk's store calls it."""
    clock_offset: float = 0.0
    """Seconds by which the store's clock was ahead of this server's at the last departure."""
    last_problem: str = ""


@dataclass(slots=True, eq=False, repr=False)
class _End:
    """What the end of a call says of debits."""

    metered: bool
    left_at: float
    answered: bool = False
    reading: QuotaReading | None = None
    error: BasketgexError | None = None


class Spender:
    """Makes the calls of a source. ``counts`` is told of them; ``now`` gives Unix seconds."""

    __slots__ = (
        "_asked_account",
        "_ended",
        "_left",
        "_now",
        "_reserve",
        "_settings",
        "_source",
        "_state",
        "counts",
    )

    def __init__(
        self, source: ExposureSource, state: Store, settings: Settings, now: Callable[[], float]
    ) -> None:
        self._source = source
        self._state = state
        self._settings = settings
        self._reserve = settings.reserve
        self._now = now
        self._left = 0  # calls that have left
        self._ended: dict[
            tuple[str, int], _End
        ] = {}  # of the calls made, by number: what is to be noted when they land
        self._asked_account = False
        self.counts = Counts()

    async def spend(
        self, cache: SnapshotCache, names: tuple[str, ...], source: str, ask: Callable[[], Awaitable[T]]
    ) -> T:
        """Make one call by itself, for some names of a source as ``backoff`` names it."""
        leaving = Leaving(names, alone=True, by=dict.fromkeys(names, ASKS.get()))
        (call,) = (await self.depart_alone(cache, leaving, source)).calls
        try:
            return await self.make(cache, call, ask, source)
        finally:
            await self.land(cache, call)

    async def depart_alone(self, cache: SnapshotCache, call: Leaving, source: str = SOURCE) -> Departure:
        """Let one call leave that takes nobody along. Raises what stands in its way."""
        terms = self.terms(cache, source=source)
        while True:
            departure = await self.depart(cache, lambda ledger: single(ledger, terms, call), source)
            if departure.calls:
                return departure
            await cache.pool.landed()

    async def depart(
        self, cache: SnapshotCache, decide: Callable[[Ledger], Departure], source: str = SOURCE
    ) -> Departure:
        """Let calls leave: the quota first, then their debits, committed; then each is to be made, and to be landed."""
        metered, now = self._source.metered, self._now()

        def deciding(ledger: Ledger) -> Departure:
            self.counts.clock_offset = ledger.now - self._now()
            departure = decide(ledger)
            for call in departure.calls if metered else ():
                cache.spends(call.symbols, now, explicit=call.explicit, levels=source == LEVELS)
            return departure

        try:
            if metered and self._state.lost:
                await self._make_up(cache)
            begun = time.perf_counter()
            departure = await cache.pool.depart(deciding, now)
            self._state.meter.store_took("depart", time.perf_counter() - begun)
        except (Paced, ShareSpent):
            raise
        except BasketgexError as error:
            self._fails(error, 0)
            raise
        except Exception as error:
            LOG.error("The debits of calls could not be written: %s.", fault(error))
            self.counts.last_problem = Internal().sentence
            raise
        unpaid = [s for s, error in departure.refused.items() if isinstance(error, ShareSpent)]
        cache.not_behind(unpaid)
        refused = [error for error in departure.refused.values() if not isinstance(error, ShareSpent)]
        for refusal in {id(error): error for error in refused}.values():
            self._fails(refusal, sum(error is refusal for error in refused))
        self._note_quota(cache, departure.quota)
        if metered:
            self.counts.debits += len(departure.calls)
            self.counts.ends["lost"] += len(departure.lost)
        return departure

    async def make(
        self, cache: SnapshotCache, call: Leaving, ask: Callable[[], Awaitable[T]], source: str = SOURCE
    ) -> T:
        """Make a call that has left; hear what it says of the quota, and learn from what it runs into."""
        said, left_at = self._source.quota, self._now()
        number = self._left = self._left + 1
        self.counts.source_calls += 1
        self.counts.symbols_fetched += len(call.symbols)
        ended = _End(self._source.metered, left_at)
        self._ended[cache.origin.key, call.number] = ended
        outcome = "cancelled"
        try:
            found = await ask()
            ended.answered, outcome = True, "answered"
        except BasketgexError as error:
            ended.error, outcome = error, error.code
            self._fails(error, len(call.symbols))
            self._learn(cache, call, source, number, error)
            raise
        except Exception as error:
            LOG.error("A call for %d symbols failed: %s.", len(call.symbols), fault(error))
            self.counts.last_problem = Internal().sentence
            ended.error, outcome = Internal(), Internal.code
            self._learn(cache, call, source, number, Internal())
            raise
        finally:
            self.counts.outcomes[outcome] += 1
            if ended.metered:
                ended.reading = self._source.quota if self._source.quota is not said else None
                if ended.error is not None and ended.error.uncharged:
                    self.counts.debits -= 1
        self.recover(cache, [source])
        return found

    async def land(self, cache: SnapshotCache, call: Leaving, fetched: Fetched | None = None) -> None:
        """Note the end of a call that was made; where that has been noted, nothing."""
        ended = self._ended.pop((cache.origin.key, call.number), None)
        if ended is None:
            return
        error, reserve = ended.error, self._reserve
        uncharged = error is not None and error.uncharged

        def settle(value: QuotaValue, now: float) -> QuotaValue:
            quota = Quota.of(value, reserve, now)
            quota.settle(
                ended.reading, now, uncharged=uncharged, left_at=ended.left_at, answered=ended.answered
            )
            if isinstance(error, QuotaSpent):
                quota.exhausted_until(error.reset_at, now)
            return quota.value

        landing = Landing(
            settle if ended.metered else lambda value, _: value,
            uncharged=uncharged,
            fetched=fetched,
            fetched_at=self._now(),
            error=error,
            refused=error.symbols if isinstance(error, NotEntitled) else (),
        )
        if ended.metered:
            self.counts.ends[landing.state] += 1
        self._note_quota(cache, await cache.pool.land(call.number, landing, self._now()))
        if ended.reading is not None:
            self._keep(cache, ended.reading)
            if self._state.lost:
                await self._state.make_up(cache.origin.key, cache.quota.status(self._now()).used, self._now())

    def terms(
        self, cache: SnapshotCache, ride_alongs: Callable[[], Iterable[str]] = tuple, source: str = SOURCE
    ) -> Terms:
        """Return what is known here of the departures of this source."""
        s, metered = self._settings, self._source.metered

        def gate(call: Leaving) -> BasketgexError | None:
            now = self._now()
            if failure := cache.failures.held(SOURCE, now, explicit=call.explicit):
                return error_of(failure, now)
            return cache.paced(cache.levels, now) if metered and source == LEVELS else None

        return Terms(
            self._source.symbols_per_call,
            metered,
            s.window_quiet,
            s.window_longest,
            s.reserve,
            s.person_debits,
            s.desk_debits,
            ride_alongs,
            gate,
        )

    def _note_quota(self, cache: SnapshotCache, value: QuotaValue) -> None:
        if self._source.metered:
            cache.quota = Quota.of(value, self._reserve, self._now())

    def _fails(self, error: BasketgexError, symbols: int) -> None:
        self.counts.last_problem = error.sentence
        LOG.warning("A call for %d symbols failed: %s.", symbols, error.code)

    async def _make_up(self, cache: SnapshotCache) -> None:
        """Ask the account for the day's debits, which a damaged store has lost; where it does not tell, the next reply does."""
        if self._asked_account:
            return
        self._asked_account = True
        try:
            async with asyncio.timeout(PATIENCE):
                reading = await self._source.account()
        except (BasketgexError, TimeoutError):
            return
        if reading is not None:
            await self.hear(cache, reading)
            await self._state.make_up(cache.origin.key, cache.quota.status(self._now()).used, self._now())

    def _learn(
        self, cache: SnapshotCache, call: Leaving, source: str, number: int, error: BasketgexError
    ) -> None:
        """Take from the source's refusal what it means for later calls."""
        now, failures = self._now(), cache.failures
        if isinstance(error, QuotaSpent):
            return  # the account's books have it
        if isinstance(error, RateLimited):
            self.remember(cache, self._pause(cache, source, error, number))
        elif isinstance(error, NotEntitled) and error.symbols:
            self.remember(cache, cache.exclude(error, now))
        elif not (
            (error.uncharged and not error.lasting)
            or isinstance(error, NotOffered)
            or cache.origin.historical
        ):
            found = failures.fails(call.symbols, error, now, explicit=call.explicit)
            found |= failures.source_fails(
                source, error, now, call=number, left=self._left, explicit=call.explicit
            )
            if not error.uncharged:  # what costs nothing is not worth remembering beyond this server's life
                self.remember(cache, found)

    def hear_failed(self, cache: SnapshotCache, errors: Iterable[BasketgexError]) -> None:
        """Keep a pause that the source has asked another replica for."""
        for error in errors:
            if error.code == RateLimited.code and not cache.failures.held(SOURCE, self._now()):
                self._pause(cache, SOURCE, error, self._left + 1)

    def _pause(
        self, cache: SnapshotCache, source: str, error: BasketgexError, number: int
    ) -> dict[str, Failure]:
        now = self._now()
        wait = min(error.retry_after, HOUR, cache.quota.status(now).resets_at - now)
        return cache.failures.pauses(source, error, now, wait, call=number, left=self._left)

    def remember(self, cache: SnapshotCache, failures: Mapping[str, Failure]) -> None:
        """Journal what was asked for in vain."""
        if failures:
            self._state.fail(cache.origin.key, failures)

    def recover(self, cache: SnapshotCache, names: Sequence[str]) -> None:
        """Forget that names failed: they have been answered."""
        if gone := cache.failures.recovers(names):
            self._state.forget(cache.origin.key, gone)

    async def hear(self, cache: SnapshotCache, reading: QuotaReading) -> None:
        """Take note of what the source's account says of the quota."""

        def change(value: QuotaValue, now: float) -> QuotaValue:
            quota = Quota.of(value, self._reserve, now)
            quota.record_reading(reading, now, account=True)
            return quota.value

        self._note_quota(cache, await cache.pool.note(change, self._now()))
        self._keep(cache, reading)

    def _keep(self, cache: SnapshotCache, reading: QuotaReading) -> None:
        now = self._now()
        self._state.hear(cache.origin.key, cache.quota.to_keep(reading, now), now)
