"""Any provider of chains made a source of exposures, by the mathematics of ``exposure``."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from basketgex_server.domain import (
    DAY_COUNT,
    Basket,
    Convention,
    DayCount,
    Fetched,
    Origin,
    SymbolExposure,
    Terms,
)
from basketgex_server.errors import BadChain
from basketgex_server.sources.earlier import Earlier
from basketgex_server.sources.port import ChainProvider, Compared, Held, Profiled, Together, at_hand
from basketgex_server.sources.progress import Part, Progress
from basketgex_server.underlyings import INDEXES_AND_ETFS

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.past import Close
    from basketgex_server.exposure.profile import Member

T = TypeVar("T")
_Chains: TypeAlias = "Mapping[str, Chain | BadChain | None]"
_TURN = 8
"""Symbols that are worked out before the executor takes up what else waits for it."""


class Computed:
    """A ChainSource that reads chains and works them out on an executor; the caller keeps and ends that.

    ``rate`` and ``dividend_yield`` are continuously compounded, per year; symbols in ``rates`` and ``dividend_yields`` have
    their own, and all other single names ``stock_dividend_yield`` where that is given. ``symbols_per_call`` and
    ``metered`` are those of the port: the sample plays a metered service, files cost nothing.
    """

    has_strikes = True
    delay = 0.0
    quota = None

    def __init__(
        self,
        provider: ChainProvider,
        executor: Executor,
        *,
        convention: Convention,
        rate: float,
        dividend_yield: float,
        stock_dividend_yield: float | None = None,
        rates: Mapping[str, float] | None = None,
        dividend_yields: Mapping[str, float] | None = None,
        day_count: DayCount = DAY_COUNT,
        symbols_per_call: int = 0,
        metered: bool = False,
    ) -> None:
        self._provider = provider
        self._executor = executor
        self._terms = Terms(convention, rate, dividend_yield, day_count)
        self._rates = dict(rates or {})
        self._dividend_yields = dict(dividend_yields or {})
        self._of_stocks = stock_dividend_yield
        self._by_symbol = by_symbol(self._rates, self._dividend_yields)
        self.symbols_per_call = symbols_per_call
        self.metered = metered
        self.progress = Progress()
        self._earlier = Earlier(provider, executor, self.terms)

    def __repr__(self) -> str:
        t = self._terms
        return (
            f"Computed({self._provider!r}, {t.convention}, r={t.rate}, q={t.dividend_yield}, {t.day_count})"
        )

    def origin(self) -> Origin:
        """Return the provider's origin with what belongs to the mathematics filled in."""
        origin = self._provider.origin()
        others = ", ".join(filter(None, (origin.by_symbol, self._by_symbol)))
        made = self._terms._asdict() | {"stock_dividend_yield": self._of_stocks}
        return origin._replace(**made, by_symbol=others)

    def terms(self, symbol: str) -> Terms:
        """Return what one symbol's figures are computed with."""
        rate = self._rates.get(symbol, self._terms.rate)
        common = self._terms.dividend_yield
        if self._of_stocks is not None and symbol not in INDEXES_AND_ETFS:
            common = self._of_stocks
        dividend_yield = self._dividend_yields.get(symbol, common)
        return self._terms._replace(rate=rate, dividend_yield=dividend_yield)

    def prepare(self) -> None:
        """Load the mathematics."""
        import basketgex_server.exposure.symbol  # noqa: F401

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        """Return the exposures of symbols, a few on each turn of the executor: what others wait for comes between two turns.

        A symbol without a chain, or without a row that counts, is missing; one whose chain cannot be read has failed and
        leaves the others alone. Raises SourceUnavailable where the provider as a whole cannot be asked.
        """
        loop = asyncio.get_running_loop()
        exposures: dict[str, SymbolExposure] = {}
        failed: dict[str, str] = {}
        chains: dict[str, Chain] = {}
        with self.progress.of(len(symbols)) as part:
            for first in range(0, len(symbols), _TURN):
                turn = symbols[first : first + _TURN]
                hand = await at_hand(self._provider, turn)
                await loop.run_in_executor(
                    self._executor, self._work_out, hand, turn, exposures, failed, chains, part
                )
        return Fetched(exposures, frozenset(symbols) - exposures.keys() - failed.keys(), failed, chains)

    async def account(self) -> None:
        """There is none to ask."""

    async def symbols(self) -> tuple[str, ...]:
        """Return the provider's symbols, looked up on the executor."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._provider.symbols)

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels, worked out on the executor."""
        with self.progress.of(1):
            hand = await at_hand(self._provider, (symbol,))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._levels, hand, symbol)

    async def profile(self, basket: Basket, moves: Sequence[float], measures: Sequence[int]) -> Profiled:
        """Return the profile of a basket, worked out on one turn of the executor; what cannot be read fails as in ``fetch``."""
        symbols, loop = weighted(basket), asyncio.get_running_loop()
        with self.progress.of(len(symbols)) as part:
            chains = await self._chains(symbols, part)
            return await loop.run_in_executor(self._executor, self._profile, chains, basket, moves, measures)

    async def dispersion(self, index: str, members: Basket, horizon_days: float) -> Compared:
        """Return an index against its members, worked out on one turn of the executor; what cannot be read fails likewise."""
        symbols, loop = list(dict.fromkeys((index, *weighted(members)))), asyncio.get_running_loop()
        with self.progress.of(len(symbols)) as part:
            chains = await self._chains(symbols, part)
            return await loop.run_in_executor(
                self._executor, self._compare, chains, index, members, horizon_days
            )

    async def together(self, symbols: Sequence[str], work: Callable[[Held], T]) -> Together[T]:
        """Return what ``work`` makes of chains on one turn of the executor; what cannot be read fails as in ``fetch``."""
        loop, even = asyncio.get_running_loop(), Basket(tuple(symbols), (1.0,) * len(symbols))
        with self.progress.of(len(symbols)) as part:
            members, failed = self._members(await self._chains(symbols, part), even)
            held = {m.chain.symbol: (m.chain, m.terms) for m in members}
            return Together(await loop.run_in_executor(self._executor, work, held), failed)

    async def read(self, symbol: str, work: Callable[[Chain, Terms], T]) -> T | None:
        """Return what ``work`` makes of a symbol's chain, on the executor; None where there is none. Raises BadChain."""
        hand = await at_hand(self._provider, (symbol,))

        def run() -> T | None:
            chain = hand.chain(symbol)
            return work(replace(chain, symbol=symbol), self.terms(symbol)) if chain else None

        return await asyncio.get_running_loop().run_in_executor(self._executor, run)

    async def closes(self, symbols: Sequence[str]) -> dict[str, tuple[Close, ...]]:
        """Return the closing figures of the provider's past."""
        return await self._earlier.closes(symbols)

    async def before(self, symbol: str, moment: float) -> Chain | None:
        """Return the newest chain of the provider's past that is not later than a moment."""
        return await self._earlier.before(symbol, moment)

    async def close(self) -> None:
        """Nothing is held."""

    async def _chains(self, symbols: Sequence[str], part: Part) -> dict[str, Chain | BadChain | None]:
        """Return the chains of distinct symbols, or why one cannot be read; None where there is none."""
        chains: dict[str, Chain | BadChain | None] = {}
        for first in range(0, len(symbols), _TURN):
            turn = symbols[first : first + _TURN]
            hand = await at_hand(self._provider, turn)
            await asyncio.get_running_loop().run_in_executor(self._executor, _read, hand, turn, chains, part)
        return chains

    def _levels(self, hand: ChainProvider, symbol: str) -> Levels | None:
        from basketgex_server.exposure.levels import levels

        chain = hand.chain(symbol)
        return levels(chain, *self.terms(symbol)) if chain else None

    def _profile(
        self, chains: _Chains, basket: Basket, moves: Sequence[float], measures: Sequence[int]
    ) -> Profiled:
        from basketgex_server.exposure.profile import profile

        members, failed = self._members(chains, basket)
        found = profile(members, moves, measures)
        if found is not None:  # of the weight asked for, not only of that of the members with a chain
            weight = dict(zip(basket.symbols, basket.weights, strict=True))
            covered = math.fsum(weight[s] for s in found.symbols) / math.fsum(basket.weights)
            found = replace(found, covered_weight=covered)
        return Profiled(found, failed)

    def _compare(self, chains: _Chains, index: str, members: Basket, horizon_days: float) -> Compared:
        from basketgex_server.exposure.dispersion import compare

        indexes, failed = self._members(chains, Basket((index,), (1.0,)))
        held, failing = self._members(chains, members)
        found = compare(indexes[0] if indexes else None, members, held, horizon_days)
        return Compared(found, {**failed, **failing})

    def _members(self, chains: _Chains, basket: Basket) -> tuple[list[Member], dict[str, str]]:
        """Return the weighted members that have a chain, and why those that have one that cannot be read do not."""
        from basketgex_server.exposure.profile import Member

        members: list[Member] = []
        failed: dict[str, str] = {}
        for symbol, weight in zip(basket.symbols, basket.weights, strict=True):
            chain = chains.get(symbol) if weight else None
            if isinstance(chain, BadChain):
                failed[symbol] = chain.sentence
            elif chain:
                members.append(Member(replace(chain, symbol=symbol), self.terms(symbol), weight))
        return members, failed

    def _work_out(
        self,
        hand: ChainProvider,
        symbols: Sequence[str],
        exposures: dict[str, SymbolExposure],
        failed: dict[str, str],
        chains: dict[str, Chain],
        part: Part,
    ) -> None:
        """Add what becomes of symbols to ``exposures`` and ``failed``, and what it is made of to ``chains``."""
        # Here, not above: numpy and scipy take a second to load, and the server listens before that.
        from basketgex_server.exposure.symbol import exposures as exposures_of

        read: list[tuple[str, Chain]] = []
        for symbol in symbols:
            part.step()
            try:
                if chain := hand.chain(symbol):
                    read.append((symbol, chain))
            except BadChain as error:
                failed[symbol] = error.sentence
        found = exposures_of([(chain, self.terms(symbol)) for symbol, chain in read])
        for (symbol, chain), exposure in zip(read, found, strict=True):
            if exposure:
                exposures[symbol], chains[symbol] = exposure, chain


def _read(
    hand: ChainProvider, symbols: Sequence[str], chains: dict[str, Chain | BadChain | None], part: Part
) -> None:
    for symbol in symbols:
        part.step()
        try:
            chains[symbol] = hand.chain(symbol)
        except BadChain as error:
            chains[symbol] = error


def weighted(basket: Basket) -> list[str]:
    """Return the symbols of a basket that have a weight."""
    return [symbol for symbol, weight in zip(basket.symbols, basket.weights, strict=True) if weight]


def by_symbol(rates: Mapping[str, float], dividend_yields: Mapping[str, float]) -> str:
    """Return the rates and dividend yields of symbols that have their own as one text.

    >>> by_symbol({"SPX": 0.05}, {"SPX": 0.015, "AMD": 0.0})
    'q AMD 0.0, q SPX 0.015, r SPX 0.05'
    """
    named = [("r", rates), ("q", dividend_yields)]
    return ", ".join(
        sorted(f"{kind} {symbol} {value!r}" for kind, table in named for symbol, value in table.items())
    )
