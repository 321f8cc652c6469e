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
from datetime import date

import numpy as np
import numpy.typing as npt

from basketgex_server.domain import (
    DAY_COUNT,
    Convention,
    DayCount,
    ExpiryRows,
    Measures,
    RowCounts,
    StrikeRows,
    SymbolExposure,
)
from basketgex_server.exposure.arrays import Flags, Floats
from basketgex_server.exposure.black_scholes import Contracts, contracts
from basketgex_server.exposure.chain import DAYS_PER_YEAR, MULTIPLIER, Chain, Rows, new_york_day, rows

_TWO_DAYS = 2 * 86_400.0

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
    if not (math.isfinite(chain.spot) and chain.spot > 0 and math.isfinite(chain.as_of)):
        return None
    sorted_rows = rows(chain)
    held = contracts_of(chain, sorted_rows.used, rate, dividend_yield, day_count)
    is_call = chain.is_call[sorted_rows.used]
    open_interest = sorted_rows.open_interest[sorted_rows.used]
    columns = signed_exposures(held, chain.spot, open_interest, is_call, convention)

    # A row that overflows on its way has no figure, as if its volatility were absent.
    sound: Flags = np.logical_and.reduce(np.isfinite(columns))
    used = int(np.count_nonzero(sound))
    lost = len(sound) - used
    if used == 0:
        return None
    if lost:
        open_interest = np.where(sound, open_interest, 0.0)
        columns = np.where(sound, columns, 0.0)
    by_strike = _grouped(held.strikes, held.strike_index, columns, is_call, open_interest, sound)
    expiry, yields = chain.expiry[sorted_rows.used], held.dividend_yield
    by_expiry = _expiry_figures(chain, expiry, yields, columns, is_call, open_interest, sound)
    with np.errstate(all="ignore"):  # what is beyond the largest double is sorted out below
        totals = by_strike[:, 1:9].T.copy().sum(axis=1).tolist()
    call, put = Measures(*totals[:4]), Measures(*totals[4:])
    net = Measures(*(c + p for c, p in zip(call, put, strict=True)))
    no_volatility = int(np.count_nonzero(sorted_rows.no_volatility)) + lost
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
    held: Contracts, spot: float, open_interest: Floats, is_call: Flags, convention: Convention
) -> Floats:
    """Return the signed exposures f64[4, n], in the order of ``Measures``."""
    greeks = held.greeks(spot)
    columns = np.empty((len(Measures._fields), len(held)))
    with np.errstate(all="ignore"):
        delta_usd = open_interest * (MULTIPLIER * spot)
        units = (spot * 0.01, 1.0, 0.01, 1 / DAYS_PER_YEAR)
        order = (greeks.gamma, greeks.delta, greeks.vanna, greeks.charm)
        for column, greek, unit, sign in zip(columns, order, units, PUT_SIGNS[convention], strict=True):
            np.multiply(greek, delta_usd, out=column)
            column *= np.where(is_call, unit, sign * unit)
    return columns


def _expiry_figures(
    chain: Chain,
    expiry: Floats,
    yields: float | Floats,
    columns: Floats,
    is_call: Flags,
    open_interest: Floats,
    sound: Flags,
) -> Floats:
    """Return what the sound rows add up to for each expiry that has one: f64[·, 13], as ``ExpiryRow.of`` wants it."""
    instants, first, place = np.unique(expiry, return_index=True, return_inverse=True)
    today = new_york_day(chain.as_of)
    more = np.empty((2, len(instants)))
    more[0] = [_is_on(today, chain.as_of, instant) for instant in instants.tolist()]
    more[1] = yields[first] if isinstance(yields, np.ndarray) else yields
    return _grouped(instants, place, columns, is_call, open_interest, sound, more)


def _is_on(today: date | None, as_of: float, instant: float) -> bool:
    """Return whether an instant is on the day of ``as_of``; of a distant one without its date, which takes long to find."""
    return today is not None and abs(instant - as_of) < _TWO_DAYS and new_york_day(instant) == today


def _grouped(
    keys: Floats,
    place: npt.NDArray[np.intp],
    columns: Floats,
    is_call: Flags,
    open_interest: Floats,
    sound: Flags,
    more: Floats | None = None,
) -> Floats:
    """Return what the sound rows add up to for each key f64[k] that has one: f64[·, 11], as ``StrikeRow.of`` wants it.

    ``place`` intp[n] says which key a row has, each at least one; ``columns`` f64[4, n] are their exposures. ``more`` f64[m, k]
    is said of the keys besides, and follows.
    """
    count = len(keys)
    side = place + np.where(is_call, 0, count)
    sums = np.empty((5, 2 * count))
    for of, column in zip(sums, (*columns, open_interest), strict=True):
        of[:] = np.bincount(side, column, 2 * count)
    found = np.empty((count, StrikeRows.WIDTH + (0 if more is None else len(more))))
    found[:, 0] = keys
    found[:, 1:5], found[:, 5:9] = sums[:4, :count].T, sums[:4, count:].T
    found[:, 9], found[:, 10] = sums[4, :count], sums[4, count:]
    if more is not None:
        found[:, StrikeRows.WIDTH :] = more.T
    return found if sound.all() else found[np.bincount(place, sound, count) > 0]


def _usable_share(sorted_rows: Rows, used: float) -> float:
    """Return the share of the unexpired open interest that had figures."""
    unexpired = sorted_rows.open_interest[sorted_rows.used | sorted_rows.no_volatility]
    with np.errstate(over="ignore"):
        total = float(unexpired.sum())
    if math.isinf(total):  # odd numbers that add up beyond the largest double
        return min(used / 2.0**64 / float((unexpired / 2.0**64).sum()), 1.0)
    return min(used / total, 1.0) if total > 0 else 0.0  # the two add up in orders of their own
