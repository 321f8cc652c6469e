"""The basket contract of ``basket.py`` for many baskets at once, in arrays.

Shapes: E entries (a name in a basket), B baskets, S symbols. Basket b has the entries ``offsets[b] <= e < offsets[b + 1]``.
Whatever is unusual (a bad weight, a duplicate, a basket without data) is left to the plain code, which words the error; the
arrays answer the clean rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from basketgex_server.exposure.arrays import Flags, Floats, Ints

Number = TypeVar("Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True)
class Entries:
    """Baskets as they were asked for. ``symbol`` (E) indexes S symbols, -1 where the text is no ticker."""

    offsets: Ints
    symbol: Ints
    weight: Floats

    @property
    def counts(self) -> Ints:
        """Entries of each basket (B)."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """What is known of S symbols: their exposures (USD, see Measures) and whether they have data at all."""

    present: Flags
    net: tuple[Floats, Floats, Floats, Floats]
    usable_open_interest: Floats


@dataclass(frozen=True, slots=True)
class BasketTable:
    """The answered baskets, rows of B; ``weight`` and ``contribution_pct`` (E) are 0 where the entry had no data.

    ``left`` (B) names the baskets that the plain code has to answer; their rows here mean nothing.
    """

    net: tuple[Floats, Floats, Floats, Floats]
    net_to_gross: Floats
    covered_weight: Floats
    negative_names: Ints
    negative_weight: Floats
    usable_open_interest: Floats
    weight: Floats
    contribution_pct: Floats
    present: Flags
    left: Flags


def unusual(entries: Entries, symbols: int, most: int) -> Flags:
    """Return which baskets (B) the plain code must judge: bad or repeated symbols, bad weights, too many names."""
    counts = entries.counts
    odd: Flags = (counts == 0) | (counts > most)
    entry_odd = (entries.symbol < 0) | ~(entries.weight >= 0) | np.isinf(entries.weight)
    basket = np.repeat(np.arange(counts.size), counts)
    odd[basket[entry_odd]] = True
    place = basket * np.int64(symbols + 1) + entries.symbol
    if counts.size * (symbols + 1) < 2**31:
        place = place.astype(np.int32)  # sorted in half the time
    place.sort()
    repeated = place[1:][place[1:] == place[:-1]]
    odd[repeated // (symbols + 1)] = True
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.bincount(basket, entries.weight, counts.size)
    odd |= ~((total > 0) & np.isfinite(total))
    return odd


def aggregate(entries: Entries, table: SymbolTable, odd: Flags) -> BasketTable:
    """Return every basket's exposure; ``odd`` (B) ones and those without data are marked ``left``.

    Sums run from the first entry to the last, as the plain code's do: both give the same figures to the last bit.
    """
    counts, symbol = entries.counts, entries.symbol
    owner = np.repeat(np.arange(counts.size), counts)

    def total(values: Floats, of: Ints = owner) -> Floats:
        return np.bincount(of, values, counts.size).astype(np.float64, copy=False)

    whole = bool(table.present.all())
    present = table.present[symbol]
    with np.errstate(all="ignore"):  # odd baskets may divide by nothing; their rows are not read
        weight = entries.weight.copy() if whole else np.where(present, entries.weight, 0.0)
        covered = total(weight)
        requested = covered if whole else total(entries.weight)
        weight /= covered[owner]
        gex = weight * table.net[0][symbol]
        net_gex, *others = (total(x) for x in (gex, *(weight * c[symbol] for c in table.net[1:])))
        size = np.abs(gex)
        gross = total(size)
        divisor = np.where(gross > 0, gross, 1.0)  # without gross exposure the numerators are 0
        negative = ((table.net[0] < 0) & table.present)[symbol]
        below = owner[negative]
        usable = table.usable_open_interest
        return BasketTable(
            net=(net_gex, others[0], others[1], others[2]),
            net_to_gross=net_gex / divisor,
            covered_weight=covered / requested,
            negative_names=np.bincount(below, minlength=counts.size),
            negative_weight=total(weight[negative], below),
            usable_open_interest=total(weight if (usable == 1.0).all() else weight * usable[symbol]),
            weight=weight,
            contribution_pct=100.0 * size / divisor[owner],
            present=present,
            left=odd | ~(covered > 0),
        )


def segment(
    operation: np.ufunc, values: NDArray[Number], offsets: Ints, counts: Ints, empty: float
) -> NDArray[Number]:
    """Return ``operation`` reduced over each segment (B) of values (E); ``empty`` for an empty one."""
    out = np.full(counts.size, empty, dtype=values.dtype)
    filled = counts > 0
    if filled.any():
        out[filled] = operation.reduceat(values, offsets[filled])
    return out
