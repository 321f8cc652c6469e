"""Replies of services, as saved: Cboe delayed quotes, Tradier option chains, Polygon (now Massive) chain snapshots.

Decoded straight into the few fields that count. Of the last two a file may also be a list of replies: one an expiry with
Tradier, one a page with Polygon.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np

from basketgex_server.errors import BadChain
from basketgex_server.exposure.black_scholes import Floats
from basketgex_server.sources.readers.columns import Columns, new_york

_STANDARD = 100.0
"""Units that a contract delivers if nothing happened to the underlying."""
_LATEST = 1e11
"""A Unix time above this is in milliseconds or finer."""


class _CboeOption(msgspec.Struct, gc=False):
    option: str
    iv: float | None = None
    open_interest: float | None = None
    bid: float | None = None
    ask: float | None = None


class _CboeData(msgspec.Struct):
    options: list[_CboeOption]
    current_price: float | None = None
    last_trade_time: datetime | None = None


class _TradierGreeks(msgspec.Struct, gc=False):
    mid_iv: float | None = None
    smv_vol: float | None = None


class _TradierOption(msgspec.Struct, gc=False):
    symbol: str
    open_interest: float | None = None
    bid: float | None = None
    ask: float | None = None
    bid_date: float | None = None
    ask_date: float | None = None
    contract_size: float | None = None
    greeks: _TradierGreeks | None = None


class _TradierOptions(msgspec.Struct):
    option: list[_TradierOption] | _TradierOption | None = None


class _Details(msgspec.Struct, gc=False):
    ticker: str
    shares_per_contract: float | None = None


class _Quote(msgspec.Struct, gc=False):
    bid: float | None = None
    ask: float | None = None
    last_updated: float | None = None


class _Underlying(msgspec.Struct, gc=False):
    price: float | None = None
    value: float | None = None
    last_updated: float | None = None


class _Snapshot(msgspec.Struct, gc=False):
    details: _Details
    implied_volatility: float | None = None
    open_interest: float | None = None
    last_quote: _Quote | None = None
    underlying_asset: _Underlying | None = None


class _Reply(msgspec.Struct):
    """Any of the three: each has a field of its own."""

    data: _CboeData | None = None
    options: _TradierOptions | None = None
    results: list[_Snapshot] | None = None
    next_url: str | None = None


_REPLY = msgspec.json.Decoder(_Reply | list[_Reply])


def json_chain(content: bytes, name: str) -> Columns:
    """Read any of the three. Raises BadChain."""
    try:
        decoded = _REPLY.decode(content)
    except msgspec.ValidationError as error:
        raise BadChain(f"{name} is not a Cboe chain: a field is missing or of another kind.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadChain(f"{name} is not whole JSON: it may be cut short.") from error
    replies = decoded if isinstance(decoded, list) else [decoded]
    if len(replies) == 1 and replies[0].data is not None:
        return _cboe(replies[0].data)
    if any(reply.data is not None for reply in replies):
        raise BadChain(f"{name} has more than one Cboe chain: one file is one underlying.")
    if snapshots := [s for reply in replies for s in reply.results or ()]:
        if replies[-1].next_url:
            raise BadChain(
                f"{name} is only a part of its chain: it has a next_url. Save every page, as a list."
            )
        return _polygon(snapshots)
    if contracts := [o for reply in replies for o in _list(reply.options)]:
        return _tradier(contracts)
    raise BadChain(f"{name} is not a Cboe chain: a field is missing or of another kind.")


def _cboe(data: _CboeData) -> Columns:
    options, when = data.options, data.last_trade_time
    return Columns(
        [o.option for o in options],
        _floats([o.iv for o in options]),
        _floats([o.open_interest for o in options]),
        _floats([o.bid for o in options]),
        _floats([o.ask for o in options]),
        data.current_price,
        new_york(when) if when else None,
        place=_option,
    )


def _tradier(contracts: list[_TradierOption]) -> Columns:
    kept = [o for o in contracts if o.contract_size in (None, 0, _STANDARD)]
    moments = [m for o in contracts for m in (o.bid_date, o.ask_date) if m]
    return Columns(
        [o.symbol for o in kept],
        _floats([(o.greeks.mid_iv or o.greeks.smv_vol) if o.greeks else None for o in kept]),
        _floats([o.open_interest for o in kept]),
        _floats([o.bid for o in kept]),
        _floats([o.ask for o in kept]),
        as_of=_seconds(max(moments)) if moments else None,
        adjusted=len(contracts) - len(kept),
        place=_option,
    )


def _polygon(snapshots: list[_Snapshot]) -> Columns:
    kept = [s for s in snapshots if s.details.shares_per_contract in (None, _STANDARD)]
    underlyings = [s.underlying_asset for s in snapshots if s.underlying_asset]
    prices = [p for u in underlyings if (p := u.price or u.value)]
    moments = [u.last_updated for u in underlyings if u.last_updated]
    moments = moments or [
        s.last_quote.last_updated for s in snapshots if s.last_quote and s.last_quote.last_updated
    ]
    return Columns(
        [s.details.ticker.removeprefix("O:") for s in kept],
        _floats([s.implied_volatility for s in kept]),
        _floats([s.open_interest for s in kept]),
        _floats([s.last_quote.bid if s.last_quote else None for s in kept]),
        _floats([s.last_quote.ask if s.last_quote else None for s in kept]),
        prices[-1] if prices else None,
        _seconds(max(moments)) if moments else None,
        adjusted=len(snapshots) - len(kept),
        place=_option,
    )


def _list(options: _TradierOptions | None) -> Sequence[_TradierOption]:
    found = options.option if options else None
    return (
        found if isinstance(found, list) else [found] if found else []
    )  # a lone contract comes without its list


def _floats(values: list[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _option(row: int) -> str:
    return f"option {row + 1}"


def _seconds(moment: float) -> float:
    """Return Unix seconds of a time that may be in milliseconds, microseconds or nanoseconds."""
    while moment > _LATEST:
        moment /= 1000.0
    return moment
