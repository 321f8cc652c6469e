"""Why a basket's net GEX is not what it was: spot, volatilities, time, open interest and weights, one after the other.

Of one name, from a chain to a later one of the same underlying, every contract repriced at each step, in this order::

    spot            the old contracts at the new price
    volatility      their new volatilities; a contract that has none any more keeps its old one
    time            the new moment: what has expired is gone
    open interest   what is open now: new contracts come, those that nobody holds or quotes any more go
    residual        what is left: other dividend yields, and rounding

Of a basket, with the old weights vᵢ and the new wᵢ: Σ vᵢ · each part, and ``weights`` = Σ (wᵢ − vᵢ) · Gᵢ of now. The parts add
up to the change. The order matters: another would give a part of each interaction to another word.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from basketgex_server.domain import Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import Chain, rows
from basketgex_server.exposure.symbol import contracts_of, signed_exposures

GEX = 0


class Parts(NamedTuple):
    """What each made of the change of net GEX, USD per 1 % move."""

    spot: float = 0.0
    volatility: float = 0.0
    time: float = 0.0
    open_interest: float = 0.0
    weights: float = 0.0
    residual: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """``before`` + the sum of ``parts`` = ``after``, net GEX in USD per 1 % move, but for rounding."""

    before: float
    after: float
    parts: Parts


class Weighed(NamedTuple):
    """A name's change, and its weight in the basket of then and of now; weights of each add up to 1."""

    change: Change
    weight_before: float
    weight_after: float


def combined(names: Sequence[Weighed]) -> Change:
    """Return the change of a basket from those of its names."""
    parts = [
        math.fsum(n.weight_before * n.change.parts[place] for n in names)
        for place in range(len(Parts._fields))
    ]
    by_weights = math.fsum((n.weight_after - n.weight_before) * n.change.after for n in names)
    return Change(
        before=math.fsum(n.weight_before * n.change.before for n in names),
        after=math.fsum(n.weight_after * n.change.after for n in names),
        parts=Parts(*parts)._replace(weights=by_weights),
    )


def of_chain(before: Chain, after: Chain, terms: Terms) -> Change | None:
    """Return what made the change of one name's net GEX; None where either chain has no row that counts, or overflows."""
    old, new = before.only(rows(before).used), after.only(rows(after).used)
    first, last = _net(old, terms), _net(new, terms)
    if not (len(old) and len(new) and math.isfinite(first) and math.isfinite(last)):
        return None
    both, now = _together(old, after)
    moved = replace(both, spot=new.spot)
    quoted = replace(moved, volatility=np.where(now.volatility > 0, now.volatility, both.volatility))
    later = replace(quoted, as_of=new.as_of, made_at=new.made_at)
    held = replace(later, open_interest=now.interest)
    nets = [_net(chain, terms) for chain in (both, moved, quoted, later, held)]
    spot, volatility, time, interest = (b - a for a, b in pairwise(nets))
    residual = last - first - math.fsum((spot, volatility, time, interest))
    return Change(first, last, Parts(spot, volatility, time, interest, 0.0, residual))


class _Side(NamedTuple):
    """Columns f64[n] of the contracts of both chains, as one of them has them: NaN and 0 where it has not."""

    volatility: Floats
    interest: Floats
    dividend_yield: Floats


def _together(old: Chain, after: Chain) -> tuple[Chain, _Side]:
    """Return the contracts of both chains as the old one, what is new in it not open yet; and as the later one has them.

    A volatility of the later one counts where nothing is open there, too, but not where it has expired.
    """
    sorted_rows = rows(after)
    new = replace(
        after,
        volatility=np.where(sorted_rows.expired, np.nan, after.volatility),
        open_interest=np.where(sorted_rows.used, after.open_interest, 0.0),
    )
    keys = np.concatenate([np.column_stack((c.expiry, c.strike, c.is_call)) for c in (old, new)])
    distinct, place = np.unique(keys, axis=0, return_inverse=True)
    sides = np.split(place.reshape(-1), [len(old)])
    then, now = (_side(c, at, len(distinct)) for c, at in zip((old, new), sides, strict=True))
    q = np.where(np.isnan(then.dividend_yield), now.dividend_yield, then.dividend_yield)
    both = replace(
        old,
        expiry=distinct[:, 0],
        strike=distinct[:, 1],
        is_call=distinct[:, 2] > 0,
        volatility=np.where(then.volatility > 0, then.volatility, now.volatility),
        open_interest=then.interest,
        bid=None,
        ask=None,
        volume=None,
        dividend_yield=None if np.isnan(q).any() else q,
    )
    return both, now


def _side(chain: Chain, place: npt.NDArray[np.intp], count: int) -> _Side:
    found = _Side(np.full(count, np.nan), np.zeros(count), np.full(count, np.nan))
    found.volatility[place] = chain.volatility
    np.add.at(found.interest, place, chain.open_interest)
    if chain.dividend_yield is not None:
        found.dividend_yield[place] = chain.dividend_yield
    return found


def _net(chain: Chain, terms: Terms) -> float:
    if not (math.isfinite(chain.spot) and chain.spot > 0):
        return math.nan
    used = rows(chain).used
    held = contracts_of(chain, used, terms.rate, terms.dividend_yield, terms.day_count)
    figures = signed_exposures(
        held, chain.spot, chain.open_interest[used], chain.is_call[used], terms.convention
    )
    return float(figures[GEX].sum())
