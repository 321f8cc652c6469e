"""The levels of one underlying: gamma flip, walls, the strikes of largest exposure, and what expires today.

GEX is signed as everywhere: calls plus, puts minus. Levels that are strikes come from the exposures a strike; the flip comes
from repricing the whole chain. Of strikes that tie, the one nearest spot counts, then the lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

import numpy as np

from basketgex_server.domain import DAY_COUNT, Convention, DayCount, StrikeRow, SymbolExposure, Terms
from basketgex_server.exposure.chain import NEW_YORK, Chain, new_york_day, rows
from basketgex_server.exposure.flips import flips, nearest, signs
from basketgex_server.exposure.repricing import Repricing, prepare
from basketgex_server.exposure.symbol import exposure

FLIP_AVAILABLE = "available"
FLIP_NO_BOUNDARY = "no_boundary"
"""No flip: over the whole range net GEX keeps its sign, or is nothing but rounding. Both words are FlashAlpha's."""
FLIP_INSUFFICIENT_COVERAGE = "insufficient_local_coverage"
"""Fewer than NEAR_STRIKES strikes that count on one side of spot, or less than NEAR_USABLE of the open interest, in NEAR."""
FLIP_SENSITIVE = "sensitive_root"
"""A rate, or volatilities, CHANGE higher or lower (half a percentage point) move the flip by more than STEADY of spot."""
FLIP_SEVERAL_ROOTS = "several_roots"
"""Net GEX changes its sign more than once within REACH; the flip is the nearest."""
FLIP_SIGN_DISAGREES = "sign_disagrees"
"""Net GEX at spot is not what spot's side of the flip is read as: positive above it, negative below."""

NEAR, NEAR_STRIKES, NEAR_USABLE = 0.1, 3, 0.9
CHANGE, STEADY = 0.005, 0.005
_STATUSES = (FLIP_NO_BOUNDARY, FLIP_INSUFFICIENT_COVERAGE, FLIP_SENSITIVE)


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
    ``gamma_flip_status``: a word of FlashAlpha's: FLIP_NO_BOUNDARY, FLIP_INSUFFICIENT_COVERAGE, FLIP_SENSITIVE, in that order,
    or FLIP_AVAILABLE where none of them holds. ``gamma_flip_doubts``: all reasons to mistrust it, FLIP_SEVERAL_ROOTS and
    FLIP_SIGN_DISAGREES among them. ``gamma_flip_roots``: every root within REACH of spot, ascending.
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
    with np.errstate(all="ignore"):  # odd numbers that overflow are sorted out where they matter
        doubts = tuple(_doubts(chain, terms, book, roots, flip)) if book and flip else (FLIP_NO_BOUNDARY,)
    day = new_york_day(chain.as_of)
    today = exposure(_expiring_on(day, chain), *terms) if day else None
    spot, strikes = chain.spot, tuple(found.strikes)
    return Levels(
        gamma_flip=None if flip is None else flip * spot,
        gamma_flip_status=next((word for word in _STATUSES if word in doubts), FLIP_AVAILABLE),
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


def _doubts(
    chain: Chain, terms: Terms, book: Repricing, roots: Sequence[float], flip: float
) -> Iterator[str]:
    """Yield the reasons to mistrust the nearest root ``flip`` of ``roots``, all in units of spot."""
    if len(roots) > 1:
        yield FLIP_SEVERAL_ROOTS
    at_spot = signs(book.balance, np.array([1.0]))[0]
    if at_spot and at_spot != (1.0 if flip <= 1.0 else -1.0):
        yield FLIP_SIGN_DISAGREES
    if not _covered(chain, book):
        yield FLIP_INSUFFICIENT_COVERAGE
    if _sensitive(chain, terms, book, roots, flip):
        yield FLIP_SENSITIVE


def _covered(chain: Chain, book: Repricing) -> bool:
    """Return whether the contracts with strikes NEAR spot suffice to tell of net GEX there."""
    below, above = (
        np.sum((book.strikes <= 1) & (book.strikes >= 1 - NEAR)),
        np.sum((book.strikes >= 1) & (book.strikes <= 1 + NEAR)),
    )
    sorted_rows = rows(chain)
    near = np.abs(chain.strike / chain.spot - 1) <= NEAR
    used, lost = (
        float(sorted_rows.open_interest[near & kept].sum())
        for kept in (sorted_rows.used, sorted_rows.no_volatility)
    )
    return bool(min(below, above) >= NEAR_STRIKES and used >= NEAR_USABLE * (used + lost))


def _sensitive(chain: Chain, terms: Terms, book: Repricing, roots: Sequence[float], flip: float) -> bool:
    """Return whether a small change of the rate, or of all volatilities, moves the root by more than STEADY."""
    place = roots.index(flip)
    before = [(roots[place - 1] + flip) / 2] if place else []
    after = [(roots[place + 1] + flip) / 2] if place + 1 < len(roots) else []
    around = np.array([max([flip - STEADY, *before]), min([flip + STEADY, *after])])
    wanted = signs(book.balance, around)
    others = [(chain, terms._replace(rate=terms.rate + change)) for change in (-CHANGE, CHANGE)]
    others += [
        (replace(chain, volatility=np.maximum(chain.volatility + change, chain.volatility / 2)), terms)
        for change in (-CHANGE, CHANGE)
    ]
    return any(
        other is None or not np.array_equal(signs(other.balance, around), wanted)
        for other in (prepare(*changed) for changed in others)
    )


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
