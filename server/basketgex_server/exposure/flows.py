"""A book with two sides: DEX, VEX and CHEX of signed money, its legs apart. Plain Python, no arrays.

With the signed money nᵢ and N = Σ |nᵢ| over the names with data::

    net     Σ nᵢ · xᵢ ÷ N          of a book that is long only the basket's weighted mean
    gross   Σ |nᵢ · xᵢ| ÷ N
    legs    the parts of net with nᵢ > 0, and with nᵢ < 0

Gamma has no side, as it amplifies or dampens moves whichever way a name is held: there is no flow of GEX. The dealers hold the
calls and owe the puts, whatever the convention: as a day passes they sell their CHEX of stock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from basketgex_server.domain import Constituent, Convention

DIRECTED = (1, 2, 3)
"""The places of DEX, VEX and CHEX in Measures."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One figure for each of DIRECTED, units as in Measures; ``dealers`` None where a name has net figures only.

    ``days_of_volume`` is the net of x ÷ average daily volume, of the names that have one, None where none has; ``adv_covered``
    is their share of the gross money.
    """

    net: tuple[float, ...]
    gross: tuple[float, ...]
    long_leg: tuple[float, ...]
    short_leg: tuple[float, ...]
    dealers: tuple[float, ...] | None
    days_of_volume: tuple[float, ...] | None
    adv_covered: float


def flow(
    constituents: Sequence[Constituent],
    money: Mapping[str, float],
    convention: Convention,
    adv: Mapping[str, float] | None = None,
) -> Flow:
    """Return the flow of a book; constituents weigh |money| ÷ N, as ``basket.aggregate`` has it. ``adv`` in USD, by symbol.

    Long 3 of a name with DEX 40, short 1 of one with 20: (3 · 40 − 20) ÷ 4 = 25.

    >>> from basketgex_server.domain import SymbolExposure
    >>> names = [SymbolExposure(s, 100.0, Measures(0, dex, 0, 0), as_of=0) for s, dex in (("A", 40), ("B", 20))]
    >>> held = [Constituent(names[0], 0.75, 0.0), Constituent(names[1], 0.25, 0.0)]
    >>> found = flow(held, {"A": 3.0, "B": -1.0}, "dealer")
    >>> found.net[0], found.gross[0], found.long_leg[0], found.short_leg[0]
    (25.0, 35.0, 30.0, -5.0)
    """
    held = [(math.copysign(c.weight, money[c.exposure.symbol]), c) for c in constituents if c.weight > 0]
    parts = [[n * c.exposure.net[m] for n, c in held] for m in DIRECTED]
    known = {
        c.exposure.symbol: adv[c.exposure.symbol]
        for _, c in held
        if adv and adv.get(c.exposure.symbol, 0) > 0
    }
    covered = math.fsum(abs(n) for n, c in held if c.exposure.symbol in known)
    return Flow(
        net=tuple(map(math.fsum, parts)),
        gross=tuple(math.fsum(map(abs, of)) for of in parts),
        long_leg=tuple(math.fsum(x for x, (n, _) in zip(of, held, strict=True) if n > 0) for of in parts),
        short_leg=tuple(math.fsum(x for x, (n, _) in zip(of, held, strict=True) if n < 0) for of in parts),
        dealers=_dealers(held, convention),
        days_of_volume=tuple(
            math.fsum(
                n * c.exposure.net[m] / known[c.exposure.symbol]
                for n, c in held
                if c.exposure.symbol in known
            )
            / covered
            for m in DIRECTED
        )
        if covered
        else None,
        adv_covered=covered,
    )


def _dealers(held: Sequence[tuple[float, Constituent]], convention: Convention) -> tuple[float, ...] | None:
    sides = [(n, c.exposure.call, c.exposure.put) for n, c in held]
    if convention == "dealer":
        return tuple(math.fsum(n * c.exposure.net[m] for n, c in held) for m in DIRECTED)
    if not all(call and put for _, call, put in sides):
        return None
    return tuple(
        math.fsum(n * (call[m] - put[m]) for n, call, put in sides if call and put) for m in DIRECTED
    )
