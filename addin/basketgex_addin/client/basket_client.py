"""The add-in's one way to the server: memory first, then a call that as many cells as possible share."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, overload

from basketgex.home_settings import HomeSettings, Setting
from basketgex.local import Home, Runtime
from basketgex_addin.cells import (
    LEVELS,
    Ask,
    Dispersion,
    DispersionOf,
    LevelFigures,
    LevelsOf,
    Problem,
    Profile,
    ProfileOf,
    Question,
    Quota,
    QuotaOf,
    RegimesOf,
    Reply,
    Since,
    Strikes,
    StrikesOf,
)
from basketgex_addin.client import problems
from basketgex_addin.client.collector import Collector
from basketgex_addin.client.connection import Connection
from basketgex_addin.client.launcher import start
from basketgex_addin.client.memo import Memo
from basketgex_addin.client.watcher import Watcher

COLLECTING = 0.1
"""A call that threads share may have kept them waiting before it left: it ends so many seconds before their deadline.

Else the last good values, which the server sends at a call's end, would come too late for some.
"""

NOT_CACHED = "not_cached"
"""The server's code for a basket that it has no figure of and was not to ask for."""

MEASURES = ("gex", "dex", "vex", "chex")


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What serves and what it has done; times are Unix seconds, ``seats`` 0: any number of symbols a call.

    ``awaited`` symbols are on their way from the source; ``worked_out`` grows while it gets on with them.
    """

    version: str
    source: str
    label: str
    synthetic: bool
    convention: str
    sentence: str
    started_at: float
    symbols_known: int
    requests: int
    baskets: int
    source_calls: int
    symbols_fetched: int
    debits_today: int
    debits_total: int
    metered: bool
    seats: int
    last_problem: str
    watches: int
    settings_notice: str = ""
    awaited: int = 0
    worked_out: int = 0


class Forward(NamedTuple):
    """An expiry (Unix seconds), its forward in USD by put-call parity, and the dividend yield per year that it means.

    ``pairs`` of a call and a put, whose forwards' quartiles lie ``spread`` apart, relative to it; ``trusted``: computed with.
    """

    expiry: float
    forward: float
    dividend_yield: float
    pairs: int
    spread: float
    trusted: bool


@dataclass(frozen=True, slots=True)
class SymbolFigures:
    """One underlying: GEX, DEX, VEX, CHEX, net and of both sides (None where the source gives net figures only).

    ``rows`` counts what became of the chain's contracts, by reason. ``as_of`` is Unix seconds. ``strikes`` and ``expiries`` are
    columns by name, as in the contract's StrikeColumns and ExpiryColumns; ``zero_dte`` is the net of what expires on the
    chain's own day. All three, and ``levels``, None where not asked for. ``forwards`` come with expiries where
    dividend yields are implied; ``spot_status`` then says whether the price is of the quotes' moment ("agrees", "stale_spot",
    "thin_quotes") and ``spot_correction`` how much of it was added. ``source``, ``freshness`` and ``notice`` as in a Reply.
    """

    symbol: str
    underlying_price: float
    as_of: float
    convention: str
    net: tuple[float, ...]
    call: tuple[float, ...] | None
    put: tuple[float, ...] | None
    rows: dict[str, int] | None
    strikes: dict[str, list[Any]] | None = None
    expiries: dict[str, list[Any]] | None = None
    zero_dte: tuple[float, ...] | None = None
    forwards: tuple[Forward, ...] = ()
    levels: LevelFigures | None = None
    source: str = ""
    synthetic: bool = False
    freshness: str = ""
    notice: str = ""
    spot_status: str = ""
    spot_correction: float = 0.0
    remark: str = ""
    """What a person should know of its chain, mostly nothing."""
    balance: float | None = None
    """Net GEX over gross GEX, in -1..1; None where the source gives net figures only."""
    near_flip: bool = False
    """The regime says next to nothing: by the balance and, where levels were asked for, by the flip."""


@dataclass(frozen=True, slots=True)
class ProfileFigures:
    """Net exposures over spot prices. ``moves`` are in units of each symbol's present price.

    ``spots`` in USD, empty where more than one symbol was asked for; ``net`` has the measures asked for, by name, as long as
    ``moves``; ``roots`` are the moves at which net GEX changes its sign and ``flip`` the one nearest no move, ``flip_status``
    and ``flip_doubts`` what there is against it. Times are Unix seconds; ``covered_weight`` is the share of the requested
    weight that had data. ``balance`` is net over gross GEX at no move, contract by contract; with ``near_flip`` the regime is
    no more than a nearness to the flip.
    """

    moves: tuple[float, ...]
    spots: tuple[float, ...]
    net: dict[str, tuple[float, ...]]
    roots: tuple[float, ...]
    flip: float | None
    symbols: tuple[str, ...]
    weights: tuple[float, ...]
    underlying_price: tuple[float, ...]
    missing: tuple[str, ...]
    covered_weight: float
    as_of: float
    as_of_newest: float
    client_ttl: float
    notice: str
    source: str
    convention: str
    flip_status: str = ""
    flip_doubts: tuple[str, ...] = ()
    balance: float = 0.0
    near_flip: bool = False


class BasketClient:
    """Asks the server of a home. Every public method returns a Problem instead of raising. Thread-safe.

    ``deadline`` is that of a call, in seconds, starting the server included; after a failure every call is answered at once
    for two seconds, so that it is the deadline of a whole calculation too. ``patience``: the seconds that a call may take once
    the server is reached, where that is to be more; not for ``ask`` and ``submit``, whose calls are shared.
    """

    def __init__(
        self,
        home: Home,
        deadline: float = 10.0,
        start: Callable[[Home, float], Runtime | None] = start,
        clock: Callable[[], float] = time.monotonic,
        patience: float = 0.0,
    ) -> None:
        self._deadline = deadline
        self._connection = Connection(home, deadline, start, clock, patience=patience)
        self._stamp = home.stamp
        self._memo = Memo(clock, home.stamp)
        early = min(COLLECTING, deadline / 10)
        self._collector = Collector(lambda asks: self._send(asks, early=early))

    @property
    def deadline(self) -> float:
        """The seconds that a call may take, starting the server included."""
        return self._deadline

    def known(self, question: Question) -> Any:
        """Return the answer that memory still vouches for, or None: no call."""
        return self._memo.get(question)

    def remembered(self, ask: Ask) -> Reply | None:
        """Return the last reply, of any age, or None: no call."""
        return self._memo.remembered(ask)

    def forget(self, question: Question) -> None:
        """Answer a question from memory no longer."""
        self._memo.expire(question)

    @overload
    def ask(self, question: Ask) -> Reply | Problem: ...
    @overload
    def ask(self, question: Question) -> Any: ...
    def ask(self, question: Question) -> Any:
        """Return the answer, from memory or by a call, which for baskets is shared with the threads that ask meanwhile."""
        if not isinstance(question, QuotaOf) and (found := self._memo.get(question)) is not None:
            return found  # what is left of a quota is known by the server alone
        if isinstance(question, Ask):
            return self._collector.ask(question, self._deadline)
        if isinstance(question, RegimesOf):
            return self.ask_many([question])[0]
        stamp = self._stamp()
        if isinstance(question, LevelsOf):
            found = self.levels(question.symbol)
        elif isinstance(question, StrikesOf):
            found = self.strikes(question.symbol)
        elif isinstance(question, ProfileOf):
            found = self._curve(question)
        elif isinstance(question, DispersionOf):
            members = question.members
            found = self.dispersion(
                question.index_symbol, members.symbols, members.weights, horizon=question.horizon
            )
        else:
            found = self.quota()
        self._memo.put([(question, found)], stamp)
        return found

    def submit(self, ask: Ask) -> Future[Reply | Problem]:
        """Return the answer to come, for a host that must not wait: from memory, or by a call that others share."""
        if (answer := self._memo.get(ask)) is None:
            return self._collector.submit(ask)
        known: Future[Reply | Problem] = Future()
        known.set_result(answer)
        return known

    def ask_many(self, questions: Sequence[Ask | RegimesOf], refresh: str = "NORMAL") -> list[Any]:
        """Return the answers in order: one call for what memory lacks, or for all unless ``refresh`` is NORMAL.

        Regimes are one call more; the server knows only those of baskets it has been asked for. What is asked for by FORCE is
        news for every basket that has one of its symbols: their answers hold no longer.
        """
        found: dict[Ask | RegimesOf, Any] = dict.fromkeys(questions)
        if refresh == "NORMAL":
            found = {question: self._memo.get(question) for question in found}
        regimes = [q for q, answer in found.items() if answer is None and isinstance(q, RegimesOf)]
        asks = [q for q, answer in found.items() if answer is None and isinstance(q, Ask)]
        asks += [q.ask for q in regimes if q.ask not in found and self._memo.get(q.ask) is None]
        if asks:
            if refresh == "FORCE":
                self._memo.forget(symbol for ask in asks for symbol in ask.symbols)
            found.update(zip(asks, self._send(asks, refresh), strict=True))
        if regimes:
            found.update(zip(regimes, self.regimes([q.ask for q in regimes]), strict=True))
        return [found[question] or problems.CLIENT_FAULT for question in questions]

    def status(self) -> ServerStatus | Problem:
        """Return what serves and what it has done; a server is started where none is."""
        found = self._call("GetStatus", "GetStatusRequest")
        if isinstance(found, Problem):
            return found
        of_origin = ("source", "label", "synthetic", "convention", "settings_notice")
        origin = {name: getattr(found.origin, name) for name in of_origin}
        counted = {f.name: getattr(found, f.name) for f in fields(ServerStatus) if f.name not in origin}
        return ServerStatus(**origin, **counted)

    def quota(self, *, reconcile: bool = False) -> Quota | Problem:
        """Return a metered source's quota; ``reconcile`` asks its account first, which may cost a debit."""
        found = self._call("GetStatus", "GetStatusRequest", reconcile=reconcile)
        if isinstance(found, Problem):
            return found
        if not found.HasField("quota"):
            return problems.NOT_METERED
        q = found.quota
        known = q.limit > 0 and not q.unlimited
        limit, left = q.limit if known else None, q.left if known and q.left >= 0 else None
        return Quota(q.plan, limit, q.used, left, q.unlimited, q.resets_at, q.saved)

    def settings(self, *, key: bool = False) -> HomeSettings | Problem:
        """Return the home's settings as the server has them in force.

        ``key``: and where FlashAlpha's key is, for which a keyring may ask a person to unlock it.
        """
        found = self._call("GetSettings", "GetSettingsRequest", key=key)
        return found if isinstance(found, Problem) else _settings(found.settings)

    def change_settings(
        self, values: Mapping[str, str], *, unset: Collection[str] = (), key: str | None = None
    ) -> HomeSettings | Problem:
        """Change settings by name, let those of ``unset`` go back to their defaults, and store FlashAlpha's key.

        All of it or nothing: where one value cannot be used, the problem's argument names it. What can be heeded is heeded by
        the time this returns, and memory has no earlier answer any more.
        """
        found = self._call(
            "ChangeSettings", "ChangeSettingsRequest", values=values, unset=unset, flashalpha_key=key
        )
        if isinstance(found, Problem):
            return found
        self._memo.clear()
        return _settings(found.settings)

    def symbol(
        self, symbol: str, *, per_strike: bool = False, per_expiry: bool = False, levels: bool = False
    ) -> SymbolFigures | Problem:
        """Return the figures of one underlying, calls and puts apart where the source has them apart."""
        wants = {"per_strike": per_strike, "per_expiry": per_expiry, "levels": levels}
        found = self._call("GetSymbol", "GetSymbolRequest", symbol=symbol, **wants)
        if isinstance(found, Problem):
            return found
        sides = found.sides if found.HasField("sides") else None
        rows = found.rows if found.HasField("rows") else None
        from basketgex_addin.client.codec import FRESHNESS, SPOTS

        return SymbolFigures(
            symbol=found.symbol,
            underlying_price=found.underlying_price,
            as_of=found.as_of,
            convention=found.origin.convention,
            net=_measures(found.net),
            call=_measures(sides.call) if sides is not None else None,
            put=_measures(sides.put) if sides is not None else None,
            rows={f.name: getattr(rows, f.name) for f in rows.DESCRIPTOR.fields}
            if rows is not None
            else None,
            strikes=_named(found.strikes) if found.HasField("strikes") else None,
            expiries=_named(found.expiries) if found.HasField("expiries") else None,
            zero_dte=_measures(found.zero_dte) if found.HasField("zero_dte") else None,
            forwards=tuple(map(Forward, *_named(found.forwards).values())),
            levels=_levels(found) if found.HasField("levels") else None,
            source=found.origin.label,
            synthetic=found.origin.synthetic,
            freshness=FRESHNESS.get(found.freshness, ""),
            notice=found.notice,
            spot_status=SPOTS.get(found.spot_status, ""),
            spot_correction=found.spot_correction,
            remark=found.remark,
            balance=found.balance if found.HasField("balance") else None,
            near_flip=found.near_flip,
        )

    def profile(
        self,
        symbols: Sequence[str],
        weights: Sequence[float] | None = None,
        *,
        between: tuple[float, float] = (0.8, 1.2),
        levels: int = 60,
        measures: Sequence[str] = MEASURES,
    ) -> ProfileFigures | Problem:
        """Return net exposures over a range of prices, of one underlying or of a basket moved together. Not remembered."""
        found = self._call(
            "GetProfile",
            "GetProfileRequest",
            symbols=symbols,
            weights=weights or (),
            measures=[f"MEASURE_{name.upper()}" for name in measures],
            from_move=between[0],
            to_move=between[1],
            levels=levels,
        )
        if isinstance(found, Problem):
            return found
        return ProfileFigures(
            moves=tuple(found.move),
            spots=tuple(found.spot),
            net={name: tuple(getattr(found, name)) for name in MEASURES if name in measures},
            roots=tuple(found.roots),
            flip=found.flip if found.HasField("flip") else None,
            symbols=tuple(found.symbols),
            weights=tuple(found.weights),
            underlying_price=tuple(found.underlying_price),
            missing=tuple(found.missing_symbols),
            covered_weight=found.covered_weight,
            as_of=found.as_of,
            as_of_newest=found.as_of_newest,
            client_ttl=found.client_ttl,
            notice=found.notice,
            source=found.origin.source,
            convention=found.origin.convention,
            flip_status=found.flip_status,
            flip_doubts=tuple(found.flip_doubts),
            balance=found.balance,
            near_flip=found.near_flip,
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
        found = self._call(
            "GetDispersion",
            "GetDispersionRequest",
            index=index,
            symbols=symbols,
            weights=weights or (),
            horizon_days=horizon,
        )
        if isinstance(found, Problem):
            return found
        from basketgex_addin.client.codec import REGIMES

        def known(field: str) -> float | None:
            return getattr(found, field) if found.HasField(field) else None

        return Dispersion(
            implied_correlation=known("implied_correlation"),
            index_volatility=known("index_volatility"),
            basket_volatility=known("basket_volatility"),
            independent_volatility=known("independent_volatility"),
            contributions=tuple(zip(found.symbols, found.contribution, strict=True)),
            missing=tuple(found.missing_symbols),
            covered_weight=found.covered_weight,
            index_regime=REGIMES.get(found.index_regime, ""),
            basket_regime=REGIMES.get(found.basket_regime, ""),
            net_to_gross=known("net_to_gross"),
            opposed=tuple(found.opposed_symbols),
            as_of=found.as_of,
            client_ttl=found.client_ttl,
            correlation_low=known("implied_correlation_low"),
            correlation_high=known("implied_correlation_high"),
            correlation_status=found.correlation_status,
            index_covered=found.index_covered,
            index_balance=known("index_balance"),
            basket_balance=known("basket_balance"),
        )

    def strikes(self, symbol: str) -> Strikes | Problem:
        """Return one underlying by strike; a source of net figures only has none."""
        found = self._call("GetSymbol", "GetSymbolRequest", symbol=symbol, per_strike=True)
        if isinstance(found, Problem):
            return found
        s = found.strikes
        if not s.strike:
            return problems.NO_STRIKES
        net = (call + put for call, put in zip(s.call_gex, s.put_gex, strict=True))
        columns = (s.strike, s.call_gex, s.put_gex, net, s.call_open_interest, s.put_open_interest)
        return Strikes(tuple(zip(*columns, strict=True)), found.client_ttl)

    def _curve(self, question: ProfileOf) -> Profile | Problem:
        ask, measure = question.ask, question.measure
        found = self.profile(
            ask.symbols, ask.weights, between=question.between, levels=question.levels, measures=(measure,)
        )
        if isinstance(found, Problem):
            return found
        doubts = (found.roots, found.flip_status, found.flip_doubts, found.near_flip)
        return Profile(found.moves, found.spots, found.net[measure], found.flip, found.client_ttl, *doubts)

    def levels(self, symbol: str) -> LevelFigures | Problem:
        """Return the levels of one underlying, which may take a source call of its own."""
        found = self._call("GetSymbol", "GetSymbolRequest", symbol=symbol, levels=True)
        if isinstance(found, Problem):
            return found
        if not found.HasField("levels"):
            return problems.BAD_REPLY
        return _levels(found)

    def regimes(self, asks: Sequence[Ask]) -> list[Since | Problem]:
        """Return, in order, since when baskets have been in their regime: from what the server keeps, at no source call."""
        try:
            from basketgex.v1 import exposure_pb2 as pb
            from basketgex_addin.client import codec
        except Exception:  # noqa: BLE001 - protobuf missing, or older than the contract's code
            return [problems.MISSING_PACKAGE] * len(asks)
        stamp = self._stamp()
        try:
            answers: list[Since | Problem] = []
            for part in codec.chunks(asks):
                request = pb.GetRegimesRequest(baskets=codec.encode(part))
                found = self._connection.call("GetRegimes", request)
                answers.extend(
                    [found] * len(part)
                    if isinstance(found, Problem)
                    else codec.decode_baskets_regimes(len(part), found)
                )
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return [problems.CLIENT_FAULT] * len(asks)
        self._memo.put(zip(map(RegimesOf, asks), answers, strict=True), stamp)
        return answers

    def watch(self, changed: Callable[[frozenset[Ask]], None], **how: Any) -> Watcher:
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
        found = self._call("Shutdown", "ShutdownRequest")
        return found if isinstance(found, Problem) else True

    def close(self) -> None:
        """Close the channel and forget every answer; the client can still be used."""
        self._connection.close()
        self._memo.clear()

    def _call(self, method: str, request: str, **values: Any) -> Any:
        try:
            from basketgex.v1 import exposure_pb2 as pb
        except Exception:  # noqa: BLE001 - missing, or of another version than the contract's code
            return problems.MISSING_PACKAGE
        try:
            return self._connection.call(method, getattr(pb, request)(**values))
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return problems.CLIENT_FAULT

    def _send(
        self, asks: Sequence[Ask], refresh: str = "NORMAL", *, early: float = 0.0
    ) -> list[Reply | Problem]:
        try:
            from basketgex_addin.client import codec
        except Exception:  # noqa: BLE001 - protobuf missing, or older than the contract's code
            return [problems.MISSING_PACKAGE] * len(asks)
        try:
            parts = codec.chunks(asks)
            requests = [codec.encode(part, refresh) for part in parts]
            stamp, responses = self._connection.batch(requests, early)
            answers: list[Reply | Problem] = []
            for part, found in zip(parts, responses, strict=True):
                answers.extend(
                    [found] * len(part) if isinstance(found, Problem) else codec.decode(part, found)
                )
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return [problems.CLIENT_FAULT] * len(asks)
        # A source that was too slow for one basket is too slow for the next: the deadline is the whole pass's.
        self._connection.note(*(answer for answer in answers if isinstance(answer, Problem)))
        # What was too much for all at once may be answered for one alone, and that the server was told not to ask the source
        # is no answer for those who let it.
        passing = problems.TOO_MUCH_AT_ONCE if len(asks) > 1 else frozenset[str]()
        if refresh == "CACHE_ONLY":
            passing |= {NOT_CACHED}
        pairs = zip(asks, answers, strict=True)
        self._memo.put((pair for pair in pairs if getattr(pair[1], "code", "") not in passing), stamp)
        return answers


def _settings(found: Any) -> HomeSettings:
    settings = (
        Setting(
            s.name,
            s.value,
            s.default_value,
            s.given_by,
            tuple(s.choices),
            s.explanation,
            s.needs_restart,
        )
        for s in found.settings
    )
    return HomeSettings({s.name: s for s in settings}, found.key_place, found.key_problem, found.notice)


def _named(columns: Any) -> dict[str, list[Any]]:
    return {field.name: list(getattr(columns, field.name)) for field in columns.DESCRIPTOR.fields}


def _levels(found: Any) -> LevelFigures:
    known = {name: getattr(found.levels, name) if found.levels.HasField(name) else None for name in LEVELS}
    return LevelFigures(
        underlying_price=found.underlying_price,
        gamma_flip_status=found.levels.gamma_flip_status,
        as_of=found.as_of,
        client_ttl=found.client_ttl,
        gamma_flip_doubts=tuple(found.levels.gamma_flip_doubts),
        gamma_flip_roots=tuple(found.levels.gamma_flip_roots),
        near_flip=found.levels.near_flip,
        **known,
    )


def _measures(found: Any) -> tuple[float, ...]:
    return (found.gex, found.dex, found.vex, found.chex)
