"""The OpenAPI document of the REST door: its addresses, and the schemas of the shapes that they answer with."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from basketgex import __version__
from basketgex_server.api.rest import directory_bodies as listings
from basketgex_server.api.rest import exposure_bodies as exposures
from basketgex_server.api.rest.basket_bodies import Basket
from basketgex_server.api.rest.bodies import Json
from basketgex_server.api.rest.max_pain_bodies import MaxPain
from basketgex_server.api.rest.refusals import Error, Unauthorized
from basketgex_server.api.rest.shapes import Body
from basketgex_server.api.rest.view_bodies import Sheet, TermStructure
from basketgex_server.api.rest.zero_dte_shapes import NoZeroDte, ZeroDte


def _text(pattern: str) -> Json:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _asked(name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "description": description, "required": required, "schema": schema}


_TICKER = "[A-Z][A-Z0-9]{0,9}"
_WEIGHT = r"[0-9]{1,6}(\.[0-9]{1,3})?"
_TICKERS, _WEIGHTS = _text(f"{_TICKER}(,{_TICKER}){{0,49}}"), _text(f"{_WEIGHT}(,{_WEIGHT}){{0,49}}")
_DAY: Json = {"type": "string", "format": "date"}
_COUNT: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_SYMBOL = _asked("symbol", "A ticker", _text(_TICKER), required=True) | {"in": "path"}
_EXPIRATION = _asked(
    "expiration", "What expires on one day of New York only: rows, net and flip are of that day", _DAY
)
_MIN_OI = _asked(
    "min_oi",
    "Leave out strikes with less open interest, calls and puts together; net_gex stays the whole chain's",
    _COUNT,
)
_OF_BASKET = (
    _asked("symbols", "Tickers, comma-separated; duplicates are merged", _TICKERS, required=True),
    _asked(
        "weights",
        "One a symbol, comma-separated, on any scale, none negative, not all 0; equal weights when omitted",
        _WEIGHTS,
    ),
)
_OF_ZERO_DTE = (
    _SYMBOL,
    _asked("expiry", "What expires on another day of New York instead", _DAY),
    _asked(
        "strike_range",
        "Strikes within so much of spot, in units of it; the other figures are of all strikes",
        {"type": "number", "minimum": 0.001, "maximum": 0.1},
    ),
)
_OF_DISPERSION = (
    _asked("index", "A ticker", _text(_TICKER), required=True),
    _asked("symbols", "The members, comma-separated", _TICKERS, required=True),
    _asked("weights", "The members' weights in the index, as shares or per cent", _WEIGHTS),
    _asked(
        "horizon_days", "Calendar days; 30 when omitted", {"type": "integer", "minimum": 1, "maximum": 3_650}
    ),
)
_OF_UNIVERSE = (
    _asked("sort", "By tier, or by symbol", {"type": "string", "enum": ["tier", "symbol"]}),
    _asked("limit", "So many at most", _COUNT),
)

_LISTED = ("403", "500")
_FETCHED = ("400", "403", "404", "500", "502", "503", "504")
_FROM_CHAIN = (*_FETCHED, "501")


class Address(NamedTuple):
    """What an address answers with, what is asked there, and how it refuses beside 401 and 429. Its summary is the answer's."""

    name: str
    answer: type[Body]
    parameters: tuple[Json, ...] = (_SYMBOL,)
    refusals: tuple[str, ...] = _FROM_CHAIN
    instead: tuple[type[Body], ...] = ()


