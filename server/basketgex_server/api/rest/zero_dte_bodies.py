"""The replies of what expires on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from basketgex_server.api.rest import bodies
from basketgex_server.api.rest import zero_dte_shapes as shapes
from basketgex_server.api.rest.bodies import UNKNOWN, Json, dollars, per_cent
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Measures, Origin, StrikeRow
from basketgex_server.market_hours import NEW_YORK, OPEN, last_session

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.expiring import Expiring, NothingExpires

MOVES = (("10bp", 0.1), ("25bp", 0.25), ("half_pct", 0.5), ("1pct", 1.0))
"""Moves of spot, in per cent, for which hedging is told."""

_REGIME = {
    "positive_gamma": "Net GEX of what expires is positive: moves are dampened.",
    "negative_gamma": "Net GEX of what expires is negative: moves are amplified.",
    UNKNOWN: "No gamma flip of what expires is published, so the regime is unknown.",
}


def no_zero_dte(found: CachedFigure, origin: Origin, made: NothingExpires) -> shapes.NoZeroDte:
    """Return that nothing expires on the chain's own day."""
    symbol = found.snapshot.exposure.symbol
    return shapes.NoZeroDte(
        **bodies.of_symbol(found, origin),
        no_zero_dte=True,
        message=f"No contract of {symbol} with a figure expires on the day of this chain.",
        next_zero_dte_expiry=made.following,
    )


def zero_dte(found: CachedFigure, origin: Origin, made: Expiring, width: float | None) -> shapes.ZeroDte:
    """Return what expires on one day; ``width`` keeps the strikes within so much of spot, in units of it."""
    e, pin = made.found, _pin(made)
    hedges: Json = {
        f"spot_{way}_{name}": bodies.hedge(-sign * e.net.gex * size, e.underlying_price)
        for name, size in MOVES
        for way, sign in (("up", 1.0), ("down", -1.0))
    }
    return shapes.ZeroDte(
        **bodies.of_symbol(found, origin, made.levels, e.balance),
        expiration=made.day,
        **_session(e.as_of),
        regime=_regime(made),
        exposures=shapes.ZeroDteNet(
            **bodies.net_of(e.net),
            pct_of_total_gex=made.share_pct,
            total_chain_net_gex=dollars(made.whole.net.gex),
        ),
        expected_move=_move(made),
        pin_risk=pin,
        hedging=shapes.Hedging(**hedges),
        decay=shapes.Decay(),
        vol_context=shapes.VolContext(
            zero_dte_atm_iv=per_cent(made.volatility),
            seven_dte_atm_iv=per_cent(made.week),
            iv_ratio_0dte_7dte=made.volatility / made.week if made.volatility and made.week else None,
            vanna_exposure=bodies.money("vex", e.net.vex),
        ),
        flow=_flow(e.strikes),
        levels=_levels(made, pin.magnet_strike),
        liquidity=shapes.Liquidity(),
        metadata=shapes.Metadata(chain_contract_count=made.contracts),
        strikes=_strikes(made, width),
    )


def _regime(made: Expiring) -> shapes.ZeroDteRegime:
    label, spot = bodies.regime_of(made.found.net.gex, made.levels), made.found.underlying_price
    told = shapes.ZeroDteRegime(label, _REGIME[label], **bodies.gamma_flip(made.levels))
    if (flip := told.gamma_flip) is not None:
        told.spot_vs_flip = "above" if spot >= flip else "below"
        told.spot_to_flip_pct = 100.0 * (spot - flip) / spot
        told.distance_to_flip_dollars = abs(spot - flip)
        told.distance_to_flip_sigmas = abs(spot - flip) / made.move if made.move else None
    return told


def _move(made: Expiring) -> shapes.ExpectedMove:
    spot, move = made.found.underlying_price, made.move
    return shapes.ExpectedMove(
        remaining_1sd_dollars=move,
        remaining_1sd_pct=None if move is None else 100.0 * move / spot,
        upper_bound=None if move is None else spot + move,
        lower_bound=None if move is None else spot - move,
        straddle_price=made.straddle,
        atm_iv=per_cent(made.volatility),
    )


def _pin(made: Expiring) -> shapes.PinRisk:
    magnet, spot = made.levels.zero_dte_magnet, made.found.underlying_price
    if magnet is None:  # what expires on another day than the chain's own has one as well
        magnet = max(made.found.strikes, key=lambda row: abs(_net_gex(row))).strike
    at = next((row for row in made.found.strikes if row.strike == magnet), None)
    interest = sorted(map(_open, made.found.strikes), reverse=True)
    return shapes.PinRisk(
        magnet_strike=magnet,
        magnet_gex=dollars(_net_gex(at)) if at else None,
        distance_to_magnet_pct=100.0 * (magnet - spot) / spot,
        max_pain=made.pain.strike if made.pain else None,
        oi_concentration_top3_pct=100.0 * sum(interest[:3]) / sum(interest) if sum(interest) else None,
    )


def _flow(rows: Sequence[StrikeRow]) -> shapes.Interest:
    calls, puts = (sum(getattr(row, f"{side}_open_interest") for row in rows) for side in ("call", "put"))
    ratio = puts / calls if calls else None
    return shapes.Interest(
        total_oi=round(calls + puts), call_oi=round(calls), put_oi=round(puts), pc_ratio_oi=ratio
    )


def _levels(made: Expiring, magnet: float) -> shapes.ZeroDteLevels:
    known, spot = made.levels, made.found.underlying_price
    by_strike = {row.strike: row for row in made.found.strikes}

    def away(level: float | None) -> float | None:
        return None if level is None else 100.0 * (level - spot) / spot

    call, put = by_strike.get(known.call_wall or 0.0), by_strike.get(known.put_wall or 0.0)
    most = by_strike.get(known.highest_oi_strike or 0.0)
    return shapes.ZeroDteLevels(
        call_wall=known.call_wall,
        call_wall_gex=dollars(call.call.gex) if call else None,
        distance_to_call_wall_pct=away(known.call_wall),
        put_wall=known.put_wall,
        put_wall_gex=dollars(put.put.gex) if put else None,
        distance_to_put_wall_pct=away(known.put_wall),
        distance_to_magnet_dollars=abs(magnet - spot),
        highest_oi_strike=known.highest_oi_strike,
        highest_oi_total=round(_open(most)) if most else None,
        max_positive_gamma=known.max_positive_gamma,
        max_negative_gamma=known.max_negative_gamma,
    )


def _strikes(made: Expiring, width: float | None) -> list[shapes.ZeroDteRow]:
    spot, rows = made.found.underlying_price, made.found.strikes
    gross, interest = sum(abs(_net_gex(row)) for row in rows), sum(map(_open, rows))

    def one(row: StrikeRow) -> shapes.ZeroDteRow:
        call_iv, put_iv = made.smile.get(row.strike, (None, None))
        figures = bodies.sides_of(row, *Measures._fields)
        return shapes.ZeroDteRow(
            strike=row.strike,
            distance_from_spot_pct=100.0 * (row.strike - spot) / spot,
            **{name: x for name, x in figures.items() if name in shapes.ZeroDteRow.__struct_fields__},
            **bodies.open_interest_of(row),
            gex_share_pct=100.0 * abs(_net_gex(row)) / gross if gross else None,
            oi_share_pct=100.0 * _open(row) / interest if interest else None,
            call_iv=per_cent(call_iv),
            put_iv=per_cent(put_iv),
        )

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


def _open(row: StrikeRow) -> float:
    return row.call_open_interest + row.put_open_interest
