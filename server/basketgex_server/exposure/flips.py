"""Where net GEX changes its sign, of one chain or of a weighted basket moved together. Prices are in units of spot.

Every change is found, not only those that a grid happens to step over. With x = ln(move), a contract's gamma is a bell e^(−u²),
u = slope·x + offset, and between two prices it leaves the chord by no more than ``_hidden`` says. Where net GEX has one sign at
both prices, and is farther from nothing than all contracts together may leave their chords, there is no change between them;
elsewhere the interval is halved, until what could hide there is less than HIDDEN of gross GEX. The roots are then found by
halving, too: no shape of the curve can mislead it.

Where names have betas, a move y of their index takes each to 1 + β·y of its spot, and a contract adds w·p·e^(−u²), p = 1 + β·y
and u = slope·ln p + offset, whose second derivative by y is w·β²/p·e^(−u²)·(slope²·(4u² − 2) − 2·slope·u).

The bound, the search and the roots prove one another, in one file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.repricing import GEX, Repricing

REACH = 0.5
"""How far from spot roots are looked for, in units of spot: from 0.5 to 1.5 of it."""
PRECISION = 1e-11
"""Width, relative to the price, at which a bracket around a root is narrow enough."""
HIDDEN = 1e-6
"""A change of sign whose net GEX stays below this part of gross GEX may go unseen: calls and puts as good as cancel there."""
LASTING = 1e-4
"""A stretch of the other sign narrower than this, in units of spot, is a needle: no level that anything could be traded at."""

LEAST = 0.05
"""The part of its spot to which a name with a large beta may fall while roots are looked for."""

_FIRST = 64  # intervals to begin with
_ROUNDING = 1e-12  # a net GEX below this part of the gross is what is left of calls and puts that cancel
_NOTHING = 1e-18  # a gross GEX below this part of the largest is none
_NARROW = 0.005  # bells of a smaller s have to be looked at in ever smaller intervals; the others' part soon stays the same
_BLOCK = 65_536  # price-contract pairs at a time: the scratch stays in the second-level cache
Balance = Callable[[Floats], tuple[Floats, Floats]]


def flips(
    members: Sequence[tuple[Repricing, float]], low: float = 1 - REACH, high: float = 1 + REACH
) -> tuple[float, ...]:
    """Return, ascending, the moves within low..high at which the weighted net GEX of (chain, weight) members changes sign.

    Every member's price is its spot times the move. Where net GEX is no more than rounding, or beyond computing, it has none.
    """
    curve = joined([(chain, weight) for chain, weight in members if weight > 0])
    if curve is None:
        return ()
    return tuple(np.exp(_found(_Together(curve), math.log(low), math.log(high))).tolist())


def beta_flips(
    members: Sequence[tuple[Repricing, float, float]], low: float = 1 - REACH, high: float = 1 + REACH
) -> tuple[float, ...]:
    """Return the same of (chain, weight, beta) members: moves of their index, 0.9 for 10 % down; each moves by β times it.

    The range ends where a name would come down to LEAST of its spot. Betas are finite, of either sign.
    """
    kept = [(chain, weight * chain.unit, beta) for chain, weight, beta in members if weight > 0]
    largest = max((size for _, size, _ in kept), default=math.nan)
    if not math.isfinite(largest):
        return ()
    curve = _Apart(tuple(_Name(chain, size / largest, beta) for chain, size, beta in kept))
    least = max([low - 1, *((LEAST - 1) / beta for *_, beta in kept if beta > 0)])
    most = min([high - 1, *((LEAST - 1) / beta for *_, beta in kept if beta < 0)])
    return tuple((1 + _found(curve, least, most)).tolist())


def lasting(roots: Sequence[float]) -> list[float]:
    """Return the roots, ascending, without those of needles: pairs that are nearer each other than LASTING.

    >>> lasting([0.8, 0.9, 0.90001, 1.02])
    [0.8, 1.02]
    """
    left: list[float] = []
    for root in roots:
        if left and root - left[-1] < LASTING:
            left.pop()
        else:
            left.append(root)
    return left


def nearest(roots: Sequence[float]) -> float | None:
    """Return the root nearest spot that lasts; of two as near the lower."""
    return min(lasting(roots), key=lambda root: abs(root - 1.0), default=None)


def signs(balance: Balance, moves: Floats) -> Floats:
    """Return the sign of net GEX at some moves, 0 where that is no more than rounding, or beyond computing."""
    return _signs(*balance(moves))


def _signs(net: Floats, gross: Floats) -> Floats:
    with np.errstate(all="ignore"):
        clear = (np.abs(net) > _ROUNDING * gross) & np.isfinite(gross)
    return np.where(clear, np.sign(net), 0.0)


def joined(members: Sequence[tuple[Repricing, float]]) -> Repricing | None:
    """Return the GEX of all members as one, the weights in it; None where their sizes are nothing or beyond computing."""
    with np.errstate(over="ignore"):
        sizes = [weight * chain.unit for chain, weight in members]
    largest = max(sizes, default=math.nan)
    if not 0 < largest < math.inf:
        return None
    chains = [chain for chain, _ in members]
    bells = [chain.bell[GEX] * (size / largest) for chain, size in zip(chains, sizes, strict=True)]
    return replace(
        chains[0],
        unit=largest,
        slope=np.concatenate([chain.slope for chain in chains]),
        offset=np.concatenate([chain.offset for chain in chains]),
        root_years=np.concatenate([chain.root_years for chain in chains]),
        strikes=np.concatenate([chain.strikes for chain in chains]),
        bell={GEX: np.concatenate(bells)},
        lean={},
        tail={},
    )


class _Curve(Protocol):
    """Net GEX over some measure x of a move."""

    def bells(self, x: Floats) -> tuple[Floats, Floats]:
        """Return net and gross GEX f64[L], on one scale."""

    def hidden(self, left: Floats, right: Floats) -> Floats:
        """Return by how much all contracts together may leave their chords between ``left`` and ``right`` f64[k]."""

    def parted(self) -> tuple[_Curve, _Curve]:
        """Return the wide bells and the narrow ones."""


@dataclass(frozen=True, slots=True)
class _Together:
    """All names at one move; x is its logarithm."""

    book: Repricing

    def bells(self, x: Floats) -> tuple[Floats, Floats]:
        return self.book.bells(x)

    def hidden(self, left: Floats, right: Floats) -> Floats:
        return _hidden(self.book, left, right)

    def parted(self) -> tuple[_Together, _Together]:
        narrow = _is_narrow(self.book)
        return _Together(self.book.only(~narrow)), _Together(self.book.only(narrow))


class _Name(NamedTuple):
    book: Repricing
    size: float
    beta: float


@dataclass(frozen=True, slots=True)
class _Apart:
    """Each name at 1 + β·x, x a move of the index."""

    names: tuple[_Name, ...]

    def bells(self, x: Floats) -> tuple[Floats, Floats]:
        net, gross = np.zeros(len(x)), np.zeros(len(x))
        for book, size, beta in self.names:
            its_net, its_gross = book.bells(np.log1p(beta * x))
            price = size * (1 + beta * x)
            net += price * its_net
            gross += price * its_gross
        return net, gross

    def hidden(self, left: Floats, right: Floats) -> Floats:
        found = np.zeros(len(left))
        for book, size, beta in self.names:
            found += size * _hidden_apart(book, beta, left, right)
        return found

    def parted(self) -> tuple[_Apart, _Apart]:
        return _Apart(tuple(self._only(lambda narrow: ~narrow))), _Apart(
            tuple(self._only(lambda narrow: narrow))
        )

    def _only(self, chosen: Callable[[Flags], Flags]) -> Iterator[_Name]:
        return (name._replace(book=name.book.only(chosen(_is_narrow(name.book)))) for name in self.names)


def _is_narrow(book: Repricing) -> Flags:
    found: Flags = np.abs(book.slope) * (math.sqrt(2) * _NARROW) > 1
    return found


def _found(curve: _Curve, low: float, high: float) -> Floats:
    with np.errstate(all="ignore"):  # a bell without width overflows, and is as good as none
        x, signs = _scan(curve, low, high)
        places = _changes(signs.tolist())
        return _roots(curve.bells, x[[i for i, _ in places]], x[[j for _, j in places]])


def _scan(curve: _Curve, low: float, high: float) -> tuple[Floats, Floats]:
    """Return x f64[L] within low..high, ascending, and the signs there: between two neighbours at most one change."""
    wide, narrow = curve.parted()
    x = np.linspace(low, high, _FIRST + 1)
    net, gross = curve.bells(x)
    seen = [(x, net, gross)]
    # One row an interval that is still open: x, net and gross at its left and at its right end, and what the wide may hide.
    rows = np.stack((x[:-1], x[1:], net[:-1], net[1:], gross[:-1], gross[1:], np.full(_FIRST, np.inf)))
    most = float(gross.max())
    while rows.size:
        left, right, at_left, at_right, enough, of_wide = (
            *rows[:4],
            HIDDEN * np.minimum(rows[4], rows[5]),
            rows[6],
        )
        again = of_wide > 0.1 * enough  # in half an interval no more hides than in the whole of it
        of_wide[again] = wide.hidden(left[again], right[again])
        hidden = of_wide + narrow.hidden(left, right)
        settled = (at_left * at_right > 0) & (np.minimum(np.abs(at_left), np.abs(at_right)) > hidden)
        settled |= (hidden <= np.maximum(enough, _NOTHING * most)) | (right - left < PRECISION)
        rows = rows[:, ~settled]
        x = (rows[0] + rows[1]) / 2
        net, gross = curve.bells(x)
        seen.append((x, net, gross))
        most = max(most, float(gross.max(initial=0.0)))
        halves = rows.copy(), rows.copy()
        for half, end in zip(halves, (1, 0), strict=True):
            half[end], half[2 + end], half[4 + end] = x, net, gross
        rows = np.concatenate(halves, axis=1)
    x, net, gross = (np.concatenate(columns) for columns in zip(*seen, strict=True))
    order = np.argsort(x)
    return x[order], np.where(gross > _NOTHING * most, _signs(net, gross), 0.0)[order]


def _hidden(book: Repricing, left: Floats, right: Floats) -> Floats:
    """Return by how much all bells together may leave their chords between x ``left`` and ``right`` f64[k].

    A bell g leaves it by at most max|g″|·h²/8, h = right − left, and by no more than its own height there. With d = slope·h/2
    that is d²/2·max|4u² − 2|·max e^(−u²); the farthest and the nearest u are |u| ± d from the middle's.
    """

    def leaves(here: slice, slope: Floats, far: Floats, d: Floats) -> Floats:
        bent = _bend(far)
        d *= d
        bent *= d
        return np.fmin(bent, 1.0, out=bent)

    return _at_most(book, left, right, leaves)


def _hidden_apart(book: Repricing, beta: float, left: Floats, right: Floats) -> Floats:
    """Return the same of a name at prices 1 + β·y, for y between ``left`` and ``right`` f64[k]."""
    first, last = 1 + beta * left, 1 + beta * right
    low, high = np.minimum(first, last), np.maximum(first, last)
    eighth = (high - low) ** 2 / (8 * low)

    def leaves(here: slice, slope: Floats, far: Floats, d: Floats) -> Floats:
        curved: Floats = eighth[here, None] * (2 * slope * (slope * _bend(far) + far))
        np.fmin(curved, high[here, None], out=curved)
        return curved

    return _at_most(book, np.log(low), np.log(high), leaves)


def _bend(far: Floats) -> Floats:
    """Return half of max|4u² − 2| where |u| is at most ``far``."""
    bent: Floats = far * far
    bent *= 2.0
    bent -= 1.0
    np.fmax(bent, 1.0, out=bent)
    return bent


def _at_most(
    book: Repricing, left: Floats, right: Floats, leaves: Callable[[slice, Floats, Floats, Floats], Floats]
) -> Floats:
    """Return Σ height·max e^(−u²)·``leaves``(rows, |slope| f64[n], max|u| f64[k, n], half the width of u f64[k, n])."""
    found = np.zeros(len(left))
    slope, height = np.abs(book.slope), np.abs(book.bell[GEX])
    rows = max(_BLOCK // max(len(slope), 1), 1)
    for first in range(0, len(left), rows):
        here = slice(first, first + rows)
        middle, half = (left[here, None] + right[here, None]) / 2, (right[here, None] - left[here, None]) / 2
        for start in range(0, len(slope), _BLOCK):
            part = slice(start, start + _BLOCK)
            # Of a bell without width nothing is known: it may hide all of itself.
            with np.errstate(all="ignore"):
                u = np.abs(middle * book.slope[part] + book.offset[part])
                d = half * slope[part]
                near = np.fmax(u - d, 0.0)
                u += d
                most = leaves(here, slope[part], u, d)
                near *= -near
                np.exp(near, out=near)
                most *= near
                found[here] += most @ height[part]
    return found


def _changes(signs: Sequence[float]) -> list[tuple[int, int]]:
    """Return the places between which the sign changes, a single 0 skipped: a longer stretch is no root but nothing at all.

    >>> _changes([1, 1, -1, 0, 1, 0, 0, -1])
    [(1, 2), (2, 4)]
    """
    places = [i for i, sign in enumerate(signs) if sign]
    return [(i, j) for i, j in pairwise(places) if signs[i] != signs[j] and j - i <= 2]


def _roots(balance: Balance, low: Floats, high: Floats) -> Floats:
    """Return the roots between pairs of x of different sign, all halved together."""
    if not len(low):
        return low
    rising = balance(high)[0] > 0
    while np.any(high - low > PRECISION):
        middle = (low + high) / 2
        if np.all((middle <= low) | (middle >= high)):
            break
        net = balance(middle)[0]
        above = (net > 0) == rising
        low, high = np.where(above & (net != 0), low, middle), np.where(above | (net == 0), middle, high)
    return (low + high) / 2
