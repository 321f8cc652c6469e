"""One underlying for a person: its sides, and the tables that were asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from basketgex_addin.cells import LEVELS, LevelFigures, convention_in_words, doubts_in_words, roots_in_words
from basketgex_addin.client import MEASURES, ProfileFigures, SymbolFigures
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import (
    SPOT,
    amount,
    balance_words,
    new_york_text,
    origin_words,
    regime_words,
)
from basketgex_cli.symbol.as_json import FLIP, tables
from basketgex_cli.terminal import Column, print_table
from basketgex_server.market_hours import NEW_YORK

EXPIRES = "expires, New York"
SIDES = (Column("", 6, left=True), *(Column(side, 16) for side in ("calls", "puts", "net")))
FORWARDS = (
    Column(EXPIRES, 22, left=True),
    *(Column("forward", 16), Column("dividend yield", 16), Column("pairs", 8), Column("spread", 10)),
    Column("used", 10),
)
LEVEL_COLUMNS = (
    Column("level", 26, left=True),
    *(Column("price", 12), Column("from spot", 12), Column("", left=True, gap="  ")),
)


def show(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    """Print an underlying with all that was asked for."""
    sides = {"call": found.call, "put": found.put, "net": found.net}
    print(
        f"{found.symbol} at {found.underlying_price:,.2f}, as of {new_york_text(found.as_of)}, "
        f"{origin_words(found.source, found.synthetic)}, convention {convention_in_words(found.convention)}"
    )
    print_table(
        SIDES,
        (
            (name, *(amount(v[m]) if v is not None else "-" for v in sides.values()))
            for m, name in enumerate(("GEX", "DEX", "VEX", "CHEX"))
        ),
    )
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


def _show_tables(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    shown = tables(found, curve)
    for key, first, head in (
        ("per_strike", "strike", "strike"),
        ("per_expiry", "expires_at", EXPIRES),
        ("profile", "spot", "spot"),
    ):
        if not (rows := shown.get(key)):
            continue
        print_table(
            [
                Column(head, 22, left=True),
                *(Column(name.upper(), 16) for name in MEASURES),
                Column("", left=True, gap=" "),
            ],
            (
                (
                    _expiry(row[first]) if isinstance(row[first], str) else f"{row[first]:,.2f}",
                    *(amount(row[f"net_{name}"]) for name in MEASURES),
                    "0DTE" if row.get("zero_dte") else "",
                )
                for row in rows
            ),
        )
    if rows := shown.get("forwards"):
        used = {row["expires_at"]: row["dividend_yield"] for row in shown.get("per_expiry", ())}
        print_table(FORWARDS, (_forward(row, used) for row in rows))
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
    print_table(LEVEL_COLUMNS, (_level(found, name, label) for name, label in LEVELS.items()))
    if len(found.gamma_flip_roots) > 1:
        roots = roots_in_words(found.gamma_flip_roots, "{:,.2f}".format, found.underlying_price)
        print(f"Net GEX changes its sign at {roots}: the flip is the nearest.")


def _level(found: LevelFigures, name: str, label: str) -> tuple[str, ...]:
    price = getattr(found, name)
    known = price is not None and found.underlying_price
    doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts) if name == FLIP else ""
    far = f"{price / found.underlying_price - 1:+.2%}" if known else "-"
    return label, "-" if price is None else f"{price:,.2f}", far, doubts


def _forward(row: dict[str, Any], used: dict[str, float]) -> tuple[str, ...]:
    at = row["expires_at"]
    yearly = f"{row['dividend_yield']:.3%}" + ("" if row["trusted"] else " *")
    mine = f"{used[at]:.3%}" if at in used else "-"
    return _expiry(at), f"{row['forward']:,.2f}", yearly, str(row["pairs"]), f"{row['spread']:.3%}", mine


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
