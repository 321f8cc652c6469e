"""One underlying from a chain file, without a server. It computes: only the command that does imports it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basketgex_addin.cells import LEVELS, LevelFigures
from basketgex_addin.client import MEASURES, Forward, ProfileFigures, SymbolFigures
from basketgex_cli.symbol.wanted import Wanted
from basketgex_server.domain import ExpiryRow, StrikeRow, Terms, levels_between, near_flip
from basketgex_server.errors import BasketgexError
from basketgex_server.exposure.implied import adjusted
from basketgex_server.exposure.levels import Levels, levels
from basketgex_server.exposure.profile import Member, profile
from basketgex_server.exposure.symbol import exposure
from basketgex_server.settings import Settings
from basketgex_server.sources.files.folder import moment_set as parsed
from basketgex_server.sources.files.folder import read_chain
from basketgex_server.tickers import ticker

FILE = "chain file"
"""The source of what is computed from one, as it is shown."""


def figures_of(
    symbol: str, file: Path, settings: Settings, wanted: Wanted, *, as_of: str | None, spot: float | None
) -> tuple[SymbolFigures, ProfileFigures | None]:
    """Return the exposure of one underlying, computed from a chain file."""
    name = ticker(symbol)
    chain = read_chain(file, name, parsed(as_of) if as_of else None, spot)
    terms = Terms(settings.convention, *settings.rates_of(name), settings.day_count)
    chain = adjusted(chain, *terms[1:], implied=settings.implied, filled=settings.filled)
    found = exposure(chain, *terms)
    if found is None:
        raise NothingUsable(name)
    known = levels(chain, *terms) if wanted.levels else None
    curve = None
    if wanted.profile:
        curve = profile([Member(chain, terms)], levels_between(*wanted.profile))
        if curve is None:
            raise NothingUsable(name)
    return (
        SymbolFigures(
            symbol=name,
            underlying_price=found.underlying_price,
            as_of=found.as_of,
            convention=settings.convention,
            net=found.net,
            call=found.call,
            put=found.put,
            rows=found.rows._asdict() if found.rows else None,
            remark=found.remark,
            balance=found.balance,
            near_flip=near_flip(found.balance) or (known is not None and known.near_flip),
            strikes=_columns("strike", found.strikes) if wanted.per_strike else None,
            expiries=_columns("expiry", found.expiries) if wanted.per_expiry else None,
            zero_dte=found.zero_dte if wanted.per_expiry else None,
            forwards=tuple(Forward(*f) for f in found.forwards) if wanted.per_expiry else (),
            levels=_levels(known, found.as_of, found.underlying_price),
            source=FILE,
            freshness="HISTORICAL",
            spot_status=found.spot_status,
            spot_correction=math.expm1(found.spot_correction),
        ),
        ProfileFigures(
            moves=curve.moves,
            spots=tuple(move * found.underlying_price for move in curve.moves),
            net=dict(zip(MEASURES, curve.net, strict=True)),
            roots=curve.roots,
            flip=curve.flip,
            symbols=curve.symbols,
            weights=curve.weights,
            underlying_price=curve.spots,
            missing=(),
            covered_weight=1.0,
            as_of=found.as_of,
            as_of_newest=found.as_of,
            client_ttl=0.0,
            notice="",
            source=FILE,
            convention=settings.convention,
            flip_status=curve.flip_status,
            flip_doubts=curve.doubts,
            balance=curve.balance,
            near_flip=curve.near_flip,
        )
        if curve
        else None,
    )


class NothingUsable(BasketgexError):
    """A chain without a row that counts."""

    code = "no_data"
    reason = "NOT_FOUND"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"The chain of {symbol} has no row with open interest, a volatility and time left.")


def _columns(key: str, rows: Sequence[StrikeRow] | Sequence[ExpiryRow]) -> dict[str, list[Any]]:
    """Return rows as the contract's columns."""
    columns: dict[str, list[Any]] = {key: [row[0] for row in rows]}
    if key == "expiry":
        columns["zero_dte"] = [row[1] for row in rows]
        columns["dividend_yield"] = [row[-1] for row in rows]
    for m, name in enumerate(MEASURES):
        columns[f"call_{name}"] = [row.call[m] for row in rows]
        columns[f"put_{name}"] = [row.put[m] for row in rows]
    columns["call_open_interest"] = [row.call_open_interest for row in rows]
    columns["put_open_interest"] = [row.put_open_interest for row in rows]
    return columns


def _levels(found: Levels | None, as_of: float, spot: float) -> LevelFigures | None:
    if found is None:
        return None
    return LevelFigures(
        underlying_price=spot,
        gamma_flip_status=found.gamma_flip_status,
        gamma_flip_doubts=found.gamma_flip_doubts,
        gamma_flip_roots=found.gamma_flip_roots,
        near_flip=found.near_flip,
        as_of=as_of,
        client_ttl=0.0,
        **{name: getattr(found, name) for name in LEVELS},
    )
