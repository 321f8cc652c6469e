"""FlashAlpha's JSON of what looks into a whole chain: by expiry, by strike, max pain; units and names as in ``bodies``.

What the contract has and no source here gives (volumes, scores whose making is not public) is null, or left out where it must
not be. Volatilities go out in per cent where its fields are so, as ``atm_iv``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from basketgex_server.api.rest.bodies import (
    UNKNOWN,
    VOL_POINTS,
    Json,
    dollars,
    envelope_of,
    gamma_flip,
    money,
    net_of,
    regime_of,
    with_flip,
)
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Measures, Origin, StrikeRow
from basketgex_server.market_hours import last_session
from basketgex_server.times import iso_utc

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.expirations import Expiration
    from basketgex_server.exposure.levels import Levels
    from basketgex_server.exposure.max_pain import MaxPain
    from basketgex_server.exposure.sheet import Sheet

BUCKETS = (
    ("0-7d", 0, 7),
    ("8-30d", 8, 30),
    ("31-60d", 31, 60),
    ("61-180d", 61, 180),
    ("180d+", 181, 2**31 - 1),
)
"""FlashAlpha's buckets of days to expiry."""
FAR, NEAR_FLIP = 0.05, 0.02
"""Max pain so far from spot, in units of it, is a signal; so near the flip it converges with it."""


class Pains(NamedTuple):
    """Max pain of what was asked for, None where nothing is open, and beside it ``gex``, its net GEX in USD, and its levels.

    ``first`` is its first day of expiry, with the ``volatility`` per 1.00 and ``straddle`` in USD of that day; ``by_day`` gives
    each day, the days to it and its own max pain.
    """

    pain: MaxPain | None
    first: date
    gex: float | None
    levels: Levels | None
    volatility: float | None
    straddle: float | None
    by_day: tuple[tuple[date, int, MaxPain], ...]


def term_structure(found: CachedFigure, origin: Origin, rows: Sequence[tuple[Expiration, int]]) -> Json:
    """Return exposures by day of expiry and by bucket; with each row the days to it."""
    whole = sum(abs(row.net.gex) for row, _ in rows)
    return {
        **of_symbol(found),
        "by_dte_bucket": [
            {
                "bucket": name,
                "dte_range": [low, high],
                **net_of(Measures(*map(sum, zip(*(row.net for row in held), strict=True)))),
                "contract_count": sum(row.contracts for row in held),
            }
            for name, low, high in BUCKETS
            if (held := [row for row, left in rows if low <= left <= high])
        ],
        "by_expiry": [
            {
                "expiration": row.day.isoformat(),
                "dte": left,
                "is_opex": is_opex(row.day),
                "is_triple_witching": is_triple_witching(row.day),
                **net_of(row.net),
                "pct_of_chain_gex": 100.0 * abs(row.net.gex) / whole if whole else 0.0,
            }
            for row, left in rows
        ],
        **envelope_of(found, origin),
    }


def sheet(
    found: CachedFigure, origin: Origin, made: Sheet, expiration: date | None, kept: Collection[float]
) -> Json:
    """Return all measures by strike; ``kept`` are the strikes that are shown."""
    line, figures = made.line_in_the_sand, {row.strike: sides_of(row) for row in made.rows}
    return {
        **of_symbol(found),
        "expiration": expiration.isoformat() if expiration else None,
        "is_opex": is_opex(expiration) if expiration else False,
        "is_triple_witching": is_triple_witching(expiration) if expiration else False,
        "totals": {**net_of(made.found.net), "net_dag": dollars(sum(made.dag))},
        "lis": None if line is None else {"strike": line, "magnitude": 1.0},
        "peaks": [
            {
                "strike": peak.strike,
                "net_gex": figures[peak.strike]["net_gex"],
                "strength": peak.strength,
                "side": "call_wall" if peak.net_gex >= 0 else "put_wall",
            }
            for peak in made.peaks
        ],
        "strikes": [
            {"strike": row.strike, **figures[row.strike], "dag": dollars(dag), **open_interest_of(row)}
            for row, dag in zip(made.rows, made.dag, strict=True)
            if row.strike in kept
        ],
        **envelope_of(found, origin),
    }


def is_opex(day: date) -> bool:
    """Tell whether a day is the monthly expiry: the third Friday, or the session before it where that is a holiday.

    >>> [is_opex(date(2026, 9, 18)), is_opex(date(2026, 9, 16)), is_opex(date(2026, 6, 18)), is_opex(date(2025, 4, 17))]
    [True, False, True, True]
    """
    third = date(day.year, day.month, 15 + (4 - date(day.year, day.month, 15).weekday()) % 7)
    return last_session(third)[0] == day


