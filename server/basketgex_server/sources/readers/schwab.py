"""Option chains as Schwab's interface replies, and TD Ameritrade's did: maps of expiries, of strikes, of contracts.

Volatilities are per cent; −999 and the text "NaN" count as absent. TD Ameritrade spells ``F_072420C1`` where the OCC symbol is
``F     200724C00001000``. Source of the field names: the published API references of both, and replies saved by users.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import msgspec

from basketgex_server.errors import BadChain
from basketgex_server.shown import quoted
from basketgex_server.sources.readers.columns import (
    STANDARD,
    Columns,
    check_one_moment,
    floats,
    latest,
    nth_option,
)

_TDA = re.compile(r"\$?([A-Z0-9.]{1,6})_(\d\d)(\d\d)(\d\d)([CP])(\d{1,5})(?:\.(\d{1,3}))?")


class _Contract(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    bid: float | None = None
    ask: float | None = None
    volatility: float | str | None = None
    open_interest: float | None = None
    total_volume: float | None = None
    multiplier: float | None = None
    non_standard: bool | None = None
    mini: bool | None = None
    quote_time_in_long: float | None = None
    trade_time_in_long: float | None = None


class _Underlying(msgspec.Struct, gc=False, rename="camel"):
    quote_time: float | None = None
    trade_time: float | None = None


_Expiries = dict[str, dict[str, list[_Contract]]]


class SchwabReply(msgspec.Struct):
    """The fields that count of a reply, or of another service's: all may be absent."""

    call_exp_date_map: _Expiries | None = msgspec.field(default=None, name="callExpDateMap")
    put_exp_date_map: _Expiries | None = msgspec.field(default=None, name="putExpDateMap")
    underlying_price: float | None = msgspec.field(default=None, name="underlyingPrice")
    underlying: _Underlying | None = None


def schwab(replies: Sequence[SchwabReply], name: str) -> Columns | None:
    """Read replies of one moment, one or several; None where they are another service's. Raises BadChain."""
    if all(reply.call_exp_date_map is None and reply.put_exp_date_map is None for reply in replies):
        return None
    contracts = [c for reply in replies for c in _contracts(reply)]
    if not contracts:
        raise BadChain(f"{name} is a Schwab reply without a contract: ask for the chain again.")
    check_one_moment(map(_quoted_at, replies), name)
    kept = [c for c in contracts if c.multiplier in (None, STANDARD) and not c.non_standard and not c.mini]
    underlyings = [reply.underlying for reply in replies if reply.underlying]
    prices = [p for reply in replies if (p := reply.underlying_price)]
    return Columns(
        [_occ(c.symbol) for c in kept],
        floats([_volatility(c, name) for c in kept]),
        floats([c.open_interest for c in kept]),
        floats([c.bid for c in kept]),
        floats([c.ask for c in kept]),
        prices[-1] if prices else None,
        latest(c.quote_time_in_long for c in contracts),
        latest(
            [
                *(c.trade_time_in_long for c in contracts),
                *(moment for u in underlyings for moment in (u.quote_time, u.trade_time)),
            ]
        ),
        adjusted=len(contracts) - len(kept),
        place=nth_option,
        volume=floats([c.total_volume for c in kept]),
    )


def _contracts(reply: SchwabReply) -> list[_Contract]:
    sides = (reply.call_exp_date_map or {}, reply.put_exp_date_map or {})
    return [c for side in sides for strikes in side.values() for same in strikes.values() for c in same]


def _quoted_at(reply: SchwabReply) -> float | None:
    return latest(c.quote_time_in_long for c in _contracts(reply))


def _occ(symbol: str) -> str:
    """Return TD Ameritrade's spelling of a contract as OCC's; any other as it is.

    >>> _occ("SPXW_072420C3212.5"), _occ("MSFT  210521C00245000")
    ('SPXW200724C03212500', 'MSFT  210521C00245000')
    """
    if (found := _TDA.fullmatch(symbol)) is None:
        return symbol
    root, month, day, year, side, whole, part = found.groups()
    return f"{root.replace('.', '')}{year}{month}{day}{side}{whole:0>5}{part or '':0<3}"


def _volatility(contract: _Contract, name: str) -> float | None:
    """Return a volatility per 1.00 of one in per cent; None where there is none. Raises BadChain."""
    said = contract.volatility
    if isinstance(said, str):
        text, said = said, None
        try:
            said = float(text or "nan")
        except ValueError as error:
            raise BadChain(f"{name}: volatility is {quoted(text)}, not a number.") from error
    return said / 100 if said is not None and math.isfinite(said) and said > 0 else None
