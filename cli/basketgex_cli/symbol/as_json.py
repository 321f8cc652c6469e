"""One underlying for a program, in the words of the REST service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from basketgex_addin.cells import LEVELS, LevelFigures
from basketgex_addin.client import MEASURES, ProfileFigures, SymbolFigures
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import iso, spot_json
from basketgex_server.domain import regime
from basketgex_server.market_hours import NEW_YORK

FLIP = "gamma_flip"


def symbol_json(found: SymbolFigures, curve: ProfileFigures | None) -> dict[str, Any]:
    """Return an underlying with all that was asked for."""
    sides = {"call": found.call, "put": found.put, "net": found.net}
    measures = {
        name: {side: values[m] if values is not None else None for side, values in sides.items()}
        for m, name in enumerate(("gex", "dex", "vex", "chex"))
    }
    shown = {
        "symbol": found.symbol,
        "underlying_price": found.underlying_price,
        "as_of": iso(found.as_of),
        "source": found.source,
        "synthetic": found.synthetic,
        "freshness": found.freshness.lower(),
        "convention": found.convention,
        "notice": in_a_terminal(found.notice),
        "remark": found.remark,
        "measures": measures,
        "regime": regime(found.net[0]),
        "balance": found.balance,
        "near_flip": found.near_flip,
        **spot_json(found),
        "rows": {name: n for name, n in found.rows.items() if name != "other_root"} if found.rows else None,
    }
    return shown | tables(found, curve)


def _rows_json(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return columns as rows, in the words of the REST service and with the net of each measure."""
    found = []
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        shown: dict[str, Any] = {}
        if "expiry" in row:
            at = row["expiry"]
            shown["expiration"] = f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d}"
            shown |= {"expires_at": iso(at), "zero_dte": row["zero_dte"]}
            shown["dividend_yield"] = row["dividend_yield"]
        else:
            shown["strike"] = row["strike"]
        for name in MEASURES:
            call, put = row[f"call_{name}"], row[f"put_{name}"]
            shown |= {f"call_{name}": call, f"put_{name}": put, f"net_{name}": call + put}
        shown |= {"call_oi": row["call_open_interest"], "put_oi": row["put_open_interest"]}
        found.append(shown)
    return found


def tables(found: SymbolFigures, curve: ProfileFigures | None) -> dict[str, Any]:
    """Return what was asked for besides the figures; roots and spots of the profile in USD."""
    shown: dict[str, Any] = {}
    if found.strikes is not None:
        shown["per_strike"] = _rows_json(found.strikes)
    if found.expiries is not None:
        shown["per_expiry"] = _rows_json(found.expiries)
    if found.forwards:
        rows = [forward._asdict() for forward in found.forwards]
        shown["forwards"] = [{"expires_at": iso(row.pop("expiry")), **row} for row in rows]
    if found.zero_dte is not None:
        shown["zero_dte"] = {f"net_{n}": x for n, x in zip(MEASURES, found.zero_dte, strict=True)}
    if found.levels is not None:
        shown["levels"] = _levels_json(found.levels)
    if curve is not None:
        shown["profile"] = [
            {"spot": spot, "move": move, **{f"net_{name}": x for name, x in zip(curve.net, net, strict=True)}}
            for spot, move, *net in zip(curve.spots, curve.moves, *curve.net.values(), strict=True)
        ]
        shown["profile_flips"] = [root * curve.underlying_price[0] for root in curve.roots]
        shown["profile_flip_status"] = curve.flip_status
        shown["profile_flip_doubts"] = curve.flip_doubts
        shown["profile_near_flip"] = curve.near_flip
    return shown


def _levels_json(found: LevelFigures) -> dict[str, Any]:
    """Return levels in the words of the contract: prices in USD, None where there is none."""
    shown: dict[str, Any] = {name: getattr(found, name) for name in LEVELS}
    for name in ("status", "doubts", "roots"):
        shown[f"{FLIP}_{name}"] = getattr(found, f"{FLIP}_{name}")
    return shown | {"near_flip": found.near_flip}
