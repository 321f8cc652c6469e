"""What the OpenAPI document of the gateway is put together from: shapes, answers, parameters."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def shape(optional: tuple[str, ...] = (), /, **properties: Json) -> Json:
    """Return an object's schema; all its properties are required but the ``optional``."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def array(items: Json) -> Json:
    """Return an array's schema."""
    return {"type": "array", "items": items}


def or_null(kind: str, **more: Any) -> Json:
    """Return the schema of a kind that may be null."""
    return {"type": [kind, "null"], **more}


def ref(name: str) -> Json:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def answers(schema: Json, *errors: str, refusal: str = "Error") -> Json:
    """Return the responses of an operation: its answer, and its refusals by their status."""

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
        "200": body("The answer", schema, *RATE_LIMITS),
        **{status: body(descriptions[status], ref(refusal), *_LIMITED[status]) for status in errors},
        "401": body("The key is missing or wrong", ref("Unauthorized")),
        "429": body("Too many calls, or the day's quota is spent", ref("Error"), *RATE_LIMITS, "Retry-After"),
    }


def operation(name: str, summary: str, schema: Json, *parameters: Json, errors: tuple[str, ...]) -> Json:
    """Return the operation of an address."""
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": answers(schema, *errors),
        }
    }


def parameter(name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "description": description, "required": required, "schema": schema}


RATE_LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_LIMITED: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("400", "403", "404", "500", "501", "502", "503", "504"), ()
)
OF_SOURCE = ("403", "404", "500", "502", "503", "504")

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
FLAG: Json = {"type": "boolean"}
PRICE = or_null("number")
DOLLARS = or_null("integer", description="Whole US dollars")
COUNT = or_null("integer")
MOMENT: Json = {"type": "string", "format": "date-time"}
MOMENT_OR_NULL = or_null("string", format="date-time")
REGIME: Json = {"type": "string", "enum": ["positive_gamma", "negative_gamma"]}
REGIME_OR_UNKNOWN: Json = {"type": "string", "enum": ["positive_gamma", "negative_gamma", "unknown"]}
REGIME_OR_NULL = or_null("string", enum=["positive_gamma", "negative_gamma", None])
OF_DISPERSION = ("independent_vol", "index_regime", "basket_regime", "net_to_gross", "opposed_symbols")
NET = {f"net_{measure}": DOLLARS for measure in ("gex", "dex", "vex", "chex")}
FEEDS = (
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
ENVELOPE = {
    "endpoint_version": TEXT,
    "data_as_of": shape(node=TEXT, **{f"{feed}_feed": MOMENT_OR_NULL for feed in FEEDS}),
}
OF_SYMBOL = {"symbol": TEXT, "underlying_price": NUMBER, "as_of": MOMENT}
FLIP = {
    "gamma_flip": or_null("number", description="Null unless gamma_flip_status is available"),
    "gamma_flip_status": TEXT,
}
HEDGE = shape(
    dealer_shares_to_trade={"type": "integer"},
    direction=or_null("string", enum=["buy", "sell", None]),
    notional_usd=DOLLARS,
)


INTEREST = dict.fromkeys(
    ("call_oi", "put_oi", "call_volume", "put_volume", "call_oi_change", "put_oi_change"), COUNT
)
SYMBOL: Json = {
    "name": "symbol",
    "in": "path",
    "required": True,
    "description": "A ticker",
    "schema": {"type": "string", "pattern": "^[A-Z][A-Z0-9]{0,9}$"},
}
EXPIRATION = parameter(
    "expiration",
    "What expires on one day of New York only: rows, net and flip are of that day",
    {"type": "string", "format": "date"},
)
MIN_OI = parameter(
    "min_oi",
    "Leave out strikes with less open interest, calls and puts together; net_gex stays the whole chain's",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
)
CHAIN_ERRORS = ("400", "501", *OF_SOURCE)
"""What a view of a whole chain can end with."""
