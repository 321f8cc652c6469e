"""One underlying for a person: its sides, and the tables that were asked for."""

from __future__ import annotations

from datetime import datetime

from basketgex_addin.cells import LEVELS, LevelFigures, convention_in_words, doubts_in_words, roots_in_words
from basketgex_addin.client import MEASURES, ProfileFigures, SymbolFigures
from basketgex_cli.parsing import in_a_terminal
from basketgex_cli.render import NEW_YORK, SPOT, amount, balance_words, moment, origin_words, regime_words
from basketgex_cli.symbol.as_json import FLIP, tables

EXPIRES = "expires, New York"


def show(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    """Print an underlying with all that was asked for."""
    sides = {"call": found.call, "put": found.put, "net": found.net}
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


def _show_tables(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    shown = tables(found, curve)
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
