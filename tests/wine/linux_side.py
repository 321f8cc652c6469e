"""``python -m tests.wine.linux_side python.exe``: a server here, and what its cells show here, for the checks under Wine.

The Windows side gets a folder: ``linux.json`` with the server's address, its token, and calls with their values.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from basketgex import __version__
from basketgex.home import HOME_VARIABLE, Home
from basketgex_addin.excel import component
from basketgex_addin.functions import FUNCTIONS, SYMBOL, SYMBOLS, TOP, TRIGGER, WEIGHTS, ZONE
from tests.e2e.serving import Server, environment

SCRIPT = Path(__file__).with_name("windows_side.py")
PATIENCE = 240.0

COLUMN = [["NVDA"], ["AMD"], ["BRK.B"], ["ZZZZ"], ["SPY"]]
GIVEN: dict[str, list[Any]] = {
    SYMBOLS.name: [COLUMN, [["JPM, BAC;C"]]],
    SYMBOL.name: [[["NVDA"]], [["ZZZZ"]]],
    WEIGHTS.name: [[[0.1], [1 / 3], [2.0], [1.0], [1e-3]], [[1.0, 2.0, 4.0]]],
    TOP.name: [[[2.0]], None],
    ZONE.name: [[["Europe/London"]], None],  # Windows has no zones of its own
    TRIGGER.name: [[[1.0]], [[2.0]]],
}
OWN = ("BASKETAGE", "BASKETQUOTA")
"""What a client has seen, and what a server has counted: other figures in another process, or a moment later."""


def calls() -> list[dict[str, Any]]:
    """Every function twice, with arguments as xlwings gives them, and what its cell shows here."""
    found = []
    for function in FUNCTIONS:
        for i in (0, 1):
            if function.name not in OWN:
                arguments = [GIVEN.get(argument.name, [None, None])[i] for argument in function.arguments]
                value = component.evaluate(function.name, arguments)
                found.append({"name": function.name, "arguments": arguments, "value": value})
    return found


def main(python: str) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with Server(folder / "server") as server:
            home = Home(folder / "server")
            os.environ[HOME_VARIABLE] = str(home.path)
            told = {
                "address": server.address,
                "token": home.read_token(),
                "version": __version__,
                "calls": calls(),
            }
            component.client(home.path).close()
            (folder / "linux.json").write_text(json.dumps(told), "utf-8")
            command = ["wine", python, "-X", "utf8", "-W", "error", _windows(SCRIPT), _windows(folder)]
            return _shown(command, environment(folder / "unused"))


def _shown(command: list[str], environment: dict[str, str]) -> int:
    """Run a Windows program, show what it says as it says it, and return how it ended."""
    windows = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # its own processes hold the pipe as well
    )
    late = threading.Timer(PATIENCE, os.killpg, (windows.pid, signal.SIGKILL))
    late.start()
    with windows:
        assert windows.stdout is not None
        for line in windows.stdout:
            print(line.decode("utf-8", "replace").rstrip(), flush=True)
    if not late.is_alive():
        print(f"FAILED all: the Windows side took longer than {PATIENCE:.0f} seconds")
    late.cancel()
    return windows.returncode


def _windows(path: Path) -> str:
    """Return what Wine calls a file of this machine."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
