"""The OpenAPI paths of what looks into a whole chain, and of what there is at all."""

from __future__ import annotations

from basketgex_server.api.rest.openapi_parts import (
    CHAIN_ERRORS,
    COUNT,
    DOLLARS,
    ENVELOPE,
    EXPIRATION,
    FLAG,
    FLIP,
    HEDGE,
    MIN_OI,
    MOMENT,
    MOMENT_OR_NULL,
    NET,
    NUMBER,
    OF_SOURCE,
    OF_SYMBOL,
    PRICE,
    REGIME_OR_UNKNOWN,
    SYMBOL,
    TEXT,
    Json,
    array,
    operation,
    or_null,
    parameter,
    ref,
    shape,
)

_DAY: Json = {"type": "string", "format": "date"}
_DAY_OR_NULL = or_null("string", format="date")
_COUNTED: Json = {"type": "integer", "minimum": 0}
_FLAG_OR_NULL = or_null("boolean")
_NULL: Json = {"type": "null"}
_TAIL = {**ENVELOPE, "basketgex": ref("Provenance")}
_SIDES = {f"{side}_{m}": DOLLARS for m in ("gex", "dex", "vex", "chex") for side in ("call", "put", "net")}
_OPEN = {"call_oi": _COUNTED, "put_oi": _COUNTED}
_NO_VOLUME = {"call_volume": _NULL, "put_volume": _NULL}


def _all(schema: Json, *names: str) -> dict[str, Json]:
    return dict.fromkeys(names, schema)


