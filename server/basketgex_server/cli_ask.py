"""The commands that ask as a client of the home's server, and what they share: amounts, moments, origins in words."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from basketgex.local import Home, Launch
from basketgex_addin import cells
from basketgex_addin.cells import Ask, Problem, Quota, Reply, Row
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.menu import quota_lines
from basketgex_server.cli_words import in_a_terminal, tickers
from basketgex_server.dispatch.batch.types import MIXED
from basketgex_server.domain import SPOT_STALE, SPOT_THIN, regime
from basketgex_server.errors import BadRequest, BadSettings, SourceUnavailable, WeightCountMismatch

NEW_YORK = ZoneInfo("America/New_York")
DEADLINE = 60.0
"""Seconds: a person at a prompt would rather wait for a cold start than ask twice."""
SPOT = {
    SPOT_STALE: "stale spot: the price was of another moment than the quotes, and was put right by {:+.2%}.",
    SPOT_THIN: "too few expiries are quoted well enough to tell whether the price is of the quotes' moment.",
}
Answer = TypeVar("Answer")


class Unstarted(Home):
    """A home that names no start command: a client of it neither starts a server nor replaces one of another version."""

    __slots__ = ()

    def read_launch(self) -> Launch | None:
        """Return none."""
        return None


def client_of(home: Home, patience: float = 0.0) -> BasketClient:
    """Return a client of a home; a server that it has to start is this installation's, where none is recorded."""
    from basketgex_server.cli import START_COMMAND

    launch = home.read_launch()
    if launch is None or not shutil.which(launch.command[0]):  # none yet, or of an installation that is gone
        home.write_launch(START_COMMAND, ())
    return BasketClient(home, DEADLINE, patience=patience)


def said(answer: Answer | Problem) -> Answer:
    """Return an answer; raise what a problem says."""
    if isinstance(answer, Problem):
        raise (BadRequest if answer.bad_input else SourceUnavailable)(
            answer.sentence, argument=answer.argument
        )
    return answer


def basket(home: Home, symbols: str, weights: str | None, *, refresh: bool, as_json: bool) -> None:
    """Print the exposure of a basket; ``refresh`` asks the source for it whatever the age of what is known."""
    names, shares = tickers(symbols), _weights(weights)
    if shares is not None and len(shares) != len(names):
        raise WeightCountMismatch(len(names), len(shares))
    from basketgex_server.cli_waiting import waited

    asks, how = [Ask(names, shares)], "FORCE" if refresh else "NORMAL"
    reply: Reply = waited(home, lambda client: client.ask_many(asks, how)[0])
    if as_json:
        print(json.dumps(basket_json(reply), indent=2))
        return
    print(
        f"{'symbol':<8}{'weight':>8}{'price':>12}{'GEX':>14}{'DEX':>14}{'VEX':>14}{'CHEX':>14}{'signed share':>14}"
        f"{'balance':>10}  regime"
    )
    for r in reply.rows:
        figures = "".join(f"{amount(x):>14}" for x in (r.gex, r.dex, r.vex, r.chex))
        print(
            f"{r.symbol:<8}{r.weight:>8.1%}{r.underlying_price:>12,.2f}{figures}{r.signed_share:>+14.1%}"
            f"{balance_words(r.balance):>10}  {regime_words(r.gex, r.near_flip)}"
        )
    figures = "".join(f"{amount(x):>14}" for x in (reply.gex, reply.dex, reply.vex, reply.chex))
    print(
        f"{'basket':<8}{reply.covered_weight:>8.1%}{'':>12}{figures}{'':>14}"
        f"{balance_words(reply.balance):>10}  {regime_words(reply.gex, reply.near_flip)}"
    )
    if nothing := [symbol for symbol, reason in reply.left_out if not reason]:
        print(f"No data: {', '.join(nothing)}.")
    for symbol, reason in reply.left_out:
        if reason:
            print(f"Left out: {symbol}. {in_a_terminal(reason)}")
    if reply.attention:
        print(f"{reply.attention}.")
    for remark in dict.fromkeys(row.remark for row in reply.rows if row.remark):
        print(f"{remark}.")
    for row in reply.rows:
        if row.spot_status in SPOT:
            print(f"{row.symbol}: {SPOT[row.spot_status].format(row.spot_correction)}")
    mixed = f" to {moment(reply.as_of_newest)} (mixed)" if reply.as_of_newest - reply.as_of > MIXED else ""
    origin = f"{origin_words(reply.source, reply.synthetic)}, convention {cells.convention_in_words(reply.convention)}"
    print(f"As of {moment(reply.as_of)}{mixed}, {origin}.")
    if reply.usable_open_interest < 1:
        low = f" (below {cells.ENOUGH:.0%})" if reply.usable_open_interest < cells.ENOUGH else ""
        print(f"Usable open interest: {reply.usable_open_interest:.1%}{low}.")
    for notice in filter(None, (reply.notice, reply.settings_notice)):
        print(in_a_terminal(notice))


