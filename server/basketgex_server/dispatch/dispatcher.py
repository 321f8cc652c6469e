"""The thin shell around shelf, planner, quota and batcher: from symbols to findings, whatever it takes and no more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.freshness import Rules, Sessions
from basketgex_server.dispatch.levels import LevelCalls
from basketgex_server.dispatch.lookups import Findings, Refresh, Wants
from basketgex_server.dispatch.planner import admit
from basketgex_server.dispatch.quota import Quota, QuotaStatus, day_of
from basketgex_server.dispatch.snapshots import Shelf
from basketgex_server.dispatch.spending import Call, Counts, Spender, fault
from basketgex_server.domain import SKEW, Origin
from basketgex_server.errors import BadChain, BasketgexError, NotEntitled, SourceUnavailable, TooManyCalls
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.sources.progress import Reports
from basketgex_server.state import PastGex, Spent, State

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels

__all__ = ["Counts", "Dispatcher", "fault"]

AGAIN = 3
"""Times at most that the rest of a call is asked for again, without the symbols that the plan does not cover."""
FLUSH = 1_000
"""Answers counted before the count is journalled."""


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
        self._latest = -math.inf  # what the clock has shown so far
        self._brought = 0
        self._answered = 0
        self._spender = Spender(source, state, now)
        self._levels = LevelCalls(source, self._spender, settings.missing_ttl, now)

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

    def edition(self) -> tuple[Origin, int]:
        """Return a value that changes when another figure may be found: another origin, or something a call has brought."""
        return self._source.origin(), self._brought

    def awaited(self) -> tuple[int, int]:
        """Return how many symbols the source is to bring yet, and a number that grows while it gets on with them."""
        outstanding = self._batcher.outstanding if self._batcher is not None else 0
        if isinstance(self._source, Reports):
            return self._source.progress.awaited or outstanding, self._source.progress.done
        return outstanding, self._brought

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
            now = self._now()
            known = await self._state.load(origin.key, now)
            spent, heard = await self._state.spent(origin.key, now), await self._state.heard(origin.key)
            if self._shelf is None or self._shelf.origin != origin:
                quota = Quota(self._settings.reserve, now, spent.today)
                if heard is not None and day_of(heard.read_at) == day_of(now):
                    quota.hears(heard.reading, now, at=heard.read_at)
                    for _ in range(heard.since):  # what left since is not in that reading
                        quota.lands(None, now)
                s = self._settings
                rules = Rules(s.refresh_after, s.expire_after, self._source.delay, origin.historical)
                shelf = Shelf(
                    origin,
                    rules,
                    self._sessions,
                    s,
                    quota,
                    known.snapshots,
                    known.missing,
                    known.failures,
                )
                self._shelf, self._batcher = shelf, self._new_batcher(shelf)
                self._levels.forget()
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
        without it the request is one basket. ``strikes`` asks for figures with one row per strike. Never raises for a symbol.
        """
        shelf, now, wanted = await self.shelf(), self._now(), list(symbols)
        batcher = self._batcher
        assert batcher is not None  # noqa: S101 - made with the shelf
        self._watch_the_clock(shelf, now)
        before, metered = self.counts.debits, self._source.metered
        shelf.use(wanted, now)
        strikes = strikes and self._source.has_strikes
        wants = shelf.wants(wanted, now, refresh, strikes=strikes, seats=self._source.seats, metered=metered)
        wait, behind, refused = wants.wait, wants.behind, dict[int, TooManyCalls]()
        most = self._settings.max_calls_per_hour if wants.explicit else self._settings.max_calls_per_request
        limit = most * self._source.seats
        if metered and limit:
            if len(wait) > limit:
                wait, refused = self._admit(baskets() if baskets else [wanted], wants, most)
            behind = behind[: limit - len(wait)]  # the others' turn comes with the next request
        batcher.refresh(behind)
        with shelf.explicitly(wait if wants.explicit else (), reserve=wants.reserve):
            outcomes = await batcher.fetch(wait, timeout)
        debits = max(self.counts.debits - before, 0)  # another's may have been taken back
        return shelf.findings(
            wanted, set(wait), outcomes, self._now(), refresh, refused, debits, wants.put_off
        )

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels: one call, then from memory until its figure is another. Raises what stands in the way."""
        shelf, now = await self.shelf(), self._now()
        self._watch_the_clock(shelf, now)
        return await self._levels.find(shelf, symbol)

    async def past(self, shelf: Shelf, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what the store keeps of some symbols, the ``most`` newest of each."""
        return await self._state.past(shelf.origin.key, symbols, most)

    async def quota(self, *, reconcile: bool = False) -> tuple[QuotaStatus, Spent]:
        """Return the day's quota and what was spent; ``reconcile`` asks the source's account first. Raises what it raises."""
        shelf = await self.shelf()
        if reconcile and (reading := await self._source.account()) is not None:
            self._spender.hear(shelf, reading)
        self._flush()
        return shelf.quota.status(self._now()), await self._state.spent(shelf.origin.key, self._now())

    async def close(self) -> None:
        """End every wait and let go of the source."""
        if self._batcher is not None:
            await self._batcher.close()
        await self._levels.close()
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
        self, baskets: Iterable[Sequence[str]], wants: Wants, most: int
    ) -> tuple[list[str], dict[int, TooManyCalls]]:
        seats = self._source.seats
        admitted, refused = admit(baskets, set(wants.wait), most * seats)
        errors = {
            b: TooManyCalls(math.ceil(needs / seats), most, explicit=wants.explicit)
            for b, needs in refused.items()
        }
        return [s for s in wants.wait if s in admitted], errors

    def _watch_the_clock(self, shelf: Shelf, now: float) -> None:
        """Take back what was noted under a clock that has been put back since: it was wrong, and so were its moments."""
        if now < self._latest - SKEW:
            shelf.disbelieve(now)
            self._state.disbelieve(now)
            self._brought += 1
        self._latest = now

    async def _call(
        self, shelf: Shelf, symbols: tuple[str, ...], again: int = AGAIN
    ) -> Mapping[str, Outcome]:
        """Make one source call for symbols, keep what it brings, and say what became of each.

        Where the plan does not cover some of them the call was refused whole: the rest is asked for again, at once.
        """
        call = Call(
            symbols,
            explicit=any(symbol in shelf.forced for symbol in symbols),
            reserve=any(symbol in shelf.reserved for symbol in symbols),
        )
        try:
            fetched = await self._spender.spend(shelf, call, lambda: self._source.fetch(symbols))
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
        now = self._now()
        snapshots, missing = shelf.take(fetched, now)
        self._state.append(shelf.origin.key, snapshots, missing)
        outcomes: dict[str, Outcome] = dict.fromkeys(symbols)
        outcomes |= fetched.exposures
        self._spender.recover(shelf, [symbol for symbol in symbols if symbol not in fetched.failed])
        for symbol, sentence in fetched.failed.items():
            outcomes[symbol] = bad = BadChain(sentence)
            self.counts.last_problem = sentence
            if (
                not shelf.origin.historical
            ):  # a file may be mended at any moment, and reading it costs nothing
                self._spender.remember(
                    shelf, shelf.failures.fails([symbol], bad, now, explicit=call.explicit)
                )
        return outcomes

    def _flush(self) -> None:
        if self._answered and self._shelf is not None:
            self._state.answered(self._shelf.origin.key, self._answered, self._now())
            self._answered = 0
