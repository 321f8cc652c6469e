"""Prints tables as docs/method.md has them, and keeps their lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from basketgex_server.exposure.chain import Chain
from basketgex_server.sources.files.folder import read_chain
from tools.method_ways import FILES, Way, exposure_of, gross_of


class Row(NamedTuple):
    """A choice, what else is done, the chains to measure it on, and the figures f64[4] of the other way."""

    choice: str
    instead: str
    chains: tuple[str, ...]
    way: Way
    clock: datetime | None = None


class Tables:
    """Prints the tables and keeps their lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.chain = lru_cache(maxsize=None)(self._chain)

    def _chain(self, name: str, clock: datetime | None = None) -> Chain:
        chain = read_chain(self.folder / FILES[name], name.partition(" ")[0])
        return replace(chain, as_of=clock.timestamp()) if clock else chain

    def table(self, title: str, *cells: Sequence[str]) -> None:
        """Print a table, its headings first."""
        heading, *body = cells
        self.lines += [f"| {' | '.join(row)} |" for row in (heading, ["---"] * len(heading), *body)]
        sys.stdout.write(f"\n{title}\n\n")
        sys.stdout.writelines(f"{line}\n" for line in self.lines[-len(body) - 2 :])

    def effects(self, title: str, *choices: Row) -> None:
        """Print a row for each choice and chain: how much the four net figures change."""
        body = []
        for choice, instead, names, way, clock in choices:
            for name in names:
                chain = self.chain(name, clock)
                found = exposure_of(chain)
                base, other = np.array(found.net), way(chain)
                change = [
                    signed((o - b) / abs(b)) for o, b in zip(other.tolist(), base.tolist(), strict=True)
                ]
                of_gross = signed((other[0] - base[0]) / gross_of(found))
                at = f"{name}, clock {clock:%m-%d %H:%M:%S}".removesuffix(":00") if clock else name
                body.append([choice, instead, at, change[0], of_gross, *change[1:]])
        heading = ["choice", "instead of", "chain", "GEX", "of gross GEX", "DEX", "VEX", "CHEX"]
        self.table(title, heading, *body)


def signed(part: float) -> str:
    """Return a change in per cent, to three digits at most."""
    if abs(part) < 1e-12:  # what rounding leaves of nothing
        return "0"
    if abs(part) < 5e-6:
        return "< 0.001 %"
    return f"{100 * part:+,.{0 if abs(part) >= 1 else 1 if abs(part) >= 0.1 else 2 if abs(part) >= 1e-3 else 3}f} %".replace(
        "-", "−"
    )


def millions(figure: float) -> str:
    """Return USD as millions."""
    return f"{figure / 1e6:,.1f}".replace("-", "−")
