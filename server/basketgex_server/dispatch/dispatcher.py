"""The thin shell around freshness, planner and batcher: from symbols to findings, whatever it takes and no more."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath

from basketgex_server.dispatch.batcher import Batcher, Outcome
from basketgex_server.dispatch.freshness import Rules, Sessions, judge, may_ask
from basketgex_server.dispatch.planner import admit
from basketgex_server.domain import Freshness, Origin, Snapshot
from basketgex_server.errors import (
    BadChain,
    BasketgexError,
    Internal,
    NoData,
    NotCached,
    SourceUnavailable,
    TimedOut,
    TooManyCalls,
)
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.state import State

LOG = logging.getLogger(__name__)
SHORT_TTL = 2.0
"""Seconds for which a client may answer from a stale reply or an error."""
RECENTLY = 3_600.0
"""A symbol used within so many seconds is worth a seat that is left over."""


class Refresh(Enum):
    """What a request may cause: a source call where age asks for it; one in any case; none."""

    NORMAL = 1
    FORCE = 2
    CACHE_ONLY = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol's figure, how it stands, for how many seconds a client may keep it, and why it is old where it is."""

    snapshot: Snapshot
    freshness: Freshness
    ttl: float
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of the symbols of a request. ``missing`` gives the seconds for which that holds.

    ``refused`` are baskets (by number) that would take too many calls. ``debits`` were spent while this was found out.
    Until ``holds_until`` (Unix seconds), and while the dispatcher's ``edition`` stays, asking again finds the same.
    """

    origin: Origin
    found: Mapping[str, Found]
    missing: Mapping[str, float]
    failed: Mapping[str, BasketgexError]
    refused: Mapping[int, TooManyCalls] = field(default_factory=dict)
    debits: int = 0
    holds_until: float = 0.0


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    source_calls: int = 0
    symbols_fetched: int = 0
    debits: int = 0
    last_problem: str = ""


@dataclass(slots=True, eq=False)
class _Shelf:
    """Everything known of one origin."""

    origin: Origin
    batcher: Batcher
    snapshots: dict[str, Snapshot]
    missing: dict[str, float]
    used: dict[str, float] = field(default_factory=dict)


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
        self._shelf: _Shelf | None = None
        self._brought = 0
        self.counts = Counts()

    @property
    def source(self) -> ExposureSource:
        """Where figures come from."""
        return self._source

    def edition(self) -> tuple[Origin, int]:
        """Return a value that changes when another figure may be found: another origin, or something a call has brought."""
        return self._source.origin(), self._brought

    def touch(self, symbols: Iterable[str]) -> None:
        """Note that symbols were asked for, where the answer was known without a look."""
        if self._shelf is not None:
            self._shelf.used.update(dict.fromkeys(symbols, self._now()))

    async def shelf(self) -> _Shelf:
        """Return what is known of the source's origin as it is now; another origin begins with what is stored of it."""
        origin = self._source.origin()
        if self._shelf is None or self._shelf.origin != origin:
            known = await self._state.load(origin.key)
            if self._shelf is None or self._shelf.origin != origin:
                self._shelf = self._new_shelf(origin, known.snapshots, known.missing)
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
        before = self.counts.debits
        shelf.used.update(dict.fromkeys(wanted, now))
        wait, behind = self._to_ask(shelf, wanted, now, refresh, strikes)
        refused: dict[int, TooManyCalls] = {}
        limit = self._settings.max_calls_per_request * self._source.seats
        if refresh is not Refresh.FORCE and self._source.metered and limit:
            if len(wait) > limit:
                wait, refused = self._admit(baskets() if baskets else [wanted], wait, limit)
            behind = behind[: limit - len(wait)]  # the others' turn comes with the next request
        shelf.batcher.refresh(behind)
        outcomes = await shelf.batcher.fetch(wait, timeout)
        return self._findings(
            shelf, wanted, set(wait), outcomes, refresh, refused, self.counts.debits - before
        )

    async def close(self) -> None:
        """End every wait and let go of the source."""
        if self._shelf is not None:
            await self._shelf.batcher.close()
        await self._source.close()

    def _new_shelf(self, origin: Origin, snapshots: dict[str, Snapshot], missing: dict[str, float]) -> _Shelf:
        async def call(symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
            return await self._call(shelf, symbols)

        batcher = Batcher(
            call,
            seats=self._source.seats,
            metered=self._source.metered,
            quiet=self._settings.window_quiet,
            longest=self._settings.window_longest,
            riders=lambda: self._riders(shelf),
        )
        shelf = _Shelf(origin, batcher, snapshots, missing)
        return shelf

    def _rules(self, origin: Origin) -> Rules:
        s = self._settings
        return Rules(s.refresh_after, s.expire_after, self._source.delay, origin.historical)

    def _to_ask(
        self, shelf: _Shelf, wanted: list[str], now: float, refresh: Refresh, strikes: bool
    ) -> tuple[list[str], list[str]]:
        """Return the symbols to wait for, and those to refresh behind the answer."""
        if refresh is Refresh.CACHE_ONLY:
            return [], []
        if refresh is Refresh.FORCE:
            return wanted, []
        wait: list[str] = []
        behind: list[str] = []
        rules = self._rules(shelf.origin)
        for symbol in wanted:
            snapshot = shelf.snapshots.get(symbol)
            if snapshot is None:
                if now >= shelf.missing.get(symbol, -math.inf) + self._settings.missing_ttl:
                    wait.append(symbol)
                continue
            if strikes and not snapshot.exposure.strikes and self._source.has_strikes:
                wait.append(symbol)
                continue
            verdict = judge(snapshot.exposure.as_of, snapshot.fetched_at, now, rules, self._sessions)
            if may_ask(verdict, snapshot.fetched_at, now, rules):
                (behind if verdict.freshness is Freshness.STALE else wait).append(symbol)
        return wait, behind

    def _admit(
        self, baskets: Iterable[Sequence[str]], wait: list[str], limit: int
    ) -> tuple[list[str], dict[int, TooManyCalls]]:
        admitted, refused = admit(baskets, set(wait), limit)
        seats, most = self._source.seats, self._settings.max_calls_per_request
        errors = {b: TooManyCalls(math.ceil(needs / seats), most) for b, needs in refused.items()}
        return [s for s in wait if s in admitted], errors

    def _riders(self, shelf: _Shelf) -> list[str]:
        """Return the recently used symbols that are ageing, the oldest first."""
        now, rules = self._now(), self._rules(shelf.origin)
        ageing = []
        for symbol, used in shelf.used.items():
            snapshot = shelf.snapshots.get(symbol)
            if snapshot is None or now - used > RECENTLY:
                continue
            verdict = judge(snapshot.exposure.as_of, snapshot.fetched_at, now, rules, self._sessions)
            if may_ask(verdict, snapshot.fetched_at, now, rules):
                ageing.append((snapshot.exposure.as_of, symbol))
        return [symbol for _, symbol in sorted(ageing)]

    async def _call(self, shelf: _Shelf, symbols: tuple[str, ...]) -> Mapping[str, Outcome]:
        """Make one source call: the debit first, then the call, then the journal."""
        try:
            if self._source.metered:
                await self._state.debit(shelf.origin.key, len(symbols), self._now())
                self.counts.debits += 1
            self.counts.source_calls += 1
            self.counts.symbols_fetched += len(symbols)
            fetched = await self._source.fetch(symbols)
            if self._source.origin() != shelf.origin:
                raise SourceUnavailable("The source changed while it was asked. Recalculate to ask again.")
        except BasketgexError as error:
            self.counts.last_problem = error.sentence
            LOG.warning("A call for %d symbols failed: %s.", len(symbols), error.code)
            raise
        except Exception as error:
            LOG.error("A call for %d symbols failed: %s.", len(symbols), fault(error))
            self.counts.last_problem = Internal().sentence
            raise
        now = self._now()
        snapshots = {s: Snapshot(e, now) for s, e in fetched.exposures.items()}
        missing = dict.fromkeys(fetched.missing, now)
        self._brought += 1
        shelf.snapshots.update(snapshots)
        shelf.missing.update(missing)
        for symbol in snapshots:
            shelf.missing.pop(symbol, None)
        for symbol in missing:  # the source has just said that there is nothing (any more)
            shelf.snapshots.pop(symbol, None)
        self._state.append(shelf.origin.key, snapshots, missing)
        outcomes: dict[str, Outcome] = dict.fromkeys(symbols)
        outcomes |= fetched.exposures
        outcomes |= {s: BadChain(sentence) for s, sentence in fetched.failed.items()}
        for sentence in fetched.failed.values():
            self.counts.last_problem = sentence
        return outcomes

    def _findings(
        self,
        shelf: _Shelf,
        wanted: list[str],
        asked: set[str],
        outcomes: Mapping[str, Outcome],
        refresh: Refresh,
        refused: Mapping[int, TooManyCalls],
        debits: int,
    ) -> Findings:
        now, rules, most = self._now(), self._rules(shelf.origin), self._settings.client_ttl
        found: dict[str, Found] = {}
        missing: dict[str, float] = {}
        failed: dict[str, BasketgexError] = {}
        holds_until = math.inf
        for symbol in wanted:
            outcome = outcomes.get(symbol, TimedOut()) if symbol in asked else None
            error = outcome if isinstance(outcome, BasketgexError) else None
            snapshot = shelf.snapshots.get(symbol)
            if snapshot is not None:
                verdict = judge(snapshot.exposure.as_of, snapshot.fetched_at, now, rules, self._sessions)
                if verdict.usable:
                    ttl = min(verdict.until - now, most)
                    # After that the client's share gets shorter.
                    holds_until = min(holds_until, verdict.until - most)
                    if error is not None or verdict.freshness in (Freshness.STALE, Freshness.EXPIRED):
                        ttl, holds_until = SHORT_TTL, now
                    found[symbol] = Found(snapshot, verdict.freshness, max(ttl, SHORT_TTL), _notice(error))
                    continue
            holds_until = min(holds_until, shelf.missing.get(symbol, -math.inf) + self._settings.missing_ttl)
            if error is not None:
                failed[symbol] = error
            elif refresh is Refresh.CACHE_ONLY and symbol not in shelf.missing:
                failed[symbol] = NotCached(
                    "The server has no figure yet, and it was told not to ask the source."
                )
            elif symbol in asked or symbol in shelf.missing:
                missing[symbol] = max(min(self._settings.missing_ttl, most), SHORT_TTL)
            else:
                failed[symbol] = NoData("There is no figure of this session yet.")
        return Findings(shelf.origin, found, missing, failed, refused, debits, holds_until)


def _notice(error: BasketgexError | None) -> str:
    return f"Last good value: {error.sentence}" if error is not None else ""


def fault(error: BaseException) -> str:
    """Return where an unforeseen error arose, with nothing of its text: fit for a log line."""
    trace = error.__traceback__ or sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {PurePath(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
