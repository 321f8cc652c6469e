"""What FlashAlpha answers, read field by field: a row that lacks something fails by itself.

Units at the door: VEX is published per 1.00 of volatility and becomes USD of delta per vol point (× 0.01); CHEX, whose unit
and sign are not established, passes as it is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from basketgex_server.domain import Fetched, Measures, QuotaReading, SymbolExposure
from basketgex_server.errors import InvalidSymbol, SourceUnavailable
from basketgex_server.sources.flashalpha.refusals import window_of
from basketgex_server.tickers import ticker
from basketgex_server.times import parse_iso
from basketgex_server.underlyings import INDEXES_AND_ETFS

if TYPE_CHECKING:  # half a second to load, and the server listens before that
    from basketgex_server.exposure.levels import Levels


VOL_POINT = 0.01
"""VEX per 1.00 of volatility × this is VEX per vol point."""

_FIELDS = {
    "underlying_price": "underlying price",
    "net_gex": "net GEX",
    "net_dex": "net DEX",
    "net_vex": "net VEX",
    "net_chex": "net CHEX",
}

_LEVELS = (
    "gamma_flip",
    "call_wall",
    "put_wall",
    "max_positive_gamma",
    "max_negative_gamma",
    "highest_oi_strike",
    "zero_dte_magnet",
)

UNREADABLE = "FlashAlpha's reply cannot be read. Recalculate to ask again."

T = TypeVar("T")


class BasketReply(msgspec.Struct):
    """Of a basket: one row per symbol that the service knows."""

    constituents: list[object]
    as_of: object = None
    missing_symbols: object = None
    data_as_of: object = None


class LevelsReply(msgspec.Struct):
    """Of one symbol's levels, by their names."""

    levels: dict[str, object]


class AccountReply(msgspec.Struct):
    """Of the account: what is left of the day."""

    usage_today: object = None
    plan: object = None
    daily_limit: object = None
    remaining: object = None
    resets_at: object = None


def unverified(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the index and ETF tickers among symbols: "entitlement unverified", the service does not check it.

    >>> unverified(["NVDA", "SPY", "SPX"])
    ('SPY', 'SPX')
    """
    return tuple(s for s in symbols if s in INDEXES_AND_ETFS)


def decoded(body: bytes, shape: type[T]) -> T:
    """Return a reply's body as its shape. Raises SourceUnavailable."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError):
        pass
    # Python's own reader takes NaN, and numbers too large: such a row fails, and the others live.
    try:
        return msgspec.convert(json.loads(body), shape)
    except (msgspec.ValidationError, ValueError, RecursionError):
        pass
    raise SourceUnavailable(UNREADABLE)


def fetched(reply: BasketReply, asked: Sequence[str]) -> Fetched:
    """Sort what a reply says of each symbol that was asked for; a symbol's first row counts, strangers are ignored."""
    wanted = set(asked)
    as_of = parse_iso(reply.as_of)
    feeds = reply.data_as_of
    oi_as_of = (parse_iso(feeds.get("oi_feed")) if isinstance(feeds, dict) else None) or 0.0
    exposures: dict[str, SymbolExposure] = {}
    failed: dict[str, str] = {}
    nameless = False
    for row in reply.constituents:
        symbol = _symbol(row.get("symbol")) if isinstance(row, dict) else None
        if symbol is None or not isinstance(row, dict):
            nameless = True
        elif symbol in wanted and symbol not in exposures and symbol not in failed:
            found = _exposure(symbol, row, as_of, oi_as_of)
            if isinstance(found, str):
                failed[symbol] = found
            else:
                exposures[symbol] = found
    missing = wanted - exposures.keys() - failed.keys()
    if (
        nameless
    ):  # one of these may be whose row has lost its name: no reason to take it for a symbol without data
        named = reply.missing_symbols if isinstance(reply.missing_symbols, list) else []
        lost = missing - {_symbol(s) for s in named}
        failed |= {s: f"FlashAlpha's reply has a row without a name, and none for {s}." for s in sorted(lost)}
        missing -= lost
    return Fetched(exposures, frozenset(missing), failed)


def _exposure(
    symbol: str, row: Mapping[str, object], as_of: float | None, oi_as_of: float
) -> SymbolExposure | str:
    """Return a row's figures in the project's units, or the sentence that says why it has none."""
    if as_of is None:
        return f"FlashAlpha's figures of {symbol} do not say of when they are."
    values: list[float] = []
    for field, name in _FIELDS.items():
        value = _number(row.get(field))
        if value is None or (field == "underlying_price" and value <= 0):
            return f"FlashAlpha's row of {symbol} has no usable {name}."
        values.append(value)
    price, gex, dex, vex, chex = values
    net = Measures(gex, dex, vex * VOL_POINT, chex)
    return SymbolExposure(symbol, price, net, as_of, oi_as_of, unverified=symbol in INDEXES_AND_ETFS)


def levels_of(said: Mapping[str, object]) -> Levels:
    """Return the levels of a reply; what it does not give as a number is None."""
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.trust import FLIP_AVAILABLE, FLIP_NO_BOUNDARY

    prices = {name: _number(said.get(name)) for name in _LEVELS}
    status = said.get("gamma_flip_status")
    if not (isinstance(status, str) and re.fullmatch(r"[a-z_]{1,40}", status)):
        status = FLIP_NO_BOUNDARY if prices["gamma_flip"] is None else FLIP_AVAILABLE
    return Levels(
        **prices,
        gamma_flip_status=status,
        zero_dte=None,
        gamma_flip_doubts=(),
        gamma_flip_roots=(),
        near_flip=False,
    )


def account_of(said: AccountReply) -> QuotaReading:
    """Return what an account has left: the lower of what it says and what follows from its use."""
    unlimited = _is_unlimited(said.daily_limit) or _is_unlimited(said.remaining)
    limit, left, used = _whole(said.daily_limit), _whole(said.remaining), _whole(said.usage_today)
    if limit is not None and used is not None:
        left = max(limit - used, 0) if left is None else min(left, max(limit - used, 0))
    if left is None and not unlimited:
        raise SourceUnavailable(UNREADABLE)
    fits = isinstance(said.plan, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9 +_-]{0,23}", said.plan)
    plan = said.plan if fits and isinstance(said.plan, str) else ""
    return QuotaReading(limit, None if unlimited else left, parse_iso(said.resets_at), unlimited, plan)


def _symbol(value: object) -> str | None:
    try:
        return ticker(value) if isinstance(value, str) else None
    except InvalidSymbol:
        return None


def _number(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def quota_of(headers: Mapping[str, str]) -> QuotaReading | None:
    """Return what the headers say of the day's quota; None where they say nothing of it."""
    if window_of(headers) is not None:
        return None
    limit, left, reset = (headers.get(f"x-ratelimit-{n}") for n in ("limit", "remaining", "reset"))
    if limit is None and left is None:
        return None
    reset_at = _whole(reset)
    return QuotaReading(
        limit=_whole(limit),
        remaining=_whole(left),
        reset_at=float(reset_at) if reset_at is not None else None,
        unlimited=_is_unlimited(limit) or _is_unlimited(left),
    )


def _whole(value: object) -> int | None:
    """Return a count given as a number or as a text."""
    if type(value) is int:
        return max(value, 0)
    text = value.strip().replace(",", "") if isinstance(value, str) else ""
    return int(text) if re.fullmatch(r"\d{1,15}", text, re.ASCII) else None


def _is_unlimited(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "unlimited"
