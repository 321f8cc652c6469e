"""The whole of SPX, 19,156 contracts: from the file to net GEX, its strikes and its profile at 60 prices.

Beside it the two ways of ``rivals.py``, in an environment of their own. All three must find the same figures. The targets are
this project's own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from basketgex_server.domain import Terms
from basketgex_server.exposure.repricing import GEX, prepare
from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from benchmarks.pairs import Result, compare, time_of

ROOT = Path(__file__).parents[1]
FILE = ROOT.parent / "shared/data/chains/cboe_csv/spx_2022-12-12.csv"
PYTHON = ROOT / ".venv-bench/bin/python"
TERMS = Terms("flashalpha", 0.045, 0.013)
MOVES = np.linspace(0.8, 1.2, 60)
TURNS = 5
"""Times that ours is done for each time of theirs, of which some take ten seconds: the middle one counts."""
AGREEMENT = 1e-9
"""Of the gross; what the three may differ by."""
WHAT = "SPX of 19,156 contracts, file to net, strikes and 60-price profile of GEX"


class Rivals:
    """The other two ways, in a process that stays."""

    def __enter__(self) -> Rivals:
        command = [str(PYTHON), str(Path(__file__).with_name("rivals.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def __call__(self, way: str) -> list[Any]:
        """Milliseconds, net, strikes with theirs, profile."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(way, FILE, file=self._process.stdin, flush=True)
        found = json.loads(self._process.stdout.readline())
        assert isinstance(found, list)
        return found


def measure(folder: Path) -> Iterator[Result]:
    if not FILE.exists() or not PYTHON.exists():
        missing = FILE.name if not FILE.exists() else "the environment that make bench makes"
        print(f"| {WHAT} | | | not measured: {missing} is absent | | |")
        return
    with Rivals() as rivals:
        for way, against, target, pairs in (
            ("numpy", "csv module and plain numpy", 1 / 2, 9),
            ("pandas", "row by row in pandas, as published", 1 / 200, 3),
        ):
            agree(way, rivals(way))
            yield compare(WHAT, against, target, ours, lambda way=way: rivals(way)[0], pairs=pairs)


def found() -> tuple[float, dict[float, float], list[float]]:
    """As the server does, which has all four measures, both sides and the expiries besides; not the roots of the profile."""
    chain = read_chain(FILE, "SPX")
    whole = exposure(chain, *TERMS)
    book = prepare(chain, TERMS)
    assert whole is not None and book is not None
    curve = book.net(MOVES, (GEX,))[0].tolist()
    return whole.net.gex, {row.strike: row.call.gex + row.put.gex for row in whole.strikes}, curve


def ours() -> float:
    return statistics.median(time_of(found) for _ in range(TURNS))


def agree(way: str, theirs: list[Any]) -> None:
    net, strikes, curve = found()
    whole = exposure(read_chain(FILE, "SPX"), *TERMS)
    assert whole is not None and whole.call is not None and whole.put is not None
    allowed = AGREEMENT * (abs(whole.call.gex) + abs(whole.put.gex))
    by_strike = dict(map(tuple, theirs[2]))
    assert by_strike.keys() == strikes.keys(), way
    for mine, other in (
        (net, theirs[1]),
        (list(strikes.values()), [by_strike[strike] for strike in strikes]),
        (curve, theirs[3]),
    ):
        assert np.abs(np.subtract(mine, other)).max() <= allowed, way