def is_triple_witching(day: date) -> bool:
    """Tell whether a day is the monthly expiry of March, June, September or December."""
    return day.month % 3 == 0 and is_opex(day)


def max_pain(found: CachedFigure, origin: Origin, made: Pains, expiration: date | None) -> Json:
    """Return max pain, its curve, and how it lies to flip, walls and the move that the options mean."""
    pain, known, spot = made.pain, made.levels, found.snapshot.exposure.underlying_price
    assert pain is not None  # noqa: S101 - refused by the caller
    away = spot - pain.strike
    calls, puts = float(pain.call_open_interest.sum()), float(pain.put_open_interest.sum())
    columns = (pain.strikes, pain.call_pain, pain.put_pain, pain.call_open_interest, pain.put_open_interest)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    body = {
        **of_symbol(found),
        "max_pain_strike": pain.strike,
        "distance": {
            "absolute": abs(away),
            "percent": 100.0 * abs(away) / spot,
            "direction": "above" if away > 0 else "below" if away < 0 else "at",
        },
        "signal": "neutral" if abs(away) < FAR * spot else "bullish" if away < 0 else "bearish",
        "expiration": made.first.isoformat(),
        "put_call_oi_ratio": puts / calls if calls else None,
        "pain_curve": [
            {"strike": k, "call_pain": dollars(c), "put_pain": dollars(p), "total_pain": dollars(c + p)}
            for k, c, p, _, _ in rows
        ],
        "oi_by_strike": [
            {
                "strike": k,
                "call_oi": round(c),
                "put_oi": round(p),
                "total_oi": round(c + p),
                "call_volume": None,
                "put_volume": None,
            }
            for k, _, _, c, p in rows
        ],
        "max_pain_by_expiration": None
        if expiration
        else [
            {
                "expiration": day.isoformat(),
                "max_pain_strike": own.strike,
                "dte": left,
                "total_oi": round(float(own.call_open_interest.sum() + own.put_open_interest.sum())),
            }
            for day, left, own in made.by_day
        ],
        "dealer_alignment": _alignment(pain.strike, spot, known),
        "regime": UNKNOWN if known is None or made.gex is None else regime_of(made.gex, known),
        "expected_move": {
            "straddle_price": made.straddle,
            "atm_iv": per_cent(made.volatility),
            "max_pain_within_expected_range": None if made.straddle is None else abs(away) <= made.straddle,
        },
        "pin_probability": None,
        **envelope_of(found, origin),
    }
    balance = None if expiration else found.snapshot.exposure.balance
    return with_flip(body, known, balance) if known else body


def _alignment(strike: float, spot: float, known: Levels | None) -> Json:
    """Return how max pain lies to flip and walls."""
    flip: Json = gamma_flip(known) if known else {"gamma_flip": None, "gamma_flip_status": UNKNOWN}
    call, put = (known.call_wall, known.put_wall) if known else (None, None)
    near = flip["gamma_flip"]
    if call is None or put is None:
        word, sentence = UNKNOWN, "There are no walls on both sides to compare max pain with."
    elif not min(call, put) <= strike <= max(call, put):
        word, sentence = "diverging", "Max pain lies outside the walls: hedging works against the pin."
    elif near is not None and abs(near - strike) <= NEAR_FLIP * spot:
        word, sentence = (
            "converging",
            "Max pain lies between the walls and near the flip: hedging supports the pin.",
        )
    else:
        word, sentence = "moderate", "Max pain lies between the walls, but not near a published flip."
    return {"alignment": word, "description": sentence, **flip, "call_wall": call, "put_wall": put}


def of_symbol(found: CachedFigure) -> Json:
    """Return what every figure of one underlying begins with."""
    e = found.snapshot.exposure
    return {"symbol": e.symbol, "underlying_price": e.underlying_price, "as_of": iso_utc(e.as_of)}


def sides_of(row: StrikeRow) -> Json:
    """Return all four measures of a strike, calls, puts and net."""
    figures: Json = {}
    for name in Measures._fields:
        call, put = (money(name, getattr(side, name)) for side in (row.call, row.put))
        net = None if call is None or put is None else call + put
        figures |= {f"call_{name}": call, f"put_{name}": put, f"net_{name}": net}
    return figures


def open_interest_of(row: StrikeRow) -> Json:
    """Return a strike's open interest, in contracts."""
    return {"call_oi": round(row.call_open_interest), "put_oi": round(row.put_open_interest)}


def per_cent(volatility: float | None) -> float | None:
    """Return a volatility in per cent."""
    return None if volatility is None else volatility * VOL_POINTS
