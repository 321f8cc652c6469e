"""Net exposures over a range of spot prices: of one chain, or of a basket whose members all move by the same relative move.

Prices are moves, in units of each member's own spot: 1.05 is 5 % up. A basket weighs as in ``basket.aggregate``: its figure is
Σ wᵢ·xᵢ over the members with data, their weights renormalised to sum to 1, so that a basket of one is its symbol.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure import trust
from basketgex_server.exposure.chain import Chain
from basketgex_server.exposure.flips import LEAST, beta_flips, flips, nearest
from basketgex_server.exposure.repricing import Repricing, prepare

ALL_MEASURES = (0, 1, 2, 3)
"""The places of ``Measures``: GEX, DEX, VEX, CHEX."""


class Member(NamedTuple):
    """A chain, what it is computed with, and its weight: finite, 0 or more, on any scale."""

    chain: Chain
    terms: Terms
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Net exposures f64[L] a measure at ``moves`` f64[L], in USD as in ``Measures``; ``net[i]`` is that of ``measures[i]``.

    ``roots``: every move within the range at which the (weighted) net GEX changes its sign, ascending; ``flip`` is the nearest
    to no move at all. ``symbols`` had data, ``weights`` renormalised beside them; ``spots`` are their present prices in USD,
    ``as_of`` the moments of their chains. ``covered_weight``: the share of the weight asked for that had data. ``doubts``: all
    reasons to mistrust the flip (see ``trust``). ``balance``: weighted net over weighted gross GEX, contract by contract, at
    the present prices; ``near_flip``: the regime is no more than a nearness to the flip.
    """

    moves: tuple[float, ...]
    measures: tuple[int, ...]
    net: tuple[tuple[float, ...], ...]
    roots: tuple[float, ...]
    symbols: tuple[str, ...]
    weights: tuple[float, ...]
    spots: tuple[float, ...]
    as_of: tuple[float, ...]
    covered_weight: float
    doubts: tuple[str, ...]
    balance: float
    near_flip: bool

    @property
    def flip_status(self) -> str:
        """The first of the doubts, or ``available``."""
        return trust.status(self.doubts)

    @property
    def flip(self) -> float | None:
        """The root nearest the present prices that lasts, as a move; None where there is none in the range."""
        return nearest(self.roots)


def profile(
    members: Sequence[Member],
    moves: Sequence[float],
    measures: Sequence[int] = ALL_MEASURES,
    betas: Mapping[str, float] | None = None,
) -> Profile | None:
    """Return the profile of a basket; None where no weighted member has a row that counts, or a figure is beyond computing.

    With ``betas``, one a symbol, moves and roots are those of the market, and a name moves by its beta times as much. Where
    one of them would keep less than ``flips.LEAST`` of its price figures are NaN.

    Raises ValueError where a move is no finite number above 0, or there is none.
    """
    if not moves or not all(math.isfinite(move) and move > 0 for move in moves):
        raise ValueError("moves must be finite and above 0")
    asked = math.fsum(m.weight for m in members)
    prepared = [(m, book) for m in members if m.weight > 0 and (book := prepare(m.chain, m.terms))]
    covered = math.fsum(m.weight for m, _ in prepared)
    if not covered > 0:
        return None
    held = [
        trust.Weighed(
            m.chain, m.terms, book, m.weight / covered, 1.0 if betas is None else betas[m.chain.symbol]
        )
        for m, book in prepared
    ]
    at = np.array(moves, dtype=np.float64)
    there = (
        np.all([1 + h.beta * (at - 1) >= LEAST for h in held], axis=0) if betas else np.full(len(at), True)
    )
    net = np.where(there, 0.0, np.full((len(measures), len(at)), math.nan))
    with np.errstate(all="ignore"):
        for h in held if there.any() else ():
            net[:, there] += h.weight * h.book.net(h.moved(at[there]), measures)
    if not np.isfinite(net[:, there]).all():
        return None
    if betas is None:
        roots = flips([(h.book, h.weight) for h in held], min(moves), max(moves))
    else:
        roots = beta_flips([(h.book, h.weight, h.beta) for h in held], min(moves), max(moves))
    doubts = trust.doubts(held, roots)
    return Profile(
        moves=tuple(moves),
        measures=tuple(measures),
        net=tuple(tuple(row) for row in net.tolist()),
        roots=roots,
        symbols=tuple(m.chain.symbol for m, _ in prepared),
        weights=tuple(h.weight for h in held),
        spots=tuple(m.chain.spot for m, _ in prepared),
        as_of=tuple(m.chain.as_of for m, _ in prepared),
        covered_weight=covered / asked,
        doubts=doubts,
        balance=trust.balance(held),
        near_flip=trust.near_flip(held, nearest(roots), doubts),
    )


def basket_flips(members: Sequence[Member]) -> tuple[float, ...]:
    """Return every move within ``flips.REACH`` of none at which the weighted net GEX of a basket changes sign, ascending."""
    prepared: list[tuple[Repricing, float]] = [
        (book, m.weight) for m in members if m.weight > 0 and (book := prepare(m.chain, m.terms))
    ]
    return flips(prepared) if prepared else ()
