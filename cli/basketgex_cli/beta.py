"""``basketgex beta``: the betas to an index that option prices imply, and a basket in units of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from basketgex.home import Home
from basketgex_addin.cells import Betas
from basketgex_addin.cells.index_units import IndexUnits
from basketgex_cli.parsing import JSON, WEIGHTS, ask_of, in_a_terminal
from basketgex_cli.render import amount, new_york_text, origin_words
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command

EXAMPLES = (
    "basketgex beta SPX NVDA,AMD,AVGO --weights 2,1,1 --horizon 30",
    "basketgex beta QQQ NVDA,MSFT,AAPL --json",
)
COLUMNS = (
    Column("symbol", 8, left=True),
    *(Column(name, 12) for name in ("counts", "volatility", "beta")),
    *(Column(name, 16) for name in ("GEX", "GEX per sigma")),
)
NEGATIVE = "It is below 0: index and names are quoted at odds, or these names are not its own. Do not trust the betas."
STATUS = {
    "part_of_index": "These names are less than 90 % of the index, and are taken for the whole of it.",
    "equal_weights": "The names weigh equally, which in the index they may not: give --weights.",
}


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    beta = add_command(commands, "beta", "betas to an index that option prices imply", EXAMPLES, _run)
    beta.add_argument("index", help="the ticker of the index")
    beta.add_argument("symbols", help="tickers, comma-separated")
    beta.add_argument("--weights", help=WEIGHTS)
    beta.add_argument(
        "--horizon", type=float, default=30.0, metavar="DAYS", help="calendar days; 30 if not given"
    )
    beta.add_argument("--json", action="store_true", help=JSON)


def _run(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    betas = Betas(index=chosen.index, horizon=chosen.horizon)
    found: IndexUnits = waited(home, lambda client: client.betas(asked, betas))
    if chosen.json:
        print(json.dumps(beta_json(found), indent=2))
    else:
        show(found)


def beta_json(found: IndexUnits) -> dict[str, Any]:
    """Return the implied correlation, and betas by symbol."""
    return {"rho": found.correlation, "betas": dict(zip(found.symbols, found.betas, strict=True))}


def show(found: IndexUnits) -> None:
    """Print the betas and what follows from them."""
    print_table(COLUMNS, _rows(found))
    print()
    if found.correlation is not None:
        print(f"Implied correlation between these names: {found.correlation:.2f}.")
    if (found.correlation or 0.0) < 0:
        print(NEGATIVE)
    if found.correlation_status in STATUS:
        print(STATUS[found.correlation_status])
    trade = f"{'sell' if found.flow > 0 else 'buy'} {amount(abs(found.flow)).lstrip('+')}"
    whole = "the whole market in these names" if found.per == "market" else "by weight"
    print(f"If the index rises 1 %, dealers {trade} of stock, {whole}.")
    print(f"Index-equivalent GEX: {amount(found.index_equivalent)}.")
    if found.missing:
        print(f"No data: {', '.join(found.missing)}.")
    if found.notice:
        print(in_a_terminal(found.notice))
    print(f"As of {new_york_text(found.as_of)}, {origin_words(found.source, found.synthetic)}.")


def _rows(found: IndexUnits) -> Iterator[tuple[str, ...]]:
    columns = (found.symbols, found.counts, found.volatilities, found.betas, found.gex, found.gex_per_sigma)
    for symbol, count, volatility, beta, gex, per_sigma in zip(*columns, strict=True):
        known = volatility == volatility
        counts = f"{count:.1%}" if found.per == "weight" else f"{count:g}"
        yield (
            symbol,
            counts,
            f"{volatility:.1%}" if known else "-",
            f"{beta:.2f}",
            amount(gex),
            amount(per_sigma) if known else "-",
        )
