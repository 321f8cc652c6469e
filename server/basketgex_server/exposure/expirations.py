"""A chain by the days on which its contracts expire, in New York: what trading programs call an expiration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from basketgex_server.domain import Measures, SymbolExposure, Terms
from basketgex_server.exposure.arrays import Flags
from basketgex_server.exposure.chain import Chain, new_york_day, rows
from basketgex_server.exposure.symbol import exposure


@dataclass(frozen=True, slots=True)
class Expiration:
    """One day: ``net`` as in SymbolExposure, and the contracts with a figure."""

    day: date
    net: Measures
    contracts: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One day: its distinct strikes in USD, ascending, and its contracts, those without open interest too."""

    day: date
    strikes: tuple[float, ...]
    contracts: int


def on_day(chain: Chain, day: date) -> Chain:
    """Return the contracts that expire on a day."""
    return chain.only(_rows_of(chain, day))


def days(chain: Chain) -> list[date]:
    """Return the days on which contracts expire that have not yet, ascending."""
    left = np.unique(chain.expiry[_alive(chain)]).tolist()
    return sorted({day for at in left if (day := new_york_day(at)) is not None})


def days_to(chain: Chain, day: date) -> int:
    """Return the calendar days from the chain's own day in New York."""
    today = new_york_day(chain.as_of)
    return (day - today).days if today else 0


def by_expiration(chain: Chain, terms: Terms) -> tuple[SymbolExposure, tuple[Expiration, ...]] | None:
    """Return a chain's exposure, and that of each day, ascending; None where ``exposure`` is."""
    found = exposure(chain, *terms)
    if found is None:
        return None
    used, parts = rows(chain).used, dict[date, list[Measures]]()
    for row in found.expiries:
        if (day := new_york_day(row.expiry)) is not None:
            parts.setdefault(day, []).extend((row.call, row.put))
    return found, tuple(
        Expiration(day, _sum(sides), int(np.count_nonzero(_rows_of(chain, day) & used)))
        for day, sides in sorted(parts.items())
    )


def listed(chain: Chain) -> tuple[Listed, ...]:
    """Return what there is to trade: the days ascending, those before the chain's own moment left out."""
    alive = _alive(chain)
    found = []
    for day in days(chain):
        kept = alive & _rows_of(chain, day)
        found.append(Listed(day, tuple(np.unique(chain.strike[kept]).tolist()), int(np.count_nonzero(kept))))
    return tuple(found)


def _alive(chain: Chain) -> Flags:
    fits: Flags = np.isfinite(chain.strike) & (chain.strike > 0) & np.isfinite(chain.expiry)
    return fits & (chain.expiry > chain.seen_at)


def _rows_of(chain: Chain, day: date) -> Flags:
    instants, place = np.unique(chain.expiry, return_inverse=True)
    fits = np.fromiter((new_york_day(at) == day for at in instants.tolist()), np.bool_, len(instants))
    return fits[place]


def _sum(parts: Sequence[Measures]) -> Measures:
    return Measures(*(sum(figures) for figures in zip(*parts, strict=True)))
