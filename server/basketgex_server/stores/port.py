"""What a store keeps and does, whichever engine it is of: snapshots, what is wanted, and the ledger of debits.

An account is what one source's debits are counted for; its key is the origin's. What its debits mean is decided above, by
functions that are handed in: a store calls them while it holds the account's books, and writes what they return.

One file: stores, books and what goes between them name each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from basketgex_server.domain import EMPTY, Failure, Fetched, QuotaReading, Snapshot
from basketgex_server.errors import BasketgexError, QuotaSpent, RateLimited
from basketgex_server.stores.meter import Meter

PastGex: TypeAlias = tuple[float, float, float]
"""A symbol's net GEX as it was: when it was fetched and its ``as_of`` (Unix seconds), and USD; NaN: nothing any more."""


class StoredFigures(NamedTuple):
    """What the store holds of one origin: each symbol's newest snapshot, when others were found to have none, what failed."""

    snapshots: dict[str, Snapshot]
    missing: dict[str, float]
    failures: Mapping[str, Failure] = EMPTY


class DebitCounts(NamedTuple):
    """Debits of one origin: today (UTC) and ever; and the calls that the same answers would have cost one by one."""

    today: int
    total: int
    answered_today: int
    answered_total: int


class QuotaRecord(NamedTuple):
    """What the source last said of its quota, when (Unix seconds), and the debits since."""

    reading: QuotaReading
    read_at: float
    since: int


@dataclass(frozen=True, slots=True)
class QuotaValue:
    """A day's debits as a store keeps them; what they mean is ``dispatch.quota``'s.

    ``day``: number of the UTC day that they belong to; ``today``: debits since its midnight, of which ``flying`` have no reply
    yet; ``spent_until``: the source refused, nothing leaves before that moment (Unix seconds); ``reading``: what it said last;
    ``answered``: whether it has answered at all; ``ahead``: whether that reading says that this clock is ahead of the source's.
    """

    day: int
    today: int = 0
    flying: int = 0
    spent_until: float = 0.0
    reading: QuotaReading | None = None
    answered: bool = False
    ahead: bool = False


class Want(NamedTuple):
    """A symbol that somebody waits for.

    ``age``: seconds since it was first wanted, by the store's clock; ``explicit``: it is to be asked for whatever is known;
    ``reserve``: its call may use the debits kept back; ``held``: its window has ended, and it waits for a call in flight;
    ``has_landed``: something of it has come since it was found missing; ``people``: who wants it, first one first, empty for
    the home's own token.
    """

    symbol: str
    age: float
    explicit: bool = False
    reserve: bool = False
    held: bool = False
    has_landed: bool = False
    people: tuple[str, ...] = ("",)


class Flight(NamedTuple):
    """A call under way.

    ``is_alone``: it is of a kind of its own, so that no symbol waits for its end; ``is_suspect``: its replica looks dead;
    ``is_lost``: it is given up, and may have been charged.
    """

    number: int
    symbols: tuple[str, ...]
    is_alone: bool = False
    is_suspect: bool = False
    is_lost: bool = False


class Ledger(NamedTuple):
    """An account's books at a moment (Unix seconds): wants in order of arrival, calls under way, the day's debits.

    ``spent``: what persons have paid of these; ``caps``: what those with a cap of their own may.
    """

    now: float
    quota: QuotaValue
    wants: tuple[Want, ...] = ()
    flights: tuple[Flight, ...] = ()
    spent: Mapping[str, float] = EMPTY
    caps: Mapping[str, int] = EMPTY


class Leaving(NamedTuple):
    """A call that leaves; the store gives it its ``number`` with its debit.

    ``alone``: of a kind of its own, as levels are; ``by``: who pays for each of its symbols that somebody waits for.
    """

    symbols: tuple[str, ...]
    explicit: bool = False
    reserve: bool = False
    alone: bool = False
    number: int = 0
    by: Mapping[str, str] = EMPTY

    @property
    def waited(self) -> tuple[str, ...]:
        """The symbols that it is made for, each for an equal part of its debit; where nobody waits for any, all of them."""
        return tuple(symbol for symbol in self.symbols if symbol in self.by) or self.symbols

    @property
    def shares(self) -> dict[str, float]:
        """What each person pays of its debit: by the symbols that were waited for, equally. What is left over is the home's.

        >>> Leaving(("A", "B", "C", "X"), by={"A": "ann", "B": "bob", "C": "ann"}).shares["bob"] * 3
        1.0
        """
        waited = Counter(self.by[symbol] for symbol in self.symbols if symbol in self.by)
        every = waited.total()
        return {person: count / every for person, count in waited.items() if person}


class Departure(NamedTuple):
    """What was decided: the debits from now on, the ``calls`` that leave once it is committed, and what becomes of the rest.

    ``held`` symbols have had their window and wait for a call in flight; ``joined`` are in one, by its number; ``known`` have
    landed meanwhile; ``lost`` are numbers of calls given up; ``refused`` says why a symbol is not asked for. ``again``: seconds
    until the next look, None where a landing brings it about.
    """

    quota: QuotaValue
    calls: tuple[Leaving, ...] = ()
    held: tuple[str, ...] = ()
    joined: Mapping[str, int] = EMPTY
    known: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    refused: Mapping[str, BasketgexError] = EMPTY
    again: float | None = None


