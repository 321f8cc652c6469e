"""``basketgex change``: what made a basket's net GEX another."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, time

from basketgex.home import Home
from basketgex_addin.cells.shape import Change
from basketgex_cli.parsing import ask_of, weights_of
from basketgex_cli.render import amount, iso, new_york_text
from basketgex_cli.shape import of_basket, print_standing, standing_json
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands
from basketgex_server.errors import BadSettings, WeightCountMismatch
from basketgex_server.market_hours import NEW_YORK
from basketgex_server.shown import quoted

PARTS = Change._fields[:8]
COLUMNS = (Column("", 14, left=True), Column("GEX", 14))


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    example = "basketgex change NVDA,AMD,AVGO --since 2026-09-15"
    change = of_basket(commands, "change", "what made a basket's net GEX another", example, _run)
    change.add_argument(
        "--since", help="a day, or a day and time of New York; the day before the figures if not given"
    )
    change.add_argument("--weights-before", help="the weights that the basket had; the same if not given")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    asked = ask_of(chosen.symbols, chosen.weights)
    before = weights_of(chosen.weights_before) or ()
    if before and len(before) != len(asked.symbols):
        raise WeightCountMismatch(len(asked.symbols), len(before))
    since = moment_of(chosen.since) if chosen.since else None
    found = waited(home, lambda client: client.change(asked, since=since, weights_before=before))
    if chosen.json:
        parts = {name: getattr(found, name) for name in PARTS}
        moments = {name: iso(getattr(found, name)) for name in ("since", "since_newest")}
        print(json.dumps(parts | moments | standing_json(found.standing), indent=2))
        return
    print_table(COLUMNS, [(name.replace("_", " "), amount(getattr(found, name))) for name in PARTS])
    print(f"Since {new_york_text(found.since)}.")
    print_standing(found.standing)


def moment_of(text: str) -> float:
    """Return Unix seconds of a day, its end, or of a day and time of New York. Raises BadSettings."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadSettings(
            f"--since is {quoted(text)}: write a day such as 2026-09-18, or 2026-09-18T15:30."
        ) from None
    if len(text) <= len("2026-09-18"):
        found = datetime.combine(found, time(23, 59, 59))
    return (found if found.tzinfo else found.replace(tzinfo=NEW_YORK)).timestamp()
