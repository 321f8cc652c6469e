"""FlashAlpha's JSON of what expires on one day; units and names as in ``view_bodies``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from basketgex_server.api.rest.bodies import (
    UNKNOWN,
    Json,
    dollars,
    envelope_of,
    gamma_flip,
    hedge,
    money,
    net_of,
    regime_of,
    with_flip,
)
from basketgex_server.api.rest.view_bodies import of_symbol, open_interest_of, per_cent, sides_of
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Origin, StrikeRow
from basketgex_server.market_hours import NEW_YORK, OPEN, last_session

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.expiring import Expiring, NothingExpires

MOVES = (("10bp", 0.1), ("25bp", 0.25), ("half_pct", 0.5), ("1pct", 1.0))
"""Moves of spot, in per cent, for which hedging is told."""


def no_zero_dte(found: CachedFigure, origin: Origin, made: NothingExpires) -> Json:
    """Return that nothing expires on the chain's own day."""
    return {
        **of_symbol(found),
        "no_zero_dte": True,
        "message": f"No contract of {found.snapshot.exposure.symbol} with a figure expires on the day of this chain.",
        "next_zero_dte_expiry": made.following.isoformat() if made.following else None,
        **envelope_of(found, origin),
    }


def zero_dte(found: CachedFigure, origin: Origin, made: Expiring, width: float | None) -> Json:
    """Return what expires on one day; ``width`` keeps the strikes within so much of spot, in units of it."""
    e, known, spot = made.found, made.levels, made.found.underlying_price
    label = regime_of(e.net.gex, known)
    body = {
        **of_symbol(found),
        "expiration": made.day.isoformat(),
        **_session(e.as_of),
        "regime": {"label": label, "description": _REGIME[label], **_to_flip(made)},
        "exposures": {
            **net_of(e.net),
            "pct_of_total_gex": made.share_pct,
            "total_chain_net_gex": dollars(made.whole.net.gex),
        },
        "expected_move": _move(made),
        "pin_risk": _pin(made),
        "hedging": {
            **{
                f"spot_{way}_{name}": hedge(-sign * e.net.gex * size, spot)
                for name, size in MOVES
                for way, sign in (("up", 1.0), ("down", -1.0))
            },
            "convexity_at_spot": None,
        },
        "decay": {"net_theta_dollars": None, "theta_per_hour_remaining": None, "gamma_acceleration": None},
        "vol_context": {
            "zero_dte_atm_iv": per_cent(made.volatility),
            "seven_dte_atm_iv": per_cent(made.week),
            "iv_ratio_0dte_7dte": made.volatility / made.week if made.volatility and made.week else None,
            "vix": None,
            "vanna_exposure": money("vex", e.net.vex),
        },
        "flow": _flow(e.strikes),
        "levels": _levels(made),
        "liquidity": {"atm_spread_pct": None, "weighted_spread_pct": None, "execution_score": None},
        "metadata": {
            "snapshot_age_seconds": None,
            "chain_contract_count": made.contracts,
            "data_quality_score": None,
            "greek_smoothness_score": None,
        },
        "strikes": _strikes(made, width),
        "no_zero_dte": False,
        **envelope_of(found, origin),
    }
    return with_flip(body, known, e.balance)


_REGIME = {
    "positive_gamma": "Net GEX of what expires is positive: moves are dampened.",
    "negative_gamma": "Net GEX of what expires is negative: moves are amplified.",
    UNKNOWN: "No gamma flip of what expires is published, so the regime is unknown.",
}


def _to_flip(made: Expiring) -> Json:
    published, spot = gamma_flip(made.levels), made.found.underlying_price
    flip = published["gamma_flip"]
    if flip is None:
        return published | {
            "spot_to_flip_pct": None,
            "distance_to_flip_dollars": None,
            "distance_to_flip_sigmas": None,
        }
    return published | {
        "spot_vs_flip": "above" if spot >= flip else "below",
        "spot_to_flip_pct": 100.0 * (spot - flip) / spot,
        "distance_to_flip_dollars": abs(spot - flip),
        "distance_to_flip_sigmas": abs(spot - flip) / made.move if made.move else None,
    }


def _move(made: Expiring) -> Json:
    spot, move = made.found.underlying_price, made.move
    return {
        "implied_1sd_dollars": None,
        "implied_1sd_pct": None,
        "remaining_1sd_dollars": move,
        "remaining_1sd_pct": None if move is None else 100.0 * move / spot,
        "upper_bound": None if move is None else spot + move,
        "lower_bound": None if move is None else spot - move,
        "straddle_price": made.straddle,
        "atm_iv": per_cent(made.volatility),
    }


