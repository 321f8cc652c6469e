"""Responses of single calls, as values. Protobuf stops here; ``codec`` does the same for columns of baskets.

Whoever has a message has its package: nothing is imported here that a machine may lack.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from basketgex_addin.cells import LEVELS, Dispersion, LevelFigures, Problem, Quota, Strikes
from basketgex_addin.client import problems
from basketgex_addin.client.figures import (
    MEASURES,
    Forward,
    ProfileFigures,
    ServerStatus,
    SymbolFigures,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from basketgex.home_settings import HomeSettings
    from basketgex.v1 import exposure_pb2 as pb

_OF_ORIGIN = ("source", "label", "synthetic", "convention", "settings_notice")


def status(found: pb.GetStatusResponse) -> ServerStatus:
    """Return what serves and what it has done."""
    origin = {name: getattr(found.origin, name) for name in _OF_ORIGIN}
    counted = {n: getattr(found, n) for n in ServerStatus._fields if n not in origin}
    if not found.HasField("person_debits"):
        counted["person_debits"] = None
    return ServerStatus(**origin, **counted)


def quota(found: pb.GetStatusResponse) -> Quota | Problem:
    """Return a metered source's quota."""
    if not found.HasField("quota"):
        return problems.NOT_METERED
    q = found.quota
    known = q.limit > 0 and not q.unlimited
    limit, left = q.limit if known else None, q.left if known and q.left >= 0 else None
    elsewhere = max(q.used - found.debits_today, 0) if known else 0
    return Quota(q.plan, limit, q.used, left, q.unlimited, q.resets_at, q.saved, elsewhere)


def settings(found: pb.Settings) -> HomeSettings:
    """Return the home's settings."""
    from basketgex.home_settings import HomeSettings, Setting

    by_name = {
        s.name: Setting(
            s.name, s.value, s.default_value, s.given_by, tuple(s.choices), s.explanation, s.needs_restart
        )
        for s in found.settings
    }
    return HomeSettings(by_name, found.key_place, found.key_problem, found.notice)


def symbol(found: pb.GetSymbolResponse) -> SymbolFigures:
    """Return the figures of one underlying."""
    from basketgex_addin.client.codec import FRESHNESS, SPOTS

    sides = found.sides if found.HasField("sides") else None
    return SymbolFigures(
        symbol=found.symbol,
        underlying_price=found.underlying_price,
        as_of=found.as_of,
        convention=found.origin.convention,
        net=_measures(found.net),
        call=_measures(sides.call) if sides is not None else None,
        put=_measures(sides.put) if sides is not None else None,
        rows={f.name: getattr(found.rows, f.name) for f in found.rows.DESCRIPTOR.fields}
        if found.HasField("rows")
        else None,
        strikes=_columns(found.strikes) if found.HasField("strikes") else None,
        expiries=_columns(found.expiries) if found.HasField("expiries") else None,
        zero_dte=_measures(found.zero_dte) if found.HasField("zero_dte") else None,
        forwards=tuple(map(Forward, *_columns(found.forwards).values())),
        levels=_levels(found) if found.HasField("levels") else None,
        source=found.origin.label,
        synthetic=found.origin.synthetic,
        freshness=FRESHNESS.get(found.freshness, ""),
        notice=found.notice,
        spot_status=SPOTS.get(found.spot_status, ""),
        spot_correction=found.spot_correction,
        remark=found.remark,
        balance=optional(found, "balance"),
        near_flip=found.near_flip,
    )


def strikes(found: pb.GetSymbolResponse) -> Strikes | Problem:
    """Return one underlying by strike; a source of net figures only has none."""
    s = found.strikes
    if not s.strike:
        return problems.NO_STRIKES
    net = (call + put for call, put in zip(s.call_gex, s.put_gex, strict=True))
    columns = (s.strike, s.call_gex, s.put_gex, net, s.call_open_interest, s.put_open_interest)
    rows = tuple(zip(*columns, strict=True))
    return Strikes(rows, found.client_ttl, found.notice, keep_until(found.origin))


