"""``basketgex flow``: DEX, VEX and CHEX of a book with two sides."""

from __future__ import annotations

import argparse
import json

from basketgex.home import Home
from basketgex_addin.cells.shape import Flow
from basketgex_cli.parsing import JSON, tickers, weights_of
from basketgex_cli.render import amount
from basketgex_cli.shape import print_standing, standing_json
from basketgex_cli.terminal import Column, print_table
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings

EXAMPLES = ("basketgex flow NVDA,AMD,SPY --money=3000000,1000000,-4000000",)
COLUMNS = (
    Column("", 6, left=True),
    *(Column(name, 14) for name in ("net", "long", "short", "gross", "dealers", "days of volume")),
)
NAMES = ("net", "long_leg", "short_leg", "gross", "dealers", "days_of_volume")


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    flow = add_command(commands, "flow", "DEX, VEX and CHEX of a book with two sides", EXAMPLES, _run)
    flow.add_argument("symbols", help="tickers, comma-separated")
    flow.add_argument(
        "--money",
        required=True,
        help="one amount per ticker, comma-separated, negative is short; write --money=…",
    )
    flow.add_argument("--adv", help="average daily volume in USD, one per ticker, 0 where unknown")
    flow.add_argument("--json", action="store_true", help=JSON)


def _run(home: Home, chosen: argparse.Namespace) -> None:
    names = tickers(chosen.symbols)
    money, adv = (_amounts(chosen, name) for name in ("money", "adv"))
    found = waited(home, lambda client: client.flow(names, money, adv))
    if chosen.json:
        print(json.dumps(flow_json(found), indent=2))
        return
    print_table(
        COLUMNS, [(measure, *_figures(found, row)) for row, measure in enumerate(("DEX", "VEX", "CHEX"))]
    )
    print(sentence(found))
    if found.days_of_volume and found.adv_covered < 1:
        print(f"Days of volume of {found.adv_covered:.1%} of the gross money.")
    print_standing(found.standing)


def _amounts(chosen: argparse.Namespace, name: str) -> tuple[float, ...]:
    try:
        return weights_of(getattr(chosen, name)) or ()
    except BadSettings as error:
        raise BadSettings(error.sentence.replace("--weights", f"--{name}")) from error


def _figures(found: Flow, row: int) -> list[str]:
    columns = [getattr(found, name) for name in NAMES]
    shown = [amount(column[row]) if column else "-" for column in columns[:-1]]
    return [*shown, f"{columns[-1][row]:+.4f}" if columns[-1] else "-"]


def sentence(found: Flow) -> str:
    """Return whether charm helps or hurts a book, for a person."""
    if not found.dealers:
        return "The source gives net figures only: what dealers trade as time passes is not known."
    charm = found.dealers[2]
    if not charm:
        return "Charm does nothing to this book."
    does, side = ("hurts", "against") if charm > 0 else ("helps", "for")
    flows = amount(abs(charm)).lstrip("+")
    return f"Charm {does} this book: as a day passes dealers trade {flows} {side} it, weighted by its money."


def flow_json(found: Flow) -> dict[str, object]:
    """Return a flow by measure."""
    by_measure = {
        measure: {name: column[row] if (column := getattr(found, name)) else None for name in NAMES}
        for row, measure in enumerate(("dex", "vex", "chex"))
    }
    return {
        **by_measure,
        "money": dict(zip(found.standing.symbols, found.money, strict=True)),
        "adv_covered": found.adv_covered,
        **standing_json(found.standing),
    }
