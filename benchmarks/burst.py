"""A cold burst of 2,000 cells from a metered source, against its own latency for the calls plus the window plus 50 ms.

137 symbols take three calls of 50 seats, and two of them must follow one another: the full ones leave side by side, but the
last, which has seats left over, waits for them, since whoever asks meanwhile shares its price.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from basketgex.home import Home
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from benchmarks.pairs import Result, compare
from tests.standin.upstream import Upstream

CELLS, SYMBOLS, NAMES = 2_000, 137, 6
LATENCY, WINDOW, MARGIN = 0.200, 0.050, 0.050
IN_TURN = 2
"""Calls that follow one another."""


def measure(folder: Path) -> Iterator[Result]:
    home, rounds = Home(folder / "burst"), 0
    with Upstream() as upstream:
        upstream.latency = LATENCY
        settings = {
            "SOURCE": "flashalpha",
            "FLASHALPHA_BASE_URL": upstream.url,
            "FLASHALPHA_API_KEY": upstream.key,
        }
        environment = {**os.environ, **{f"BASKETGEX_{k}": v for k, v in settings.items()}}
        command = [sys.executable, "-m", "basketgex_server", "--home", str(home.path), "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert server.stdout is not None
        json.loads(server.stdout.readline())
        client = BasketClient(home, deadline=60.0)

        def burst() -> float:
            nonlocal rounds
            rounds += 1  # names that nobody has asked for
            names = [f"B{rounds}.{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(SYMBOLS)]
            asks = [
                Ask(tuple(names[(c + i) % SYMBOLS] for i in range(NAMES)), (1.0 + c, *[1.0] * 5))
                for c in range(CELLS)
            ]
            before, begin = len(upstream.calls), time.perf_counter()
            answers = client.ask_many(asks)
            taken = (time.perf_counter() - begin) * 1e3
            assert all(isinstance(answer, Reply) for answer in answers)
            calls = upstream.calls[before:]
            assert [len(call.symbols) for call in calls] == [50, 50, 37]
            assert (calls[1].beside, calls[2].beside) == ((calls[0].order,), ())
            return taken

        client.ask_many([Ask(("FIRST",))])  # as long as nothing is known of the quota one call leaves alone
        try:
            what, against = (
                "a cold burst of 2,000 cells over 137 symbols",
                f"{IN_TURN} × the source's latency (calls that follow one another) + window + 50 ms",
            )
            allowed = (IN_TURN * LATENCY + WINDOW + MARGIN) * 1e3
            yield compare(what, against, 1.0, burst, lambda: allowed)
        finally:
            client.close()
            server.terminate()
            server.wait(30)
            server.stdout.close()
