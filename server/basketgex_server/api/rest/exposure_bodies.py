"""The replies of an underlying's exposures: by strike, its levels and its summary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from basketgex_server.api.rest import bodies
from basketgex_server.api.rest.bodies import UNKNOWN, Json, Measure, dollars
from basketgex_server.api.rest.shapes import (
    Body,
    Count,
    Dollars,
    Hedge,
    Net,
    OfFlip,
    OfSymbol,
    Percent,
    PublishedFlip,
    RegimeOrUnknown,
)
from basketgex_server.dispatch.lookups import CachedFigure
from basketgex_server.domain import Origin, StrikeRow

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure import levels as of_levels

_GAMMA = {
    "positive_gamma": "Dealers long gamma: moves are dampened, mean reversion is likely.",
    "negative_gamma": "Dealers short gamma: moves are amplified, trends are likely.",
    UNKNOWN: "No gamma flip is published, so the regime is unknown.",
}
_WHOSE = {
    "flashalpha": "The delta of all open interest as a plain sum, not the dealers',",
    "dealer": "Dealers' net delta",
}


class GexRow(Body):
    """GEX of one strike, with its open interest in contracts."""

    strike: float
    call_gex: Dollars
    put_gex: Dollars
    net_gex: Dollars
    call_oi: Count
    put_oi: Count
    call_volume: None = None
    put_volume: None = None
    call_oi_change: None = None
    put_oi_change: None = None


class DexRow(Body):
    """DEX of one strike."""

    strike: float
    call_dex: Dollars
    put_dex: Dollars
    net_dex: Dollars


class VexRow(Body):
    """VEX of one strike."""

    strike: float
    call_vex: Dollars
    put_vex: Dollars
    net_vex: Dollars


class ChexRow(Body):
    """CHEX of one strike."""

    strike: float
    call_chex: Dollars
    put_chex: Dollars
    net_chex: Dollars


class Gex(OfFlip):
    """GEX by strike, and the gamma flip."""

    net_gex: Dollars
    net_gex_label: Literal["positive", "negative"]
    strikes: list[GexRow]


class Dex(OfSymbol):
    """DEX by strike."""

    net_dex: Dollars
    strikes: list[DexRow]


class Vex(OfSymbol):
    """VEX by strike, per 1.00 of volatility."""

    net_vex: Dollars
    vex_interpretation: str | None
    strikes: list[VexRow]


class Chex(OfSymbol):
    """CHEX by strike."""

    net_chex: Dollars
    chex_interpretation: str | None
    strikes: list[ChexRow]


class LevelStrikes(Body):
    """The gamma flip, and the strikes of largest exposure."""

    gamma_flip: PublishedFlip
    gamma_flip_status: str
    max_positive_gamma: float | None
    max_negative_gamma: float | None
    call_wall: float | None
    put_wall: float | None
    highest_oi_strike: float | None
    zero_dte_magnet: float | None


class Levels(OfSymbol):
    """Gamma flip, walls, and the strikes of largest exposure."""

    levels: LevelStrikes


class Interpretation(Body):
    """What the figures mean, in words."""

    gamma: str
    vanna: str
    charm: str | None


class HedgingEstimate(Body):
    """What dealers trade after a move of 1 %."""

    spot_down_1pct: Hedge
    spot_up_1pct: Hedge


class ZeroDteShare(Body):
    """What expires on the chain's own day, and its share of gross GEX."""

    net_gex: Dollars
    pct_of_total_gex: Percent | None
    expiration: date | None


class Summary(OfFlip):
    """Exposures, regime, gamma flip and what dealers trade after a move."""

    regime: RegimeOrUnknown
    exposures: Net
    interpretation: Interpretation
    hedging_estimate: HedgingEstimate
    zero_dte: ZeroDteShare


_BY_STRIKE: dict[Measure, tuple[Any, type[Body]]] = {
    "gex": (Gex, GexRow),
    "dex": (Dex, DexRow),
    "vex": (Vex, VexRow),
    "chex": (Chex, ChexRow),
}


def strikes(
    measure: Measure,
    found: CachedFigure,
    origin: Origin,
    rows: Sequence[StrikeRow],
    known: of_levels.Levels | str | None,
) -> OfSymbol:
    """Return one measure of an underlying, one row per strike; ``known`` as in ``summary``, for GEX only."""
    e = found.snapshot.exposure
    more: Json = {f"net_{measure}": bodies.money(measure, getattr(e.net, measure))}
    if measure == "gex":
        more["net_gex_label"] = "positive" if e.net.gex >= 0 else "negative"
    elif measure == "vex":
        more["vex_interpretation"] = _vanna(e.net.vex, origin)
    elif measure == "chex":
        more["chex_interpretation"] = _charm(e.net.chex, origin)
    if known is not None:
        more |= bodies.gamma_flip(known)

    def figures(row: StrikeRow) -> Json:
        interest = bodies.open_interest_of(row) if measure == "gex" else {}
        return bodies.sides_of(row, measure) | interest

    reply, line = _BY_STRIKE[measure]
    shown = [line(strike=row.strike, **figures(row)) for row in rows]
    made: OfSymbol = reply(**bodies.of_symbol(found, origin, known, e.balance), **more, strikes=shown)
    return made


def levels(found: CachedFigure, origin: Origin, known: of_levels.Levels) -> Levels:
    """Return an underlying's levels."""
    shown = LevelStrikes(
        **bodies.gamma_flip(known),
        max_positive_gamma=known.max_positive_gamma,
        max_negative_gamma=known.max_negative_gamma,
        call_wall=known.call_wall,
        put_wall=known.put_wall,
        highest_oi_strike=known.highest_oi_strike,
        zero_dte_magnet=known.zero_dte_magnet,
    )
    return Levels(**bodies.of_symbol(found, origin, known, found.snapshot.exposure.balance), levels=shown)


def summary(
    found: CachedFigure, origin: Origin, known: of_levels.Levels | str, *, whole_chain: bool
) -> Summary:
    """Return an underlying's exposures and what follows from them.

    ``known`` are its levels, or the code of what stood in their way. With ``whole_chain`` the source knows every expiry, so
    that no same-day figures mean that nothing expires today.
    """
    e = found.snapshot.exposure
    today = None if isinstance(known, str) else known.zero_dte
    nothing = 0 if whole_chain and not isinstance(known, str) else None
    label = bodies.regime_of(e.net.gex, known)
    return Summary(
        **bodies.of_symbol(found, origin, known, e.balance),
        **bodies.gamma_flip(known),
        regime=label,
        exposures=Net(**bodies.net_of(e.net)),
        interpretation=Interpretation(_GAMMA[label], _vanna(e.net.vex, origin), _charm(e.net.chex, origin)),
        hedging_estimate=HedgingEstimate(
            spot_down_1pct=bodies.hedge(e.net.gex, e.underlying_price),
            spot_up_1pct=bodies.hedge(-e.net.gex, e.underlying_price),
        ),
        zero_dte=ZeroDteShare(dollars(today.net_gex), today.pct_of_total_gex, today.expiration)
        if today
        else ZeroDteShare(nothing, nothing, None),
    )


def _vanna(vex: float, origin: Origin) -> str:
    return f"{_WHOSE[origin.convention]} {'rises' if vex >= 0 else 'falls'} as volatility rises."


def _charm(chex: float, origin: Origin) -> str | None:
    if origin.chex != "computed":  # its sign is not established
        return None
    return f"{_WHOSE[origin.convention]} {'rises' if chex >= 0 else 'falls'} as time passes."