def _pin(made: Expiring) -> Json:
    magnet, spot = made.levels.zero_dte_magnet, made.found.underlying_price
    if magnet is None:  # what expires on another day than the chain's own has one as well
        magnet = max(made.found.strikes, key=lambda row: abs(_net_gex(row))).strike
    at = next((row for row in made.found.strikes if row.strike == magnet), None)
    interest = sorted(
        (row.call_open_interest + row.put_open_interest for row in made.found.strikes), reverse=True
    )
    return {
        "magnet_strike": magnet,
        "magnet_gex": dollars(_net_gex(at)) if at else None,
        "distance_to_magnet_pct": 100.0 * (magnet - spot) / spot,
        "max_pain": made.pain.strike if made.pain else None,
        "oi_concentration_top3_pct": 100.0 * sum(interest[:3]) / sum(interest) if sum(interest) else None,
    }


def _flow(rows: Sequence[StrikeRow]) -> Json:
    calls, puts = (sum(getattr(row, f"{side}_open_interest") for row in rows) for side in ("call", "put"))
    return {
        "total_oi": round(calls + puts),
        "call_oi": round(calls),
        "put_oi": round(puts),
        "pc_ratio_volume": None,
        "pc_ratio_oi": puts / calls if calls else None,
        "volume_to_oi_ratio": None,
        "atm_volume_share_pct": None,
        "top3_strike_volume_pct": None,
    }


def _levels(made: Expiring) -> Json:
    known, spot = made.levels, made.found.underlying_price
    by_strike = {row.strike: row for row in made.found.strikes}

    def away(level: float | None) -> float | None:
        return None if level is None else 100.0 * (level - spot) / spot

    call, put = by_strike.get(known.call_wall or 0.0), by_strike.get(known.put_wall or 0.0)
    most = by_strike.get(known.highest_oi_strike or 0.0)
    return {
        "call_wall": known.call_wall,
        "call_wall_gex": dollars(call.call.gex) if call else None,
        "call_wall_strength": None,
        "distance_to_call_wall_pct": away(known.call_wall),
        "put_wall": known.put_wall,
        "put_wall_gex": dollars(put.put.gex) if put else None,
        "put_wall_strength": None,
        "distance_to_put_wall_pct": away(known.put_wall),
        "distance_to_magnet_dollars": abs(_pin(made)["magnet_strike"] - spot),
        "highest_oi_strike": known.highest_oi_strike,
        "highest_oi_total": round(most.call_open_interest + most.put_open_interest) if most else None,
        "max_positive_gamma": known.max_positive_gamma,
        "max_negative_gamma": known.max_negative_gamma,
        "level_cluster_score": None,
    }


def _strikes(made: Expiring, width: float | None) -> list[Json]:
    spot, rows = made.found.underlying_price, made.found.strikes
    gross = sum(abs(_net_gex(row)) for row in rows)
    interest = sum(row.call_open_interest + row.put_open_interest for row in rows)

    def one(row: StrikeRow) -> Json:
        call_iv, put_iv = made.smile.get(row.strike, (None, None))
        own = row.call_open_interest + row.put_open_interest
        shown = {
            n: x for n, x in sides_of(row).items() if n.startswith("net_") or n.endswith(("_gex", "_dex"))
        }
        return {
            "strike": row.strike,
            "distance_from_spot_pct": 100.0 * (row.strike - spot) / spot,
            **shown,
            **open_interest_of(row),
            "call_volume": None,
            "put_volume": None,
            "gex_share_pct": 100.0 * abs(_net_gex(row)) / gross if gross else None,
            "oi_share_pct": 100.0 * own / interest if interest else None,
            "volume_share_pct": None,
            "call_iv": per_cent(call_iv),
            "put_iv": per_cent(put_iv),
        }

    return [one(row) for row in rows if width is None or abs(row.strike / spot - 1) <= width]


def _session(at: float) -> Json:
    """Return where a moment lies in the New York session of its day."""
    when = datetime.fromtimestamp(at, NEW_YORK)
    day, close = last_session(when.date())
    if day != when.date():
        return {"market_open": False, "time_to_close_hours": None, "time_to_close_pct": None}
    begin, end = (datetime.combine(day, clock, NEW_YORK) for clock in (OPEN, close))
    elapsed = (when - begin) / (end - begin)
    return {
        "market_open": begin <= when < end,
        "time_to_close_hours": max((end - when).total_seconds(), 0.0) / 3_600.0,
        "time_to_close_pct": 100.0 * min(max(elapsed, 0.0), 1.0),
    }


def _net_gex(row: StrikeRow) -> float:
    return row.call.gex + row.put.gex
