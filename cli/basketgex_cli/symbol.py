"""``basketgex symbol``: one underlying, from the home's server or from a chain file without one."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from basketgex.local import Home
from basketgex_addin.cells import (
    LEVELS,
    LevelFigures,
    convention_in_words,
    doubts_in_words,
    roots_in_words,
)
from basketgex_addin.client import SymbolFigures
from basketgex_addin.client.basket_client import MEASURES, Forward, ProfileFigures
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import (
    NEW_YORK,
    SPOT,
    amount,
    balance_words,
    iso,
    moment,
    origin_words,
    regime_words,
    spot_json,
)
from basketgex_cli.waiting import waited
from basketgex_server.domain import ExpiryRow, StrikeRow, levels_between, near_flip, regime
from basketgex_server.errors import BadSettings, BasketgexError, quoted
from basketgex_server.settings import Settings

if TYPE_CHECKING:  # numpy comes with it
    from basketgex_server.exposure.levels import Levels


FILE = "chain file"
"""The source of what is computed from one, as it is shown."""
FLIP = "gamma_flip"
EXPIRES = "expires, New York"


class Wanted(NamedTuple):
    """What is printed of an underlying beside its figures; ``profile``: low and high in units of spot, number of levels."""

    per_strike: bool = False
    per_expiry: bool = False
    levels: bool = False
    profile: tuple[float, float, int] | None = None
    as_json: bool = False


def profile_range(text: str) -> tuple[float, float, int]:
    """Return a range such as 0.8:1.2:60, which is also that of 0.8:1.2. Raises BadSettings.

    >>> profile_range("0.9:1.1:41")
    (0.9, 1.1, 41)
    """
    try:
        low, high, *count = text.split(":")
        found = float(low), float(high), int(count[0]) if count else 60
    except ValueError:
        found = (0.0, 0.0, 0)
    if text.count(":") > 2 or not (0 < found[0] < found[1] <= 10 and 2 <= found[2] <= 2_000):
        raise BadSettings(
            f"--profile is {quoted(text)}: write it like 0.8:1.2:60, two prices in units of spot and 2 to 2,000 levels."
        )
    return found


def symbol_of_server(home: Home, symbol: str, wanted: Wanted) -> None:
    """Print the exposure of one underlying, as the server gives it."""
    asked = {name: getattr(wanted, name) for name in ("per_strike", "per_expiry", "levels")}
    found = waited(home, lambda client: client.symbol(symbol, **asked))
    curve = None
    if wanted.profile:
        low, high, levels = wanted.profile
        curve = waited(home, lambda client: client.profile([symbol], between=(low, high), levels=levels))
    _show(found, curve, wanted.as_json)


def symbol_of_chain(
    symbol: str, file: Path, settings: Settings, wanted: Wanted, *, as_of: str | None, spot: float | None
) -> None:
    """Print the exposure of one underlying, computed from a chain file."""
    from basketgex_server.domain import Terms, ticker
    from basketgex_server.exposure.implied import adjusted
    from basketgex_server.exposure.levels import levels
    from basketgex_server.exposure.profile import Member, profile
    from basketgex_server.exposure.symbol import exposure
    from basketgex_server.sources.files.folder import moment as parsed
    from basketgex_server.sources.files.folder import read_chain

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
    _show(
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
        wanted.as_json,
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


def _tables_json(found: SymbolFigures, curve: ProfileFigures | None) -> dict[str, Any]:
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


def _levels_json(found: LevelFigures) -> dict[str, Any]:
    """Return levels in the words of the contract: prices in USD, None where there is none."""
    shown: dict[str, Any] = {name: getattr(found, name) for name in LEVELS}
    for name in ("status", "doubts", "roots"):
        shown[f"{FLIP}_{name}"] = getattr(found, f"{FLIP}_{name}")
    return shown | {"near_flip": found.near_flip}


def _show_tables(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    shown = _tables_json(found, curve)
    for key, first, head in (
        ("per_strike", "strike", "strike"),
        ("per_expiry", "expires_at", EXPIRES),
        ("profile", "spot", "spot"),
    ):
        if not (rows := shown.get(key)):
            continue
        print(f"{head:<22}" + "".join(f"{name.upper():>16}" for name in MEASURES))
        for row in rows:
            at = _expiry(row[first]) if isinstance(row[first], str) else f"{row[first]:,.2f}"
            mark = " 0DTE" if row.get("zero_dte") else ""
            print(f"{at:<22}" + "".join(f"{amount(row[f'net_{name}']):>16}" for name in MEASURES) + mark)
    if rows := shown.get("forwards"):
        used = {row["expires_at"]: row["dividend_yield"] for row in shown.get("per_expiry", ())}
        print(f"{EXPIRES:<22}{'forward':>16}{'dividend yield':>16}{'pairs':>8}{'spread':>10}{'used':>10}")
        for row in rows:
            yearly = f"{row['dividend_yield']:.3%}" + ("" if row["trusted"] else " *")
            at = _expiry(row["expires_at"])
            mine = f"{used[row['expires_at']]:.3%}" if row["expires_at"] in used else "-"
            print(
                f"{at:<22}{row['forward']:>16,.2f}{yearly:>16}{row['pairs']:>8}{row['spread']:>10.3%}{mine:>10}"
            )
        if not all(row["trusted"] for row in rows):
            print("* Too few pairs, too far apart, or no yield that can be: not computed with.")
        print(
            "Expiries within 30 days have the yield of all trusted forwards together, or the one that is set."
        )
    if found.levels is not None:
        _show_levels(found.levels)
    if curve is not None:
        _show_flips(curve)


def _show_levels(found: LevelFigures) -> None:
    """Print one row per level: its price, and its distance from the present one."""
    print(f"{'level':<26}{'price':>12}{'from spot':>12}")
    for name, label in LEVELS.items():
        price = getattr(found, name)
        far = (
            f"{price / found.underlying_price - 1:+.2%}"
            if price is not None and found.underlying_price
            else "-"
        )
        doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts) if name == FLIP else ""
        print(f"{label:<26}{'-' if price is None else f'{price:,.2f}':>12}{far:>12}  {doubts}".rstrip())
    if len(found.gamma_flip_roots) > 1:
        roots = roots_in_words(found.gamma_flip_roots, "{:,.2f}".format, found.underlying_price)
        print(f"Net GEX changes its sign at {roots}: the flip is the nearest.")


def _show_flips(curve: ProfileFigures) -> None:
    if not curve.roots:
        print("Net GEX keeps its sign over this range.")
        return
    roots = roots_in_words(curve.roots, lambda root: f"{root * curve.underlying_price[0]:,.2f}")
    print(
        f"Net GEX changes its sign at {roots}. Flip: {doubts_in_words(curve.flip_status, curve.flip_doubts)}."
    )


def _expiry(iso: str) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(NEW_YORK):%Y-%m-%d %H:%M}"


def _show(found: SymbolFigures, curve: ProfileFigures | None, as_json: bool) -> None:
    sides = {"call": found.call, "put": found.put, "net": found.net}
    if as_json:
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
            "rows": {name: n for name, n in found.rows.items() if name != "other_root"}
            if found.rows
            else None,
        }
        print(json.dumps(shown | _tables_json(found, curve), indent=2))
        return
    print(
        f"{found.symbol} at {found.underlying_price:,.2f}, as of {moment(found.as_of)}, "
        f"{origin_words(found.source, found.synthetic)}, convention {convention_in_words(found.convention)}"
    )
    print(f"{'':<6}{'calls':>16}{'puts':>16}{'net':>16}")
    for m, name in enumerate(("GEX", "DEX", "VEX", "CHEX")):
        cells = "".join(f"{amount(v[m]) if v is not None else '-':>16}" for v in sides.values())
        print(f"{name:<6}{cells}")
    of_gross = "" if found.balance is None else f": net GEX is {balance_words(found.balance)} of gross"
    print(f"{regime_words(found.net[0], found.near_flip).capitalize()}{of_gross}.")
    if found.rows is not None:
        print(
            "Rows: "
            + ", ".join(
                f"{count:,} {name.replace('_', ' ')}"
                for name, count in found.rows.items()
                if count or name not in ("repeated", "implausible")
            )
            + "."
        )
    if found.spot_status in SPOT:
        said = SPOT[found.spot_status].format(found.spot_correction)
        print(said[0].upper() + said[1:])
    _show_tables(found, curve)
    for said in filter(None, (found.remark and f"{found.remark}.", found.notice)):
        print(in_a_terminal(said))
