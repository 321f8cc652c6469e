"""The levels of one underlying: gamma flip, walls, the strikes of largest exposure, and what expires today.

GEX is signed as everywhere: calls plus, puts minus. Levels that are strikes come from the exposures a strike; the flip comes
from repricing the whole chain. Of strikes that tie, the one nearest spot counts, then the lower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from basketgex_server.domain import DAY_COUNT, Convention, DayCount, StrikeRow, SymbolExposure, Terms
from basketgex_server.exposure import trust
from basketgex_server.exposure.chain import Chain, new_york_day
from basketgex_server.exposure.flips import flips, nearest
from basketgex_server.exposure.repricing import prepare
from basketgex_server.exposure.symbol import exposure
from basketgex_server.exposure.trust import FLIP_NO_BOUNDARY
from basketgex_server.market_hours import NEW_YORK


@dataclass(frozen=True, slots=True)
class ZeroDte:
    """What expires on the chain's own day in New York and has not expired yet.

    ``net_gex`` in USD per 1 % move; ``pct_of_total_gex`` is its share of the gross GEX (calls and puts without their signs)
    of the whole chain, 0..100.
    """

    expiration: date
    net_gex: float
    pct_of_total_gex: float


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one underlying, prices in USD; None where there is none.

    ``gamma_flip``: the spot price, nearest the present one, at which net GEX changes sign, every contract repriced there with
    its own volatility and time; None where ``gamma_flip_status`` is FLIP_NO_BOUNDARY.
    ``gamma_flip_doubts``: all reasons to mistrust it (see ``trust``); ``gamma_flip_status``: the first of them, or
    FLIP_AVAILABLE where there is none. ``gamma_flip_roots``: every root within REACH of spot, ascending.
    ``near_flip``: the regime is no more than a nearness to the flip (see ``trust.near_flip``).
    ``call_wall``, ``put_wall``: the strike with the largest call GEX, and with the most negative put GEX, wherever spot lies.
    ``max_positive_gamma``, ``max_negative_gamma``: the strike with the largest positive, and the most negative, net GEX.
    ``highest_oi_strike``: calls and puts together, of the contracts that count (those with a volatility).
    ``zero_dte_magnet``: the strike with the largest net GEX, either sign, of what expires today.
    """

    gamma_flip: float | None
    gamma_flip_status: str
    call_wall: float | None
    put_wall: float | None
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    highest_oi_strike: float | None
    zero_dte_magnet: float | None
    zero_dte: ZeroDte | None
    gamma_flip_doubts: tuple[str, ...] = ()
    gamma_flip_roots: tuple[float, ...] = field(default=(), compare=False)
    near_flip: bool = False


def levels(
    chain: Chain,
    convention: Convention,
    rate: float,
    dividend_yield: float,
    day_count: DayCount = DAY_COUNT,
) -> Levels | None:
    """Return the levels of a chain's underlying; None where ``exposure`` is. Arguments as there; every figure is finite."""
    terms = Terms(convention, rate, dividend_yield, day_count)
    found = exposure(chain, *terms)
    if found is None:
        return None
    book = prepare(chain, terms)
    roots = flips([(book, 1.0)]) if book else ()
    flip = nearest(roots)
    members = [trust.Weighed(chain, terms, book)] if book else []
    doubts = trust.doubts(members, roots) if members else (FLIP_NO_BOUNDARY,)
    day = new_york_day(chain.as_of)
    today = exposure(_expiring_on(day, chain), *terms) if day else None
    spot, strikes = chain.spot, tuple(found.strikes)
    return Levels(
        gamma_flip=None if flip is None else flip * spot,
        gamma_flip_status=trust.status(doubts),
        call_wall=_strike_of_most(strikes, spot, lambda row: row.call.gex),
        put_wall=_strike_of_most(strikes, spot, lambda row: -row.put.gex),
        max_positive_gamma=_strike_of_most(strikes, spot, _net),
        max_negative_gamma=_strike_of_most(strikes, spot, lambda row: -_net(row)),
        highest_oi_strike=_strike_of_most(
            strikes, spot, lambda row: row.call_open_interest + row.put_open_interest
        ),
        zero_dte_magnet=_strike_of_most(today.strikes, spot, lambda row: abs(_net(row))) if today else None,
        zero_dte=ZeroDte(day, today.net.gex, _share(today, found)) if day and today else None,
        gamma_flip_doubts=doubts,
        gamma_flip_roots=tuple(root * spot for root in roots),
        near_flip=trust.near_flip(members, flip, doubts),
    )


def gamma_flip(
    chain: Chain,
    convention: Convention,
    rate: float,
    dividend_yield: float,
    day_count: DayCount = DAY_COUNT,
) -> float | None:
    """Return the root, nearest spot, of net GEX over spot prices within REACH; None where there is none. See ``flips``."""
    book = prepare(chain, Terms(convention, rate, dividend_yield, day_count))
    found = nearest(flips([(book, 1.0)])) if book else None
    return None if found is None else found * chain.spot


def _net(row: StrikeRow) -> float:
    return row.call.gex + row.put.gex


def _strike_of_most(
    strikes: Sequence[StrikeRow], spot: float, figure: Callable[[StrikeRow], float]
) -> float | None:
    """Return the strike whose figure is largest; None where no figure is positive."""
    most = max(
        (row for row in strikes if figure(row) > 0),
        key=lambda row: (figure(row), -abs(row.strike - spot), -row.strike),
        default=None,
    )
    return most.strike if most else None


def _expiring_on(day: date, chain: Chain) -> Chain:
    """Return the contracts that expire on a day in New York."""
    start, end = (datetime.combine(day, t, NEW_YORK).timestamp() for t in (time.min, time.max))
    return chain.only((chain.expiry >= start) & (chain.expiry <= end))


def _share(part: SymbolExposure, whole: SymbolExposure) -> float:
    """Return the gross GEX of a part of a chain in per cent of the whole's."""
    gross = _half_gross(whole)
    return min(100.0, 100.0 * (_half_gross(part) / gross)) if gross > 0 else 0.0


def _half_gross(found: SymbolExposure) -> float:
    """Return half the gross GEX: the whole of it may be beyond the largest double."""
    return sum(0.5 * abs(side.gex) for side in (found.call, found.put) if side)
