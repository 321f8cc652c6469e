"""What a store keeps, whichever engine it is of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from basketgex_server.domain import Failure, QuotaReading, Snapshot

PastGex: TypeAlias = tuple[float, float, float]
"""A symbol's net GEX as it was: when it was fetched and its ``as_of`` (Unix seconds), and USD; NaN: nothing any more."""


class StoredFigures(NamedTuple):
    """What the store holds of one origin: each symbol's newest snapshot, when others were found to have none, what failed."""

    snapshots: dict[str, Snapshot]
    missing: dict[str, float]
    failures: Mapping[str, Failure] = MappingProxyType({})


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
