"""Replies of services, as saved: Cboe delayed quotes, Tradier and Schwab option chains, Polygon (now Massive) chain snapshots.

Decoded straight into the few fields that count. Of the last three a file may also be a list of replies: one an expiry with
Tradier and Schwab, one a page with Polygon, or the snapshots alone, as Polygon's own client lists them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from basketgex_server.errors import BadChain, UnknownForm
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.columns import (
    STANDARD,
    Columns,
    check_one_moment,
    floats,
    latest,
    nth_option,
)
from basketgex_server.sources.readers.schwab import SchwabReply, schwab
from basketgex_server.times import in_new_york

T = TypeVar("T")
_FIELD = re.compile(r"field `(\w+)`|at `\$.*?(\w+)(?:\[\.\.\.\])*`$")


class _CboeOption(msgspec.Struct, gc=False):
    option: str
    iv: float | None = None
    open_interest: float | None = None
    volume: float | None = None
    bid: float | None = None
    ask: float | None = None


class _CboeData(msgspec.Struct):
    options: list[_CboeOption]
    current_price: float | None = None
    last_trade_time: str | None = None


class _TradierGreeks(msgspec.Struct, gc=False):
    mid_iv: float | None = None
    smv_vol: float | None = None
    updated_at: str | None = None


class _TradierOption(msgspec.Struct, gc=False):
    symbol: str
    open_interest: float | None = None
    volume: float | None = None
    bid: float | None = None
    ask: float | None = None
    bid_date: float | None = None
    ask_date: float | None = None
    trade_date: float | None = None
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


class _Day(msgspec.Struct, gc=False):
    volume: float | None = None


class _Trade(msgspec.Struct, gc=False):
    sip_timestamp: float | None = None


class _Underlying(msgspec.Struct, gc=False):
    price: float | None = None
    value: float | None = None
    last_updated: float | None = None


class _Snapshot(msgspec.Struct, gc=False):
    details: _Details
    implied_volatility: float | None = None
    open_interest: float | None = None
    day: _Day | None = None
    last_quote: _Quote | None = None
    last_trade: _Trade | None = None
    underlying_asset: _Underlying | None = None


class _Reply(SchwabReply):
    """Any of them: each has a field of its own."""

    data: _CboeData | None = None
    timestamp: str | float | None = None
    options: _TradierOptions | None = None
    results: list[_Snapshot] | None = None
    next_url: str | None = None
    details: _Details | None = None


_REPLY = msgspec.json.Decoder(_Reply | list[_Reply])
_SNAPSHOTS = msgspec.json.Decoder(list[_Snapshot])


def json_chain(content: bytes, name: str) -> Columns:
    """Read any of them, UTF-8 without a mark. Raises BadChain, UnknownForm where it is none of them."""
    found = decoded(_REPLY, content, name)
    replies = found if isinstance(found, list) else [found]
    if len(replies) == 1 and replies[0].data is not None:
        return _cboe(replies[0].data, _made_at(replies[0].timestamp, name), name)
    if any(reply.data is not None for reply in replies):
        raise BadChain(f"{name} has more than one Cboe chain: one file is one underlying.")
    if snapshots := [s for reply in replies for s in reply.results or ()]:
        if replies[-1].next_url:
            raise BadChain(
                f"{name} is only a part of its chain: it has a next_url. Save every page, as a list."
            )
        check_one_moment((_quoted_at(reply.results or ()) for reply in replies), name)
        return _polygon(snapshots)
    if contracts := [o for reply in replies for o in _list(reply.options)]:
        check_one_moment((_bid_or_asked_at(_list(reply.options)) for reply in replies), name)
        return _tradier(contracts, name)
    if replies and replies[0].details is not None:
        return _polygon(decoded(_SNAPSHOTS, content, name))
    if (columns := schwab(replies, name)) is not None:
        return columns
    raise UnknownForm(f"{name} is JSON, but no chain of a form that is read.")


def decoded(decoder: msgspec.json.Decoder[T], content: bytes, name: str) -> T:
    """Return JSON in UTF-8 as a value. Raises BadChain, UnknownForm where it is no such value."""
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise _misfit(error, name) from error
    except msgspec.DecodeError as error:
        if (
            b"NaN" in content or b"Infinity" in content
        ):  # Python writes those, although JSON has no such numbers
            return _with_odd_numbers(decoder, content, name)
        if "truncated" in str(error):
            raise BadChain(f"{name} is not whole JSON: it may be cut short.") from error
        raise UnknownForm(f"{name} is not JSON.") from error
    except UnicodeDecodeError as error:
        raise UnknownForm(f"{name} is not text.") from error
    except RecursionError as error:
        raise UnknownForm(f"{name} is JSON, but no chain of a form that is read.") from error


def _with_odd_numbers(decoder: msgspec.json.Decoder[T], content: bytes, name: str) -> T:
    """Decode what has NaN or Infinity among its numbers: the first is absent, the second stays what it is."""
    try:
        values = json.loads(content, parse_constant=lambda text: None if text == "NaN" else float(text))
        found: T = msgspec.convert(values, decoder.type)
    except msgspec.ValidationError as error:
        raise _misfit(error, name) from error
    except (ValueError, RecursionError) as error:
        raise UnknownForm(f"{name} is not JSON.") from error
    return found


def _misfit(error: msgspec.ValidationError, name: str) -> BadChain:
    """Return what is said of JSON that is no chain: the field that does not fit, where there is one."""
    found = _FIELD.search(str(error))
    if found is None:
        return UnknownForm(f"{name} is JSON, but no chain of a form that is read.")
    return BadChain(f"{name}: {found[1] or found[2]} is missing or of another kind.")


def _cboe(data: _CboeData, made_at: float | None, name: str) -> Columns:
    options = data.options
    as_of, undated = None, ""
    if said := (data.last_trade_time or "").strip():
        try:
            as_of = in_new_york(datetime.fromisoformat(said))
        except (ValueError, OverflowError):
            undated = f"{name}: last_trade_time is {quoted(said)}: it should read like 2026-07-10T16:00:00."
    return Columns(
        [o.option for o in options],
        floats([o.iv for o in options]),
        floats([o.open_interest for o in options]),
        floats([o.bid for o in options]),
        floats([o.ask for o in options]),
        data.current_price,
        as_of,
        made_at,
        place=nth_option,
        undated=undated,
        volume=floats([o.volume for o in options]),
    )


def _made_at(timestamp: str | float | None, name: str) -> float | None:
    """Return the Unix seconds of Cboe's ``timestamp``, which is UTC where it names no zone. Raises BadChain."""
    if timestamp is None or timestamp == "":
        return None
    if isinstance(timestamp, str):
        return _utc(timestamp, "timestamp", name)
    return latest([timestamp])


