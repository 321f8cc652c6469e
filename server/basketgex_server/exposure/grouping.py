"""Rows of several chains, one chain's after the other's, and what they add up to by strike or by expiry, chain by chain.

``bounds`` are where each chain's rows begin and end: one more than there are chains, ascending from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from basketgex_server.domain import StrikeRows
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import Places


class Distinct(NamedTuple):
    """The distinct values of each chain's rows, ascending.

    ``keys`` f64[k] and their ``bounds``; ``place`` intp[n] says which of them a row has, each at least one; ``first`` intp[k]
    is the first row that has it.
    """

    keys: Floats
    place: Places
    bounds: Sequence[int]
    first: Places


def distinct(values: Floats, bounds: Sequence[int]) -> Distinct:
    """Return the distinct values of each chain's rows f64[n], none of which is NaN."""
    order = np.empty(len(values), np.intp)
    for part in parts(bounds):
        np.add(values[part].argsort(kind="stable"), part.start, out=order[part])
    ordered = values[order]
    new = _differs(ordered, bounds)
    place = np.empty(len(values), np.intp)
    place[order] = np.cumsum(new) - 1
    begins = np.flatnonzero(new)
    return Distinct(ordered[begins], place, begins.searchsorted(bounds).tolist(), order[begins])


def distinct_of_runs(values: Floats, bounds: Sequence[int]) -> Distinct:
    """Return the same, sooner where rows of one value follow one another."""
    begins = np.flatnonzero(_differs(values, bounds))
    found = distinct(values[begins], begins.searchsorted(bounds).tolist())
    place = np.repeat(found.place, np.diff(begins, append=len(values)))
    return found._replace(place=place, first=begins[found.first])


def _differs(values: Floats, bounds: Sequence[int]) -> Flags:
    """Return whether each row has another value than the one before, or is its chain's first."""
    found = np.empty(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    for begin in bounds[:-1]:
        found[begin : begin + 1] = True
    return found


def grouped(
    of: Distinct,
    columns: Floats,
    is_call: Flags,
    open_interest: Floats,
    sound: Flags | None,
    more: Floats | None = None,
) -> list[Floats]:
    """Return of each chain what the sound rows (None: all) add up to for each key that has one, f64[·, 11]: a StrikeRow's.

    ``columns`` f64[4, n] are their exposures. ``more`` f64[m, k] is said of the keys besides, and follows.
    """
    count = len(of.keys)
    side = of.place + np.where(is_call, 0, count)
    sums = np.empty((5, 2 * count))
    for summed, column in zip(sums, (*columns, open_interest), strict=True):
        summed[:] = np.bincount(side, column, 2 * count)
    found = np.empty((count, StrikeRows.WIDTH + (0 if more is None else len(more))))
    found[:, 0] = of.keys
    found[:, 1:5], found[:, 5:9] = sums[:4, :count].T, sums[:4, count:].T
    found[:, 9], found[:, 10] = sums[4, :count], sums[4, count:]
    if more is not None:
        found[:, StrikeRows.WIDTH :] = more.T
    if sound is not None:
        has_one = np.bincount(of.place, sound, count) > 0
        return [found[part][has_one[part]] for part in parts(of.bounds)]
    # Each is kept by itself, and not all as long as one.
    return [found] if len(of.bounds) == 2 else [found[part].copy() for part in parts(of.bounds)]


def parts(bounds: Sequence[int]) -> list[slice]:
    """Return the rows of each chain."""
    return [slice(*pair) for pair in pairwise(bounds)]


def joined(columns: Sequence[Any]) -> Any:
    """Return a column of all chains; of one chain without a copy."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def of_each(values: Sequence[float], counts: Sequence[int] | Places) -> float | Floats:
    """Return what is said of each chain, for each of its rows: f64[n]; one for all where there is one chain."""
    return values[0] if len(values) == 1 else np.repeat(values, counts)


def one_or_each(values: Sequence[float], counts: Sequence[int]) -> float | Floats:
    """Return the same, and one for all where it is the same of all chains."""
    return values[0] if len(set(values)) == 1 else np.repeat(values, counts)
