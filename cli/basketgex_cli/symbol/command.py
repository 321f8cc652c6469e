"""``basketgex symbol``: the exposure of one underlying, calls and puts apart."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from basketgex.home import Home
from basketgex_addin.client import ProfileFigures, SymbolFigures
from basketgex_cli.parsing import JSON, profile_range
from basketgex_cli.symbol.as_json import symbol_json
from basketgex_cli.symbol.as_text import show
from basketgex_cli.symbol.wanted import Wanted
from basketgex_cli.terminal import busy
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command
from basketgex_server.domain import CONVENTIONS, DAY_COUNTS
from basketgex_server.errors import BadSettings
from basketgex_server.serve_command import CONVENTION
from basketgex_server.settings import DIVIDENDS, load

EXAMPLES = (
    "basketgex symbol SPX --levels --per-expiry",
    "basketgex symbol SPX --chain-file spx_quotedata.csv --rate 0.05 --dividend-yield 0.013",
)
OF_A_FILE = ("as_of", "spot", "rate", "dividend_yield", "dividends", "convention", "day_count")
"""Options that go with a chain file only."""
Found = tuple[SymbolFigures, ProfileFigures | None]


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    symbol = add_command(
        commands, "symbol", "the exposure of one underlying, calls and puts apart", EXAMPLES, symbol_of
    )
    symbol.add_argument("symbol", help="one ticker")
    symbol.add_argument(
        "--chain-file", type=Path, metavar="FILE", help="compute from this file, without a server"
    )
    symbol.add_argument(
        "--as-of", help="the moment of the chain, ISO 8601, New York time where no zone is given"
    )
    symbol.add_argument(
        "--spot", type=float, help="the price of the underlying, where the file does not have it"
    )
    symbol.add_argument("--rate", type=float, help="continuously compounded, 0.045 is 4.5 %% a year")
    symbol.add_argument(
        "--dividend-yield", type=float, help="continuously compounded, 0.013 is 1.3 %% a year"
    )
    symbol.add_argument(
        "--dividends", choices=DIVIDENDS, help="implied: each expiry's dividend yield from put-call parity"
    )
    symbol.add_argument("--convention", choices=CONVENTIONS, help=CONVENTION)
    symbol.add_argument(
        "--day-count",
        choices=DAY_COUNTS,
        help="how years to expiry are counted: elapsed time, or business days",
    )
    symbol.add_argument("--per-strike", action="store_true", help="also one row per strike")
    symbol.add_argument("--per-expiry", action="store_true", help="also one row per expiry, today's apart")
    symbol.add_argument(
        "--levels",
        action="store_true",
        help="also gamma flip, walls and other levels, which may cost a source call",
    )
    symbol.add_argument(
        "--profile",
        metavar="FROM:TO:LEVELS",
        help="also net exposures over prices, in units of spot: 0.8:1.2:60",
    )
    symbol.add_argument("--json", action="store_true", help=JSON)


def symbol_of(home: Home, chosen: argparse.Namespace) -> None:
    """Print the exposure of one underlying, as the home's server gives it or computed from a chain file."""
    curve = profile_range(chosen.profile) if chosen.profile is not None else None
    wanted = Wanted(chosen.per_strike, chosen.per_expiry, chosen.levels, curve)
    found, profile = (
        _of_server(home, chosen, wanted) if chosen.chain_file is None else _of_file(home, chosen, wanted)
    )
    if chosen.json:
        print(json.dumps(symbol_json(found, profile), indent=2))
    else:
        show(found, profile)


def _of_server(home: Home, chosen: argparse.Namespace, wanted: Wanted) -> Found:
    if given := [name for name in OF_A_FILE if getattr(chosen, name) is not None]:
        raise BadSettings(
            f"--{given[0].replace('_', '-')} goes with --chain-file: a server has its own settings."
        )
    asked = {name: getattr(wanted, name) for name in ("per_strike", "per_expiry", "levels")}
    found = waited(home, lambda client: client.symbol(chosen.symbol, **asked))
    if wanted.profile is None:
        return found, None
    low, high, levels = wanted.profile
    return found, waited(
        home, lambda client: client.profile([chosen.symbol], between=(low, high), levels=levels)
    )


def _of_file(home: Home, chosen: argparse.Namespace, wanted: Wanted) -> Found:
    # What is said here is of this symbol, and wins over what the configuration says of it.
    settings = load(
        home.config_file,
        rate=chosen.rate,
        dividend_yield=chosen.dividend_yield,
        stock_dividend_yield=chosen.dividend_yield,
        rates={} if chosen.rate is not None else None,
        dividend_yields={} if chosen.dividend_yield is not None else None,
        dividends=chosen.dividends,
        convention=chosen.convention,
        day_count=chosen.day_count,
    )
    with busy(f"Computing from {chosen.chain_file.name}"):
        from basketgex_cli.symbol.chain_file import figures_of  # numpy comes with it

        return figures_of(
            chosen.symbol, chosen.chain_file, settings, wanted, as_of=chosen.as_of, spot=chosen.spot
        )
