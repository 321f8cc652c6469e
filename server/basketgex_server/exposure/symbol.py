"""From an option chain to the exposure of its underlying, net, one row per strike and one row per expiry.

With OI contracts of open interest, 100 units a contract, and Greeks per unit::

    GEX  = γ · OI · 100 · S² · 0.01      USD of dealer delta per 1 % move of the underlying
    DEX  = δ · OI · 100 · S              USD of delta
    VEX  = vanna · OI · 100 · S · 0.01   USD of delta per vol point
    CHEX = charm · OI · 100 · S / 365    USD of delta per calendar day passing

A year is 365 calendar days in CHEX whatever the day count: under ``bus262`` and ``bus252`` too, it is per calendar day.
The convention signs the puts; calls are always plus. ``flashalpha``: minus in GEX only, so that the other three are of whoever
holds all open interest and not of dealers; ``dealer``: minus in all four.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import add

import numpy as np

from basketgex_server.domain import (
    DAY_COUNT,
    Convention,
    DayCount,
    ExpiryRows,
    Measures,
    RowCounts,
    StrikeRows,
    SymbolExposure,
    Terms,
)
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import Contracts, contracts
from basketgex_server.exposure.chain import (
    DAYS_PER_YEAR,
    MULTIPLIER,
    Chain,
    Rows,
    elapsed_years,
    new_york_day,
    sort_rows,
)
from basketgex_server.exposure.grouping import (
    Distinct,
    distinct,
    distinct_of_runs,
    grouped,
    joined,
    of_each,
    one_or_each,
    parts,
)

_TWO_DAYS = 2 * 86_400.0
_TOGETHER = 25_000
"""Rows of chains that are worked out together, at most: more gain nothing, and no longer fit the cache."""

PUT_SIGNS: dict[Convention, Measures] = {
    "flashalpha": Measures(gex=-1.0, dex=1.0, vex=1.0, chex=1.0),
    "dealer": Measures(gex=-1.0, dex=-1.0, vex=-1.0, chex=-1.0),
}


def exposure(
    chain: Chain,
    convention: Convention,
    rate: float,
    dividend_yield: float,
    day_count: DayCount = DAY_COUNT,
) -> SymbolExposure | None:
    """Return the exposure of a chain's underlying; None where no row counts, or where it is beyond computing.

    ``rate`` and ``dividend_yield`` are continuously compounded, per year; a chain that has dividend yields of its own is
    computed with those. Every figure returned is finite;
    ``net`` is ``call + put`` to the last bit, and the rows a strike, like those an expiry, add up to them but for rounding.
    """
    return exposures([(chain, Terms(convention, rate, dividend_yield, day_count))])[0]


def exposures(asked: Sequence[tuple[Chain, Terms]]) -> list[SymbolExposure | None]:
    """Return what ``exposure`` does of each chain, to the last bit; small ones are worked out together, in less time.

    All have one convention and one day count.
    """
    found: list[SymbolExposure | None] = [None] * len(asked)
    able = [
        place
        for place, (chain, _) in enumerate(asked)
        if len(chain) and math.isfinite(chain.spot) and chain.spot > 0 and math.isfinite(chain.as_of)
    ]
    while able:
        upto = accumulate(len(asked[place][0]) for place in able)
        count = max(sum(size <= _TOGETHER for size in upto), 1)
        some, able = able[:count], able[count:]
        for place, exposed in zip(some, _together([asked[place] for place in some]), strict=True):
            found[place] = exposed
    return found


def _together(asked: Sequence[tuple[Chain, Terms]]) -> list[SymbolExposure | None]:
    chains, terms = zip(*asked, strict=True)
    bounds = list(accumulate(map(len, chains), initial=0))
    strike, is_call, expiry, volatility, interest = (
        joined([getattr(chain, column) for chain in chains])
        for column in ("strike", "is_call", "expiry", "volatility", "open_interest")
    )
    seen_at = of_each([chain.seen_at for chain in chains], np.diff(bounds))
    sorted_rows = sort_rows(strike, expiry, volatility, interest, seen_at)
    used = sorted_rows.used
    counts = [int(np.count_nonzero(used[part])) for part in parts(bounds)]
    bounds_used = list(accumulate(counts, initial=0))
    strike, is_call, expiry = strike[used], is_call[used], expiry[used]
    open_interest = sorted_rows.open_interest[used]
    years, yields = _years(asked, expiry, counts, used), _yields(asked, counts, used)
    strikes, expiries = distinct(strike, bounds_used), distinct_of_runs(expiry, bounds_used)
    rate = one_or_each([t.rate for t in terms], counts)
    held = contracts(strike, is_call, volatility[used], years, rate, yields, strikes[:2])
    spot = of_each([chain.spot for chain in chains], np.diff(strikes.bounds))
    columns = signed_exposures(held, spot, open_interest, is_call, terms[0].convention)

    # A row that overflows on its way has no figure, as if its volatility were absent.
    sound: Flags = np.logical_and.reduce(np.isfinite(columns))
    if not (all_sound := bool(sound.all())):
        open_interest = np.where(sound, open_interest, 0.0)
        columns = np.where(sound, columns, 0.0)
    kept = None if all_sound else sound
    by_strike = grouped(strikes, columns, is_call, open_interest, kept)
    more = _of_expiries(chains, expiries, yields)
    by_expiry = grouped(expiries, columns, is_call, open_interest, kept, more)
    with np.errstate(all="ignore"):  # what is beyond the largest double is sorted out
        return [
            _exposure(
                chain, sorted_rows.only(all_), open_interest[its], int(np.count_nonzero(sound[its])), *figures
            )
            for chain, all_, its, *figures in zip(
                chains, parts(bounds), parts(bounds_used), by_strike, by_expiry, strict=True
            )
        ]


def _exposure(
    chain: Chain, sorted_rows: Rows, open_interest: Floats, used: int, by_strike: Floats, by_expiry: Floats
) -> SymbolExposure | None:
    """Return the exposure of a chain from its rows, the open interest of those that count, and the figures of ``grouped``."""
    if used == 0:
        return None
    totals = by_strike[:, 1:9].T.copy().sum(axis=1).tolist()
    call, put = Measures(*totals[:4]), Measures(*totals[4:])
    net = Measures(*map(add, call, put))
    no_volatility = int(np.count_nonzero(sorted_rows.no_volatility)) + len(open_interest) - used
    share = _usable_share(sorted_rows, float(open_interest.sum())) if no_volatility else 1.0
    if not (all(map(math.isfinite, (*call, *put, *net, share))) and np.isfinite(by_expiry[:, 1:9]).all()):
        return None
    return SymbolExposure(
        symbol=chain.symbol,
        underlying_price=chain.spot,
        net=net,
        as_of=chain.as_of,
        oi_as_of=chain.oi_as_of,
        call=call,
        put=put,
        rows=RowCounts(
            used=used,
            expired=int(np.count_nonzero(sorted_rows.expired)),
            no_volatility=no_volatility,
            other_root=chain.other_root,
            repeated=chain.repeated,
            implausible=chain.implausible,
        ),
        usable_open_interest=share,
        remark=chain.remark,
        strikes=StrikeRows(by_strike.ravel().data),
        expiries=ExpiryRows(by_expiry.ravel().data),
        forwards=chain.forwards,
        spot_status=chain.spot_status,
        spot_correction=chain.spot_correction,
    )


def contracts_of(
    chain: Chain, used: Flags, rate: float, dividend_yield: float, day_count: DayCount = DAY_COUNT
) -> Contracts:
    """Return the chosen rows of a chain, bool[n], prepared for any spot price."""
    q = chain.yields(dividend_yield)
    return contracts(
        chain.strike[used],
        chain.is_call[used],
        chain.volatility[used],
        chain.years(day_count)[used],
        rate,
        q[used] if isinstance(q, np.ndarray) else q,
    )


def signed_exposures(
    held: Contracts, spot: float | Floats, open_interest: Floats, is_call: Flags, convention: Convention
) -> Floats:
    """Return the signed exposures f64[4, n], in the order of ``Measures``; ``spot`` in USD, one for all or for each strike."""
    greeks = held.greeks(spot)
    columns = np.empty((len(Measures._fields), len(held)))
    if isinstance(spot, np.ndarray):
        spot = spot[held.strike_index]
    with np.errstate(all="ignore"):
        delta_usd = open_interest * (MULTIPLIER * spot)
        units = (spot * 0.01, 1.0, 0.01, 1 / DAYS_PER_YEAR)
        order = (greeks.gamma, greeks.delta, greeks.vanna, greeks.charm)
        for column, greek, unit, sign in zip(columns, order, units, PUT_SIGNS[convention], strict=True):
            np.multiply(greek, delta_usd, out=column)
            column *= unit if sign > 0 else np.where(is_call, unit, sign * unit)
    return columns


def _yields(asked: Sequence[tuple[Chain, Terms]], counts: Sequence[int], used: Flags) -> float | Floats:
    """Return the dividend yields of the rows that count."""
    if all(chain.dividend_yield is None for chain, _ in asked):
        return one_or_each([terms.dividend_yield for _, terms in asked], counts)
    columns = [np.broadcast_to(chain.yields(t.dividend_yield), len(chain)) for chain, t in asked]
    found: Floats = joined(columns)[used]
    return found


def _years(
    asked: Sequence[tuple[Chain, Terms]], expiry: Floats, counts: Sequence[int], used: Flags
) -> Floats:
    """Return the years of the rows that count, whose ``expiry`` is given."""
    day_count = asked[0][1].day_count
    if day_count == "act365":
        return elapsed_years(expiry, of_each([chain.as_of for chain, _ in asked], counts))
    found: Floats = joined([chain.years(day_count) for chain, _ in asked])[used]
    return found


def _of_expiries(chains: Sequence[Chain], expiries: Distinct, yields: float | Floats) -> Floats:
    """Return whether each expiry is on its chain's own day, as 1 or 0, and its dividend yield: f64[2, k]."""
    more = np.zeros((2, len(expiries.keys)))
    as_of = of_each([chain.as_of for chain in chains], np.diff(expiries.bounds))
    near = np.flatnonzero(np.abs(expiries.keys - as_of) < _TWO_DAYS)  # to find a day takes long
    for key, instant in zip(near.tolist(), expiries.keys[near].tolist(), strict=True):
        today = new_york_day(chains[bisect_right(expiries.bounds, key) - 1].as_of)
        more[0, key] = today is not None and new_york_day(instant) == today
    more[1] = yields[expiries.first] if isinstance(yields, np.ndarray) else yields
    return more


def _usable_share(sorted_rows: Rows, used: float) -> float:
    """Return the share of the unexpired open interest that had figures."""
    unexpired = sorted_rows.open_interest[sorted_rows.used | sorted_rows.no_volatility]
    with np.errstate(over="ignore"):
        total = float(unexpired.sum())
    if math.isinf(total):  # odd numbers that add up beyond the largest double
        return min(used / 2.0**64 / float((unexpired / 2.0**64).sum()), 1.0)
    return min(used / total, 1.0) if total > 0 else 0.0  # the two add up in orders of their own
