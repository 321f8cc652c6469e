"""The commands that ask: as a client of the home's server, or of one chain file without a server."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from basketgex.local import Home
from basketgex_addin import cells
from basketgex_addin.cells import Ask, Problem, Quota, Reply
from basketgex_addin.client import BasketClient, ServerStatus, SymbolFigures
from basketgex_server.dispatch.answers import MIXED
from basketgex_server.domain import regime
from basketgex_server.errors import (
    BadRequest,
    BadSettings,
    BasketgexError,
    SourceUnavailable,
    WeightCountMismatch,
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
    names, shares = tuple(s.strip() for s in symbols.split(",") if s.strip()), _weights(weights)
    if shares is not None and len(shares) != len(names):
        raise WeightCountMismatch(len(names), len(shares))
    reply = said(client_of(home).ask(Ask(names, shares)))
    if as_json:
        print(json.dumps(basket_json(reply), indent=2))
        return
    print(
        f"{'symbol':<8}{'weight':>8}{'price':>12}{'GEX':>14}{'DEX':>14}{'VEX':>14}{'CHEX':>14}{'share':>8}  regime"
    )
    for r in reply.rows:
        figures = "".join(f"{amount(x):>14}" for x in (r.gex, r.dex, r.vex, r.chex))
        print(
            f"{r.symbol:<8}{r.weight:>8.1%}{r.underlying_price:>12,.2f}{figures}{r.contribution_pct:>7.1f}%  {regime(r.gex)}"
        )
    figures = "".join(f"{amount(x):>14}" for x in (reply.gex, reply.dex, reply.vex, reply.chex))
    print(f"{'basket':<8}{reply.covered_weight:>8.1%}{'':>12}{figures}{'':>8}  {regime(reply.gex)}")
    if reply.missing:
        print(f"No data: {', '.join(reply.missing)}.")
    mixed = f" to {moment(reply.as_of_newest)} (mixed)" if reply.as_of_newest - reply.as_of > MIXED else ""
    print(f"As of {moment(reply.as_of)}{mixed}, {reply.source}, convention {reply.convention}.")
    if reply.usable_open_interest < 1:
        print(f"Usable open interest: {reply.usable_open_interest:.1%}.")
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


def symbol_of_server(home: Home, symbol: str, *, as_json: bool) -> None:
    """Print the exposure of one underlying, as the server gives it."""
    _show(said(client_of(home).symbol(symbol)), as_json)


def symbol_of_chain(
    symbol: str, file: Path, settings: Settings, *, as_of: str | None, spot: float | None, as_json: bool
) -> None:
    """Print the exposure of one underlying, computed from a chain file."""
    from basketgex_server.domain import ticker
    from basketgex_server.exposure.symbol import exposure
    from basketgex_server.sources.chain_files import moment as parsed
    from basketgex_server.sources.chain_files import read_chain

    name = ticker(symbol)
    chain = read_chain(file, name, parsed(as_of) if as_of else None, spot)
    found = exposure(chain, settings.convention, settings.rate, settings.dividend_yield)
    if found is None:
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
        ),
        as_json,
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
    plan, limit, used, left, resets, saved = cells.quota(found)[0]
    print(
        f"Plan {plan}: {used:,.0f} debits used, {'unknown' if left is None else left} left of {limit or 'unknown'}."
    )
    print(f"The count starts again at {resets}. Saved today against one call a cell: {saved:,.0f}.")


def amount(value: float) -> str:
    """Return USD as a person reads them.

    >>> amount(-1_640_000_000), amount(12_300_000), amount(950)
    ('-1.64 bn', '+12.30 m', '+950')
    """
    for size, unit in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:+,.2f}{unit}"
    return f"{value:+,.0f}"


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


def _show(found: SymbolFigures, as_json: bool) -> None:
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
        print(json.dumps(shown, indent=2))
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