ADDRESSES = {
    "/v1/exposure/basket": Address("basket", Basket, _OF_BASKET, _FETCHED),
    "/v1/exposure/gex/{symbol}": Address("gex", exposures.Gex, (_SYMBOL, _EXPIRATION, _MIN_OI)),
    "/v1/exposure/dex/{symbol}": Address("dex", exposures.Dex, (_SYMBOL, _EXPIRATION)),
    "/v1/exposure/vex/{symbol}": Address("vex", exposures.Vex, (_SYMBOL, _EXPIRATION)),
    "/v1/exposure/chex/{symbol}": Address("chex", exposures.Chex, (_SYMBOL, _EXPIRATION)),
    "/v1/exposure/levels/{symbol}": Address("levels", exposures.Levels),
    "/v1/exposure/summary/{symbol}": Address("summary", exposures.Summary, (_SYMBOL,), _FETCHED),
    "/v1/exposure/zero-dte/{symbol}": Address("zero_dte", ZeroDte, _OF_ZERO_DTE, instead=(NoZeroDte,)),
    "/v1/exposure/term-structure/{symbol}": Address("term_structure", TermStructure),
    "/v1/exposure/sheet/{symbol}": Address("sheet", Sheet, (_SYMBOL, _EXPIRATION, _MIN_OI)),
    "/v1/maxpain/{symbol}": Address("max_pain", MaxPain, (_SYMBOL, _EXPIRATION)),
    "/v1/options/{symbol}": Address("options", listings.Options),
    "/stockquote/{symbol}": Address("stock_quote", listings.Quote, (_SYMBOL,), _FETCHED),
    "/v1/dispersion": Address("dispersion", listings.Dispersion, _OF_DISPERSION),
    "/v1/symbols": Address("symbols", listings.Symbols, (), _LISTED),
    "/v1/tickers": Address("tickers", listings.Tickers, (), _LISTED),
    "/v1/universe": Address("universe", listings.Tiers, _OF_UNIVERSE, ("400", *_LISTED)),
    "/v1/account": Address("account", listings.Account, (), _LISTED),
}
_RATE_LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_REFUSALS = {
    "400": "A wrong parameter",
    "403": "The source's plan does not have this, or the request came from elsewhere",
    "404": "No data",
    "500": "A fault of the server's own",
    "501": "The source does not have this",
    "502": "The source is out of order",
    "503": "The server is ending",
    "504": "The source did not answer in time",
}


def _reply(description: str, *shapes: type[Body], headers: tuple[str, ...] = ()) -> Json:
    refs: list[Json] = [{"$ref": f"#/components/schemas/{shape.__name__}"} for shape in shapes]
    return {
        "description": description,
        "content": {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}},
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
    }


def _operation(address: Address) -> Json:
    limited = (*_RATE_LIMITS, "Retry-After")
    return {
        "get": {
            "operationId": address.name,
            "summary": str(address.answer.__doc__).rstrip("."),
            "parameters": list(address.parameters),
            "responses": {
                "200": _reply("The answer", address.answer, *address.instead, headers=_RATE_LIMITS),
                **{status: _reply(_REFUSALS[status], Error) for status in address.refusals},
                "401": _reply("The key is missing or wrong", Unauthorized),
                "429": _reply("Too many calls, or the day's quota is spent", Error, headers=limited),
            },
        }
    }


def _schemas() -> Json:
    """Return the schemas by the names of their shapes. What has a default is in every reply, so that it is required."""
    shapes = [Error, Unauthorized, listings.Health]
    shapes += [shape for a in ADDRESSES.values() for shape in (a.answer, *a.instead)]
    _, schemas = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        given = {name for name, field in schema["properties"].items() if field.pop("default", ...) is not ...}
        schema["required"] = [name for name in schema["properties"] if name in {*schema["required"], *given}]
    return schemas


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
        **{path: _operation(address) for path, address in ADDRESSES.items()},
        "/health": {
            "get": {
                "operationId": "health",
                "summary": "Whether the gateway answers; wants no key",
                "security": [],
                "responses": {"200": _reply("It does", listings.Health)},
            }
        },
    },
    "components": {
        "securitySchemes": {
            "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "apiKey"},
        },
        "headers": {
            "X-RateLimit-Limit": {"description": "Calls a day, or unlimited", "schema": {"type": "string"}},
            "X-RateLimit-Remaining": {
                "description": "Calls left today, or unlimited",
                "schema": {"type": "string"},
            },
            "X-RateLimit-Reset": {"description": "Unix seconds", "schema": {"type": "integer"}},
            "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}},
        },
        "schemas": _schemas(),
    },
}