_TERM_STRUCTURE = shape(
    **OF_SYMBOL,
    by_dte_bucket=array(
        shape(bucket=TEXT, dte_range=array(_COUNTED), **NET, contract_count=_COUNTED),
    ),
    by_expiry=array(
        shape(
            expiration=_DAY,
            dte=_COUNTED,
            is_opex=FLAG,
            is_triple_witching=FLAG,
            **NET,
            pct_of_chain_gex={"type": "number", "minimum": 0, "maximum": 100},
        )
    ),
    **_TAIL,
)
_SHEET = shape(
    **OF_SYMBOL,
    expiration=_DAY_OR_NULL,
    is_opex=FLAG,
    is_triple_witching=FLAG,
    totals=shape(**NET, net_dag=DOLLARS),
    lis={"anyOf": [shape(strike=NUMBER, magnitude=NUMBER), _NULL]},
    peaks=array(
        shape(
            strike=NUMBER,
            net_gex=DOLLARS,
            strength={"type": "number", "minimum": 0.1, "maximum": 1},
            side={"type": "string", "enum": ["call_wall", "put_wall"]},
        )
    ),
    strikes=array(shape(strike=NUMBER, **_SIDES, dag=DOLLARS, **_OPEN)),
    **_TAIL,
)
_MAX_PAIN = shape(
    **OF_SYMBOL,
    max_pain_strike=NUMBER,
    distance=shape(
        absolute=NUMBER, percent=NUMBER, direction={"type": "string", "enum": ["above", "below", "at"]}
    ),
    signal={"type": "string", "enum": ["bullish", "bearish", "neutral"]},
    expiration=_DAY,
    put_call_oi_ratio=PRICE,
    pain_curve=array(shape(strike=NUMBER, **_all(DOLLARS, "call_pain", "put_pain", "total_pain"))),
    oi_by_strike=array(shape(strike=NUMBER, **_OPEN, total_oi=_COUNTED, **_NO_VOLUME)),
    max_pain_by_expiration={
        "anyOf": [
            array(shape(expiration=_DAY, max_pain_strike=NUMBER, dte=_COUNTED, total_oi=_COUNTED)),
            _NULL,
        ]
    },
    dealer_alignment=shape(
        alignment={"type": "string", "enum": ["converging", "moderate", "diverging", "unknown"]},
        description=TEXT,
        **FLIP,
        call_wall=PRICE,
        put_wall=PRICE,
    ),
    regime=REGIME_OR_UNKNOWN,
    expected_move=shape(straddle_price=PRICE, atm_iv=PRICE, max_pain_within_expected_range=_FLAG_OR_NULL),
    pin_probability=COUNT,
    **_TAIL,
)
_ZERO_DTE = shape(
    **OF_SYMBOL,
    expiration=_DAY,
    market_open=FLAG,
    time_to_close_hours=PRICE,
    time_to_close_pct=PRICE,
    regime=shape(
        ("spot_vs_flip",),
        label=REGIME_OR_UNKNOWN,
        description=TEXT,
        **FLIP,
        spot_vs_flip={"type": "string", "enum": ["above", "below"]},
        **_all(PRICE, "spot_to_flip_pct", "distance_to_flip_dollars", "distance_to_flip_sigmas"),
    ),
    exposures=shape(**NET, pct_of_total_gex=PRICE, total_chain_net_gex=DOLLARS),
    expected_move=shape(
        **_all(_NULL, "implied_1sd_dollars", "implied_1sd_pct"),
        **_all(PRICE, "remaining_1sd_dollars", "remaining_1sd_pct", "upper_bound", "lower_bound"),
        **_all(PRICE, "straddle_price", "atm_iv"),
    ),
    pin_risk=shape(
        magnet_strike=PRICE,
        magnet_gex=DOLLARS,
        **_all(PRICE, "distance_to_magnet_pct", "max_pain", "oi_concentration_top3_pct"),
    ),
    hedging=shape(
        **{
            f"spot_{way}_{size}": HEDGE
            for size in ("10bp", "25bp", "half_pct", "1pct")
            for way in ("up", "down")
        },
        convexity_at_spot=_NULL,
    ),
    decay=shape(**_all(_NULL, "net_theta_dollars", "theta_per_hour_remaining", "gamma_acceleration")),
    vol_context=shape(
        **_all(PRICE, "zero_dte_atm_iv", "seven_dte_atm_iv", "iv_ratio_0dte_7dte"),
        vix=_NULL,
        vanna_exposure=DOLLARS,
    ),
    flow=shape(
        total_oi=_COUNTED,
        **_OPEN,
        pc_ratio_oi=PRICE,
        **_all(
            _NULL, "pc_ratio_volume", "volume_to_oi_ratio", "atm_volume_share_pct", "top3_strike_volume_pct"
        ),
    ),
    levels=shape(
        **_all(
            PRICE, "call_wall", "put_wall", "highest_oi_strike", "max_positive_gamma", "max_negative_gamma"
        ),
        **_all(DOLLARS, "call_wall_gex", "put_wall_gex"),
        **_all(PRICE, "distance_to_call_wall_pct", "distance_to_put_wall_pct", "distance_to_magnet_dollars"),
        highest_oi_total=COUNT,
        **_all(_NULL, "call_wall_strength", "put_wall_strength", "level_cluster_score"),
    ),
    liquidity=shape(**_all(_NULL, "atm_spread_pct", "weighted_spread_pct", "execution_score")),
    metadata=shape(
        chain_contract_count=_COUNTED,
        **_all(_NULL, "snapshot_age_seconds", "data_quality_score", "greek_smoothness_score"),
    ),
    strikes=array(
        shape(
            strike=NUMBER,
            distance_from_spot_pct=NUMBER,
            **{n: x for n, x in _SIDES.items() if n.startswith("net_") or n.endswith(("_gex", "_dex"))},
            **_OPEN,
            **_NO_VOLUME,
            **_all(PRICE, "gex_share_pct", "oi_share_pct", "call_iv", "put_iv"),
            volume_share_pct=_NULL,
        )
    ),
    no_zero_dte={"type": "boolean", "const": False},
    **_TAIL,
)
_NO_ZERO_DTE = shape(
    **OF_SYMBOL,
    no_zero_dte={"type": "boolean", "const": True},
    message=TEXT,
    next_zero_dte_expiry=_DAY_OR_NULL,
    **_TAIL,
)
_DISPERSION = shape(
    as_of=MOMENT,
    index=TEXT,
    constituent_count=_COUNTED,
    missing_symbols=array(TEXT),
    horizon_days=_COUNTED,
    implied_correlation=PRICE,
    realized_correlation=_NULL,
    correlation_premium=_NULL,
    implied_vol_index=PRICE,
    implied_vol_basket=PRICE,
    top_contributors=array(shape(symbol=TEXT, **_all(NUMBER, "weight", "iv", "contribution_to_basket_vol"))),
    **_TAIL,
)
_UNIVERSE = shape(
    as_of=MOMENT,
    **_all(_COUNTED, "count", "returned", "limit"),
    sort={"type": "string", "enum": ["tier", "symbol"]},
    symbols=array(shape(symbol=TEXT, tier={"type": "integer", "enum": [1, 2]}, is_pre_warmed=FLAG)),
    **ENVELOPE,
    basketgex=ref("Whence"),
)
_QUOTE = shape(
    ticker=TEXT,
    **_all(_NULL, "bid", "ask", "mid"),
    lastPrice=NUMBER,
    lastUpdate=MOMENT,
    **_TAIL,
)
_OPTIONS = shape(
    symbol=TEXT,
    expirations=array(shape(expiration=_DAY, strikes=array(NUMBER))),
    **_all(_COUNTED, "expiration_count", "total_contracts"),
    **_TAIL,
)
_LIST_ERRORS = ("403", "500")

