"""The ports: what dispatch asks of a source, and what exposure mathematics asks of a provider of chains.

Every source is an ExposureSource, one with whole chains a ChainSource; all of them pass ``tests/contract/test_sources.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

from basketgex_server.domain import Basket, Fetched, Origin, QuotaReading, Terms

if TYPE_CHECKING:  # numpy comes with it, and the server listens before that is loaded
    from basketgex_server.exposure.chain import Chain
    from basketgex_server.exposure.dispersion import Comparison
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.past import Close
    from basketgex_server.exposure.profile import Profile

T = TypeVar("T")


class ExposureSource(Protocol):
    """Gives the exposures of many symbols at once."""

    @property
    def symbols_per_call(self) -> int:
        """How many symbols one call carries at most; 0 for any number."""

    @property
    def metered(self) -> bool:
        """Whether a call costs a debit."""

    @property
    def has_strikes(self) -> bool:
        """Whether its exposures come with one row per strike."""

    @property
    def delay(self) -> float:
        """By how many seconds its figures lag behind the market."""

    @property
    def quota(self) -> QuotaReading | None:
        """What its last reply said of the day's quota: another object after every reply that said something."""

    async def account(self) -> QuotaReading | None:
        """Ask what is left of the day's quota; None where there is none to ask. May cost a debit."""

    def origin(self) -> Origin:
        """Return where its figures come from now. Cheap: asked for with every request."""

    def prepare(self) -> object:
        """Load what the first call needs; on any thread, so that the first call does not wait for it."""

    async def fetch(self, symbols: tuple[str, ...]) -> Fetched:
        """Ask for symbols, at most ``symbols_per_call`` of them, in one call.

        Raises SourceUnavailable where the call as a whole failed.
        """

    async def levels(self, symbol: str) -> Levels | None:
        """Ask for one symbol's levels: one call; None where it has no data. Raises NotOffered, and what ``fetch`` raises."""

    async def close(self) -> None:
        """Let go of what it holds."""


class Profiled(NamedTuple):
    """A basket's profile, None where no member has data; ``failed`` as in Fetched."""

    profile: Profile | None
    failed: Mapping[str, str]


class Compared(NamedTuple):
    """An index against its members; ``failed`` as in Fetched."""

    comparison: Comparison
    failed: Mapping[str, str]


Held: TypeAlias = "Mapping[str, tuple[Chain, Terms]]"
"""Chains by symbol, each with what it is computed with."""


class Together(NamedTuple, Generic[T]):
    """What was made of several chains; ``failed`` as in Fetched."""

    made: T
    failed: Mapping[str, str]


@runtime_checkable
class ChainSource(ExposureSource, Protocol):
    """An ExposureSource that has whole chains: it also gives profiles and dispersions, and lets chains be read."""

    async def profile(self, basket: Basket, moves: Sequence[float], measures: Sequence[int]) -> Profiled:
        """Return a basket's profile at moves in units of spot; ``measures`` are places of ``Measures``."""

    async def dispersion(self, index: str, members: Basket, horizon_days: float) -> Compared:
        """Return an index against its members at a horizon in calendar days."""

    async def together(self, symbols: Sequence[str], work: Callable[[Held], T]) -> Together[T]:
        """Return what ``work`` makes of the chains of distinct symbols, on the compute thread: of those that there are."""

    async def read(self, symbol: str, work: Callable[[Chain, Terms], T]) -> T | None:
        """Return what ``work`` makes of a symbol's chain, on the compute thread; None where there is none. Raises BadChain."""


@runtime_checkable
class Listing(Protocol):
    """What a source of exposures offers besides the port where it can name all the symbols that it has."""

    async def symbols(self) -> tuple[str, ...]:
        """Return them, in any order."""


@runtime_checkable
class HasPast(Protocol):
    """What a source of exposures offers besides the port where it knows the days before: asking costs no call."""

    async def closes(self, symbols: Sequence[str]) -> Mapping[str, Sequence[Close]]:
        """Return closing figures of the days before, the oldest first; those of one day are of one moment."""

    async def before(self, symbol: str, moment: float) -> Chain | None:
        """Return the newest closing chain not later than a moment (Unix seconds); None where there is none."""


@runtime_checkable
class PastChains(Protocol):
    """What a provider of chains offers besides where it has those of earlier closes, on the compute thread."""

    def moments(self) -> tuple[float, ...]:
        """Return those closes, ascending (Unix seconds)."""

    def chain_at(self, symbol: str, moment: float) -> Chain | None:
        """Return the chain of one underlying at one of them; None where there is none."""


@runtime_checkable
class ReadsAhead(Protocol):
    """What a provider of chains offers besides where they have to be read first: the compute thread does not wait for that."""

    async def at_hand(self, symbols: Sequence[str]) -> ChainProvider:
        """Return the chains of some symbols as a provider that waits for nothing. Raises SourceUnavailable."""


async def at_hand(provider: ChainProvider, symbols: Sequence[str]) -> ChainProvider:
    """Return a provider that has the chains of some symbols at hand. Raises SourceUnavailable."""
    return await provider.at_hand(symbols) if isinstance(provider, ReadsAhead) else provider


class ChainProvider(Protocol):
    """Gives option chains, one underlying at a time, on the compute thread."""

    def origin(self) -> Origin:
        """Return where the chains come from; the fields that belong to the mathematics are filled in by ``computed``."""

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of one underlying, or None where there is none. Raises BadChain where it cannot be read."""

    def symbols(self) -> tuple[str, ...]:
        """Return the underlyings that there are chains of."""
