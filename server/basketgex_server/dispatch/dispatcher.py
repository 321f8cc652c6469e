"""The thin shell around cache, planner, quota and batcher: from symbols to lookup, whatever it takes and no more.

One file: it is where all of them meet.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.chain_views import ChainViews
from basketgex_server.dispatch.departure import decide
from basketgex_server.dispatch.faults import fault
from basketgex_server.dispatch.freshness import Rules, Sessions
from basketgex_server.dispatch.gauges import Gauges
from basketgex_server.dispatch.levels import LevelCalls
from basketgex_server.dispatch.lookups import DueSymbols, Lookup, Refresh
from basketgex_server.dispatch.past import Past
from basketgex_server.dispatch.people import Share
from basketgex_server.dispatch.planner import admit
from basketgex_server.dispatch.quota import DAY, Quota, QuotaStatus, day_of
from basketgex_server.dispatch.snapshots import SnapshotCache
from basketgex_server.dispatch.spending import Counts, Spender
from basketgex_server.domain import SKEW, Origin
from basketgex_server.errors import BadChain, BasketgexError, NotEntitled, SourceUnavailable, TooManyCalls
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.sources.progress import Reports
from basketgex_server.stores.chains import KeepsChains
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import DebitCounts, Departure, Leaving, News, Store

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels

__all__ = ["Counts", "Dispatcher", "fault"]

AGAIN = 3
"""Times at most that the rest of a call is asked for again, without the symbols that the plan does not cover."""
RECONCILE = 10.0
"""Seconds between two questions to the source's account, whoever asks and however often: what it said holds meanwhile."""
FLUSH = 1_000
"""Answers counted before the count is journalled."""


