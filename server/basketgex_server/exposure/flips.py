"""Where net GEX changes its sign, of one chain or of a weighted basket moved together. Prices are in units of spot.

Prices are tried on a grid, 0.02 % of spot apart near spot and 2 % of the distance from it farther out, and at strikes, since a
contract about to expire has gamma nowhere else; between two prices of different sign the root is found by halving: no shape
of the curve can mislead it. Two roots between neighbours go unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.exposure.repricing import Repricing

REACH = 0.5
"""How far from spot roots are looked for, in units of spot: from 0.5 to 1.5 of it."""
PRECISION = 1e-11
"""Width, relative to the price, at which a bracket around a root is narrow enough."""

_FINEST, _WIDENING = 2e-4, 0.02
_ROUNDING = 1e-12  # a net GEX below this part of the gross is what is left of calls and puts that cancel
Balance = Callable[[Floats], tuple[Floats, Floats]]


def flips(
    members: Sequence[tuple[Repricing, float]], low: float = 1 - REACH, high: float = 1 + REACH
) -> tuple[float, ...]:
    """Return, ascending, the moves within low..high at which the weighted net GEX of (chain, weight) members changes sign.

    Every member's price is its spot times the move. Where net GEX is no more than rounding, or beyond computing, it has none.
    """
    members = [(chain, weight) for chain, weight in members if weight > 0]

    def balance(moves: Floats) -> tuple[Floats, Floats]:
        net, gross = np.zeros(len(moves)), np.zeros(len(moves))
        for chain, weight in members:
            its_net, its_gross = chain.balance(moves)
            with np.errstate(all="ignore"):
                net += weight * its_net
                gross += weight * its_gross
        return net, gross

    tried = _moves_to_try([chain for chain, _ in members], low, high)
    places = _changes(signs(balance, tried).tolist())
    return tuple(_roots(balance, tried[[i for i, _ in places]], tried[[j for _, j in places]]).tolist())


def nearest(roots: Sequence[float]) -> float | None:
    """Return the root nearest spot; of two as near the lower."""
    return min(roots, key=lambda root: abs(root - 1.0), default=None)


def signs(balance: Balance, moves: Floats) -> Floats:
    """Return the sign of net GEX at some moves, 0 where that is no more than rounding, or beyond computing."""
    net, gross = balance(moves)
    with np.errstate(all="ignore"):
        clear = (np.abs(net) > _ROUNDING * gross) & np.isfinite(gross)
    return np.where(clear, np.sign(net), 0.0)


def _distances() -> Floats:
    """Return how far from spot the grid's prices lie, ascending."""
    distances = [0.0, _FINEST]
    while distances[-1] < REACH:
        distances.append(min(REACH, distances[-1] + _spacing(distances[-1])))
    return np.array(distances)


def _spacing(distance: float) -> float:
    return max(_FINEST, _WIDENING * distance)


_GRID = _distances()


def _moves_to_try(chains: Sequence[Repricing], low: float, high: float) -> Floats:
    """Return the moves within low..high to look at: the grid, and strikes.

    Of one chain all; of more only those whose bell, s wide, could hide between two moves of the grid.
    """
    parts = [1 - _GRID, 1 + _GRID, np.array([low, high])]
    for chain in chains:
        hidden = chain.narrowest < np.maximum(_FINEST, _WIDENING * np.abs(chain.strikes - 1))
        parts.append(chain.strikes if len(chains) == 1 else chain.strikes[hidden])
    moves = np.unique(np.concatenate(parts))
    return moves[(moves >= low) & (moves <= high)]


def _changes(signs: Sequence[float]) -> list[tuple[int, int]]:
    """Return the places between which the sign changes, a single 0 skipped: a longer stretch is no root but nothing at all.

    >>> _changes([1, 1, -1, 0, 1, 0, 0, -1])
    [(1, 2), (2, 4)]
    """
    places = [i for i, sign in enumerate(signs) if sign]
    return [(i, j) for i, j in pairwise(places) if signs[i] != signs[j] and j - i <= 2]


def _roots(balance: Balance, low: Floats, high: Floats) -> Floats:
    """Return the roots between pairs of moves of different sign, all halved together."""
    if not len(low):
        return low
    rising = balance(high)[0] > 0
    while np.any(high - low > PRECISION * high):
        middle = (low + high) / 2
        if np.all((middle <= low) | (middle >= high)):
            break
        net = balance(middle)[0]
        above = (net > 0) == rising
        low, high = np.where(above & (net != 0), low, middle), np.where(above | (net == 0), middle, high)
    return (low + high) / 2
