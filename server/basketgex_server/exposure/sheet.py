"""All measures of a chain by strike, and what FlashAlpha's exposure sheet adds to them.

``dag`` is delta-adjusted gamma, |delta| · γ · OI · 100 · S² · 0.01, puts signed as in GEX. The line in the sand is the strike
at which the slope of net GEX over the strikes changes most: the largest |second difference|, divided by their distances.
A peak is a local maximum of |net GEX| of at least PEAK of the largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketgex_server.domain import StrikeRow, SymbolExposure, Terms
from basketgex_server.exposure.arrays import Floats
from basketgex_server.exposure.chain import MULTIPLIER, Chain, rows
from basketgex_server.exposure.symbol import PUT_SIGNS, contracts_of, exposure

PEAK = 0.1


@dataclass(frozen=True, slots=True)
class Peak:
    """``strength`` is |net GEX| in units of the largest, 0..1."""

    strike: float
    net_gex: float
    strength: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """``dag`` is beside ``rows``, USD per 1 % move; ``line_in_the_sand`` a strike, None where the slope nowhere changes."""

    found: SymbolExposure
    rows: tuple[StrikeRow, ...]
    dag: tuple[float, ...]
    line_in_the_sand: float | None
    peaks: tuple[Peak, ...]


def sheet(chain: Chain, terms: Terms) -> Sheet | None:
    """Return the sheet of a chain; None where ``exposure`` is."""
    found = exposure(chain, *terms)
    if found is None:
        return None
    strikes = tuple(found.strikes)
    net = np.array([row.call.gex + row.put.gex for row in strikes])
    at = np.array([row.strike for row in strikes])
    dag = _delta_adjusted(chain, terms)
    return Sheet(
        found, strikes, tuple(dag.get(row.strike, 0.0) for row in strikes), _line(at, net), _peaks(at, net)
    )


def _delta_adjusted(chain: Chain, terms: Terms) -> dict[float, float]:
    used = rows(chain).used
    held = contracts_of(chain, used, terms.rate, terms.dividend_yield, terms.day_count)
    greeks = held.greeks(chain.spot)
    with np.errstate(all="ignore"):
        each = (
            np.abs(greeks.delta)
            * greeks.gamma
            * chain.open_interest[used]
            * (MULTIPLIER * chain.spot**2 * 0.01)
        )
        each *= np.where(chain.is_call[used], 1.0, PUT_SIGNS[terms.convention].gex)
        sums = np.bincount(held.strike_index, np.where(np.isfinite(each), each, 0.0), len(held.strikes))
    return dict(zip(held.strikes.tolist(), sums.tolist(), strict=True))


def _line(strikes: Floats, net: Floats) -> float | None:
    if len(strikes) < 3:
        return None
    with np.errstate(all="ignore"):
        slopes = np.diff(net) / np.diff(strikes)
        bends = np.abs(2 * np.diff(slopes) / (strikes[2:] - strikes[:-2]))
    bends = np.where(np.isfinite(bends), bends, 0.0)
    return float(strikes[1 + int(bends.argmax())]) if bends.max() > 0 else None


def _peaks(strikes: Floats, net: Floats) -> tuple[Peak, ...]:
    size = np.abs(net)
    most = float(size.max(initial=0.0))
    if not most:
        return ()
    beside = np.concatenate(([0.0], size, [0.0]))
    kept = (size > beside[:-2]) & (size >= beside[2:]) & (size >= PEAK * most)
    return tuple(
        Peak(strike, gex, abs(gex) / most)
        for strike, gex in zip(strikes[kept].tolist(), net[kept].tolist(), strict=True)
    )
