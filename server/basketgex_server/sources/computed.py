"""Any provider of chains made a source of exposures, by the mathematics of ``exposure``."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING

from basketgex_server.domain import Convention, Fetched, Origin, SymbolExposure
from basketgex_server.errors import BadChain
from basketgex_server.sources.port import ChainProvider

if TYPE_CHECKING:
    from basketgex_server.exposure.levels import Levels


class Computed:
    """An ExposureSource that reads chains and works them out on an executor; the caller keeps and ends that.

    ``rate`` and ``dividend_yield`` are continuously compounded, per year. ``seats`` and ``metered`` as in the port: the
    sample plays a metered service, files cost nothing.
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
        seats: int = 0,
        metered: bool = False,
    ) -> None:
        self._provider = provider
        self._executor = executor
        self._convention: Convention = convention
        self._rate = rate
        self._dividend_yield = dividend_yield
        self.seats = seats
        self.metered = metered

    def __repr__(self) -> str:
        return f"Computed({self._provider!r}, {self._convention}, r={self._rate}, q={self._dividend_yield})"

    def origin(self) -> Origin:
        """Return the provider's origin with what belongs to the mathematics filled in."""
        return replace(
            self._provider.origin(),
            convention=self._convention,
            rate=self._rate,
            dividend_yield=self._dividend_yield,
        )

    def prepare(self) -> None:
        """Load the mathematics."""
        import basketgex_server.exposure.symbol  # noqa: F401

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        """Return the exposures of symbols, all on one turn of the executor.

        A symbol without a chain, or without a row that counts, is missing; one whose chain cannot be read has failed and
        leaves the others alone. Raises SourceUnavailable where the provider as a whole cannot be asked.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work_out, symbols)

    async def account(self) -> None:
        """There is none to ask."""

    async def levels(self, symbol: str) -> Levels | None:
        """Return one symbol's levels, worked out on the executor."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._levels, symbol)

    async def close(self) -> None:
        """Nothing is held."""

    def _levels(self, symbol: str) -> Levels | None:
        from basketgex_server.exposure.levels import levels

        chain = self._provider.chain(symbol)
        return levels(chain, self._convention, self._rate, self._dividend_yield) if chain else None

    def _work_out(self, symbols: tuple[str, ...]) -> Fetched:
        # Here, not above: numpy and scipy take a second to load, and the server listens before that.
        from basketgex_server.exposure.symbol import exposure

        exposures: dict[str, SymbolExposure] = {}
        failed: dict[str, str] = {}
        for symbol in symbols:
            try:
                chain = self._provider.chain(symbol)
            except BadChain as error:
                failed[symbol] = error.sentence
                continue
            if chain and (found := exposure(chain, self._convention, self._rate, self._dividend_yield)):
                exposures[symbol] = found
        return Fetched(exposures, frozenset(symbols) - exposures.keys() - failed.keys(), failed)
