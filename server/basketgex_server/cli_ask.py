"""The commands that ask: as a client of the home's server, or of one chain file without a server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from basketgex.local import Home
from basketgex_addin import cells
from basketgex_addin.cells import Ask, Problem, Quota, Reply
from basketgex_addin.client import BasketClient, ServerStatus, SymbolFigures
from basketgex_addin.client.basket_client import MEASURES, Forward, ProfileFigures
from basketgex_addin.menu import quota_lines
from basketgex_server.cli_words import tickers
from basketgex_server.dispatch.answers import MIXED
from basketgex_server.domain import ExpiryRow, StrikeRow, levels_between, regime
from basketgex_server.errors import (
    BadRequest,
    BadSettings,
    BasketgexError,
    SourceUnavailable,
    WeightCountMismatch,
    quoted,
)
from basketgex_server.settings import Settings

NEW_YORK = ZoneInfo("America/New_York")
DEADLINE = 60.0
"""Seconds: a person at a prompt would rather wait for a cold start than ask twice."""
Answer = TypeVar("Answer")


def client_of(home: Home) -> BasketClient:
    """Return a client of a home; a server that it has to start is this installation's, where none is recorded."""
    from basketgex_server.cli import START_COMMAND

    launch = home.read_launch()
    if launch is None or not shutil.which(launch.command[0]):  # none yet, or of an installation that is gone
        home.write_launch(START_COMMAND, ())
    return BasketClient(home, DEADLINE)


def said(answer: Answer | Problem) -> Answer:
    """Return an answer; raise what a problem says."""
    if isinstance(answer, Problem):
        raise (BadRequest if answer.bad_input else SourceUnavailable)(
            answer.sentence, argument=answer.argument
        )
    return answer


def basket(home: Home, symbols: str, weights: str | None, *, as_json: bool) -> None:
    """Print the exposure of a basket."""
    names, shares = tickers(symbols), _weights(weights)
    if shares is not None and len(shares) != len(names):
        raise WeightCountMismatch(len(names), len(shares))
    reply = said(client_of(home).ask(Ask(names, shares)))
    if as_json:
        print(json.dumps(basket_json(reply), indent=2))
        return
    print(
        f"{'symbol':<8}{'weight':>8}{'price':>12}{'GEX':>14}{'DEX':>14}{'VEX':>14}{'CHEX':>14}{'signed share':>14}  regime"
    )
    for r in reply.rows:
        figures = "".join(f"{amount(x):>14}" for x in (r.gex, r.dex, r.vex, r.chex))
        print(
            f"{r.symbol:<8}{r.weight:>8.1%}{r.underlying_price:>12,.2f}{figures}{r.signed_share:>+14.1%}  {regime_words(r.gex)}"
        )
    figures = "".join(f"{amount(x):>14}" for x in (reply.gex, reply.dex, reply.vex, reply.chex))
    print(f"{'basket':<8}{reply.covered_weight:>8.1%}{'':>12}{figures}{'':>14}  {regime_words(reply.gex)}")
    if reply.missing:
        print(f"No data: {', '.join(reply.missing)}.")
    mixed = f" to {moment(reply.as_of_newest)} (mixed)" if reply.as_of_newest - reply.as_of > MIXED else ""
    print(f"As of {moment(reply.as_of)}{mixed}, {reply.source}, convention {reply.convention}.")
    if reply.usable_open_interest < 1:
        low = f" (below {cells.ENOUGH:.0%})" if reply.usable_open_interest < cells.ENOUGH else ""
        print(f"Usable open interest: {reply.usable_open_interest:.1%}{low}.")
    if reply.notice:
        print(reply.notice)


