"""Between the values of the domain and FlashAlpha's JSON: the one place that knows its field names and units.

Money goes out in whole dollars, as integers: some SDKs read nothing else. VEX goes out per 1.00 of volatility (× 100), CHEX as
the source has it. Beside the contract's own fields stands ``basketgex``: where the figures come from and how they stand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from basketgex import __version__
from basketgex_server.dispatch.batch.types import Answer
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.dispatch.quota import QuotaStatus
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
from basketgex_server.errors import (
    BasketgexError,
    Draining,
    NotEntitled,
    QuotaSpent,
)
from basketgex_server.times import iso_utc

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.levels import Levels

Json: TypeAlias = dict[str, Any]
Measure = Literal["gex", "dex", "vex", "chex"]

VOL_POINTS = 100.0
"""VEX per vol point × this is VEX per 1.00 of volatility, as FlashAlpha publishes it."""
UNLIMITED = "unlimited"
AVAILABLE, UNKNOWN = "available", "unknown"
"""The status of a flip that is published, and the regime where none is: both by the contract."""
LOCAL_PLAN = "local"
"""The plan of a source that has none."""

_FEEDS = (
    "equity",
    "equity_options",
    "index",
    "index_options",
    "futures",
    "futures_options",
    "flow",
    "oi",
    "macro",
)
_PLANS = ("Free", "Basic", "Growth", "Alpha")
_STATUS = {
    "INVALID_ARGUMENT": 400,
    "PERMISSION_DENIED": 502,  # the source refused our key, not we the caller's
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 502,
    "FAILED_PRECONDITION": 502,
    "DEADLINE_EXCEEDED": 504,
}
_GAMMA = {
    "positive_gamma": "Dealers long gamma: moves are dampened, mean reversion is likely.",
    "negative_gamma": "Dealers short gamma: moves are amplified, trends are likely.",
    UNKNOWN: "No gamma flip is published, so the regime is unknown.",
}
_WHOSE = {
    "flashalpha": "The delta of all open interest as a plain sum, not the dealers',",
    "dealer": "Dealers' net delta",
}
_SYMBOL_NOT_COVERED = "symbol_not_in_free_universe"
_TIER_RESTRICTED = "tier_restricted"


def basket(answer: Answer) -> Json:
    """Return an answered basket."""
    e = answer.exposure
    constituents = [
        {
            "symbol": c.exposure.symbol,
            "weight": c.weight,
            "underlying_price": c.exposure.underlying_price,
            **net_of(c.exposure.net),
            "contribution_pct": c.contribution_pct,
            "regime": regime(c.exposure.net.gex),
        }
        for c in e.constituents
    ]
    told = how(answer.origin, answer.freshness, answer.notice) | {"covered_weight": e.covered_weight}
    told |= standing(e.balance)
    more = {
        "missing_reasons": {s: why for s, why in zip(e.missing, answer.reasons, strict=True) if why},
        "as_of_distant": answer.distant,
        "remarks": [said for c in e.constituents for said in remarks(c.exposure)],
    }
    told |= {name: said for name, said in more.items() if said}
    return {
        "as_of": iso_utc(answer.as_of),
        "constituent_count": len(constituents),
        "missing_symbols": list(e.missing),
        "aggregate": net_of(e.net),
        "constituents": constituents,
        **envelope(answer.oi_as_of),
        "basketgex": told,
    }


def strikes(
    measure: Measure,
    found: CachedFigure,
    origin: Origin,
    rows: Sequence[StrikeRow],
    known: Levels | str | None,
) -> Json:
    """Return one measure of an underlying, one row per strike; ``known`` as in ``summary``, for GEX only."""
    e = found.snapshot.exposure
    net = money(measure, getattr(e.net, measure))
    label = {
        "gex": ("net_gex_label", "positive" if e.net.gex >= 0 else "negative"),
        "vex": ("vex_interpretation", _vanna(e.net.vex, origin)),
        "chex": ("chex_interpretation", _charm(e.net.chex, origin)),
    }.get(measure)
    body = {
        "symbol": e.symbol,
        "underlying_price": e.underlying_price,
        "as_of": iso_utc(e.as_of),
        **(gamma_flip(known) if known is not None else {}),
        f"net_{measure}": net,
        **dict([label] if label else []),
        "strikes": [_row(measure, row) for row in rows],
        **envelope_of(found, origin),
    }
    return body if known is None else with_flip(body, known, e.balance)


def levels(found: CachedFigure, origin: Origin, known: Levels) -> Json:
    """Return an underlying's levels."""
    e = found.snapshot.exposure
    names = (
        "max_positive_gamma",
        "max_negative_gamma",
        "call_wall",
        "put_wall",
        "highest_oi_strike",
        "zero_dte_magnet",
    )
    body = {
        "symbol": e.symbol,
        "underlying_price": e.underlying_price,
        "as_of": iso_utc(e.as_of),
        "levels": gamma_flip(known) | {name: getattr(known, name) for name in names},
        **envelope_of(found, origin),
    }
    return with_flip(body, known, e.balance)


