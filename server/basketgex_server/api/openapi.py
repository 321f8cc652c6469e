"""The OpenAPI document of the REST gateway."""

from __future__ import annotations

from typing import Any, TypeAlias

from basketgex import __version__

Json: TypeAlias = dict[str, Any]


def _object(optional: tuple[str, ...] = (), /, **properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _or_null(kind: str, **more: Any) -> Json:
    return {"type": [kind, "null"], **more}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _answers(schema: Json, *errors: str, refusal: str = "Error") -> Json:
    def body(description: str, schema: Json, *headers: str) -> Json:
        return {
            "description": description,
            "content": {"application/json": {"schema": schema}},
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        }

    descriptions = {
        "400": "A wrong parameter",
        "403": "The source's plan does not have this, or the request came from elsewhere",
        "404": "No data",
        "500": "A fault of the server's own",
        "501": "The source does not have this",
        "502": "The source is out of order",
        "503": "The server is ending",
        "504": "The source did not answer in time",
    }
    return {
        "200": body("The answer", schema, *_RATE_LIMITS),
        **{status: body(descriptions[status], _ref(refusal), *_LIMITED[status]) for status in errors},
        "401": body("The key is missing or wrong", _ref("Unauthorized")),
        "429": body(
            "Too many calls, or the day's quota is spent", _ref("Error"), *_RATE_LIMITS, "Retry-After"
        ),
    }


def _operation(name: str, summary: str, schema: Json, *parameters: Json, errors: tuple[str, ...]) -> Json:
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": _answers(schema, *errors),
        }
    }


def _parameter(name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "description": description, "required": required, "schema": schema}


_RATE_LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_LIMITED: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("400", "403", "404", "500", "501", "502", "503", "504"), ()
)
_OF_SOURCE = ("403", "404", "500", "502", "503", "504")

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_FLAG: Json = {"type": "boolean"}
_PRICE = _or_null("number")
_DOLLARS = _or_null("integer", description="Whole US dollars")
_COUNT = _or_null("integer")
_MOMENT: Json = {"type": "string", "format": "date-time"}
_MOMENT_OR_NULL = _or_null("string", format="date-time")
_REGIME: Json = {"type": "string", "enum": ["positive_gamma", "negative_gamma"]}
_REGIME_OR_UNKNOWN: Json = {"type": "string", "enum": ["positive_gamma", "negative_gamma", "unknown"]}
_NET = {f"net_{measure}": _DOLLARS for measure in ("gex", "dex", "vex", "chex")}
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
_ENVELOPE = {
    "endpoint_version": _TEXT,
    "data_as_of": _object(node=_TEXT, **{f"{feed}_feed": _MOMENT_OR_NULL for feed in _FEEDS}),
}
_OF_SYMBOL = {"symbol": _TEXT, "underlying_price": _NUMBER, "as_of": _MOMENT}
_FLIP = {
    "gamma_flip": _or_null("number", description="Null unless gamma_flip_status is available"),
    "gamma_flip_status": _TEXT,
}
_HEDGE = _object(
    dealer_shares_to_trade={"type": "integer"},
    direction=_or_null("string", enum=["buy", "sell", None]),
    notional_usd=_DOLLARS,
)


def _strikes(measure: str, **more: Json) -> Json:
    money = {f"{side}_{measure}": _DOLLARS for side in ("call", "put", "net")}
    row = _object(strike=_NUMBER, **money, **(_INTEREST if measure == "gex" else {}))
    return _object(
        **_OF_SYMBOL,
        **{f"net_{measure}": _DOLLARS},
        **more,
        strikes=_array(row),
        **_ENVELOPE,
        basketgex=_ref("Provenance"),
    )


_INTEREST = dict.fromkeys(
    ("call_oi", "put_oi", "call_volume", "put_volume", "call_oi_change", "put_oi_change"), _COUNT
)
_SYMBOL: Json = {
    "name": "symbol",
    "in": "path",
    "required": True,
    "description": "A ticker",
    "schema": {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}$"},
}
_EXPIRATION = _parameter(
    "expiration",
    "One expiration only; not offered by the sources there are: 501",
    {"type": "string", "format": "date"},
)
_MIN_OI = _parameter(
    "min_oi",
    "Leave out strikes with less open interest, calls and puts together; net_gex stays the whole chain's",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
)


