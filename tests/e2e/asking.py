"""A program like a spreadsheet: many cells ask through the project's client, all at once, when it is told to begin.

``python asking.py sheet`` asks as a sheet that is read ahead (one call), ``python asking.py cells`` as cells that know
nothing of each other (a thread each). It says ``ready`` when its channel is open, reads one line from standard input, a JSON
list of baskets (lists of symbols), and prints the GEX of each, or the sentence that stands in its way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from basketgex.home import Home, default_home
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient, ServerStatus


def _ask(client: BasketClient, baskets: Sequence[Ask], mode: str) -> list[Reply | Problem]:
    if mode == "sheet":
        return client.ask_many(baskets)
    with ThreadPoolExecutor(len(baskets)) as cells:
        return list(cells.map(client.ask, baskets))


def _main(mode: str) -> None:
    client = BasketClient(Home(default_home()))
    assert isinstance(client.status(), ServerStatus)
    print("ready", flush=True)
    answers = _ask(client, [Ask(tuple(names)) for names in json.loads(sys.stdin.readline())], mode)
    client.close()
    print(json.dumps([a.gex if isinstance(a, Reply) else a.sentence for a in answers]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