def basket_json(reply: Reply) -> dict[str, Any]:
    """Return a reply in the shape of the REST service's, in this project's units and as doubles."""
    return {
        "as_of": iso(reply.as_of),
        "constituent_count": len(reply.rows),
        "missing_symbols": list(reply.missing),
        "aggregate": _net(reply),
        "constituents": [
            {
                "symbol": r.symbol,
                "weight": r.weight,
                "underlying_price": r.underlying_price,
                **_net(r),
                "contribution_pct": r.contribution_pct,
                "regime": regime(r.gex),
            }
            for r in reply.rows
        ],
        "covered_weight": reply.covered_weight,
        "net_to_gross": reply.net_to_gross,
        "source": reply.source,
        "synthetic": reply.synthetic,
        "convention": reply.convention,
        "freshness": reply.freshness.lower(),
        "as_of_newest": iso(reply.as_of_newest),
        "usable_open_interest": reply.usable_open_interest,
        "notice": reply.notice,
    }


class Wanted(NamedTuple):
    """What is printed of an underlying beside its figures; ``profile``: low and high in units of spot, number of levels."""

    per_strike: bool = False
    per_expiry: bool = False
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
    client = client_of(home)
    found = said(client.symbol(symbol, per_strike=wanted.per_strike, per_expiry=wanted.per_expiry))
    curve = None
    if wanted.profile:
        low, high, levels = wanted.profile
        curve = said(client.profile([symbol], between=(low, high), levels=levels))
    _show(found, curve, wanted.as_json)


def symbol_of_chain(
    symbol: str, file: Path, settings: Settings, wanted: Wanted, *, as_of: str | None, spot: float | None
) -> None:
    """Print the exposure of one underlying, computed from a chain file."""
    from basketgex_server.domain import Terms, ticker
    from basketgex_server.exposure.implied import adjusted
    from basketgex_server.exposure.profile import Member, profile
    from basketgex_server.exposure.symbol import exposure
    from basketgex_server.sources.chain_files import moment as parsed
    from basketgex_server.sources.chain_files import read_chain

    name = ticker(symbol)
    chain = read_chain(file, name, parsed(as_of) if as_of else None, spot)
    terms = Terms(settings.convention, *settings.rates_of(name), settings.day_count)
    chain = adjusted(chain, *terms[1:], implied=settings.implied, filled=settings.filled)
    found = exposure(chain, *terms)
    if found is None:
        raise NothingUsable(name)
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
            strikes=_columns("strike", found.strikes) if wanted.per_strike else None,
            expiries=_columns("expiry", found.expiries) if wanted.per_expiry else None,
            zero_dte=found.zero_dte if wanted.per_expiry else None,
            forwards=tuple(Forward(*f) for f in found.forwards) if wanted.per_expiry else (),
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
            source="chain file",
            convention=settings.convention,
        )
        if curve
        else None,
        wanted.as_json,
    )


def status(home: Home, *, as_json: bool) -> None:
    """Print what serves, and what it has spent. Starts nothing."""
    if not home.is_served():
        if as_json:
            print(json.dumps({"serving": False}))
        else:
            print("No server is running. It starts with the first question, or with basketgex serve.")
        return
    found: ServerStatus = said(client_of(home).status())
    if as_json:
        values = {name: getattr(found, name) for name in found.__slots__}
        print(json.dumps({"serving": True, **values, "started_at": iso(found.started_at)}, indent=2))
        return
    print(found.sentence)
    print(f"Version {found.version}, serving since {moment(found.started_at)}.")
    calls = f"{found.source_calls:,} source calls for {found.symbols_fetched:,} symbols"
    print(f"{found.requests:,} requests for {found.baskets:,} baskets took {calls}.")
    if found.metered:
        print(
            f"Debits: {found.debits_today:,} today, {found.debits_total:,} in all; {found.seats} symbols a call."
        )
    if found.last_problem:
        print(f"Last problem: {found.last_problem}")


def quota(home: Home, *, as_json: bool) -> None:
    """Print the day's debits, as the source's account has them."""
    found: Quota = said(client_of(home).quota(reconcile=True))
    if as_json:
        print(json.dumps({**found._asdict(), "resets_at": iso(found.resets_at)}, indent=2))
        return
    print(*quota_lines(found), sep="\n")


def amount(value: float) -> str:
    """Return USD as a person reads them.

    >>> amount(-1_640_000_000), amount(12_300_000), amount(950)
    ('-1.64 bn', '+12.30 m', '+950')
    """
    for size, unit in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:+,.2f}{unit}"
    return f"{value:+,.0f}"


