"""What the replies of the REST door are made with: from the domain's values to the contract's units.

Money goes out in whole dollars, as integers: some SDKs read nothing else. VEX goes out per 1.00 of volatility (× 100), CHEX as
the source has it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import UNSET

from basketgex_server.api.rest.shapes import Clocks, Flip, Hedge, RegimeOrUnknown, SymbolProvenance
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import (
    SPOT_STALE,
    SPOT_THIN,
    Freshness,
    Measures,
    Origin,
    StrikeRow,
    SymbolExposure,
    near_flip,
    regime,
)
from basketgex_server.times import iso_utc

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.levels import Levels

Json: TypeAlias = dict[str, Any]
Measure = Literal["gex", "dex", "vex", "chex"]

VOL_POINTS = 100.0
"""VEX per vol point × this is VEX per 1.00 of volatility, as FlashAlpha publishes it."""
AVAILABLE = "available"
"""The status of a flip that is published, by the contract."""
UNKNOWN: Literal["unknown"] = "unknown"
"""The regime where no flip is published, by the contract."""


def clocks(oi_as_of: float = 0.0) -> Clocks:
    """Return the feeds' clocks; ``oi_as_of`` 0 where unknown. No other is known here."""
    return Clocks(oi_feed=iso_utc(oi_as_of) if oi_as_of > 0 else None)


def of_symbol(
    found: CachedFigure, origin: Origin, known: Levels | str | None = None, balance: float | None = None
) -> Json:
    """Return the fields of OfSymbol. With ``known``, as in ``gamma_flip``, and ``balance`` the flip goes into ``basketgex``."""
    e = found.snapshot.exposure
    return {
        "symbol": e.symbol,
        "underlying_price": e.underlying_price,
        "as_of": iso_utc(e.as_of),
        "data_as_of": clocks(e.oi_as_of),
        "basketgex": provenance(found, origin, known, balance),
    }


def provenance(
    found: CachedFigure, origin: Origin, known: Levels | str | None = None, balance: float | None = None
) -> SymbolProvenance:
    """Return where one figure comes from, with the flip as it was found, and how near the regime is to it."""
    told = SymbolProvenance(
        **how(origin, found.freshness, found.notice), remarks=remarks(found.snapshot.exposure) or UNSET
    )
    if known is not None:
        told.balance, told.near_flip = balance, near_flip(balance)
    if known is not None and not isinstance(known, str):
        told.near_flip = told.near_flip or known.near_flip
        told.gamma_flip = Flip(known.gamma_flip, list(known.gamma_flip_doubts), list(known.gamma_flip_roots))
    return told


def how(origin: Origin, freshness: Freshness, notice: str) -> Json:
    """Return the fields of Provenance."""
    return {
        "source": origin.source,
        "label": origin.label,
        "synthetic": origin.synthetic,
        "historical": origin.historical,
        "convention": origin.convention,
        "chex": origin.chex,
        "freshness": freshness.name.lower(),
        "notice": notice or None,
    }


def remarks(e: SymbolExposure) -> list[str]:
    """Return what a person should know of an underlying's chain and of its price."""
    spot = {
        SPOT_STALE: f"{e.symbol}: stale spot, put right by {math.expm1(e.spot_correction):+.2%}",
        SPOT_THIN: f"{e.symbol}: quotes too thin to tell spot's moment",
    }.get(e.spot_status, "")
    return [said for said in (e.remark, spot) if said]


def gamma_flip(known: Levels | str) -> Json:
    """Return the flip and why there is none; ``known`` may be the code of what stood in the levels' way.

    A flip whose status is any but AVAILABLE is withheld: programs written for the contract print whatever stands here.
    """
    if isinstance(known, str):
        return {"gamma_flip": None, "gamma_flip_status": known}
    status = known.gamma_flip_status
    return {"gamma_flip": known.gamma_flip if status == AVAILABLE else None, "gamma_flip_status": status}


def regime_of(gex: float, known: Levels | str) -> RegimeOrUnknown:
    """Return the regime of the contract: that of net GEX, "unknown" where no flip is published."""
    published = not isinstance(known, str) and known.gamma_flip_status == AVAILABLE
    return regime(gex) if published else UNKNOWN


def net_of(net: Measures) -> Json:
    """Return the four net figures, by the contract's names and units: the fields of Net."""
    return {f"net_{name}": money(name, value) for name, value in net._asdict().items()}


def sides_of(row: StrikeRow, *measures: str) -> Json:
    """Return measures of a strike, calls, puts and net."""
    figures: Json = {}
    for name in measures:
        call, put = (money(name, getattr(side, name)) for side in (row.call, row.put))
        net = None if call is None or put is None else call + put
        figures |= {f"call_{name}": call, f"put_{name}": put, f"net_{name}": net}
    return figures


def open_interest_of(row: StrikeRow) -> Json:
    """Return a strike's open interest, in contracts."""
    return {"call_oi": round(row.call_open_interest), "put_oi": round(row.put_open_interest)}


def hedge(gex: float, price: float) -> Hedge:
    """Return what dealers trade to stay hedged after a move that changes their delta by −GEX (USD)."""
    shares = dollars(gex / price) or 0
    return Hedge(shares, ("buy" if shares > 0 else "sell") if shares else None, dollars(abs(gex)))


def money(measure: str, value: float) -> int | None:
    """Return a measure in whole dollars, VEX per 1.00 of volatility."""
    return dollars(value * VOL_POINTS if measure == "vex" else value)


def dollars(value: float) -> int | None:
    """Return whole dollars, None where there is no such number."""
    return round(value) if math.isfinite(value) else None


def per_cent(volatility: float | None) -> float | None:
    """Return a volatility in per cent."""
    return None if volatility is None else volatility * VOL_POINTS
