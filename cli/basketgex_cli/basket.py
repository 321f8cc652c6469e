"""``basketgex basket``: the exposure of a basket, as its home's server has it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from basketgex.home import Home
from basketgex_addin import cells
from basketgex_addin.cells import Reply, Row
from basketgex_cli.parsing import JSON, WEIGHTS, ask_of, in_a_terminal
from basketgex_cli.render import (
    SPOT,
    amount,
    balance_words,
    iso,
    new_york_text,
    origin_words,
    regime_json,
    regime_words,
    spot_json,
)
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command
from basketgex_server.dispatch.batch.types import MIXED

EXAMPLES = ("basketgex basket NVDA,AMD,AVGO", "basketgex basket AAPL,MSFT --weights 0.6,0.4 --json")


COLUMNS = (
    Column("symbol", 8, left=True),
    Column("weight", 8),
    Column("price", 12),
    *(Column(name, 14) for name in ("GEX", "DEX", "VEX", "CHEX", "signed share")),
    Column("balance", 10),
    Column("regime", left=True, gap="  "),
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    basket = add_command(commands, "basket", "the exposure of a basket", EXAMPLES, _run)
    basket.add_argument("symbols", help="tickers, comma-separated")
    basket.add_argument("--weights", help=WEIGHTS)
    basket.add_argument(
        "--refresh",
        action="store_true",
        help="ask the source now, however young the figures are: may cost debits",
    )
    basket.add_argument("--json", action="store_true", help=JSON)


def _run(home: Home, chosen: argparse.Namespace) -> None:
    basket(home, chosen.symbols, chosen.weights, refresh=chosen.refresh, as_json=chosen.json)


def basket(home: Home, symbols: str, weights: str | None, *, refresh: bool, as_json: bool) -> None:
    """Print the exposure of a basket; ``refresh`` asks the source for it whatever the age of what is known."""
    asks, how = [ask_of(symbols, weights)], "FORCE" if refresh else "NORMAL"
    reply: Reply = waited(home, lambda client: client.ask_many(asks, how)[0])
    if as_json:
        print(json.dumps(basket_json(reply), indent=2))
        return
    print_table(COLUMNS, _rows(reply))
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
    mixed = (
        f" to {new_york_text(reply.as_of_newest)} (mixed)" if reply.as_of_newest - reply.as_of > MIXED else ""
    )
    origin = f"{origin_words(reply.source, reply.synthetic)}, convention {cells.convention_in_words(reply.convention)}"
    print(f"As of {new_york_text(reply.as_of)}{mixed}, {origin}.")
    if reply.usable_open_interest < 1:
        low = f" (below {cells.ENOUGH:.0%})" if reply.usable_open_interest < cells.ENOUGH else ""
        print(f"Usable open interest: {reply.usable_open_interest:.1%}{low}.")
    for notice in filter(None, (reply.notice, reply.settings_notice)):
        print(in_a_terminal(notice))


def _rows(reply: Reply) -> Iterator[tuple[str, ...]]:
    for r in reply.rows:
        share = f"{r.signed_share:+.1%}"
        yield (r.symbol, f"{r.weight:.1%}", f"{r.underlying_price:,.2f}", *_figures(r), share, *_regime(r))
    yield ("basket", f"{reply.covered_weight:.1%}", "", *_figures(reply), "", *_regime(reply))


def _figures(of: Reply | Row) -> Iterator[str]:
    return map(amount, (of.gex, of.dex, of.vex, of.chex))


def _regime(of: Reply | Row) -> tuple[str, str]:
    return balance_words(of.balance), regime_words(of.gex, of.near_flip)


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


def _net(of: Any) -> dict[str, float]:
    return {f"net_{name}": getattr(of, name) for name in ("gex", "dex", "vex", "chex")}