def regime_words(gex: float) -> str:
    """Return the regime of a net GEX for a person.

    >>> regime_words(-1.5e9)
    'negative gamma'
    """
    return in_words(regime(gex))


def in_words(regime: str) -> str:
    """Return the contract's name of a regime for a person."""
    return regime.replace("_", " ")


def moment(at: float) -> str:
    """Return Unix seconds as New York time."""
    return f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d %H:%M} New York"


def iso(at: float) -> str:
    """Return Unix seconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


class NothingUsable(BasketgexError):
    """A chain without a row that counts."""

    code = "no_data"
    reason = "NOT_FOUND"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"The chain of {symbol} has no row with open interest, a volatility and time left.")


def _weights(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(w) for w in text.split(","))
    except ValueError as error:
        raise BadSettings("--weights must be numbers, comma-separated.") from error


def _net(of: Any) -> dict[str, float]:
    return {f"net_{name}": getattr(of, name) for name in ("gex", "dex", "vex", "chex")}


def _columns(key: str, rows: Sequence[StrikeRow] | Sequence[ExpiryRow]) -> dict[str, list[Any]]:
    """Return rows as the contract's columns."""
    columns: dict[str, list[Any]] = {key: [row[0] for row in rows]}
    if key == "expiry":
        columns["zero_dte"] = [row[1] for row in rows]
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
    if curve is not None:
        shown["profile"] = [
            {"spot": spot, "move": move, **{f"net_{name}": x for name, x in zip(curve.net, net, strict=True)}}
            for spot, move, *net in zip(curve.spots, curve.moves, *curve.net.values(), strict=True)
        ]
        shown["profile_flips"] = [root * curve.underlying_price[0] for root in curve.roots]
    return shown


def _show_tables(found: SymbolFigures, curve: ProfileFigures | None) -> None:
    shown = _tables_json(found, curve)
    for key, first, head in (
        ("per_strike", "strike", "strike"),
        ("per_expiry", "expires_at", "expires at"),
        ("profile", "spot", "spot"),
    ):
        if not (rows := shown.get(key)):
            continue
        print(f"{head:<22}" + "".join(f"{name.upper():>16}" for name in MEASURES))
        for row in rows:
            at = row[first] if isinstance(row[first], str) else f"{row[first]:,.2f}"
            mark = " 0DTE" if row.get("zero_dte") else ""
            print(f"{at:<22}" + "".join(f"{amount(row[f'net_{name}']):>16}" for name in MEASURES) + mark)
    if rows := shown.get("forwards"):
        print(f"{'expires at':<22}{'forward':>16}{'dividend yield':>16}{'pairs':>8}{'spread':>10}")
        for row in rows:
            yearly = f"{row['dividend_yield']:.3%}" + ("" if row["trusted"] else " *")
            print(
                f"{row['expires_at']:<22}{row['forward']:>16,.2f}{yearly:>16}{row['pairs']:>8}{row['spread']:>10.3%}"
            )
        if not all(row["trusted"] for row in rows):
            print("* Too few pairs, or too far apart: computed with the dividend yield that is set.")
    if curve is not None:
        flips = ", ".join(f"{price:,.2f}" for price in shown["profile_flips"])
        print(f"Net GEX changes its sign at {flips}." if flips else "Net GEX keeps its sign over this range.")


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
            "convention": found.convention,
            "measures": measures,
            "rows": {name: n for name, n in found.rows.items() if name != "other_root"}
            if found.rows
            else None,
        }
        print(json.dumps(shown | _tables_json(found, curve), indent=2))
        return
    print(
        f"{found.symbol} at {found.underlying_price:,.2f}, as of {moment(found.as_of)}, convention {found.convention}"
    )
    print(f"{'':<6}{'calls':>16}{'puts':>16}{'net':>16}")
    for m, name in enumerate(("GEX", "DEX", "VEX", "CHEX")):
        cells = "".join(f"{amount(v[m]) if v is not None else '-':>16}" for v in sides.values())
        print(f"{name:<6}{cells}")
    if found.rows is not None:
        print(
            "Rows: "
            + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.rows.items())
            + "."
        )
    _show_tables(found, curve)
