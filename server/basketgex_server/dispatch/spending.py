"""The one way out: quota, debit, call, and what its end means for the calls to come. A thin shell around quota and backoff."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from basketgex_server.dispatch.allowance import HOUR
from basketgex_server.dispatch.backoff import LEVELS, SOURCE, error_of
from basketgex_server.dispatch.snapshots import SnapshotCache
from basketgex_server.domain import Failure, QuotaReading
from basketgex_server.errors import BasketgexError, Internal, NotEntitled, NotOffered, QuotaSpent, RateLimited
from basketgex_server.sources.port import ExposureSource
from basketgex_server.stores.sqlite import SqliteStore

LOG = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds in which the account has to say what a damaged store has lost: a call waits for that."""
T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    source_calls: int = 0
    symbols_fetched: int = 0
    debits: int = 0
    rest_requests: int = 0
    last_problem: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A source call about to leave: for some ``names``, of a source as ``backoff`` names it.

    ``explicit``: somebody asks for it whatever the age; ``reserve``: it may use the debits kept back.
    """

    names: tuple[str, ...]
    source: str = SOURCE
    explicit: bool = False
    reserve: bool = False


class Spender:
    """Makes the calls of a source. ``counts`` is told of them; ``now`` gives Unix seconds."""

    __slots__ = ("_asked_account", "_left", "_now", "_source", "_state", "counts")

    def __init__(self, source: ExposureSource, state: SqliteStore, now: Callable[[], float]) -> None:
        self._source = source
        self._state = state
        self._now = now
        self._left = 0  # calls that have left
        self._asked_account = False
        self.counts = Counts()

    async def spend(self, cache: SnapshotCache, call: Call, ask: Callable[[], Awaitable[T]]) -> T:
        """Make a source call: the quota first, then the debit, committed, then the call, then what it says of the quota.

        A debit is taken back only where the call certainly cost nothing.
        """
        key, metered, said = cache.origin.key, self._source.metered, self._source.quota
        left = uncharged = False
        number = 0
        try:
            now = self._now()
            if failure := cache.failures.held(SOURCE, now, explicit=call.explicit):
                raise error_of(failure, now)
            if metered:
                if self._state.lost:
                    await self._make_up(cache)
                cache.quota.check(now, explicit=call.reserve, rushed=call.explicit)
                cache.quota.reserve_call(now)
                cache.spends(call.names, now, explicit=call.explicit, levels=call.source == LEVELS)
                try:
                    debit = await self._state.debit(key, len(call.names), now)
                except BaseException:
                    cache.quota.settle(None, now, uncharged=True)  # it does not leave
                    raise
                self.counts.debits += 1
            left = True
            number = self._left = self._left + 1
            self.counts.source_calls += 1
            self.counts.symbols_fetched += len(call.names)
            try:
                found = await ask()
            except BasketgexError as error:
                uncharged = error.uncharged
                raise
            finally:
                if metered:
                    reading = self._source.quota if self._source.quota is not said else None
                    cache.quota.settle(reading, self._now(), uncharged=uncharged)
                    if reading is not None:
                        self._keep(cache, reading)
                        if self._state.lost:
                            await self._state.make_up(key, cache.quota.status(self._now()).used, self._now())
                    if uncharged:
                        await self._state.refund(debit)
                        self.counts.debits -= 1
        except BasketgexError as error:
            self.counts.last_problem = error.sentence
            if left:
                self._learn(cache, call, number, error)
            LOG.warning("A call for %d symbols failed: %s.", len(call.names), error.code)
            raise
        except Exception as error:
            LOG.error("A call for %d symbols failed: %s.", len(call.names), fault(error))
            self.counts.last_problem = Internal().sentence
            if left:
                self._learn(cache, call, number, Internal())
            raise
        self.recover(cache, [call.source])
        return found

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
            self.hear(cache, reading)
            await self._state.make_up(cache.origin.key, cache.quota.status(self._now()).used, self._now())

    def _learn(self, cache: SnapshotCache, call: Call, number: int, error: BasketgexError) -> None:
        """Take from the source's refusal what it means for later calls."""
        now, failures = self._now(), cache.failures
        if isinstance(error, QuotaSpent):
            cache.quota.exhausted_until(error.reset_at, now)
        elif isinstance(error, RateLimited):
            wait = min(error.retry_after, HOUR, cache.quota.status(now).resets_at - now)
            self.remember(cache, failures.pauses(call.source, error, now, wait, call=number, left=self._left))
        elif isinstance(error, NotEntitled) and error.symbols:
            self.remember(cache, cache.exclude(error, now))
        elif not (
            (error.uncharged and not error.lasting)
            or isinstance(error, NotOffered)
            or cache.origin.historical
        ):
            found = failures.fails(call.names, error, now, explicit=call.explicit)
            found |= failures.source_fails(
                call.source, error, now, call=number, left=self._left, explicit=call.explicit
            )
            if not error.uncharged:  # what costs nothing is not worth remembering beyond this server's life
                self.remember(cache, found)

    def remember(self, cache: SnapshotCache, failures: Mapping[str, Failure]) -> None:
        """Journal what was asked for in vain."""
        if failures:
            self._state.fail(cache.origin.key, failures)

    def recover(self, cache: SnapshotCache, names: Sequence[str]) -> None:
        """Forget that names failed: they have been answered."""
        if gone := cache.failures.recovers(names):
            self._state.forget(cache.origin.key, gone)

    def hear(self, cache: SnapshotCache, reading: QuotaReading) -> None:
        """Take note of what the source's account says of the quota."""
        cache.quota.record_reading(reading, self._now(), account=True)
        self._keep(cache, reading)

    def _keep(self, cache: SnapshotCache, reading: QuotaReading) -> None:
        now = self._now()
        self._state.hear(cache.origin.key, cache.quota.to_keep(reading, now), now)


def fault(error: BaseException) -> str:
    """Return where an unforeseen error arose, with nothing of its text: fit for a log line."""
    trace = error.__traceback__ or sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {PurePath(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