def _utc(text: str, field: str, name: str) -> float:
    try:
        when = datetime.fromisoformat(text.strip())
        return in_new_york(when if when.tzinfo else when.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise BadChain(
            f"{name}: {field} is {quoted(text)}: it should read like 2026-07-10 20:15:00, in UTC."
        ) from error


def _tradier(contracts: list[_TradierOption], name: str) -> Columns:
    kept = [o for o in contracts if o.contract_size in (None, 0, STANDARD)]
    updates = {o.greeks.updated_at for o in contracts if o.greeks and o.greeks.updated_at}
    computed_at = [_utc(text, "updated_at", name) for text in updates]
    return Columns(
        [o.symbol for o in kept],
        floats([(o.greeks.mid_iv or o.greeks.smv_vol) if o.greeks else None for o in kept]),
        floats([o.open_interest for o in kept]),
        floats([o.bid for o in kept]),
        floats([o.ask for o in kept]),
        as_of=_bid_or_asked_at(contracts),
        made_at=latest([*computed_at, *(o.trade_date for o in contracts)]),
        volume=floats([o.volume for o in kept]),
        adjusted=len(contracts) - len(kept),
        place=nth_option,
    )


def _polygon(snapshots: list[_Snapshot]) -> Columns:
    kept = [s for s in snapshots if s.details.shares_per_contract in (None, STANDARD)]
    underlyings = [s.underlying_asset for s in snapshots if s.underlying_asset]
    prices = [p for u in underlyings if (p := u.price or u.value)]
    quoted_at = _quoted_at(snapshots)
    traded_at = latest(s.last_trade.sip_timestamp for s in snapshots if s.last_trade)
    as_of = latest(u.last_updated for u in underlyings)
    return Columns(
        [s.details.ticker.removeprefix("O:") for s in kept],
        floats([s.implied_volatility for s in kept]),
        floats([s.open_interest for s in kept]),
        floats([s.last_quote.bid if s.last_quote else None for s in kept]),
        floats([s.last_quote.ask if s.last_quote else None for s in kept]),
        prices[-1] if prices else None,
        quoted_at if as_of is None else as_of,
        latest([quoted_at, traded_at]),
        volume=floats([s.day.volume if s.day else None for s in kept]),
        adjusted=len(snapshots) - len(kept),
        place=nth_option,
    )


def _bid_or_asked_at(contracts: Sequence[_TradierOption]) -> float | None:
    return latest(m for o in contracts for m in (o.bid_date, o.ask_date))


def _quoted_at(snapshots: Sequence[_Snapshot]) -> float | None:
    return latest(s.last_quote.last_updated for s in snapshots if s.last_quote)


def _list(options: _TradierOptions | None) -> Sequence[_TradierOption]:
    found = options.option if options else None
    return (
        found if isinstance(found, list) else [found] if found else []
    )  # a lone contract comes without its list
