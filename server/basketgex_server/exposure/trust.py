"""When a flip is not to be trusted: of one chain, or of a weighted basket whose names all move together.

The first word of ``STATUSES`` that holds is the flip's status, and ``available`` only where none does. The words are
FlashAlpha's but for the last two, which it does not have.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from basketgex_server import domain
from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.dispersion import at_the_money
from basketgex_server.exposure.flips import LEAST, joined, lasting, nearest, signs
from basketgex_server.exposure.repricing import Repricing

FLIP_AVAILABLE = "available"
FLIP_NO_BOUNDARY = "no_boundary"
"""No flip: over the whole range net GEX keeps its sign, but for needles, or is nothing but rounding."""
FLIP_INSUFFICIENT_COVERAGE = "insufficient_local_coverage"
"""Fewer than NEAR_STRIKES strikes that count on one side of spot, or less than NEAR_USABLE of the open interest, in NEAR.

Of a basket: names of which that is so have more than 1 − NEAR_USABLE of its gross GEX.
"""
FLIP_SENSITIVE = "sensitive_root"
"""A rate, or volatilities, CHANGE higher or lower (half a percentage point) move the flip by more than STEADY of spot."""
FLIP_SEVERAL_ROOTS = "several_roots"
"""Net GEX changes its sign more than once within the range; the flip is the nearest."""
FLIP_SIGN_DISAGREES = "sign_disagrees"
"""Net GEX at spot is not what spot's side of the flip is read as: positive above it, negative below."""
STATUSES = (
    FLIP_NO_BOUNDARY,
    FLIP_INSUFFICIENT_COVERAGE,
    FLIP_SENSITIVE,
    FLIP_SEVERAL_ROOTS,
    FLIP_SIGN_DISAGREES,
)

NEAR, NEAR_STRIKES, NEAR_USABLE = 0.1, 3, 0.9
CHANGE, STEADY = 0.005, 0.005


HALF_A_MOVE = 0.5
"""Net GEX whose trusted flip is nearer than this part of a daily move is near it, as one is that is nearly balanced."""
HORIZON = 30.0
"""Calendar days of the volatility that a daily move is of."""


class Weighed(NamedTuple):
    """A chain, what it is computed with, the chain prepared, its weight above 0, and its beta to the market that moves."""

    chain: Chain
    terms: Terms
    book: Repricing
    weight: float = 1.0
    beta: float = 1.0

    def moved(self, moves: Floats) -> Floats:
        """Return where moves of the market take its price, both in units of the present ones."""
        return moves if self.beta == 1 else 1.0 + self.beta * (moves - 1.0)


def status(doubts: Sequence[str]) -> str:
    """Return the one word for a flip with these doubts.

    >>> status(("several_roots", "sensitive_root"))
    'sensitive_root'
    """
    return next((word for word in STATUSES if word in doubts), FLIP_AVAILABLE)


def doubts(members: Sequence[Weighed], roots: Sequence[float]) -> tuple[str, ...]:
    """Return all reasons to mistrust the flip among ``roots``, those of ``flips.flips``: moves in units of spot, ascending."""
    with np.errstate(all="ignore"):  # odd numbers that overflow are sorted out where they matter
        return tuple(_doubts(members, roots))


def balance(members: Sequence[Weighed]) -> float:
    """Return weighted net GEX over weighted gross GEX, contract by contract, at the present prices: −1 … 1, 0 without any."""
    net = gross = 0.0
    with np.errstate(all="ignore"):
        for m in members:
            its_net, its_gross = m.book.balance(np.array([1.0]))
            net, gross = net + m.weight * float(its_net[0]), gross + m.weight * float(its_gross[0])
    return net / gross if 0 < gross < math.inf else 0.0


def near_flip(members: Sequence[Weighed], flip: float | None, doubts: Sequence[str]) -> bool:
    """Return whether the regime is no more than its nearness to a flip, a move in units of spot: see HALF_A_MOVE."""
    if domain.near_flip(balance(members)):
        return True
    if flip is None or doubts:
        return False
    beta = math.fsum(m.weight * abs(m.beta) for m in members) / math.fsum(m.weight for m in members)
    return abs(flip - 1) * beta < HALF_A_MOVE * _daily_move(members)


