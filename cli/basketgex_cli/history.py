"""``basketgex history``: how a basket stood on the days before, and whether today is unusual."""

from __future__ import annotations

import argparse
import json

from basketgex.home import Home
from basketgex_addin.cells.shape import Past, Rank
from basketgex_cli.parsing import ask_of
from basketgex_cli.render import amount, balance_words, iso, new_york_text
from basketgex_cli.shape import MEASURES, of_basket, print_standing, standing_json
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands

COLUMNS = (
    Column("as of", 26, left=True),
    *(Column(name.upper(), 14) for name in MEASURES),
    Column("balance", 10),
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    example = "basketgex history NVDA,AMD,AVGO --days 90"
    history = of_basket(commands, "history", "how a basket stood on the days before", example, _run)
    history.add_argument("--days", type=float, default=400.0, help="calendar days back; 400 if not given")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    found = waited(home, lambda client: client.history(asked, chosen.days))
    if chosen.json:
        print(json.dumps(_json(found), indent=2))
        return
    print_table(
        COLUMNS,
        [
            (new_york_text(row[0] or 0.0), *(amount(x or 0.0) for x in row[1:5]), balance_words(row[5]))
            for row in found.rows
        ],
    )
    print(f"Net GEX: {_words(found.gex)}. Balance: {_words(found.balance)}.")
    print_standing(found.standing)


def _words(rank: Rank) -> str:
    if rank.percentile is None:
        return f"too few days to compare with ({rank.days})"
    z = "" if rank.z_score is None else f", z-score {rank.z_score:+.2f}"
    return f"percentile {rank.percentile:.0%} of {rank.days} days{z}"


def _json(found: Past) -> dict[str, object]:
    names = ("as_of", *(f"net_{name}" for name in MEASURES), "balance")
    rows = [dict(zip(names, (iso(row[0] or 0.0), *row[1:]), strict=True)) for row in found.rows]
    ranks = {name: getattr(found, name)._asdict() for name in ("gex", "balance")}
    return {"closes": rows, **ranks, **standing_json(found.standing)}
