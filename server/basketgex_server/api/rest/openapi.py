"""The OpenAPI document of the REST gateway."""

from __future__ import annotations

from basketgex import __version__
from basketgex_server.api.rest.openapi_parts import (
    COUNT,
    DOLLARS,
    ENVELOPE,
    EXPIRATION,
    FLAG,
    FLIP,
    HEDGE,
    INTEREST,
    MIN_OI,
    MOMENT,
    NET,
    NUMBER,
    OF_DISPERSION,
    OF_SOURCE,
    OF_SYMBOL,
    PRICE,
    REGIME,
    REGIME_OR_NULL,
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
from basketgex_server.api.rest.openapi_views import PATHS


def _strikes(measure: str, **more: Json) -> Json:
    money = {f"{side}_{measure}": DOLLARS for side in ("call", "put", "net")}
    row = shape(strike=NUMBER, **money, **(INTEREST if measure == "gex" else {}))
    return shape(
        **OF_SYMBOL,
        **{f"net_{measure}": DOLLARS},
        **more,
        strikes=array(row),
        **ENVELOPE,
        basketgex=ref("Provenance"),
    )


def _of_strikes(measure: str, what: str, *more: Json, **fields: Json) -> Json:
    return operation(
        measure,
        what,
        _strikes(measure, **fields),
        SYMBOL,
        EXPIRATION,
        *more,
        errors=("400", "501", *OF_SOURCE),
    )


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "basketgex",
        "version": __version__,
        "description": "Option exposure of baskets and single names, by FlashAlpha's contract, from the source that this "
        "machine's server has. GEX is USD per 1 % move of the underlying, DEX USD of delta, VEX USD of delta per 1.00 of "
        "volatility, CHEX as each reply says.",
    },
    "servers": [{"url": "/", "description": "Where this document comes from"}],
    "security": [{"header": []}, {"query": []}],
    "paths": {
        "/v1/exposure/basket": operation(
            "basket",
            "The weighted mean exposure of up to 50 names, and each name's own",
            shape(
                as_of=MOMENT,
                constituent_count={"type": "integer", "minimum": 1},
                missing_symbols=array(TEXT),
                aggregate=shape(**NET),
                constituents=array(
                    shape(
                        symbol=TEXT,
                        weight={"type": "number", "minimum": 0, "maximum": 1},
                        underlying_price=NUMBER,
                        **NET,
                        contribution_pct={"type": "number", "minimum": 0},
                        regime=REGIME,
                    )
                ),
                **ENVELOPE,
                basketgex=ref("Provenance"),
            ),
            parameter(
                "symbols",
                "Tickers, comma-separated; duplicates are merged",
                {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}(,[A-Z][A-Z0-9]{0,9}){0,49}$"},
                required=True,
            ),
            parameter(
                "weights",
                "One a symbol, comma-separated, on any scale, none negative, not all 0; equal weights when omitted",
                {
                    "type": "string",
                    "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?(,[0-9]{1,6}(\.[0-9]{1,3})?){0,49}$",
                },
            ),
            errors=("400", *OF_SOURCE),
        ),
        "/v1/exposure/gex/{symbol}": _of_strikes(
            "gex", "GEX by strike, and the gamma flip", MIN_OI, **FLIP, net_gex_label=TEXT
        ),
        "/v1/exposure/dex/{symbol}": _of_strikes("dex", "DEX by strike"),
        "/v1/exposure/vex/{symbol}": _of_strikes(
            "vex", "VEX by strike, per 1.00 of volatility", vex_interpretation=or_null("string")
        ),
        "/v1/exposure/chex/{symbol}": _of_strikes(
            "chex", "CHEX by strike", chex_interpretation=or_null("string")
        ),
        "/v1/exposure/levels/{symbol}": operation(
            "levels",
            "Gamma flip, walls, and the strikes of largest exposure",
            shape(
                **OF_SYMBOL,
                levels=shape(
                    **FLIP,
                    max_positive_gamma=PRICE,
                    max_negative_gamma=PRICE,
                    call_wall=PRICE,
                    put_wall=PRICE,
                    highest_oi_strike=PRICE,
                    zero_dte_magnet=PRICE,
                ),
                **ENVELOPE,
                basketgex=ref("Provenance"),
            ),
            SYMBOL,
            errors=("400", "501", *OF_SOURCE),
        ),
        "/v1/exposure/summary/{symbol}": operation(
            "summary",
            "Exposures, regime, gamma flip and what dealers trade after a move",
            shape(
                **OF_SYMBOL,
                **FLIP,
                regime=REGIME_OR_UNKNOWN,
                exposures=shape(**NET),
                interpretation=shape(gamma=TEXT, vanna=TEXT, charm=or_null("string")),
                hedging_estimate=shape(spot_down_1pct=HEDGE, spot_up_1pct=HEDGE),
                zero_dte=shape(
                    net_gex=DOLLARS,
                    pct_of_total_gex=or_null("number", minimum=0, maximum=100),
                    expiration=or_null("string", format="date"),
                ),
                **ENVELOPE,
                basketgex=ref("Provenance"),
            ),
            SYMBOL,
            errors=("400", *OF_SOURCE),
        ),
        **PATHS,
        "/v1/account": operation(
            "account",
            "The source's quota of the day",
            shape(
                user_id=or_null("string"),
                email=or_null("string"),
                plan=TEXT,
                daily_limit=TEXT,
                usage_today={"type": "integer", "minimum": 0},
                remaining=TEXT,
                resets_at=MOMENT,
                **ENVELOPE,
            ),
            errors=("403", "500"),
        ),
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether the gateway answers; wants no key",
                "security": [],
                "responses": {
                    "200": {
                        "description": "It does",
                        "content": {
                            "application/json": {
                                "schema": shape(status={"type": "string", "const": "Healthy"})
                            }
                        },
                    }
                },
            }
        },
    },
    "components": {
        "securitySchemes": {
            "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "apiKey"},
        },
        "headers": {
            "X-RateLimit-Limit": {"description": "Calls a day, or unlimited", "schema": TEXT},
            "X-RateLimit-Remaining": {"description": "Calls left today, or unlimited", "schema": TEXT},
            "X-RateLimit-Reset": {"description": "Unix seconds", "schema": {"type": "integer"}},
            "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}},
        },
        "schemas": {
            "Error": {
                **shape(
                    ("current_plan", "required_plan", "limit", "upgrade_to", "reset_at"),
                    status={"type": "string", "const": "ERROR"},
                    error=TEXT,
                    message=TEXT,
                    current_plan=or_null("string"),
                    required_plan=or_null("string"),
                    limit=COUNT,
                    upgrade_to=or_null("string"),
                    reset_at=MOMENT,
                ),
                "description": "What went wrong: a word for programs, and a sentence",
            },
            "Whence": shape(source=TEXT, label=TEXT, complete=FLAG),
            "Unauthorized": shape(title=TEXT, status={"type": "integer", "const": 401}, detail=TEXT),
            "Flip": {
                **shape(nearest=PRICE, doubts=array(TEXT), roots=array(NUMBER)),
                "description": "The gamma flip as it was found, whatever speaks against it, and every root",
            },
            "Provenance": shape(
                (
                    "balance",
                    "near_flip",
                    "covered_weight",
                    "missing_reasons",
                    "as_of_distant",
                    "remarks",
                    "gamma_flip",
                    *OF_DISPERSION,
                ),
                source=TEXT,
                label=TEXT,
                synthetic=FLAG,
                historical=FLAG,
                convention=TEXT,
                chex={
                    "type": "string",
                    "enum": ["computed", "as published"],
                    "description": "Computed: USD of delta per calendar day. As published: unit and sign not established",
                },
                freshness={"type": "string", "enum": ["fresh", "stale", "expired", "historical"]},
                notice=or_null("string", description="Why a figure is old"),
                balance=or_null(
                    "number",
                    minimum=-1,
                    maximum=1,
                    description="Net GEX over gross GEX, contract by contract; null where net figures are all there is",
                ),
                near_flip={
                    "type": "boolean",
                    "description": "The regime says next to nothing: the balance is below 0.05 either way or, where levels are "
                    "given, the flip is available and nearer than half a daily move",
                },
                covered_weight={"type": "number", "minimum": 0, "maximum": 1},
                missing_reasons={
                    "type": "object",
                    "additionalProperties": TEXT,
                    "description": "Why names that have data are left out",
                },
                as_of_distant={
                    "type": "boolean",
                    "description": "The figures lie more than a trading day apart",
                },
                remarks=array(TEXT),
                gamma_flip=ref("Flip"),
                independent_vol=PRICE,
                index_regime=REGIME_OR_NULL,
                basket_regime=REGIME_OR_NULL,
                net_to_gross=PRICE,
                opposed_symbols=array(TEXT),
            ),
        },
    },
}
