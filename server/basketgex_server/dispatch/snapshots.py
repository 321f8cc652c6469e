"""Everything known of one origin, and what follows from it: what to ask for, what to answer. The clock is an argument.

What is known and what is due depend on each other line by line, and so share one file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from basketgex_server.dispatch import allowance
from basketgex_server.dispatch.allowance import Allowance
from basketgex_server.dispatch.backoff import SOURCE, Failures, error_of
from basketgex_server.dispatch.batcher import Outcome
from basketgex_server.dispatch.freshness import (
    SETTLING,
    Due,
    Rules,
    Sessions,
    Verdict,
    believable,
    due,
    judge,
    may_ask,
)
from basketgex_server.dispatch.lookups import CachedFigure, DueSymbols, Lookup, Refresh
from basketgex_server.dispatch.quota import Quota
from basketgex_server.domain import Failure, Fetched, Freshness, Origin, Snapshot
from basketgex_server.errors import (
    BadChain,
    BasketgexError,
    NoData,
    NotCached,
    NotEntitled,
    Paced,
    Remembered,
    TimedOut,
    TooManyCalls,
)
from basketgex_server.settings import Settings
from basketgex_server.stores.local import LocalPool
from basketgex_server.stores.port import PastGex, Pool

SHORT_TTL = 2.0
"""Seconds for which a client may answer from a stale reply or an error."""
MOST_NEWS = 200_000
"""Figures that are kept for a history that nobody looks at; then it is forgotten, and read anew when somebody does."""
RECENTLY = 3_600.0
"""A symbol used within so many seconds is worth carrying where a call has room."""


AHEAD = "The source's clock is ahead of this computer's, so that the figure's age cannot be told: set the clock that is wrong."
CALM = 60.0
"""Seconds between two explicit requests within which the second is more likely a formula's than a person's."""


class SnapshotCache:
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
        failures: Mapping[str, Failure] | None = None,
    ) -> None:
        self.origin = origin
        self.quota = quota  # as of the last departure or landing; the account's books rule
        self.pool: Pool = LocalPool(quota.value, self.flags)
        self.snapshots = snapshots
        self.missing = missing  # when the source said that it has nothing
        self.failures = Failures(failures)
        most = settings.max_calls_per_hour
        self.explicit = Allowance(allowance.EXPLICIT, most)
        self.levels = Allowance(allowance.LEVELS, most)
        self._new = Allowance(allowance.NEW, most)
        self.news: list[tuple[str, PastGex]] | None = (
            None  # what calls bring, for a history that is kept beside
        )
        self.forced: dict[str, int] = {}  # symbols that explicit requests wait for
        self.reserved: dict[str, int] = {}  # those of them that may use the reserve
        self._rules = rules
        self._sessions = sessions
        self._settings = settings
        self._used: dict[str, float] = {}
        self._warming: set[str] = (
            set()
        )  # missing once: a symbol nobody asked for lately can be there the next time
        self._warmed: set[str] = set()  # missing twice
        self._behind_at = -math.inf
        self._behind: tuple[float, frozenset[str]] = -math.inf, frozenset()  # when before that; what then
        self._explicit_at = -math.inf

    def use(self, symbols: Iterable[str], now: float) -> None:
        """Note that symbols were asked for."""
        self._used.update(dict.fromkeys(symbols, now))

    def flags(self, symbol: str) -> tuple[bool, bool]:
        """Return whether a symbol is waited for explicitly, and whether its call may use the reserve."""
        return symbol in self.forced, symbol in self.reserved

    @contextmanager
    def explicitly(self, symbols: Iterable[str], *, reserve: bool) -> Iterator[None]:
        """While inside, the symbols are waited for explicitly, and their call may use the ``reserve``."""
        held = list(symbols)
        counted = (self.forced, self.reserved) if reserve else (self.forced,)
        for waiting in counted:
            for symbol in held:
                waiting[symbol] = waiting.get(symbol, 0) + 1
        try:
            yield
        finally:
            for waiting in counted:
                for symbol in held:
                    waiting[symbol] -= 1
                    if not waiting[symbol]:
                        del waiting[symbol]

    def spends(self, names: Iterable[str], now: float, *, explicit: bool, levels: bool) -> None:
        """Count a call that leaves, where age is not what bounds it."""
        if explicit:
            self.explicit.spend(now, self.quota.limit)
        elif levels:
            self.levels.spend(now, self.quota.limit)
        elif any(name not in self.snapshots for name in names):
            self._new.spend(now, self.quota.limit)

    def due(
        self,
        symbols: Sequence[str],
        now: float,
        refresh: Refresh,
        *,
        strikes: bool,
        symbols_per_call: int,
        metered: bool,
    ) -> DueSymbols:
        """Return what a request makes worth asking for; ``strikes``: only figures with one row per strike will do."""
        if refresh is Refresh.CACHE_ONLY:
            return DueSymbols([])
        if refresh is Refresh.FORCE:
            reserve = self._is_calm(now)
            late = self.paced(self.explicit, now) if metered else None
            if late is None:
                return DueSymbols(self._open(symbols, now, explicit=True), explicit=True, reserve=reserve)
        else:
            late = None
        wait, background = self._due(self._open(symbols, now), now, strikes)
        put_off = self._put_off(wait, now, symbols_per_call) if metered and wait else {}
        if put_off:
            wait = [symbol for symbol in wait if symbol not in put_off]
        if late is not None:
            put_off = dict.fromkeys(set(symbols).difference(wait), late) | put_off
        return DueSymbols(wait, self._paced(background, now, symbols_per_call), put_off)

    def paced(self, allowed: Allowance, now: float) -> Paced | None:
        """Return why no further calls of a kind may leave now, if so; nothing is kept back where no debit is lost."""
        if not (self.quota.unlimited or self.origin.synthetic):
            try:
                allowed.check(now, self.quota.limit)
            except Paced as late:
                return late
        return None

    def ride_alongs(self, now: float) -> list[str]:
        """Return the recently used symbols worth carrying where a call has room: the warming first, then the oldest."""
        ageing = []
        for symbol, used in self._used.items():
            snapshot = self.snapshots.get(symbol)
            if snapshot is None or now - used > RECENTLY or self.failures.held(symbol, now):
                continue
            if may_ask(self._judge(snapshot, now), snapshot.fetched_at, now, self._rules):
                ageing.append((snapshot.exposure.as_of, symbol))
        warming = (s for s in sorted(self._warming) if not self.failures.held(s, now))
        return [*warming, *(symbol for _, symbol in sorted(ageing))]

    def take(self, fetched: Fetched, now: float) -> tuple[dict[str, Snapshot], dict[str, float]]:
        """Keep what a call has brought; return the new snapshots and the missing, for the journal."""
        snapshots = {s: Snapshot(e, now) for s, e in fetched.exposures.items()}
        missing = dict.fromkeys(fetched.missing, now)
        self.hear(snapshots, missing, fetched.failed)
        return snapshots, missing

    def hear(
        self, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float], failed: Iterable[str] = ()
    ) -> None:
        """Keep what a call from here or from elsewhere has brought."""
        self.snapshots.update(snapshots)
        self.missing.update(missing)
        for symbol in (*snapshots, *failed):
            self.missing.pop(symbol, None)
            self._warming.discard(symbol)
            self._warmed.discard(symbol)
        for symbol in missing:  # the source has just said that it has no data (any more)
            self.snapshots.pop(symbol, None)
            if symbol in self._warming:
                self._warming.discard(symbol)
                self._warmed.add(symbol)
            elif symbol not in self._warmed:
                self._warming.add(symbol)
        self._tell(snapshots, missing)

    def exclude(self, error: NotEntitled, now: float) -> dict[str, Failure]:
        """Remember what the plan does not cover: not asked for again before the quota's day ends."""
        self._warming.difference_update(error.symbols)
        return self.failures.refuses(error.symbols, error, now, self.quota.status(now).resets_at)

    def disbelieve(self, now: float) -> None:
        """Forget moments that are later than now: this computer's clock has been put back since they were noted.

        A figure's own moment is its source's: by that it may still be the last good one.
        """
        for symbol, x in [(s, x) for s, x in self.snapshots.items() if not believable(x.fetched_at, now)]:
            if believable(x.exposure.as_of, now):
                self.snapshots[symbol] = Snapshot(x.exposure, x.exposure.as_of)
            else:
                del self.snapshots[symbol]
        self.missing = {s: at for s, at in self.missing.items() if believable(at, now)}
        self._used = {s: min(at, now) for s, at in self._used.items()}
        self._behind_at = min(self._behind_at, now)
        self.news = None

    def not_behind(self, refused: Iterable[str]) -> None:
        """Note that nobody pays for symbols: where these were to be refreshed behind the answer, another's turn comes."""
        before, symbols = self._behind
        if not symbols.isdisjoint(refused):
            self._behind_at, self._behind = before, (before, frozenset())

    def lookup(
        self,
        wanted: Iterable[str],
        asked: set[str],
        outcomes: Mapping[str, Outcome],
        now: float,
        refresh: Refresh,
        refused: Mapping[int, TooManyCalls],
        debits: int,
        put_off: Mapping[str, BasketgexError],
    ) -> Lookup:
        """Return what became of a request: ``asked`` symbols were waited for, ``outcomes`` has those that ended in time.

        ``put_off`` says why others were not.
        """
        most = self._settings.client_ttl
        found: dict[str, CachedFigure] = {}
        missing: dict[str, float] = {}
        failed: dict[str, BasketgexError] = {}
        unreadable: dict[str, BasketgexError] = {}
        holds_until = stands_until = math.inf
        for symbol in wanted:
            error = put_off.get(symbol) or self._error(symbol, asked, outcomes, now)
            snapshot = self.snapshots.get(symbol)
            if snapshot is not None and (verdict := self._judge(snapshot, now)).usable:
                if isinstance(error, Remembered) and verdict.freshness is Freshness.FRESH:
                    error = None  # it is not needed yet
                ttl = min(verdict.until - now, most)
                # After that the client's share gets shorter.
                holds_until = min(holds_until, verdict.until - most)
                stands_until = min(stands_until, verdict.until)
                if error is not None or verdict.freshness in (Freshness.STALE, Freshness.EXPIRED):
                    ttl, holds_until, stands_until = SHORT_TTL, now, now
                notice = f"Last good value: {error.sentence}" if error is not None else ""
                if not notice and not believable(snapshot.exposure.as_of, now):
                    notice, stands_until = AHEAD, now
                found[symbol] = CachedFigure(snapshot, verdict.freshness, max(ttl, SHORT_TTL), notice)
                continue
            gone_until = self.missing.get(symbol, -math.inf) + self._settings.missing_ttl
            holds_until, stands_until = min(holds_until, gone_until), min(stands_until, gone_until)
            if refresh is Refresh.CACHE_ONLY and symbol not in self.missing:
                failed[symbol] = NotCached(
                    "The server has no figure yet, and it was told not to ask the source."
                )
            elif error is not None and error.code == BadChain.code:
                missing[symbol], unreadable[symbol] = SHORT_TTL, error
                holds_until = stands_until = now
            elif error is not None:
                failed[symbol] = error
            elif symbol in asked or symbol in self.missing:
                missing[symbol] = max(min(self._settings.missing_ttl, most), SHORT_TTL)
            else:
                failed[symbol] = NoData("There is no figure of this session yet.")
        # Of nothing found there is no session to say; its calendar may not be loaded yet, and whoever waits has no time for it.
        ends = found and not self.origin.historical
        usable_until = self._sessions.session(now).next_oi_ready if ends else 0.0
        return Lookup(
            self.origin,
            found,
            missing,
            failed,
            refused,
            debits,
            holds_until,
            unreadable,
            usable_until,
            stands_until,
        )

    def _tell(self, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        if self.news is None:
            return
        if len(self.news) > MOST_NEWS:
            self.news = None
            return
        self.news += [(symbol, past_gex(x)) for symbol, x in snapshots.items()]
        self.news += [(symbol, (at, at, math.nan)) for symbol, at in missing.items()]

    def _error(
        self, symbol: str, asked: set[str], outcomes: Mapping[str, Outcome], now: float
    ) -> BasketgexError | None:
        """Return what stands in the way of a newer figure: of the call that was waited for, or of one before."""
        if symbol in asked:
            outcome = outcomes.get(symbol, TimedOut())
            return outcome if isinstance(outcome, BasketgexError) else None
        if not self.failures or symbol in self.missing:
            return None
        failure = self.failures.held(symbol, now) or self.failures.held(SOURCE, now)
        return error_of(failure, now) if failure is not None else None

    def _open(self, symbols: Sequence[str], now: float, *, explicit: bool = False) -> list[str]:
        """Return those of the symbols that are not left alone since they, or the source, failed."""
        held = self.failures.held
        if not self.failures:
            return list(symbols)
        if held(SOURCE, now, explicit=explicit):
            return []
        return [symbol for symbol in symbols if not held(symbol, now, explicit=explicit)]

    def _due(self, symbols: Sequence[str], now: float, strikes: bool) -> tuple[list[str], list[str]]:
        """Return the symbols whose age makes them worth waiting for, and those worth a refresh behind the answer."""
        wait: list[str] = []
        background: list[str] = []
        for symbol in symbols:
            snapshot = self.snapshots.get(symbol)
            if snapshot is None:
                if now >= self.missing.get(symbol, -math.inf) + self._settings.missing_ttl:
                    wait.append(symbol)
                continue
            if strikes and not snapshot.exposure.strikes:
                wait.append(symbol)
                continue
            verdict = self._judge(snapshot, now)
            when = due(verdict, snapshot.fetched_at, now, self._rules, self._sessions)
            if when is not Due.NOT_YET:
                (background if when is Due.BACKGROUND else wait).append(symbol)
        return wait, background

    def _put_off(self, wait: Sequence[str], now: float, symbols_per_call: int) -> dict[str, BasketgexError]:
        """Return those of the symbols to wait for that have to wait longer, with the reason.

        New names beyond what formulas may cause; and all but one call of a source that has yet to show that it is well.
        """
        late: dict[str, BasketgexError] = {}
        if failure := self.failures.probing(SOURCE, now):
            late |= dict.fromkeys(wait[symbols_per_call:], error_of(failure, now))
        new = [symbol for symbol in wait if symbol not in self.snapshots]
        if new and (paced := self.paced(self._new, now)):
            late |= dict.fromkeys(new, paced)
        return late

    def _is_calm(self, now: float) -> bool:
        """Note an explicit request, and tell whether it may use the reserve: a formula's follow each other closely."""
        before, self._explicit_at = self._explicit_at, now
        return not before <= now < before + CALM

    def _judge(self, snapshot: Snapshot, now: float) -> Verdict:
        return judge(snapshot.exposure.as_of, snapshot.fetched_at, now, self._rules, self._sessions)

    def _paced(self, background: list[str], now: float, symbols_per_call: int) -> list[str]:
        """Return what may be refreshed behind the answer now: at the pace at which the day's debits last to the close."""
        if not background or self.origin.historical:
            return background
        closes = self._sessions.session(now).close + SETTLING
        pace = self.quota.pace(now, closes, self._settings.desk_debits)
        if not pace:
            return background
        if now - self._behind_at < pace:
            return []
        background = sorted(background, key=lambda s: self.snapshots[s].exposure.as_of)
        oldest = background[: symbols_per_call or None]
        self._behind, self._behind_at = (self._behind_at, frozenset(oldest)), now
        return oldest


def past_gex(snapshot: Snapshot) -> PastGex:
    """Return what a history keeps of a snapshot."""
    return snapshot.fetched_at, snapshot.exposure.as_of, snapshot.exposure.net.gex
