"""The thin shell around shelf, planner, quota and batcher: from symbols to findings, whatever it takes and no more."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.freshness import Rules, Sessions
from basketgex_server.dispatch.planner import admit
from basketgex_server.dispatch.quota import Quota, QuotaStatus, day_of
from basketgex_server.dispatch.shelf import Findings, Found, Refresh, Shelf
from basketgex_server.domain import Origin, QuotaReading
from basketgex_server.errors import (
    BadChain,
    BasketgexError,
    Internal,
    NotEntitled,
    QuotaSpent,
    RateLimited,
    SourceUnavailable,
    TooManyCalls,
)
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.state import PastGex, Spent, State

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels

__all__ = ["Counts", "Dispatcher", "Findings", "Found", "Refresh", "fault"]

LOG = logging.getLogger(__name__)
AGAIN = 3
"""Times at most that the rest of a call is asked for again, without the symbols that the plan does not cover."""
FLUSH = 1_000
"""Answers counted before the count is journalled."""
T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    source_calls: int = 0
    symbols_fetched: int = 0
    debits: int = 0
    rest_requests: int = 0
    last_problem: str = ""


class Dispatcher:
    """Finds symbols: from its shelf, from a call under way, or by the fewest new calls."""

    def __init__(
        self,
        source: ExposureSource,
        state: State,
        settings: Settings,
        sessions: Sessions,
        now: Callable[[], float],
    ) -> None:
        self._source = source
        self._state = state
        self._settings = settings
        self._sessions = sessions
        self._now = now
        self._shelf: Shelf | None = None
        self._batcher: Batcher | None = None
        self._levels: dict[str, tuple[float, Levels]] = {}
        self._pause = (0.0, BasketgexError(""))  # the source takes no calls before this moment
        self._brought = 0
        self._answered = 0
        self.counts = Counts()

    @property
    def source(self) -> ExposureSource:
        """Where figures come from."""
        return self._source

    def edition(self) -> tuple[Origin, int]:
        """Return a value that changes when another figure may be found: another origin, or something a call has brought."""
        return self._source.origin(), self._brought

    def touch(self, symbols: Sequence[str]) -> None:
        """Note that a basket was answered without a look, since its answer was known."""
        if self._shelf is not None:
            self._shelf.use(symbols, self._now())
            self.answered([len(symbols)])

    def answered(self, sizes: Iterable[int]) -> None:
        """Count answered baskets, by their numbers of names, as the calls that each would have cost alone."""
        seats = self._source.seats or math.inf
        self._answered += sum(math.ceil(size / seats) for size in sizes)
        if self._answered >= FLUSH:
            self._flush()

    async def shelf(self) -> Shelf:
        """Return what is known of the source's origin as it is now; another origin begins with what is stored of it."""
        origin = self._source.origin()
        if self._shelf is None or self._shelf.origin != origin:
            known, now = await self._state.load(origin.key), self._now()
            spent, heard = await self._state.spent(origin.key, now), await self._state.heard(origin.key)
            if self._shelf is None or self._shelf.origin != origin:
                quota = Quota(self._settings.reserve, now, spent.today)
                if heard is not None and day_of(heard.read_at) == day_of(now):
                    quota.hears(heard.reading, now)
                    for _ in range(heard.since):  # what left since is not in that reading
                        quota.lands(None, now)
                s = self._settings
                rules = Rules(s.refresh_after, s.expire_after, self._source.delay, origin.historical)
                shelf = Shelf(origin, rules, self._sessions, s, quota, known.snapshots, known.missing)
                self._shelf, self._batcher = shelf, self._new_batcher(shelf)
                self._levels.clear()
        return self._shelf

    async def find(
        self,
        symbols: Iterable[str],
        *,
        refresh: Refresh = Refresh.NORMAL,
        baskets: Callable[[], Iterable[Sequence[str]]] | None = None,
        timeout: float | None = None,
        strikes: bool = False,
    ) -> Findings:
        """Return what is known, or can be found out by the timeout (seconds), of distinct symbols.

        ``baskets`` gives the symbols by basket, so that a request that would take too many calls is refused basket by basket;
        without it the request is one basket. ``strikes`` asks for figures with a row a strike. Never raises for a symbol.
        """
        shelf, now, wanted = await self.shelf(), self._now(), list(symbols)
        batcher = self._batcher
        assert batcher is not None  # noqa: S101 - made with the shelf
        before, seats = self.counts.debits, self._source.seats
        shelf.use(wanted, now)
        strikes = strikes and self._source.has_strikes
        wants = shelf.wants(wanted, now, refresh, strikes=strikes, seats=seats)
        wait, behind, refused = wants.wait, wants.behind, dict[int, TooManyCalls]()
        limit = self._settings.max_calls_per_request * seats
        if refresh is not Refresh.FORCE and self._source.metered and limit:
            if len(wait) > limit:
                wait, refused = self._admit(baskets() if baskets else [wanted], wait, limit)
            behind = behind[: limit - len(wait)]  # the others' turn comes with the next request
        batcher.refresh(behind)
        forced = wait if refresh is Refresh.FORCE else ()
        with shelf.explicitly(forced):
            outcomes = await batcher.fetch(wait, timeout)
        debits = max(self.counts.debits - before, 0)  # another's may have been taken back
        return shelf.findings(wanted, set(wait), outcomes, self._now(), refresh, refused, debits)

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels: one call, then from memory until its figure is another. Raises what stands in the way."""
        shelf = await self.shelf()
        snapshot = shelf.snapshots.get(symbol)
        age = snapshot.fetched_at if snapshot is not None else 0.0
        known = self._levels.get(symbol)
        if known is not None and known[0] == age:
            return known[1]
        found = await self._spend(shelf, 1, lambda: self._source.levels(symbol), explicit=False)
        if found is not None:
            self._levels[symbol] = (age, found)
        return found

    async def past(self, shelf: Shelf, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what the store keeps of some symbols, the ``most`` newest of each."""
        return await self._state.past(shelf.origin.key, symbols, most)

    async def quota(self, *, reconcile: bool = False) -> tuple[QuotaStatus, Spent]:
        """Return the day's quota and what was spent; ``reconcile`` asks the source's account first. Raises what it raises."""
        shelf = await self.shelf()
        if reconcile and (reading := await self._source.account()) is not None:
            self._hear(shelf, reading)
        self._flush()
        return shelf.quota.status(self._now()), await self._state.spent(shelf.origin.key, self._now())

    async def close(self) -> None:
        """End every wait and let go of the source."""
        if self._batcher is not None:
            await self._batcher.close()
        self._flush()
        await self._source.close()

    def _new_batcher(self, shelf: Shelf) -> Batcher:
        async def call(symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
            return await self._call(shelf, symbols)

        return Batcher(
            call,
            seats=self._source.seats,
            metered=self._source.metered,
            quiet=self._settings.window_quiet,
            longest=self._settings.window_longest,
            riders=lambda: shelf.riders(self._now()),
        )

    def _admit(
        self, baskets: Iterable[Sequence[str]], wait: list[str], limit: int
    ) -> tuple[list[str], dict[int, TooManyCalls]]:
        admitted, refused = admit(baskets, set(wait), limit)
        seats, most = self._source.seats, self._settings.max_calls_per_request
        errors = {b: TooManyCalls(math.ceil(needs / seats), most) for b, needs in refused.items()}
        return [s for s in wait if s in admitted], errors

    async def _call(
        self, shelf: Shelf, symbols: tuple[str, ...], again: int = AGAIN
    ) -> Mapping[str, Outcome]:
        """Make one source call for symbols, keep what it brings, and say what became of each.

        Where the plan does not cover some of them the call was refused whole: the rest is asked for again, at once.
        """
        explicit = any(symbol in shelf.forced for symbol in symbols)
        try:
            fetched = await self._spend(
                shelf, len(symbols), lambda: self._source.fetch(symbols), explicit=explicit
            )
        except NotEntitled as error:
            rest = tuple(symbol for symbol in symbols if symbol not in error.symbols)
            if not again or not 0 < len(rest) < len(symbols):
                raise
            refused: dict[str, Outcome] = {s: error for s in symbols if s not in rest}
            try:
                return refused | dict(await self._call(shelf, rest, again - 1))
            except BasketgexError as last:
                return refused | dict.fromkeys(rest, last)
        if self._source.origin() != shelf.origin:
            raise SourceUnavailable("The source changed while it was asked. Recalculate to ask again.")
        self._brought += 1
        snapshots, missing = shelf.take(fetched, self._now())
        self._state.append(shelf.origin.key, snapshots, missing)
        outcomes: dict[str, Outcome] = dict.fromkeys(symbols)
        outcomes |= fetched.exposures
        outcomes |= {s: BadChain(sentence) for s, sentence in fetched.failed.items()}
        for sentence in fetched.failed.values():
            self.counts.last_problem = sentence
        return outcomes

    async def _spend(
        self, shelf: Shelf, symbols: int, ask: Callable[[], Awaitable[T]], *, explicit: bool
    ) -> T:
        """Make a source call: the quota first, then the debit, committed, then the call, then what it says of the quota.

        A debit is taken back only where the call certainly cost nothing.
        """
        key, metered, said = shelf.origin.key, self._source.metered, self._source.quota
        left = free = False
        try:
            if metered:
                if self._now() < self._pause[0]:
                    raise self._pause[1]
                shelf.quota.check(self._now(), explicit=explicit)
                shelf.quota.leaves(self._now())
                debit = await self._state.debit(key, symbols, self._now())
                self.counts.debits += 1
            left = True
            self.counts.source_calls += 1
            self.counts.symbols_fetched += symbols
            try:
                return await ask()
            except BasketgexError as error:
                free = error.free
                raise
            finally:
                if metered:
                    reading = self._source.quota if self._source.quota is not said else None
                    shelf.quota.lands(reading, self._now(), free=free)
                    if reading is not None:
                        self._state.hear(key, reading, self._now())
                    if free:
                        await self._state.refund(debit)
                        self.counts.debits -= 1
        except BasketgexError as error:
            self.counts.last_problem = error.sentence
            if left:
                self._learn(shelf, error)
            LOG.warning("A call for %d symbols failed: %s.", symbols, error.code)
            raise
        except Exception as error:
            LOG.error("A call for %d symbols failed: %s.", symbols, fault(error))
            self.counts.last_problem = Internal().sentence
            raise

    def _learn(self, shelf: Shelf, error: BasketgexError) -> None:
        """Take from the source's refusal what it means for later calls."""
        if isinstance(error, QuotaSpent):
            shelf.quota.refused(error.reset_at, self._now())
        elif isinstance(error, NotEntitled):
            shelf.exclude(error, self._now())
        elif isinstance(error, RateLimited):
            self._pause = (self._now() + error.retry_after, error)

    def _hear(self, shelf: Shelf, reading: QuotaReading) -> None:
        shelf.quota.hears(reading, self._now())
        self._state.hear(shelf.origin.key, reading, self._now())

    def _flush(self) -> None:
        if self._answered and self._shelf is not None:
            self._state.answered(self._shelf.origin.key, self._answered, self._now())
            self._answered = 0


def fault(error: BaseException) -> str:
    """Return where an unforeseen error arose, with nothing of its text: fit for a log line."""
    trace = error.__traceback__ or sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {PurePath(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
