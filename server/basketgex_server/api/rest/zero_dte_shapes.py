"""The shapes of what expires on one day. Volatilities go out in per cent, as the contract has them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from basketgex_server.api.rest.shapes import (
    Body,
    Count,
    Dollars,
    Hedge,
    Net,
    OfSymbol,
    PublishedFlip,
    RegimeOrUnknown,
)


class ZeroDteRegime(Body):
    """The regime of what expires, and how far spot is from its flip."""

    label: RegimeOrUnknown
    description: str
    gamma_flip: PublishedFlip
    gamma_flip_status: str
    spot_vs_flip: Literal["above", "below"] | UnsetType = UNSET
    spot_to_flip_pct: float | None = None
    distance_to_flip_dollars: float | None = None
    distance_to_flip_sigmas: float | None = None


class ZeroDteNet(Net):
    """Net exposures of what expires, and its share of the whole chain's gross GEX."""

    pct_of_total_gex: float | None
    total_chain_net_gex: Dollars


class ExpectedMove(Body, kw_only=True):
    """The move of one standard deviation in the time left, in USD, and what it is worked out from."""

    implied_1sd_dollars: None = None
    implied_1sd_pct: None = None
    remaining_1sd_dollars: float | None
    remaining_1sd_pct: float | None
    upper_bound: float | None
    lower_bound: float | None
    straddle_price: float | None
    atm_iv: float | None


class PinRisk(Body):
    """The strike with the largest net GEX of what expires, max pain, and how much is open at few strikes."""

    magnet_strike: float
    magnet_gex: Dollars
    distance_to_magnet_pct: float
    max_pain: float | None
    oi_concentration_top3_pct: float | None


class Hedging(Body):
    """What dealers trade after moves of spot by basis points or per cent."""

    spot_up_10bp: Hedge
    spot_down_10bp: Hedge
    spot_up_25bp: Hedge
    spot_down_25bp: Hedge
    spot_up_half_pct: Hedge
    spot_down_half_pct: Hedge
    spot_up_1pct: Hedge
    spot_down_1pct: Hedge
    convexity_at_spot: None = None


class Decay(Body):
    """What no source here gives."""

    net_theta_dollars: None = None
    theta_per_hour_remaining: None = None
    gamma_acceleration: None = None


class VolContext(Body, kw_only=True):
    """Volatilities at the money of what expires and of the day nearest a week away, in per cent, and VEX."""

    zero_dte_atm_iv: float | None
    seven_dte_atm_iv: float | None
    iv_ratio_0dte_7dte: float | None
    vix: None = None
    vanna_exposure: Dollars


class Interest(Body, kw_only=True):
    """Open interest, in contracts; volumes are not passed on."""

    total_oi: Count
    call_oi: Count
    put_oi: Count
    pc_ratio_volume: None = None
    pc_ratio_oi: float | None
    volume_to_oi_ratio: None = None
    atm_volume_share_pct: None = None
    top3_strike_volume_pct: None = None


class ZeroDteLevels(Body, kw_only=True):
    """The levels of what expires, and how far spot is from them."""

    call_wall: float | None
    call_wall_gex: Dollars
    call_wall_strength: None = None
    distance_to_call_wall_pct: float | None
    put_wall: float | None
    put_wall_gex: Dollars
    put_wall_strength: None = None
    distance_to_put_wall_pct: float | None
    distance_to_magnet_dollars: float
    highest_oi_strike: float | None
    highest_oi_total: Count | None
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    level_cluster_score: None = None


class Liquidity(Body):
    """What no source here gives."""

    atm_spread_pct: None = None
    weighted_spread_pct: None = None
    execution_score: None = None


class Metadata(Body, kw_only=True):
    """How many contracts expire."""

    snapshot_age_seconds: None = None
    chain_contract_count: Count
    data_quality_score: None = None
    greek_smoothness_score: None = None


class ZeroDteRow(Body, kw_only=True):
    """One strike of what expires; volatilities in per cent."""

    strike: float
    distance_from_spot_pct: float
    call_gex: Dollars
    put_gex: Dollars
    net_gex: Dollars
    call_dex: Dollars
    put_dex: Dollars
    net_dex: Dollars
    net_vex: Dollars
    net_chex: Dollars
    call_oi: Count
    put_oi: Count
    call_volume: None = None
    put_volume: None = None
    gex_share_pct: float | None
    oi_share_pct: float | None
    volume_share_pct: None = None
    call_iv: float | None
    put_iv: float | None


class ZeroDte(OfSymbol):
    """What expires on the day of the chain: exposures, levels, and the move that its volatility means."""

    expiration: date
    market_open: bool
    time_to_close_hours: float | None
    time_to_close_pct: float | None
    regime: ZeroDteRegime
    exposures: ZeroDteNet
    expected_move: ExpectedMove
    pin_risk: PinRisk
    hedging: Hedging
    decay: Decay
    vol_context: VolContext
    flow: Interest
    levels: ZeroDteLevels
    liquidity: Liquidity
    metadata: Metadata
    strikes: list[ZeroDteRow]
    no_zero_dte: Annotated[bool, Meta(extra_json_schema={"const": False})] = False


class NoZeroDte(OfSymbol):
    """Nothing expires on the chain's own day."""

    no_zero_dte: Annotated[bool, Meta(extra_json_schema={"const": True})]
    message: str
    next_zero_dte_expiry: date | None