class Dispatcher:
    """Finds symbols: from its cache, from a call under way, or by the fewest new calls."""

    def __init__(
        self,
        source: ExposureSource,
        state: Store,
        settings: Settings,
        sessions: Sessions,
        now: Callable[[], float],
    ) -> None:
        self._source = source
        self._state = state
        self._settings = settings
        self._sessions = sessions
        self._now = now
        self._cache: SnapshotCache | None = None
        self._batcher: Batcher | None = None
        self._latest = -math.inf  # what the clock has shown so far
        self._brought = 0
        self._answered = 0
        self._reconciled_at = -math.inf
        self._reconciling: asyncio.Task[None] | None = None
        self._spender = Spender(source, state, settings, now)
        self._levels = LevelCalls(source, self._spender, settings.missing_ttl, now)
        self.views = ChainViews(source)
        """What was made of single chains."""
        self.chains = state.chains if isinstance(state, KeepsChains) else None
        """Past chains, where the store keeps them."""
        self.past = Past(source, state)
        """What is known of the days before."""

    @property
    def counts(self) -> Counts:
        """What happened since the start."""
        return self._spender.counts

    @counts.setter
    def counts(self, counts: Counts) -> None:
        self._spender.counts = counts

    @property
    def source(self) -> ExposureSource:
        """Where figures come from."""
        return self._source

    def generation(self) -> tuple[Origin, int]:
        """Return a value that changes when another figure may be found: another origin, or something a call has brought."""
        return self._source.origin(), self._brought

    def awaited(self) -> tuple[int, int]:
        """Return how many symbols the source is to bring yet, and a number that grows while it gets on with them."""
        outstanding = self._batcher.outstanding if self._batcher is not None else 0
        if isinstance(self._source, Reports):
            return self._source.progress.awaited or outstanding, self._source.progress.done
        return outstanding, self._brought

    def gauges(self) -> Gauges:
        """Return how things stand, as far as that is known without asking anybody."""
        cache, batcher = self._cache, self._batcher
        if cache is None or batcher is None:
            return Gauges()
        wants, flights = batcher.under_way
        left = cache.quota.status(self._now()).left if self._source.metered else None
        reserve = cache.quota.kept if self._source.metered else None
        return Gauges(len(cache.snapshots), wants, flights + self._levels.under_way, left, reserve)

    def touch(self, symbols: Sequence[str]) -> None:
        """Note that a basket was answered without a look, since its answer was known."""
        if self._cache is not None:
            self._cache.use(symbols, self._now())
            self.answered([len(symbols)])

    def use(self, symbols: Sequence[str]) -> None:
        """Note that somebody goes on looking at symbols of which nothing has changed."""
        if self._cache is not None:
            self._cache.use(symbols, self._now())

    def answered(self, sizes: Iterable[int]) -> None:
        """Count answered baskets, by their numbers of names, as the calls that each would have cost alone."""
        room = self._source.symbols_per_call or math.inf
        calls = sum(math.ceil(size / room) for size in sizes)
        self._answered += calls
        self.counts.answered += calls
        if self._answered >= FLUSH:
            self._flush()

    async def cache(self) -> SnapshotCache:
        """Return what is known of the source's origin as it is now; another origin begins with what is stored of it."""
        origin = self._source.origin()
        if self._cache is None or self._cache.origin != origin:
            now = self._now()
            known = await self._state.load(origin.key, now)
            spent, heard = await self._state.spent(origin.key, now), await self._state.heard(origin.key)
            if self._cache is None or self._cache.origin != origin:
                quota = Quota(self._settings.reserve, now, spent.today)
                if heard is not None and day_of(heard.read_at) == day_of(now):
                    quota.record_reading(heard.reading, now, at=heard.read_at)
                    for _ in range(heard.since):  # what left since is not in that reading
                        quota.settle(None, now)
                s = self._settings
                rules = Rules(s.refresh_after, s.expire_after, self._source.delay, origin.historical)
                cache = SnapshotCache(
                    origin,
                    rules,
                    self._sessions,
                    s,
                    quota,
                    known.snapshots,
                    known.missing,
                    known.failures,
                )
                begin = quota.value
                cache.pool = (
                    self._state.pool(origin.key, begin, cache.flags)
                    if self._source.metered
                    else LocalPool(begin, cache.flags)
                )
                self._cache, self._batcher = cache, self._new_batcher(cache)
                self._levels.forget()
        return self._cache

    async def find(
        self,
        symbols: Iterable[str],
        *,
        refresh: Refresh = Refresh.NORMAL,
        baskets: Callable[[], Iterable[Sequence[str]]] | None = None,
        timeout: float | None = None,
        strikes: bool = False,
    ) -> Lookup:
        """Return what is known, or can be found out by the timeout (seconds), of distinct symbols.

        ``baskets`` gives the symbols by basket, so that a request that would take too many calls is refused basket by basket;
        without it the request is one basket. ``strikes`` asks for figures with one row per strike. Never raises for a symbol.
        """
        cache, now, wanted = await self.cache(), self._now(), list(symbols)
        batcher = self._batcher
        assert batcher is not None  # noqa: S101 - made with the cache
        self._watch_the_clock(cache, now)
        before, metered = self.counts.debits, self._source.metered
        cache.use(wanted, now)
        strikes = strikes and self._source.has_strikes
        due = cache.due(
            wanted,
            now,
            refresh,
            strikes=strikes,
            symbols_per_call=self._source.symbols_per_call,
            metered=metered,
        )
        wait, background, refused = due.wait, due.background, dict[int, TooManyCalls]()
        most = self._settings.max_calls_per_hour if due.explicit else self._settings.max_calls_per_request
        limit = most * self._source.symbols_per_call
        if metered and limit:
            if len(wait) > limit:
                wait, refused = self._admit(baskets() if baskets else [wanted], due, most)
            background = background[: limit - len(wait)]  # the others' turn comes with the next request
        batcher.refresh(background)
        with cache.explicitly(wait if due.explicit else (), reserve=due.reserve):
            outcomes = await batcher.fetch(wait, timeout)
        debits = max(self.counts.debits - before, 0)  # another's may have been taken back
        return cache.lookup(wanted, set(wait), outcomes, self._now(), refresh, refused, debits, due.put_off)

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels: one call, then from memory until its figure is another. Raises what stands in the way."""
        cache, now = await self.cache(), self._now()
        self._watch_the_clock(cache, now)
        return await self._levels.find(cache, symbol)

    def last_levels(self, symbol: str) -> Levels | None:
        """Return the last levels of a symbol that are of this session's open interest, None where there are none."""
        return self._levels.last(symbol, self._sessions.session(self._now()).oi_ready)

    async def share_of(self, person: str) -> Share:
        """Return what a person has spent of all accounts today, and what they may spend. Raises StoreUnavailable."""
        day = day_of(self._now()) * DAY
        spent = await self._state.spent_by(day, day + DAY)
        own = next((known.debits for known in await self._state.people() if known.name == person), None)
        return Share(spent.get(person, 0.0), self._settings.person_debits or None if own is None else own)

    async def quota(self, *, reconcile: bool = False) -> tuple[QuotaStatus, DebitCounts]:
        """Return the day's quota and what was spent; ``reconcile`` asks the source's account first. Raises what it raises."""
        cache = await self.cache()
        if reconcile:
            await self._reconcile(cache)
        self._flush()
        return cache.quota.status(self._now()), await self._state.spent(cache.origin.key, self._now())

    async def _reconcile(self, cache: SnapshotCache) -> None:
        """Ask the source's account, once for all who ask meanwhile and not again before some seconds have passed."""
        now, asking = self._now(), self._reconciling
        if asking is None or (asking.done() and not 0 <= now - self._reconciled_at < RECONCILE):
            self._reconciled_at = now
            asking = self._reconciling = asyncio.ensure_future(self._ask_account(cache))
        await asyncio.shield(asking)

    async def _ask_account(self, cache: SnapshotCache) -> None:
        if (reading := await self._source.account()) is not None:
            await self._spender.hear(cache, reading)

    async def drain(self, patience: float) -> None:
        """Let no further call leave, and those under way land; but for some seconds only."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(
                    self._levels.drain(), *([self._batcher.drain()] if self._batcher is not None else [])
                )

    async def close(self) -> None:
        """End every wait and let go of the source."""
        if self._batcher is not None:
            await self._batcher.close()
        await self._levels.close()
        if self._reconciling is not None:
            self._reconciling.cancel()
            await asyncio.gather(self._reconciling, return_exceptions=True)
        self._flush()
        await self._source.close()

    def _new_batcher(self, cache: SnapshotCache) -> Batcher:
        terms = self._spender.terms(cache, lambda: cache.ride_alongs(self._now()))

        async def call(leaving: Leaving) -> Mapping[str, Outcome]:
            return await self._call(cache, leaving)

        async def depart() -> Departure:
            return await self._spender.depart(cache, lambda ledger: decide(ledger, terms))

        async def land(leaving: Leaving) -> None:
            await self._spender.land(cache, leaving)

        batcher = Batcher(call, terms, pool=cache.pool, depart=depart, land=land)
        cache.pool.listen(lambda news: self._hear(cache, batcher, news))
        return batcher

    def _hear(self, cache: SnapshotCache, batcher: Batcher, news: News) -> None:
        """Take what the calls of others have brought, and give it to those who wait here."""
        now = self._now()
        snapshots = {symbol: snapshot.by(now) for symbol, snapshot in news.snapshots.items()}
        cache.hear(snapshots, {symbol: min(at, now) for symbol, at in news.missing.items()})
        cache.quota = Quota.of(news.quota, self._settings.reserve, now)
        self._brought += 1
        if news.snapshots:
            newest = max(snapshot.fetched_at for snapshot in news.snapshots.values())
            self._state.meter.news_took(now - newest)
        self._spender.hear_failed(cache, news.failed.values())
        exposures = {symbol: snapshot.exposure for symbol, snapshot in news.snapshots.items()}
        batcher.settle({**exposures, **dict.fromkeys(news.missing), **news.failed})
        batcher.look()

    def _admit(
        self, baskets: Iterable[Sequence[str]], due: DueSymbols, most: int
    ) -> tuple[list[str], dict[int, TooManyCalls]]:
        room = self._source.symbols_per_call
        admitted, refused = admit(baskets, set(due.wait), most * room)
        errors = {
            b: TooManyCalls(math.ceil(needs / room), most, explicit=due.explicit)
            for b, needs in refused.items()
        }
        return [s for s in due.wait if s in admitted], errors

    def _watch_the_clock(self, cache: SnapshotCache, now: float) -> None:
        """Take back what was noted under a clock that has been put back since: it was wrong, and so were its moments."""
        if now < self._latest - SKEW:
            cache.disbelieve(now)
            self._state.disbelieve(now)
            self._brought += 1
        self._latest = now

    async def _call(self, cache: SnapshotCache, call: Leaving, again: int = AGAIN) -> Mapping[str, Outcome]:
        """Make one source call for symbols, keep what it brings, and say what became of each.

        Where the plan does not cover some of them the call was refused whole: the rest is asked for again, at once.
        """
        symbols = call.symbols
        try:
            fetched = await self._spender.make(cache, call, lambda: self._source.fetch(symbols))
        except NotEntitled as error:
            rest = tuple(symbol for symbol in symbols if symbol not in error.symbols)
            if not again or not 0 < len(rest) < len(symbols):
                raise
            refused: dict[str, Outcome] = {s: error for s in symbols if s not in rest}
            await self._spender.land(cache, call)
            try:
                return refused | dict(await self._call_again(cache, call._replace(symbols=rest), again - 1))
            except BasketgexError as last:
                return refused | dict.fromkeys(rest, last)
        if self._source.origin() != cache.origin:
            raise SourceUnavailable("The source changed while it was asked. Recalculate to ask again.")
        self._brought += 1
        now = self._now()
        snapshots, missing = cache.take(fetched, now)
        await self._spender.land(cache, call, fetched)
        self._state.append(cache.origin.key, snapshots, missing)
        if self.chains is not None:
            self.chains.keep(cache.origin.key, fetched.chains, now, self._settings.chain_days)
        outcomes: dict[str, Outcome] = dict.fromkeys(symbols)
        outcomes |= fetched.exposures
        self._spender.recover(cache, [symbol for symbol in symbols if symbol not in fetched.failed])
        for symbol, sentence in fetched.failed.items():
            outcomes[symbol] = bad = BadChain(sentence)
            self.counts.last_problem = sentence
            if (
                not cache.origin.historical
            ):  # a file may be mended at any moment, and reading it costs nothing
                self._spender.remember(
                    cache, cache.failures.fails([symbol], bad, now, explicit=call.explicit)
                )
        return outcomes

    async def _call_again(self, cache: SnapshotCache, call: Leaving, again: int) -> Mapping[str, Outcome]:
        (call,) = (await self._spender.depart_alone(cache, call)).calls
        try:
            return await self._call(cache, call, again)
        finally:
            await self._spender.land(cache, call)

    def _flush(self) -> None:
        if self._answered and self._cache is not None:
            self._state.answered(self._cache.origin.key, self._answered, self._now())
            self._answered = 0
