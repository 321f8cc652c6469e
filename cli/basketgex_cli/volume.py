"""``basketgex volume``: a basket's GEX by what was traded on the day."""

from __future__ import annotations

import argparse
import json

from basketgex.home import Home
from basketgex_addin.functions.volume import volume_gex
from basketgex_cli.parsing import ask_of
from basketgex_cli.render import amount
from basketgex_cli.shape import of_basket, print_standing, standing_json
from basketgex_cli.waiting import waited
from basketgex_server.command_line import Commands
from basketgex_server.errors import BadSettings


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    example = "basketgex volume NVDA,AMD,AVGO --share 0.5"
    volume = of_basket(commands, "volume", "a basket's GEX by what was traded on the day", example, _run)
    volume.add_argument(
        "--share", type=float, help="from 0 to 1: also the GEX of open interest and this part of the volume"
    )


def _run(home: Home, chosen: argparse.Namespace) -> None:
    share = chosen.share
    if share is not None and not 0 <= share <= 1:
        raise BadSettings("--share must be a number from 0 to 1.")
    asked = ask_of(chosen.symbols, chosen.weights)
    found = waited(home, lambda client: client.volume_gex(asked))
    both = None if share is None else volume_gex(found, share)
    if chosen.json:
        body = {
            "volume_gex": volume_gex(found, None),
            "call_gex": found.call,
            "put_gex": found.put,
            "open_interest_gex": found.open_interest,
            "share": share,
            "open_interest_and_volume_gex": both,
            "volume": {
                symbol: {"call": calls, "put": puts}
                for symbol, (calls, puts) in zip(found.standing.symbols, found.volumes, strict=True)
            },
        }
        print(json.dumps(body | standing_json(found.standing), indent=2))
        return
    sides = f"calls {amount(found.call)}, puts {amount(found.put)}"
    print(f"Volume GEX {amount(volume_gex(found, None))} ({sides}).")
    print(f"GEX of open interest, of the same names: {amount(found.open_interest)}.")
    if both is not None:
        print(f"GEX of open interest and {share:.0%} of volume: {amount(both)}.")
    print_standing(found.standing)