def levels(found: pb.GetSymbolResponse) -> LevelFigures | Problem:
    """Return the levels of one underlying."""
    return _levels(found) if found.HasField("levels") else problems.BAD_REPLY


def profile(found: pb.GetProfileResponse, measures: Collection[str]) -> ProfileFigures:
    """Return net exposures over a range of prices, of the measures that were asked for."""
    return ProfileFigures(
        moves=tuple(found.move),
        spots=tuple(found.spot),
        net={name: tuple(getattr(found, name)) for name in MEASURES if name in measures},
        roots=tuple(found.roots),
        flip=optional(found, "flip"),
        symbols=tuple(found.symbols),
        weights=tuple(found.weights),
        underlying_price=tuple(found.underlying_price),
        missing=tuple(found.missing_symbols),
        covered_weight=found.covered_weight,
        as_of=found.as_of,
        as_of_newest=found.as_of_newest,
        client_ttl=found.client_ttl,
        notice=found.notice,
        source=found.origin.source,
        convention=found.origin.convention,
        flip_status=found.flip_status,
        flip_doubts=tuple(found.flip_doubts),
        balance=found.balance,
        near_flip=found.near_flip,
        keep_until=keep_until(found.origin),
    )


def dispersion(found: pb.GetDispersionResponse) -> Dispersion:
    """Return an index against its members."""
    from basketgex_addin.client.codec import REGIMES

    return Dispersion(
        implied_correlation=optional(found, "implied_correlation"),
        index_volatility=optional(found, "index_volatility"),
        basket_volatility=optional(found, "basket_volatility"),
        independent_volatility=optional(found, "independent_volatility"),
        contributions=tuple(zip(found.symbols, found.contribution, strict=True)),
        missing=tuple(found.missing_symbols),
        covered_weight=found.covered_weight,
        index_regime=REGIMES.get(found.index_regime, ""),
        basket_regime=REGIMES.get(found.basket_regime, ""),
        net_to_gross=optional(found, "net_to_gross"),
        opposed=tuple(found.opposed_symbols),
        as_of=found.as_of,
        client_ttl=found.client_ttl,
        correlation_low=optional(found, "implied_correlation_low"),
        correlation_high=optional(found, "implied_correlation_high"),
        correlation_status=found.correlation_status,
        index_covered=found.index_covered,
        index_balance=optional(found, "index_balance"),
        basket_balance=optional(found, "basket_balance"),
        notice=found.notice,
        keep_until=keep_until(found.origin),
    )


def keep_until(origin: pb.Origin) -> float:
    """Return until when figures may be shown that a server was asked for before it was lost; 0: not at all."""
    return math.inf if origin.historical else origin.usable_until


def optional(found: Message, field: str) -> float | None:
    """Return a field, None where the message does not have it."""
    return getattr(found, field) if found.HasField(field) else None


def _columns(found: Message) -> dict[str, list[Any]]:
    return {field.name: list(getattr(found, field.name)) for field in found.DESCRIPTOR.fields}


def _levels(found: pb.GetSymbolResponse) -> LevelFigures:
    return LevelFigures(
        underlying_price=found.underlying_price,
        gamma_flip_status=found.levels.gamma_flip_status,
        as_of=found.as_of,
        client_ttl=found.client_ttl,
        gamma_flip_doubts=tuple(found.levels.gamma_flip_doubts),
        gamma_flip_roots=tuple(found.levels.gamma_flip_roots),
        near_flip=found.levels.near_flip,
        notice=found.notice,
        keep_until=keep_until(found.origin),
        **{name: optional(found.levels, name) for name in LEVELS},
    )


def _measures(found: pb.Measures) -> tuple[float, ...]:
    return (found.gex, found.dex, found.vex, found.chex)