class Landing(NamedTuple):
    """The end of a call.

    ``settle`` makes of the debits, at a moment, what they are after it. ``uncharged``: it certainly cost nothing. ``fetched``
    is what it brought, at a moment ``fetched_at``, else ``error`` is what it ran into, of which ``refused`` names the symbols
    where it says nothing of the others.
    """

    settle: Callable[[QuotaValue, float], QuotaValue] = lambda value, _: value
    uncharged: bool = False
    fetched: Fetched | None = None
    fetched_at: float = 0.0
    error: BasketgexError | None = None
    refused: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """What became of the call: landed, free, refused or failed.

        One that the source refused, since its quota is spent or calls come too fast, counts: nobody says that it costs nothing.
        """
        if self.error is None:
            return "landed"
        if self.uncharged:
            return "free"
        return "refused" if isinstance(self.error, QuotaSpent | RateLimited) else "failed"


class News(NamedTuple):
    """What the calls of others have brought: figures, when names were found to have none, errors; and the debits after it."""

    snapshots: Mapping[str, Snapshot]
    missing: Mapping[str, float]
    failed: Mapping[str, BasketgexError]
    quota: QuotaValue


class Pool(Protocol):
    """The books of one account, as one dispatcher uses them. ``now`` is this computer's clock; a desk's store has its own."""

    def listen(self, told: Callable[[News], None]) -> None:
        """Tell of what the calls of others have brought; a pool that nobody shares has nothing to tell."""

    def want(self, symbols: Sequence[str], person: str = "") -> None:
        """Note that symbols are waited for, and by whom; those noted already keep their place."""

    def unwant(self, symbols: Sequence[str]) -> None:
        """Note that nobody waits for symbols any more."""

    async def depart(self, decide: Callable[[Ledger], Departure], now: float) -> Departure:
        """Write what is decided over the books as they are; its calls have their numbers, and their debits are committed.

        Raises StoreUnavailable, and what ``decide`` raises; then nothing has been written, and nothing may leave.
        """

    async def land(self, number: int, landing: Landing, now: float) -> QuotaValue:
        """Note the end of a call, once, however often it is said; return the debits after it."""

    async def note(self, change: Callable[[QuotaValue, float], QuotaValue], now: float) -> QuotaValue:
        """Note what was heard of the debits otherwise."""

    async def landed(self) -> None:
        """Wait for the next landing."""

    async def close(self) -> None:
        """Take back what is wanted: this replica waits for nothing more."""


class Person(NamedTuple):
    """Somebody who may ask: a name, the token's SHA-256 in hexadecimal, since when, and until when if not for good.

    Moments are Unix seconds. ``debits``: what they may spend in a day, where that is not what everybody may.
    """

    name: str
    digest: str
    added_at: float
    until: float | None = None
    debits: int | None = None


Flags: TypeAlias = Callable[[str], tuple[bool, bool]]
"""Whether a symbol is waited for explicitly, and whether its call may use the debits kept back."""


class Store(Protocol):
    """Snapshots, what failed, and the ledgers of accounts. What is not awaited is journalled behind the answer.

    What is awaited raises StoreUnavailable where the store is full, locked, away or refused by its disk. ``meter`` is told how
    long things take.
    """

    meter: Meter

    @property
    def lost(self) -> bool:
        """Whether debits may have been lost with a damaged store, and the account has not told of them yet."""

    @property
    def is_up(self) -> bool:
        """Whether it can be reached, as far as is known."""

    def pool(self, account: str, begin: QuotaValue, flags: Flags) -> Pool:
        """Return the books of an account; ``begin`` is what they say of debits where they do not say it themselves."""

    def keep(self, history_days: float) -> None:
        """Keep snapshots for so many days from now on."""

    async def load(self, account: str, now: float) -> StoredFigures:
        """Return the newest of an account, of what can have happened by ``now``."""

    async def past(self, account: str, symbols: Sequence[str], most: int) -> dict[str, list[PastGex]]:
        """Return what is kept of some symbols, the oldest first: the ``most`` newest of each."""

    async def spent(self, account: str, now: float) -> DebitCounts:
        """Return the debits of an account."""

    async def spent_by(self, since: float, until: float) -> dict[str, float]:
        """Return the debits of all accounts between two moments by person; those that are nobody's share are the home's, ""."""

    async def spent_for(self, since: float, until: float) -> dict[str, float]:
        """Return the same debits by symbol: equally over those that their calls were made for; "" where that is not known."""

    async def heard(self, account: str) -> QuotaRecord | None:
        """Return what the source last said of its quota, where the books do not have it."""

    async def make_up(self, account: str, today: int, now: float) -> None:
        """Add what a damaged store has lost of today's debits, which were so many."""

    async def people(self) -> list[Person]:
        """Return who may ask, by name."""

    async def add_person(self, person: Person) -> bool:
        """Keep a person; return False, and change nothing, where another has the name."""

    async def revoke(self, name: str) -> bool:
        """Forget a person, whose debits stay in the ledger; return False where there is none of the name."""

    def hear(self, account: str, reading: QuotaReading, now: float) -> None:
        """Keep what the source says of its quota."""

    def answered(self, account: str, calls: int, now: float) -> None:
        """Keep how many calls the answers given would have cost one by one."""

    def append(self, account: str, snapshots: Mapping[str, Snapshot], missing: Mapping[str, float]) -> None:
        """Keep what a call brought."""

    def fail(self, account: str, failures: Mapping[str, Failure]) -> None:
        """Keep what was asked for in vain."""

    def forget(self, account: str, names: Sequence[str]) -> None:
        """Keep that names no longer fail."""

    def disbelieve(self, now: float) -> None:
        """Forget what was noted for moments later than now, under a clock that has been put back since."""

    def age_out(self, account: str, now: float) -> None:
        """Begin to drop what is older than the history to keep, but never the newest of a symbol of this account."""

    async def end(self) -> None:
        """Write what is journalled, and end."""
