"""The reply of max pain."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from basketgex_server.api.rest import bodies
from basketgex_server.api.rest.bodies import UNKNOWN, dollars
from basketgex_server.api.rest.shapes import Body, Count, Dollars, OfSymbol, PublishedFlip, RegimeOrUnknown
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Origin

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure import max_pain as of_pain
    from basketgex_server.exposure.levels import Levels

FAR, NEAR_FLIP = 0.05, 0.02
"""Max pain so far from spot, in units of it, is a signal; so near the flip it converges with it."""


class Distance(Body):
    """How far spot is from max pain, in USD and in per cent of spot, and on which side of it."""

    absolute: float
    percent: float
    direction: Literal["above", "below", "at"]


class Pain(Body):
    """What the open options would be worth, were spot at a strike when they expire."""

    strike: float
    call_pain: Dollars
    put_pain: Dollars
    total_pain: Dollars


class OpenInterest(Body):
    """The open interest of one strike, in contracts."""

    strike: float
    call_oi: Count
    put_oi: Count
    total_oi: Count
    call_volume: None = None
    put_volume: None = None


class ExpiryPain(Body):
    """The max pain of one day of expiry."""

    expiration: date
    max_pain_strike: float
    dte: Count
    total_oi: Count


class Alignment(Body):
    """How max pain lies to flip and walls."""

    alignment: Literal["converging", "moderate", "diverging", "unknown"]
    description: str
    gamma_flip: PublishedFlip
    gamma_flip_status: str
    call_wall: float | None
    put_wall: float | None


class PainMove(Body):
    """The move that the options mean: a straddle's price in USD, and the volatility at the money in per cent."""

    straddle_price: float | None
    atm_iv: float | None
    max_pain_within_expected_range: bool | None


class MaxPain(OfSymbol):
    """The strike at which open options would be worth least."""

    max_pain_strike: float
    distance: Distance
    signal: Literal["bullish", "bearish", "neutral"]
    expiration: date
    put_call_oi_ratio: float | None
    pain_curve: list[Pain]
    oi_by_strike: list[OpenInterest]
    max_pain_by_expiration: list[ExpiryPain] | None
    dealer_alignment: Alignment
    regime: RegimeOrUnknown
    expected_move: PainMove
    pin_probability: None = None


class Pains(NamedTuple):
    """Max pain of what was asked for, None where nothing is open, and beside it ``gex``, its net GEX in USD, and its levels.

    ``first`` is its first day of expiry, with the ``volatility`` per 1.00 and ``straddle`` in USD of that day; ``by_day`` gives
    each day, the days to it and its own max pain.
    """

    pain: of_pain.MaxPain | None
    first: date
    gex: float | None
    levels: Levels | None
    volatility: float | None
    straddle: float | None
    by_day: tuple[tuple[date, int, of_pain.MaxPain], ...]


def max_pain(found: CachedFigure, origin: Origin, made: Pains, expiration: date | None) -> MaxPain:
    """Return max pain of the whole chain, or of one day."""
    pain, known, spot = made.pain, made.levels, found.snapshot.exposure.underlying_price
    assert pain is not None  # noqa: S101 - refused by the caller
    away = spot - pain.strike
    calls, puts = float(pain.call_open_interest.sum()), float(pain.put_open_interest.sum())
    columns = (pain.strikes, pain.call_pain, pain.put_pain, pain.call_open_interest, pain.put_open_interest)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    balance = None if expiration else found.snapshot.exposure.balance
    within = None if made.straddle is None else abs(away) <= made.straddle
    return MaxPain(
        **bodies.of_symbol(found, origin, known, balance),
        max_pain_strike=pain.strike,
        distance=Distance(
            abs(away), 100.0 * abs(away) / spot, "above" if away > 0 else "below" if away < 0 else "at"
        ),
        signal="neutral" if abs(away) < FAR * spot else "bullish" if away < 0 else "bearish",
        expiration=made.first,
        put_call_oi_ratio=puts / calls if calls else None,
        pain_curve=[Pain(k, dollars(c), dollars(p), dollars(c + p)) for k, c, p, _, _ in rows],
        oi_by_strike=[OpenInterest(k, round(c), round(p), round(c + p)) for k, _, _, c, p in rows],
        max_pain_by_expiration=None if expiration else [_of_day(*each) for each in made.by_day],
        dealer_alignment=_alignment(pain.strike, spot, known),
        regime=UNKNOWN if known is None or made.gex is None else bodies.regime_of(made.gex, known),
        expected_move=PainMove(made.straddle, bodies.per_cent(made.volatility), within),
    )


def _of_day(day: date, left: int, own: of_pain.MaxPain) -> ExpiryPain:
    interest = float(own.call_open_interest.sum() + own.put_open_interest.sum())
    return ExpiryPain(day, own.strike, left, round(interest))


def _alignment(strike: float, spot: float, known: Levels | None) -> Alignment:
    flip = bodies.gamma_flip(known or UNKNOWN)
    call, put = (known.call_wall, known.put_wall) if known else (None, None)
    near = flip["gamma_flip"]
    word: Literal["converging", "moderate", "diverging", "unknown"]
    if call is None or put is None:
        word, sentence = UNKNOWN, "There are no walls on both sides to compare max pain with."
    elif not min(call, put) <= strike <= max(call, put):
        word, sentence = "diverging", "Max pain lies outside the walls: hedging works against the pin."
    elif near is not None and abs(near - strike) <= NEAR_FLIP * spot:
        word = "converging"
        sentence = "Max pain lies between the walls and near the flip: hedging supports the pin."
    else:
        word, sentence = "moderate", "Max pain lies between the walls, but not near a published flip."
    return Alignment(alignment=word, description=sentence, **flip, call_wall=call, put_wall=put)