def _daily_move(members: Sequence[Weighed]) -> float:
    """Return the weighted mean of the names' daily moves, of one standard deviation and in units of spot; 0 where unknown."""
    volatilities = [
        (m.weight, found)
        for m in members
        if (found := at_the_money(m.chain, m.terms.rate, m.terms.dividend_yield, HORIZON)) is not None
    ]
    total = math.fsum(weight for weight, _ in volatilities)
    return math.fsum(w * v for w, v in volatilities) / total / math.sqrt(252) if total > 0 else 0.0


def _doubts(members: Sequence[Weighed], roots: Sequence[float]) -> Iterator[str]:
    if len(roots) > 1:
        yield FLIP_SEVERAL_ROOTS
    flip = nearest(roots)
    if flip is None:
        yield FLIP_NO_BOUNDARY
        return
    at_spot = _signs(members, np.array([1.0]))[0]
    if at_spot and at_spot != (1.0 if flip <= 1.0 else -1.0):
        yield FLIP_SIGN_DISAGREES
    if not _covered(members):
        yield FLIP_INSUFFICIENT_COVERAGE
    if _sensitive(members, lasting(roots), flip):
        yield FLIP_SENSITIVE


def _signs(members: Sequence[Weighed], moves: Floats, **change: float) -> Floats:
    """Return the signs of weighted net GEX at some moves; ``change`` as in ``Repricing.changed``."""
    books = [m.book.changed(**change) if change else m.book for m in members]
    if any(m.beta != 1 for m in members):
        sides = [b.balance(np.maximum(m.moved(moves), LEAST)) for m, b in zip(members, books, strict=True)]
        net, gross = (sum((m.weight * s[i] for m, s in zip(members, sides, strict=True))) for i in (0, 1))
        return signs(lambda _: (np.asarray(net), np.asarray(gross)), moves)
    curve = joined([(b, m.weight) for m, b in zip(members, books, strict=True)])
    return signs(curve.balance, moves) if curve else np.zeros(len(moves))


def _covered(members: Sequence[Weighed]) -> bool:
    """Return whether the contracts with strikes NEAR spot suffice to tell of net GEX there."""
    if len(members) == 1:
        return _covers(members[0].chain, members[0].book)
    here = np.array([1.0])
    sizes = [m.weight * float(m.book.balance(here)[1][0]) for m in members]
    covered = sum(size for m, size in zip(members, sizes, strict=True) if _covers(m.chain, m.book))
    return covered >= NEAR_USABLE * sum(sizes)


def _covers(chain: Chain, book: Repricing) -> bool:
    below, above = (
        np.sum((book.strikes <= 1) & (book.strikes >= 1 - NEAR)),
        np.sum((book.strikes >= 1) & (book.strikes <= 1 + NEAR)),
    )
    sorted_rows = rows(chain)
    near = np.abs(chain.strike / chain.spot - 1) <= NEAR
    used, lost = (
        float(sorted_rows.open_interest[near & kept].sum())
        for kept in (sorted_rows.used, sorted_rows.no_volatility)
    )
    return bool(min(below, above) >= NEAR_STRIKES and used >= NEAR_USABLE * (used + lost))


def _sensitive(members: Sequence[Weighed], roots: Sequence[float], flip: float) -> bool:
    """Return whether a small change of the rates, or of all volatilities, moves the root by more than STEADY."""
    place = roots.index(flip)
    before = [(roots[place - 1] + flip) / 2] if place else []
    after = [(roots[place + 1] + flip) / 2] if place + 1 < len(roots) else []
    around = np.array([max([flip - STEADY, *before]), min([flip + STEADY, *after])])
    wanted = _signs(members, around)
    changes = [{what: by} for what in ("rate", "volatility") for by in (-CHANGE, CHANGE)]
    return not all(np.array_equal(_signs(members, around, **change), wanted) for change in changes)
