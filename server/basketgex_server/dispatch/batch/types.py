"""What a question of one basket or of many is, and what an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.dispatch.sessions import distant
from basketgex_server.domain import Basket, BasketExposure, Freshness, Origin
from basketgex_server.errors import BasketgexError, InvalidBatch
from basketgex_server.tickers import basket

MIXED = 900.0
"""Seconds between the oldest and the newest figure beyond which a basket's moment is called mixed."""

MOST_BASKETS = 50_000
"""Baskets of one request."""

Column: TypeAlias = Any
"""A list of numbers, or an array of them where the batch is large."""


class Answer(NamedTuple):
    """One answered basket and where it comes from; times in Unix seconds, ``ttl`` in seconds."""

    question: Basket
    exposure: BasketExposure
    found: dict[str, CachedFigure]
    origin: Origin
    as_of: float
    as_of_newest: float
    oi_as_of: float
    fetched_at: float
    freshness: Freshness
    ttl: float
    notice: str
    debits: int
    holds_until: float
    reasons: tuple[str, ...] = ()
    """Why each of the missing is, as far as there is more to say than the absence of data."""

    @property
    def distant(self) -> bool:
        """Whether its figures lie more than a trading day apart: no one moment's."""
        return distant(self.as_of, self.as_of_newest)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Batch:
    """A batch as it came: basket b has the entries ``offsets[b] <= i < offsets[b + 1]`` of index and weights."""

    symbols: Sequence[str]
    offsets: Sequence[int]
    symbol_index: Sequence[int]
    weights: Sequence[float]
    equal_weight: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return max(len(self.offsets) - 1, 0)

    @property
    def size(self) -> int:
        """How much there is to do: by the entries, or by the baskets, most of which may be empty."""
        return max(len(self.symbol_index), len(self))

    def check(self, *, ascends: bool, highest: int) -> None:
        """Raise InvalidBatch where the columns do not fit together.

        The caller has looked: whether the offsets ascend, and at the highest symbol index (-1 where there is none).
        """
        entries = len(self.symbol_index)
        if len(self) > MOST_BASKETS:
            raise InvalidBatch(
                f"{len(self):,} baskets: one request may have {MOST_BASKETS:,}. Send several.",
                argument="offsets",
            )
        if len(self.weights) != entries:
            raise InvalidBatch("The batch needs one weight for each symbol index.", argument="weights")
        if not self.offsets or self.offsets[0] != 0 or self.offsets[-1] != entries:
            raise InvalidBatch(
                "The batch's offsets must run from 0 to the number of symbol indexes.", argument="offsets"
            )
        if not ascends:
            raise InvalidBatch("The batch's offsets must ascend.", argument="offsets")
        if highest >= len(self.symbols):
            raise InvalidBatch("The batch has a symbol index beyond its symbols.", argument="symbol_index")

    def question(self, number: int, most: int) -> Basket:
        """Return one basket of the batch; raises what ``basket`` raises."""
        entries = slice(self.offsets[number], self.offsets[number + 1])
        names = [self.symbols[i] for i in self.symbol_index[entries]]
        return basket(names, None if number in self.equal_weight else self.weights[entries], most)


@dataclass(slots=True, eq=False, repr=False)
class BatchAnswer:
    """An answered batch in the columns of the contract (exposure.proto): lists, or arrays where the batch is large."""

    origin: Origin
    symbols: list[CachedFigure] = field(default_factory=list)
    net: Sequence[Column] = field(default_factory=lambda: [[], [], [], []])
    net_to_gross: Column = field(default_factory=list)
    covered_weight: Column = field(default_factory=list)
    negative_names: Column = field(default_factory=list)
    negative_weight: Column = field(default_factory=list)
    usable_open_interest: Column = field(default_factory=list)
    as_of: Column = field(default_factory=list)
    as_of_newest: Column = field(default_factory=list)
    oi_as_of: Column = field(default_factory=list)
    fetched_at: Column = field(default_factory=list)
    freshness: Column = field(default_factory=list)
    ttl: Column = field(default_factory=list)
    notice_index: Column = field(default_factory=list)
    notices: list[str] = field(default_factory=lambda: [""])
    offsets: Column = field(default_factory=lambda: [0])
    symbol_index: Column = field(default_factory=list)
    weights: Column = field(default_factory=list)
    contribution_pct: Column = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    missing_offsets: Column = field(default_factory=lambda: [0])
    missing_index: Column = field(default_factory=list)
    missing_reasons: list[str] = field(default_factory=list)
    errors: dict[int, BasketgexError] = field(default_factory=dict)
    debits: int = 0
    usable_until: float = 0.0
    stands_until: float = 0.0
