"""The add-in's one way to the server: memory first, then a call that as many cells as possible share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar, Unpack

from basketgex.home import Home, Runtime
from basketgex_addin.cells import (
    Ask,
    BasketQuestion,
    Betas,
    Dispersion,
    Hedge,
    LevelFigures,
    Problem,
    Profile,
    Question,
    Quota,
    RegimesOf,
    Reply,
    Scenario,
    Since,
    Strikes,
)
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_addin.client import hedging, messages, problems
from basketgex_addin.client.baskets import Baskets
from basketgex_addin.client.collector import Collector
from basketgex_addin.client.connection import Connection
from basketgex_addin.client.figures import MEASURES, ProfileFigures, ServerStatus, SymbolFigures
from basketgex_addin.client.launcher import start
from basketgex_addin.client.memo import Memo
from basketgex_addin.client.rpc import (
    GET_BETAS,
    GET_DISPERSION,
    GET_HEDGE,
    GET_PROFILE,
    GET_STATUS,
    GET_SYMBOL,
    SHUTDOWN,
    M,
    R,
    Rpc,
)
from basketgex_addin.client.settings_calls import SettingsCalls
from basketgex_addin.client.shape_calls import ShapeCalls
from basketgex_addin.client.watcher import Watcher, WatcherOptions
from basketgex_addin.patience import deadline as calculation_deadline

COLLECTING = 0.1
"""A call that threads share may have kept them waiting before it left: it ends so many seconds before their deadline.

