"""What a look at what is known gives, and how urgently it was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from basketgex_server.domain import EMPTY, Freshness, Origin, Snapshot
from basketgex_server.errors import (
    BasketgexError,
    TooManyCalls,
)


class Refresh(Enum):
    """What a request may cause: a source call where age asks for it; one in any case; none."""

    NORMAL = 1
    FORCE = 2
    CACHE_ONLY = 3


class CachedFigure(NamedTuple):
    """A symbol's figure, how it stands, for how many seconds a client may keep it, and why it is old where it is."""

    snapshot: Snapshot
    freshness: Freshness
    ttl: float
    notice: str = ""


class Lookup(NamedTuple):
    """What became of the symbols of a request. ``missing`` gives the seconds for which that holds.

    ``unreadable`` says of missing ones that there is something, and why it cannot be used: they alone are left out of a basket.
    ``refused`` are baskets (by number) that would take too many calls. ``debits`` were spent while this was found out.
    Until ``holds_until`` (Unix seconds), and while the dispatcher's ``generation`` stays, asking again finds the same.
    """

    origin: Origin
    found: Mapping[str, CachedFigure]
    missing: Mapping[str, float]
    failed: Mapping[str, BasketgexError]
    refused: Mapping[int, TooManyCalls] = EMPTY
    debits: int = 0
    holds_until: float = 0.0
    unreadable: Mapping[str, BasketgexError] = EMPTY
    usable_until: float = 0.0
    """When the session ends of which the figures are (Unix seconds); 0 where they are of the past."""
    stands_until: float = 0.0
    """As ``holds_until``, but the seconds for which clients may keep what they have get fewer before that."""

    def alone(self) -> Lookup:
        """Return it where it is of one basket, and raise TooManyCalls where that would take too many."""
        if 0 in self.refused:
            raise self.refused[0]
        return self

    def problem(self, symbol: str) -> BasketgexError | None:
        """Return what stands in the way of a symbol, where that is more than the absence of data."""
        return self.failed.get(symbol) or self.unreadable.get(symbol)


class DueSymbols(NamedTuple):
    """The symbols of a request to wait for, those to refresh behind the answer, and why others have to wait longer.

    ``explicit``: it is what was asked for that counts, not age; ``reserve``: its calls may use the debits kept back.
    """

    wait: list[str]
    background: Sequence[str] = ()
    put_off: Mapping[str, BasketgexError] = EMPTY
    explicit: bool = False
    reserve: bool = False