def _of_strikes(measure: str, what: str, *more: Json, **fields: Json) -> Json:
    return _operation(
        measure,
        what,
        _strikes(measure, **fields),
        _SYMBOL,
        _EXPIRATION,
        *more,
        errors=("400", "501", *_OF_SOURCE),
    )


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "basketgex",
        "version": __version__,
        "description": "Dealer exposure of baskets and single names, by FlashAlpha's contract, from the source that this "
        "machine's server has. GEX is USD per 1 % move of the underlying, DEX USD of delta, VEX USD of delta per 1.00 of "
        "volatility, CHEX as each reply says.",
    },
    "security": [{"header": []}, {"query": []}],
    "paths": {
        "/v1/exposure/basket": _operation(
            "basket",
            "The weighted mean exposure of up to 50 names, and each name's own",
            _object(
                as_of=_MOMENT,
                constituent_count={"type": "integer", "minimum": 1},
                missing_symbols=_array(_TEXT),
                aggregate=_object(**_NET),
                constituents=_array(
                    _object(
                        symbol=_TEXT,
                        weight={"type": "number", "minimum": 0, "maximum": 1},
                        underlying_price=_NUMBER,
                        **_NET,
                        contribution_pct={"type": "number", "minimum": 0},
                        regime=_REGIME,
                    )
                ),
                **_ENVELOPE,
                basketgex=_ref("Provenance"),
            ),
            _parameter(
                "symbols",
                "Tickers, comma-separated; duplicates are merged",
                {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}(,[A-Z][A-Z0-9]{0,9}){0,49}$"},
                required=True,
            ),
            _parameter(
                "weights",
                "One a symbol, comma-separated, on any scale, none negative, not all 0; equal weights when omitted",
                {
                    "type": "string",
                    "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?(,[0-9]{1,6}(\.[0-9]{1,3})?){0,49}$",
                },
            ),
            errors=("400", *_OF_SOURCE),
        ),
        "/v1/exposure/gex/{symbol}": _of_strikes(
            "gex", "GEX by strike, and the gamma flip", _MIN_OI, **_FLIP, net_gex_label=_TEXT
        ),
        "/v1/exposure/dex/{symbol}": _of_strikes("dex", "DEX by strike"),
        "/v1/exposure/vex/{symbol}": _of_strikes(
            "vex", "VEX by strike, per 1.00 of volatility", vex_interpretation=_or_null("string")
        ),
        "/v1/exposure/chex/{symbol}": _of_strikes(
            "chex", "CHEX by strike", chex_interpretation=_or_null("string")
        ),
        "/v1/exposure/levels/{symbol}": _operation(
            "levels",
            "Gamma flip, walls, and the strikes of largest exposure",
            _object(
                **_OF_SYMBOL,
                levels=_object(
                    **_FLIP,
                    max_positive_gamma=_PRICE,
                    max_negative_gamma=_PRICE,
                    call_wall=_PRICE,
                    put_wall=_PRICE,
                    highest_oi_strike=_PRICE,
                    zero_dte_magnet=_PRICE,
                ),
                **_ENVELOPE,
                basketgex=_ref("Provenance"),
            ),
            _SYMBOL,
            errors=("400", "501", *_OF_SOURCE),
        ),
        "/v1/exposure/summary/{symbol}": _operation(
            "summary",
            "Exposures, regime, gamma flip and what dealers trade after a move",
            _object(
                **_OF_SYMBOL,
                **_FLIP,
                regime=_REGIME_OR_UNKNOWN,
                exposures=_object(**_NET),
                interpretation=_object(gamma=_TEXT, vanna=_TEXT, charm=_or_null("string")),
                hedging_estimate=_object(spot_down_1pct=_HEDGE, spot_up_1pct=_HEDGE),
                zero_dte=_object(
                    net_gex=_DOLLARS,
                    pct_of_total_gex=_or_null("number", minimum=0, maximum=100),
                    expiration=_or_null("string", format="date"),
                ),
                **_ENVELOPE,
                basketgex=_ref("Provenance"),
            ),
            _SYMBOL,
            errors=("400", *_OF_SOURCE),
        ),
        "/v1/account": _operation(
            "account",
            "The source's quota of the day",
            _object(
                user_id=_or_null("string"),
                email=_or_null("string"),
                plan=_TEXT,
                daily_limit=_TEXT,
                usage_today={"type": "integer", "minimum": 0},
                remaining=_TEXT,
                resets_at=_MOMENT,
                **_ENVELOPE,
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
                                "schema": _object(status={"type": "string", "const": "Healthy"})
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
            "X-RateLimit-Limit": {"description": "Calls a day, or unlimited", "schema": _TEXT},
            "X-RateLimit-Remaining": {"description": "Calls left today, or unlimited", "schema": _TEXT},
            "X-RateLimit-Reset": {"description": "Unix seconds", "schema": {"type": "integer"}},
            "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}},
        },
        "schemas": {
            "Error": {
                **_object(
                    ("current_plan", "required_plan", "limit", "upgrade_to", "reset_at"),
                    status={"type": "string", "const": "ERROR"},
                    error=_TEXT,
                    message=_TEXT,
                    current_plan=_or_null("string"),
                    required_plan=_or_null("string"),
                    limit=_COUNT,
                    upgrade_to=_or_null("string"),
                    reset_at=_MOMENT,
                ),
                "description": "What went wrong: a word for programs, and a sentence",
            },
            "Unauthorized": _object(title=_TEXT, status={"type": "integer", "const": 401}, detail=_TEXT),
            "Flip": {
                **_object(nearest=_PRICE, doubts=_array(_TEXT), roots=_array(_NUMBER)),
                "description": "The gamma flip as it was found, whatever speaks against it, and every root",
            },
            "Provenance": _object(
                ("covered_weight", "gamma_flip"),
                source=_TEXT,
                label=_TEXT,
                synthetic=_FLAG,
                historical=_FLAG,
                convention=_TEXT,
                chex={
                    "type": "string",
                    "enum": ["computed", "as published"],
                    "description": "Computed: USD of delta per calendar day. As published: unit and sign not established",
                },
                freshness={"type": "string", "enum": ["fresh", "stale", "expired", "historical"]},
                notice=_or_null("string", description="Why a figure is old"),
                covered_weight={"type": "number", "minimum": 0, "maximum": 1},
                gamma_flip=_ref("Flip"),
            ),
        },
    },
}