PATHS: Json = {
    "/v1/exposure/zero-dte/{symbol}": operation(
        "zero_dte",
        "What expires on the day of the chain: exposures, levels, and the move that its volatility means",
        {"anyOf": [_ZERO_DTE, _NO_ZERO_DTE]},
        SYMBOL,
        parameter("expiry", "What expires on another day of New York instead", _DAY),
        parameter(
            "strike_range",
            "Strikes within so much of spot, in units of it; the other figures are of all strikes",
            {"type": "number", "minimum": 0.001, "maximum": 0.1},
        ),
        errors=CHAIN_ERRORS,
    ),
    "/v1/exposure/term-structure/{symbol}": operation(
        "term_structure", "Exposures by day of expiry", _TERM_STRUCTURE, SYMBOL, errors=CHAIN_ERRORS
    ),
    "/v1/exposure/sheet/{symbol}": operation(
        "sheet",
        "All measures by strike, with delta-adjusted gamma",
        _SHEET,
        SYMBOL,
        EXPIRATION,
        MIN_OI,
        errors=CHAIN_ERRORS,
    ),
    "/v1/maxpain/{symbol}": operation(
        "max_pain",
        "The strike at which open options would be worth least",
        _MAX_PAIN,
        SYMBOL,
        EXPIRATION,
        errors=CHAIN_ERRORS,
    ),
    "/v1/options/{symbol}": operation(
        "options", "The days of expiry and their strikes", _OPTIONS, SYMBOL, errors=CHAIN_ERRORS
    ),
    "/stockquote/{symbol}": operation(
        "stock_quote", "The price that figures are computed with", _QUOTE, SYMBOL, errors=("400", *OF_SOURCE)
    ),
    "/v1/dispersion": operation(
        "dispersion",
        "An index against its members: implied correlation and its parts",
        _DISPERSION,
        parameter("index", "A ticker", {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}$"}, required=True),
        parameter(
            "symbols",
            "The members, comma-separated",
            {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}(,[A-Z][A-Z0-9]{0,9}){0,49}$"},
            required=True,
        ),
        parameter(
            "weights",
            "The members' weights in the index, as shares or per cent",
            {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?(,[0-9]{1,6}(\.[0-9]{1,3})?){0,49}$"},
        ),
        parameter(
            "horizon_days",
            "Calendar days; 30 when omitted",
            {"type": "integer", "minimum": 1, "maximum": 3_650},
        ),
        errors=CHAIN_ERRORS,
    ),
    "/v1/symbols": operation(
        "symbols",
        "The symbols that the server has a figure of",
        shape(symbols=array(TEXT), count=_COUNTED, note=TEXT, last_updated=MOMENT_OR_NULL, **ENVELOPE),
        errors=_LIST_ERRORS,
    ),
    "/v1/tickers": operation(
        "tickers",
        "The symbols that can be asked for, as far as the source names them",
        shape(tickers=array(TEXT), count=_COUNTED, **ENVELOPE, basketgex=ref("Whence")),
        errors=_LIST_ERRORS,
    ),
    "/v1/universe": operation(
        "universe",
        "The same, those with a figure (tier 1) first",
        _UNIVERSE,
        parameter("sort", "By tier, or by symbol", {"type": "string", "enum": ["tier", "symbol"]}),
        parameter("limit", "So many at most", {"type": "integer", "minimum": 0, "maximum": 999_999_999}),
        errors=("400", *_LIST_ERRORS),
    ),
}
