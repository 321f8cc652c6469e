"""From an interpreter that has xlwings to the add-in's first value, against importing grpc and one echo call.

``python -m benchmarks.first_value ours|theirs HOME ADDRESS`` does either and prints the seconds it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import Result, compare

ECHO = "/benchmarks.Echo/Echo"  # of bench_server, which would import what is timed here


def measure(folder: Path) -> Iterator[Result]:
    from basketgex.home import HOME_VARIABLE
    from benchmarks.calls import spawn

    home = folder / "first"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment[HOME_VARIABLE] = str(home)

    def taken(side: str, address: str) -> float:
        command = [sys.executable, "-m", "benchmarks.first_value", side, address]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return float(done.stdout) * 1e3

    real, _ = spawn("real", home)
    bare, address = spawn("bare", home)
    try:
        yield compare(
            "an interpreter with xlwings to the add-in's first value",
            "import grpc and one echo call",
            2.0,
            lambda: taken("ours", ""),
            lambda: taken("theirs", address),
        )
    finally:
        for process in (real, bare):
            process.terminate()
            process.wait(30)
            process.stdout.close()  # type: ignore[union-attr]


def _ours() -> float:
    import xlwings  # noqa: F401 - a host's interpreter has it

    begin = time.perf_counter()
    from basketgex_addin.excel.udfs import BASKETGEX  # type: ignore[attr-defined]

    found = BASKETGEX([["NVDA"], ["AMD"]])
    taken = time.perf_counter() - begin
    assert isinstance(found, float), found
    return taken


def _theirs(address: str) -> float:
    begin = time.perf_counter()
    import grpc

    with grpc.insecure_channel(address, options=(("grpc.enable_http_proxy", 0),)) as channel:
        channel.unary_unary(ECHO)(b"", wait_for_ready=True, timeout=60)
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(_ours() if sys.argv[1] == "ours" else _theirs(sys.argv[2]))