def summary(found: CachedFigure, origin: Origin, known: Levels | str, *, whole_chain: bool) -> Json:
    """Return an underlying's exposures and what follows from them.

    ``known`` are its levels, or the code of what stood in their way. With ``whole_chain`` the source knows every expiry, so
    that no same-day figures mean that nothing expires today.
    """
    e = found.snapshot.exposure
    today = None if isinstance(known, str) else known.zero_dte
    nothing = 0 if whole_chain and not isinstance(known, str) else None
    body = {
        "symbol": e.symbol,
        "underlying_price": e.underlying_price,
        "as_of": iso_utc(e.as_of),
        **gamma_flip(known),
        "regime": regime_of(e.net.gex, known),
        "exposures": net_of(e.net),
        "interpretation": {
            "gamma": _GAMMA[regime_of(e.net.gex, known)],
            "vanna": _vanna(e.net.vex, origin),
            "charm": _charm(e.net.chex, origin),
        },
        "hedging_estimate": {
            "spot_down_1pct": hedge(e.net.gex, e.underlying_price),
            "spot_up_1pct": hedge(-e.net.gex, e.underlying_price),
        },
        "zero_dte": {
            "net_gex": dollars(today.net_gex) if today else nothing,
            "pct_of_total_gex": today.pct_of_total_gex if today else nothing,
            "expiration": today.expiration.isoformat() if today else None,
        },
        **envelope_of(found, origin),
    }
    return with_flip(body, known, e.balance)


def gamma_flip(known: Levels | str) -> Json:
    """Return the flip and why there is none; ``known`` may be the code of what stood in the levels' way.

    A flip whose status is any but AVAILABLE is withheld: programs written for the contract print whatever stands here.
    """
    if isinstance(known, str):
        return {"gamma_flip": None, "gamma_flip_status": known}
    status = known.gamma_flip_status
    return {"gamma_flip": known.gamma_flip if status == AVAILABLE else None, "gamma_flip_status": status}


def regime_of(gex: float, known: Levels | str) -> str:
    """Return the regime of the contract: that of net GEX, "unknown" where no flip is published."""
    published = not isinstance(known, str) and known.gamma_flip_status == AVAILABLE
    return regime(gex) if published else UNKNOWN


def with_flip(body: Json, known: Levels | str, balance: float | None) -> Json:
    """Add to a body's ``basketgex`` the flip as it was found, with what speaks against it, and how near the regime is to it."""
    told = body["basketgex"]
    told |= standing(balance)
    if not isinstance(known, str):
        told["near_flip"] |= known.near_flip
        told["gamma_flip"] = {
            "nearest": known.gamma_flip,
            "doubts": list(known.gamma_flip_doubts),
            "roots": list(known.gamma_flip_roots),
        }
    return body


def account(quota: QuotaStatus) -> Json:
    """Return the day's quota."""
    return {
        "user_id": None,
        "email": None,
        "plan": quota.plan or LOCAL_PLAN,
        "daily_limit": _count(quota.limit, quota),
        "usage_today": quota.used,
        "remaining": _count(quota.left, quota),
        "resets_at": _second(quota.resets_at),
        **envelope(0.0),
    }


def rate_limits(quota: QuotaStatus) -> dict[str, str]:
    """Return the headers that every keyed reply carries."""
    return {
        "X-RateLimit-Limit": _count(quota.limit, quota),
        "X-RateLimit-Remaining": _count(quota.left, quota),
        "X-RateLimit-Reset": str(int(quota.resets_at)),
    }


def problem(error: BasketgexError, quota: QuotaStatus | None, now: float) -> tuple[int, Json, dict[str, str]]:
    """Return the status, the body and the headers of a refusal."""
    if isinstance(error, QuotaSpent):
        return _quota_spent(error, quota, now)
    status, code, more = _STATUS.get(error.reason, 500), error.code, Json()
    if isinstance(error, NotEntitled) or code in (NotEntitled.code, _TIER_RESTRICTED, _SYMBOL_NOT_COVERED):
        status, code = 403, error.code if error.code == _SYMBOL_NOT_COVERED else _TIER_RESTRICTED
        plans = ("current_plan", "required_plan")
        more = {name: getattr(error, name, "") or None for name in plans}  # the source does not always say
    elif isinstance(error, Draining):
        status = 503
    elif code == "not_cached":
        code = "no_data"
    headers = {"Retry-After": _seconds(error.retry_after)} if status == 429 else {}
    return status, refusal(code, error.sentence) | more, headers