Else the last good values, which the server sends at a call's end, would come too late for some.
"""

NO_BETAS = Betas()
A = TypeVar("A")


class BasketClient(ShapeCalls, SettingsCalls):
    """Asks the server of a home. Every public method returns a Problem instead of raising. Thread-safe.

    ``deadline`` is that of a call, in seconds, starting the server included, and where none is given that of a calculation;
    after a failure every call is answered at once for two seconds, so that one is the other. ``patience``: the seconds that a
    call may take once the server is reached, where that is to be more; not for ``ask`` and ``submit``, whose calls are shared.
    """

    def __init__(
        self,
        home: Home,
        deadline: float | None = None,
        start: Callable[[Home, float], Runtime | None] = start,
        clock: Callable[[], float] = time.monotonic,
        patience: float = 0.0,
    ) -> None:
        self._deadline = deadline = calculation_deadline() if deadline is None else deadline
        self._connection = Connection(home, deadline, start, clock, patience=patience)
        self._home = home
        self._stamp = home.stamp
        self._memo = Memo(clock, home.stamp)
        self._baskets = Baskets(self._connection, self._memo, home)
        early = min(COLLECTING, deadline / 10)
        self._collector = Collector(lambda asks: self._baskets.send(asks, early=early))

    @property
    def deadline(self) -> float:
        """The seconds that a call may take, starting the server included."""
        return self._deadline

    def known(self, question: Question[A]) -> A | Problem | None:
        """Return the answer that memory still vouches for, or None: no call."""
        return self._memo.get(question)

    def remembered(self, question: Question[A]) -> A | None:
        """Return a question's last answer, of any age, or None: no call."""
        return self._memo.remembered(question)

    def forget(self, question: Question[object]) -> None:
        """Answer a question from memory no longer."""
        self._memo.expire(question)

    def ask(self, question: Question[A]) -> A | Problem:
        """Return the answer, from memory or by a call, which for baskets is shared with the threads that ask meanwhile."""
        if question.from_memory and (known := self._memo.get(question)) is not None:
            return known
        if isinstance(question, BasketQuestion):  # whose call puts its answers into memory
            return question.put_to(self)
        stamp = self._stamp()
        found = self._baskets.or_last_good(question, question.put_to(self))
        self._memo.put([(question, found)], stamp)
        return found

    def ask_many(self, questions: Sequence[BasketQuestion[A]], refresh: str = "NORMAL") -> list[A | Problem]:
        """Return the answers in order: one call for what memory lacks, or for all unless ``refresh`` is NORMAL.

        Regimes are one call more; the server knows only those of baskets it has been asked for. What is asked for by FORCE is
        news for every basket that has one of its symbols: their answers hold no longer.
        """
        return self._baskets.ask_many(questions, refresh)

    def ask_with(self, question: BasketQuestion[A], others: Sequence[BasketQuestion[object]]) -> A | Problem:
        """Return the answer; what memory lacks of the others travels in the same call, and goes into memory."""
        return self._baskets.ask_with(question, others)

    def submit(self, ask: Ask) -> Future[Reply | Problem]:
        """Return the answer to come, for a host that must not wait: from memory, or by a call that others share."""
        if (answer := self._memo.get(ask)) is None:
            return self._collector.submit(ask)
        known: Future[Reply | Problem] = Future()
        known.set_result(answer)
        return known

    def basket(self, ask: Ask) -> Reply | Problem:
        """Return a basket's reply by a call that is shared with the threads that ask meanwhile."""
        return self._collector.ask(ask, self._deadline)

    def since(self, ask: Ask) -> Since | Problem:
        """Return since when a basket has been in its regime; the basket is asked for first where memory lacks it."""
        return self._baskets.ask_many([RegimesOf(ask)])[0]

    def status(self) -> ServerStatus | Problem:
        """Return what serves and what it has done; a server is started where none is."""
        return self._call(GET_STATUS, messages.status)

    def quota(self, *, reconcile: bool = False) -> Quota | Problem:
        """Return a metered source's quota; ``reconcile`` asks its account first, which may cost a debit."""
        return self._call(GET_STATUS, messages.quota, reconcile=reconcile)

    def symbol(
        self, symbol: str, *, per_strike: bool = False, per_expiry: bool = False, levels: bool = False
    ) -> SymbolFigures | Problem:
        """Return the figures of one underlying, calls and puts apart where the source has them apart."""
        wants = {"per_strike": per_strike, "per_expiry": per_expiry, "levels": levels}
        return self._call(GET_SYMBOL, messages.symbol, symbol=symbol, **wants)

    def profile(
        self,
        symbols: Sequence[str],
        weights: Sequence[float] | None = None,
        *,
        between: tuple[float, float] = (0.8, 1.2),
        levels: int = 60,
        measures: Sequence[str] = MEASURES,
        betas: Betas = NO_BETAS,
    ) -> ProfileFigures | Problem:
        """Return net exposures over a range of prices, of one underlying or of a basket moved together. Not remembered."""
        return self._call(
            GET_PROFILE,
            lambda found: messages.profile(found, measures),
            symbols=symbols,
            weights=weights or (),
            measures=[f"MEASURE_{name.upper()}" for name in measures],
            from_move=between[0],
            to_move=between[1],
            levels=levels,
            **hedging.of_betas(betas),
        )

    def dispersion(
        self,
        index: str,
        symbols: Sequence[str],
        weights: Sequence[float] | None = None,
        *,
        horizon: float = 30.0,
    ) -> Dispersion | Problem:
        """Return an index against its members at a horizon in calendar days. Not remembered."""
        return self._call(
            GET_DISPERSION,
            messages.dispersion,
            index=index,
            symbols=symbols,
            weights=weights or (),
            horizon_days=horizon,
        )

    def hedge(
        self,
        ask: Ask,
        scenarios: Sequence[Scenario] = (),
        betas: Betas = NO_BETAS,
        *,
        clock: bool = False,
        counting: str = "UNSPECIFIED",
    ) -> Hedge | Problem:
        """Return what dealers of a basket must trade; ``counting`` MARKET or WEIGHT, else by weight where there are weights."""
        return self._call(GET_HEDGE, hedging.hedge, **hedging.asked(ask, scenarios, betas, clock, counting))

    def betas(self, ask: Ask, betas: Betas, *, counting: str = "UNSPECIFIED") -> IndexUnits | Problem:
        """Return a basket in units that compare; ``counting`` as in ``hedge``."""
        return self._call(GET_BETAS, hedging.index_units, **hedging.asked_of_betas(ask, betas, counting))

    def strikes(self, symbol: str) -> Strikes | Problem:
        """Return one underlying by strike; a source of net figures only has none."""
        return self._call(GET_SYMBOL, messages.strikes, symbol=symbol, per_strike=True)

    def curve(
        self, ask: Ask, measure: str, between: tuple[float, float], levels: int, betas: Betas = NO_BETAS
    ) -> Profile | Problem:
        """Return the profile of one measure ("gex"), as cells show it."""
        found = self.profile(
            ask.symbols, ask.weights, between=between, levels=levels, measures=(measure,), betas=betas
        )
        if isinstance(found, Problem):
            return found
        doubts = (found.roots, found.flip_status, found.flip_doubts, found.near_flip)
        net, kept = found.net[measure], (found.notice, found.keep_until)
        return Profile(found.moves, found.spots, net, found.flip, found.client_ttl, *doubts, *kept)

    def levels(self, symbol: str) -> LevelFigures | Problem:
        """Return the levels of one underlying, which may take a source call of its own."""
        return self._call(GET_SYMBOL, messages.levels, symbol=symbol, levels=True)

    def regimes(self, asks: Sequence[Ask]) -> list[Since | Problem]:
        """Return, in order, since when baskets have been in their regime: from what the server keeps, at no source call."""
        return self._baskets.regimes(asks)

    def watch(self, changed: Callable[[frozenset[Ask]], None], **how: Unpack[WatcherOptions]) -> Watcher:
        """Return a stream that tells, on a thread of its own, which baskets changed; memory has their answers by then.

        ``how`` goes to the watcher: its pace, and who hears that the server is lost.
        """

        def deliver(answers: Mapping[Ask, Reply | Problem], regimes: Mapping[Ask, Since]) -> None:
            self._memo.put(answers.items(), watcher.stamp)
            self._memo.put(((RegimesOf(ask), since) for ask, since in regimes.items()), watcher.stamp)
            changed(frozenset((*answers, *regimes)))

        watcher = Watcher(self._connection, deliver, deadline=self._deadline, **how)
        return watcher

    def shutdown(self) -> bool | Problem:
        """Tell the server to end; one is started where none is, so look at the home first."""
        return self._call(SHUTDOWN, lambda _: True)

    def close(self) -> None:
        """Close the channel and forget every answer; the client can still be used."""
        self._connection.close()
        self._memo.clear()

    def _call(self, rpc: Rpc[M, R], read: Callable[[R], A | Problem], **values: object) -> A | Problem:
        """Return what a call's response says; ``values`` are the request's fields."""
        try:
            import basketgex.v1.exposure_pb2  # noqa: F401
        except Exception:  # noqa: BLE001 - missing, or of another version than the contract's code
            return problems.MISSING_PACKAGE
        try:
            found = self._connection.call(rpc, rpc.request(**values))
            return found if isinstance(found, Problem) else read(found)
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return problems.CLIENT_FAULT
