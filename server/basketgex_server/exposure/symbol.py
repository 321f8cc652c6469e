"""From an option chain to the dealer exposure of its underlying, net a row a strike and a row an expiry.

With OI contracts of open interest, 100 units a contract, and Greeks per unit::

    GEX  = γ · OI · 100 · S² · 0.01      USD of dealer delta per 1 % move of the underlying
    DEX  = δ · OI · 100 · S              USD of delta
    VEX  = vanna · OI · 100 · S · 0.01   USD of delta per vol point
    CHEX = charm · OI · 100 · S / 365    USD of delta per calendar day passing

A year is 365 calendar days in CHEX whatever the day count: under ``bus262`` and ``bus252`` too, it is per calendar day.
The convention signs the puts; calls are always plus. ``flashalpha``: minus in GEX only; ``dealer``: minus in all four.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from basketgex_server.domain import (
    DAY_COUNT,
    Convention,
    DayCount,
    ExpiryRow,
    Measures,
    RowCounts,
    StrikeRow,
    SymbolExposure,
)
from basketgex_server.exposure.black_scholes import Contracts, Floats, contracts
from basketgex_server.exposure.chain import DAYS_PER_YEAR, MULTIPLIER, Chain, Flags, Rows, new_york_day, rows

PUT_SIGNS: dict[Convention, Measures] = {
    "flashalpha": Measures(gex=-1.0, dex=1.0, vex=1.0, chex=1.0),
    "dealer": Measures(gex=-1.0, dex=-1.0, vex=-1.0, chex=-1.0),
}
_NOTHING = Measures(0.0, 0.0, 0.0, 0.0)


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
    used, lost = int(sound.sum()), int((~sound).sum())
    if used == 0:
        return None
    open_interest = np.where(sound, open_interest, 0.0)
    columns = np.where(sound, columns, 0.0)
    strikes = tuple(
        StrikeRow(*row)
        for row in _grouped(held.strikes, held.strike_index, columns, is_call, open_interest, sound)
    )
    expiries = _expiry_rows(chain, chain.expiry[sorted_rows.used], columns, is_call, open_interest, sound)
    call = _total(strikes, call=True)
    put = _total(strikes, call=False)
    net = Measures(*(c + p for c, p in zip(call, put, strict=True)))
    share = _usable_share(sorted_rows, float(open_interest.sum()))
    split = [x for row in expiries for side in (row.call, row.put) for x in side]
    if not all(map(math.isfinite, (*call, *put, *net, share, *split))):
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
            expired=int(sorted_rows.expired.sum()),
            no_volatility=int(sorted_rows.no_volatility.sum()) + lost,
            other_root=chain.other_root,
        ),
        usable_open_interest=share,
        strikes=strikes,
        expiries=expiries,
        forwards=chain.forwards,
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
    signs = PUT_SIGNS[convention]
    with np.errstate(all="ignore"):
        delta_usd = open_interest * (MULTIPLIER * spot)
        columns = np.stack(
            (
                greeks.gamma * delta_usd * (spot * 0.01),
                greeks.delta * delta_usd,
                greeks.vanna * delta_usd * 0.01,
                greeks.charm * delta_usd / DAYS_PER_YEAR,
            )
        )
    columns *= np.where(is_call, 1.0, np.array(signs)[:, None])
    return columns


def _expiry_rows(
    chain: Chain, expiry: Floats, columns: Floats, is_call: Flags, open_interest: Floats, sound: Flags
) -> tuple[ExpiryRow, ...]:
    instants, place = np.unique(expiry, return_inverse=True)
    today = new_york_day(chain.as_of)
    return tuple(
        ExpiryRow(row[0], today is not None and new_york_day(row[0]) == today, *row[1:])
        for row in _grouped(instants, place, columns, is_call, open_interest, sound)
    )


def _grouped(
    keys: Floats,
    place: npt.NDArray[np.intp],
    columns: Floats,
    is_call: Flags,
    open_interest: Floats,
    sound: Flags,
) -> Iterator[tuple[float, Measures, Measures, float, float]]:
    """Yield, for each key f64[k] that a sound row has, its call and put exposures and their open interest.

    ``place`` intp[n] says which key a row has, ``columns`` f64[4, n] its exposures.
    """
    count = len(keys)
    side = place + np.where(is_call, 0, count)

    def added(column: Floats) -> Floats:
        return np.bincount(side, column, 2 * count).astype(np.float64, copy=False)

    calls_puts = np.stack([added(c) for c in (*columns, open_interest)]).T.tolist()
    kept = np.bincount(place, sound, count).tolist()
    for key, call, put, rows_here in zip(
        keys.tolist(), calls_puts[:count], calls_puts[count:], kept, strict=True
    ):
        if rows_here:
            yield key, Measures(*call[:4]), Measures(*put[:4]), call[4], put[4]


def _total(strikes: tuple[StrikeRow, ...], *, call: bool) -> Measures:
    sides = [row.call if call else row.put for row in strikes]
    return Measures(*map(_sum, zip(*sides, strict=True))) if sides else _NOTHING


def _sum(figures: tuple[float, ...]) -> float:
    try:
        return math.fsum(figures)
    except (OverflowError, ValueError):  # beyond the largest double, or infinities of both signs
        return math.nan


def _usable_share(sorted_rows: Rows, used: float) -> float:
    """Return the share of the unexpired open interest that had figures."""
    unexpired = sorted_rows.open_interest[sorted_rows.used | sorted_rows.no_volatility]
    with np.errstate(over="ignore"):
        total = float(unexpired.sum())
    if math.isinf(total):  # odd numbers that add up beyond the largest double
        return min(used / 2.0**64 / float((unexpired / 2.0**64).sum()), 1.0)
    return used / total if total > 0 else 0.0