def refusal(code: str, sentence: str) -> Json:
    """Return the body of an error."""
    return {"status": "ERROR", "error": code, "message": sentence}


def envelope(oi_as_of: float) -> Json:
    """Return what every successful reply has; ``oi_as_of`` 0 where unknown. Of the feeds' clocks no other is known here."""
    clocks: Json = {"node": "basketgex"} | {f"{name}_feed": None for name in _FEEDS}
    if oi_as_of > 0:
        clocks["oi_feed"] = iso_utc(oi_as_of)
    return {"endpoint_version": __version__, "data_as_of": clocks}


def envelope_of(found: CachedFigure, origin: Origin) -> Json:
    """Return the envelope of one figure, and where it comes from."""
    told, e = how(origin, found.freshness, found.notice), found.snapshot.exposure
    if said := remarks(e):
        told["remarks"] = said
    return envelope(e.oi_as_of) | {"basketgex": told}


def standing(balance: float | None) -> Json:
    """Return net GEX over gross GEX, null where net figures are all there is, and whether that is near the flip."""
    return {"balance": balance, "near_flip": near_flip(balance)}


def remarks(e: SymbolExposure) -> list[str]:
    """Return what a person should know of an underlying's chain and of its price."""
    spot = {
        SPOT_STALE: f"{e.symbol}: stale spot, put right by {math.expm1(e.spot_correction):+.2%}",
        SPOT_THIN: f"{e.symbol}: quotes too thin to tell spot's moment",
    }.get(e.spot_status, "")
    return [said for said in (e.remark, spot) if said]


def how(origin: Origin, freshness: Freshness, notice: str) -> Json:
    """Return where figures come from and how they stand."""
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


def _quota_spent(
    error: QuotaSpent, quota: QuotaStatus | None, now: float
) -> tuple[int, Json, dict[str, str]]:
    plan = getattr(error, "plan", "") or (quota.plan if quota else "")
    limit = getattr(error, "limit", None) or (quota.limit if quota else None)
    rank = _PLANS.index(plan.capitalize()) if plan.capitalize() in _PLANS else len(_PLANS)
    body = refusal("Quota exceeded", error.sentence) | {
        "current_plan": plan or None,
        "limit": limit,
        "upgrade_to": _PLANS[rank + 1] if rank + 1 < len(_PLANS) else None,
        "reset_at": _second(error.reset_at),
    }
    return 429, body, {"Retry-After": _seconds(error.retry_after or error.reset_at - now)}


def net_of(net: Measures) -> Json:
    """Return the four net figures, by the contract's names and units."""
    return {f"net_{name}": money(name, value) for name, value in net._asdict().items()}


def _row(measure: Measure, row: StrikeRow) -> Json:
    call, put = (money(measure, getattr(side, measure)) for side in (row.call, row.put))
    net = None if call is None or put is None else call + put
    figures = {"strike": row.strike, f"call_{measure}": call, f"put_{measure}": put, f"net_{measure}": net}
    if measure != "gex":
        return figures
    return figures | {
        "call_oi": round(row.call_open_interest),
        "put_oi": round(row.put_open_interest),
        "call_volume": None,
        "put_volume": None,
        "call_oi_change": None,
        "put_oi_change": None,
    }


def hedge(gex: float, price: float) -> Json:
    """Return what dealers trade to stay hedged after a move that changes their delta by −GEX (USD)."""
    shares = dollars(gex / price) or 0
    return {
        "dealer_shares_to_trade": shares,
        "direction": ("buy" if shares > 0 else "sell") if shares else None,
        "notional_usd": dollars(abs(gex)),
    }


def _vanna(vex: float, origin: Origin) -> str:
    return f"{_WHOSE[origin.convention]} {'rises' if vex >= 0 else 'falls'} as volatility rises."


def _charm(chex: float, origin: Origin) -> str | None:
    if origin.chex != "computed":  # its sign is not established
        return None
    return f"{_WHOSE[origin.convention]} {'rises' if chex >= 0 else 'falls'} as time passes."


def money(measure: str, value: float) -> int | None:
    """Return a measure in whole dollars, VEX per 1.00 of volatility."""
    return dollars(value * VOL_POINTS if measure == "vex" else value)


def dollars(value: float) -> int | None:
    """Return whole dollars, None where there is no such number."""
    return round(value) if math.isfinite(value) else None


def _count(value: int | None, quota: QuotaStatus) -> str:
    return UNLIMITED if quota.unlimited or value is None else str(value)


def _second(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _seconds(wait: float) -> str:
    return str(max(math.ceil(wait), 1))
