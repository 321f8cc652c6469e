"""Measure everything, print it beside its targets, write it to RESULTS.md.

``python -m benchmarks desk start`` measures what is named, and only prints it.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks import (
    baskets,
    burst,
    calls,
    chains,
    desk,
    first_value,
    greeks,
    hedges,
    implied,
    large,
    planning,
    profile,
    rest,
    sheets,
    start,
    web,
    whole,
)
from benchmarks.pairs import PAIRS, Result

MODULES = (
    planning,
    greeks,
    hedges,
    profile,
    chains,
    whole,
    implied,
    large,
    baskets,
    calls,
    burst,
    rest,
    start,
    first_value,
    desk,
    sheets,
    web,
)
RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "| what | against | target | measured | ours | theirs |\n|---|---|---|---|---|---|"


def main() -> int:
    names = {f"benchmarks.{name}" for name in sys.argv[1:]}
    chosen = [module for module in MODULES if not names or module.__name__ in names]
    print(HEAD)
    lines, missed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for module in chosen:
            for result in module.measure(Path(folder)):
                lines.append(row(result))
                missed += not result.held
                print(lines[-1], flush=True)
    if not names:
        _keep(lines)
    print(f"{missed} of {len(lines)} miss their target." if missed else f"All {len(lines)} hold.")
    return 0


def _keep(lines: list[str]) -> None:
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    RESULTS.write_text(
        "# Measured ratios\n\n"
        f"`make bench`, {datetime.now():%Y-%m-%d}, on {machine}. Each ratio is the median of {PAIRS} pairs in random order;\n"
        "the times beside it are each side's own median and move with the machine.\n\n"
        + "\n".join([HEAD, *lines])
        + "\n",
        "utf-8",
    )


def row(result: Result) -> str:
    def ratio(value: float) -> str:
        return f"1/{1 / value:.0f}" if 0 < value < 0.2 else f"{value:.2f}".rstrip("0").rstrip(".")

    theirs = f"{result.theirs:.3g} {result.unit}" if result.theirs else "-"
    mark = "" if result.held else " (missed)"
    figures = (
        f"{ratio(result.target)} | {ratio(result.ratio)}{mark} | {result.ours:.3g} {result.unit} | {theirs}"
    )
    return f"| {result.what} | {result.against} | {figures} |"


if __name__ == "__main__":
    sys.exit(main())
