"""``basketgex watch`` as a process beside a stand-in whose figures and clock a test moves."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.clocked import Clock
from tests.standin.upstream import Figures, Upstream

PATIENCE = 60.0
COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_cli", "watch")


class Watch:
    """The command in a process of its own, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.errors: queue.SimpleQueue[str] = queue.SimpleQueue()
        for pipe, lines in ((process.stdout, self.lines), (process.stderr, self.errors)):
            threading.Thread(target=self._read, args=(pipe, lines), daemon=True).start()

    @staticmethod
    def _read(pipe: Iterator[str], lines: queue.SimpleQueue[str]) -> None:
        for line in pipe:
            lines.put(line.rstrip("\n"))

    def line(self) -> str:
        try:
            return self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            said = [self.errors.get() for _ in range(self.errors.qsize())]
            raise AssertionError(f"no line; exit code {self.process.poll()}; {said}") from None

    def flip(self) -> str:
        """The next line that tells of a flip."""
        while "flipped" not in (line := self.line()):
            pass
        return line

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def watching(*arguments: str, given: dict[str, str]) -> Iterator[Watch]:
    process = subprocess.Popen(
        (*COMMAND, *arguments),
        env=given | {"PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # Whoever runs the tests in the background may have them ignore it, and a command of theirs would, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield Watch(process)
        finally:
            if process.poll() is None:
                process.kill()


def gex(net: float) -> Figures:
    return Figures(100.0, net, 1e9, 1e8, 1e6)


def turn(upstream: Upstream, clock: Clock, nvda: float) -> None:
    """Two minutes later NVDA has another GEX."""
    upstream.published["NVDA"] = gex(nvda)
    clock.advance(120)
