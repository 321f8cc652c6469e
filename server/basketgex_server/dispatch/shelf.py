"""Everything known of one origin, and what follows from it: what to ask for, what to answer. The clock is an argument."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from basketgex_server.dispatch.batcher import Outcome
from basketgex_server.dispatch.freshness import SETTLING, Rules, Sessions, Verdict, judge, may_ask
from basketgex_server.dispatch.quota import Quota
from basketgex_server.domain import Fetched, Freshness, Origin, Snapshot
from basketgex_server.errors import BasketgexError, NoData, NotCached, NotEntitled, TimedOut, TooManyCalls
from basketgex_server.settings import Settings
from basketgex_server.state import PastGex

SHORT_TTL = 2.0
"""Seconds for which a client may answer from a stale reply or an error."""
MOST_NEWS = 200_000
"""Figures that are kept for a history that nobody looks at; then it is forgotten, and read anew when somebody does."""
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


@dataclass(frozen=True, slots=True)
class Wants:
    """The symbols of a request to wait for, and those to refresh behind the answer."""

    wait: list[str]
    behind: list[str]


class Shelf:
    """What is known of one origin. Times are Unix seconds."""

    def __init__(
        self,
        origin: Origin,
        rules: Rules,
        sessions: Sessions,
        settings: Settings,
        quota: Quota,
        snapshots: dict[str, Snapshot],
        missing: dict[str, float],
    ) -> None:
        self.origin = origin
        self.quota = quota
        self.snapshots = snapshots
        self.missing = missing  # when the source said that it has nothing
        self.news: list[tuple[str, PastGex]] | None = (
            None  # what calls bring, for a history that is kept beside
        )
        self.forced: dict[str, int] = {}  # symbols that explicit requests wait for: these may use the reserve
        self._rules = rules
        self._sessions = sessions
        self._settings = settings
        self._used: dict[str, float] = {}
        self._warming: set[str] = (
            set()
        )  # missing once: a symbol nobody asked for lately can be there the next time
        self._warmed: set[str] = set()  # missing twice
        self._uncovered: dict[
            str, tuple[float, NotEntitled]
        ] = {}  # not in the plan, until the quota's day ends
        self._behind_at = -math.inf

    def use(self, symbols: Iterable[str], now: float) -> None:
        """Note that symbols were asked for."""
        self._used.update(dict.fromkeys(symbols, now))

    @contextmanager
    def explicitly(self, symbols: Iterable[str]) -> Iterator[None]:
        """While inside, the symbols are waited for explicitly: their call may use the reserve."""
        held = list(symbols)
        for symbol in held:
            self.forced[symbol] = self.forced.get(symbol, 0) + 1
        try:
            yield
        finally:
            for symbol in held:
                self.forced[symbol] -= 1
                if not self.forced[symbol]:
                    del self.forced[symbol]

    def wants(
        self, symbols: Iterable[str], now: float, refresh: Refresh, *, strikes: bool, seats: int
    ) -> Wants:
        """Return what a request makes worth asking for; ``strikes``: only figures with a row a strike will do."""
        if refresh is Refresh.CACHE_ONLY:
            return Wants([], [])
        open_ = [s for s in symbols if self._covers(s, now)]
        if refresh is Refresh.FORCE:
            return Wants(open_, [])
        wait: list[str] = []
        behind: list[str] = []
        for symbol in open_:
            snapshot = self.snapshots.get(symbol)
            if snapshot is None:
                if now >= self.missing.get(symbol, -math.inf) + self._settings.missing_ttl:
                    wait.append(symbol)
                continue
            if strikes and not snapshot.exposure.strikes:
                wait.append(symbol)
                continue
            verdict = self._judge(snapshot, now)
            if may_ask(verdict, snapshot.fetched_at, now, self._rules):
                (behind if verdict.freshness is Freshness.STALE else wait).append(symbol)
        return Wants(wait, self._paced(behind, now, seats))

    def riders(self, now: float) -> list[str]:
        """Return the recently used symbols worth a seat that is left over: the warming first, then the oldest."""
        ageing = []
        for symbol, used in self._used.items():
            snapshot = self.snapshots.get(symbol)
            if snapshot is None or now - used > RECENTLY or not self._covers(symbol, now):
                continue
            if may_ask(self._judge(snapshot, now), snapshot.fetched_at, now, self._rules):
                ageing.append((snapshot.exposure.as_of, symbol))
        return [*sorted(self._warming), *(symbol for _, symbol in sorted(ageing))]

    def take(self, fetched: Fetched, now: float) -> tuple[dict[str, Snapshot], dict[str, float]]:
        """Keep what a call has brought; return the new snapshots and the missing, for the journal."""
        snapshots = {s: Snapshot(e, now) for s, e in fetched.exposures.items()}
        missing = dict.fromkeys(fetched.missing, now)
        self.snapshots.update(snapshots)
        self.missing.update(missing)
        for symbol in (*snapshots, *fetched.failed):
            self.missing.pop(symbol, None)
            self._warming.discard(symbol)
            self._warmed.discard(symbol)
        for symbol in missing:  # the source has just said that there is nothing (any more)
            self.snapshots.pop(symbol, None)
            if symbol in self._warming:
                self._warming.discard(symbol)
                self._warmed.add(symbol)
            elif symbol not in self._warmed:
                self._warming.add(symbol)
        self._tell(snapshots, missing)
        return snapshots, missing

    def exclude(self, error: NotEntitled, now: float) -> None:
        """Remember what the plan does not cover: not asked for again before the quota's day ends."""
        until = self.quota.status(now).resets_at
        self._uncovered.update(dict.fromkeys(error.symbols, (until, error)))
        self._warming.difference_update(error.symbols)

    def findings(
        self,
        wanted: Iterable[str],
        asked: set[str],
        outcomes: Mapping[str, Outcome],
        now: float,
        refresh: Refresh,
        refused: Mapping[int, TooManyCalls],
        debits: int,
    ) -> Findings:
        """Return what became of a request: ``asked`` symbols were waited for, ``outcomes`` has those that ended in time."""
        most = self._settings.client_ttl
        found: dict[str, Found] = {}
        missing: dict[str, float] = {}
        failed: dict[str, BasketgexError] = {}
        holds_until = math.inf
        for symbol in wanted:
            error = self._error(symbol, asked, outcomes, now)
            snapshot = self.snapshots.get(symbol)
            if snapshot is not None and (verdict := self._judge(snapshot, now)).usable:
                ttl = min(verdict.until - now, most)
                # After that the client's share gets shorter.
                holds_until = min(holds_until, verdict.until - most)
                if error is not None or verdict.freshness in (Freshness.STALE, Freshness.EXPIRED):
                    ttl, holds_until = SHORT_TTL, now
                notice = f"Last good value: {error.sentence}" if error is not None else ""
                found[symbol] = Found(snapshot, verdict.freshness, max(ttl, SHORT_TTL), notice)
                continue
            holds_until = min(holds_until, self.missing.get(symbol, -math.inf) + self._settings.missing_ttl)
            if error is not None:
                failed[symbol] = error
            elif refresh is Refresh.CACHE_ONLY and symbol not in self.missing:
                failed[symbol] = NotCached(
                    "The server has no figure yet, and it was told not to ask the source."
                )
            elif symbol in asked or symbol in self.missing:
                missing[symbol] = max(min(self._settings.missing_ttl, most), SHORT_TTL)
            else:
                failed[symbol] = NoData("There is no figure of this session yet.")
        return Findings(self.origin, found, missing, failed, refused, debits, holds_until)

    def _tell(self, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        if self.news is None:
            return
        if len(self.news) > MOST_NEWS:
            self.news = None
            return
        for symbol, x in snapshots.items():
            self.news.append((symbol, (x.fetched_at, x.exposure.as_of, x.exposure.net.gex)))
        self.news += [(symbol, (at, at, math.nan)) for symbol, at in missing.items()]

    def _error(
        self, symbol: str, asked: set[str], outcomes: Mapping[str, Outcome], now: float
    ) -> BasketgexError | None:
        if symbol in asked:
            outcome = outcomes.get(symbol, TimedOut())
            return outcome if isinstance(outcome, BasketgexError) else None
        until, error = self._uncovered.get(symbol, (0.0, None))
        return error if now < until else None

    def _covers(self, symbol: str, now: float) -> bool:
        return now >= self._uncovered.get(symbol, (0.0,))[0]

    def _judge(self, snapshot: Snapshot, now: float) -> Verdict:
        return judge(snapshot.exposure.as_of, snapshot.fetched_at, now, self._rules, self._sessions)

    def _paced(self, behind: list[str], now: float, seats: int) -> list[str]:
        """Return what may be refreshed behind the answer now: at the pace at which the day's debits last to the close."""
        if not behind or self.origin.historical:
            return behind
        pace = self.quota.pace(now, self._sessions.session(now).close + SETTLING)
        if not pace:
            return behind
        if now - self._behind_at < pace:
            return []
        self._behind_at = now
        return sorted(behind, key=lambda s: self.snapshots[s].exposure.as_of)[: seats or None]