def basket_json(reply: Reply) -> dict[str, Any]:
    """Return a reply in the shape of the REST service's, in this project's units and as doubles."""
    return {
        "as_of": iso(reply.as_of),
        "constituent_count": len(reply.rows),
        "missing_symbols": list(reply.missing),
        "missing_reasons": {symbol: in_a_terminal(reason) for symbol, reason in reply.left_out if reason},
        "attention": reply.attention,
        "aggregate": _net(reply),
        **regime_json(reply),
        "constituents": [
            {
                "symbol": r.symbol,
                "weight": r.weight,
                "underlying_price": r.underlying_price,
                **_net(r),
                "contribution_pct": r.contribution_pct,
                **regime_json(r),
                **spot_json(r),
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
        "notice": in_a_terminal(reply.notice),
        "settings_notice": reply.settings_notice,
    }


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
        values["last_problem"] = in_a_terminal(found.last_problem)
        print(json.dumps({"serving": True, **values, "started_at": iso(found.started_at)}, indent=2))
        return
    print(found.sentence)
    print(f"Version {found.version}, serving since {moment(found.started_at)}.")
    if found.settings_notice:
        print(found.settings_notice)
    calls = f"{found.source_calls:,} source calls for {found.symbols_fetched:,} symbols"
    print(f"{found.requests:,} requests for {found.baskets:,} baskets took {calls}.")
    if found.metered:
        print(
            f"Debits: {found.debits_today:,} today, {found.debits_total:,} in all; {found.seats} symbols a call."
        )
    if found.last_problem:
        print(f"Last problem: {in_a_terminal(found.last_problem)}")


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


def origin_words(source: str, synthetic: bool) -> str:
    """Return where figures come from, for a person.

    >>> origin_words("synthetic sample", True)
    'SYNTHETIC (synthetic sample)'
    """
    return f"SYNTHETIC ({source})" if synthetic else source


def regime_words(gex: float, near_flip: bool = False) -> str:
    """Return the regime of a net GEX for a person.

    >>> regime_words(-1.5e9), regime_words(2e6, near_flip=True)
    ('negative gamma', 'positive gamma, near flip')
    """
    return in_words(regime(gex)) + (", near flip" if near_flip else "")


def balance_words(balance: float | None) -> str:
    """Return net GEX over gross GEX for a person.

    >>> balance_words(-0.0179), balance_words(None)
    ('-1.8%', '-')
    """
    return "-" if balance is None else f"{balance:+.1%}"


def regime_json(of: Reply | Row) -> dict[str, Any]:
    """Return a regime with its balance, null where net figures are all there is, and whether it is near its flip."""
    return {"regime": regime(of.gex), "balance": of.balance, "near_flip": of.near_flip}


def in_words(regime: str) -> str:
    """Return the contract's name of a regime for a person."""
    return regime.replace("_", " ")


def moment(at: float) -> str:
    """Return Unix seconds as New York time."""
    return f"{datetime.fromtimestamp(at, NEW_YORK):%Y-%m-%d %H:%M} New York"


def iso(at: float) -> str:
    """Return Unix seconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def spot_json(of: Any) -> dict[str, Any]:
    """Return whether a price is of its quotes' moment, where that was looked at."""
    if not of.spot_status:
        return {}
    return {"spot_status": of.spot_status, "spot_correction": of.spot_correction}


def _weights(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(w) for w in text.split(","))
    except ValueError as error:
        raise BadSettings("--weights must be numbers, comma-separated.") from error


def _net(of: Any) -> dict[str, float]:
    return {f"net_{name}": getattr(of, name) for name in ("gex", "dex", "vex", "chex")}
