"""Commands whose answer takes long: waited for while the source gets on, which a terminal shows and a pipe never does."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.client import BasketClient, ServerStatus
from tests.e2e.clocked import Clock
from tests.e2e.serving import Server, environment, serving, until
from tests.standin.upstream import Gate, Upstream, gated

PATIENCE = 60.0
TAKEN_BACK = "\x1b[1A\x1b[2K"
"""One line up, and nothing on it: what was said of the wait is gone."""
IMPATIENT = """
import sys
from basketgex_cli import main, waiting
waiting.DEADLINE, waiting.BUSY = {deadline}, {busy}
raise SystemExit(main.main())
"""
LOOKING = """
from pathlib import Path
from basketgex_cli import main, waiting
what = waiting._what
def noted(*of):
    Path({looks!r}).open("a").write("x")
    return what(*of)
waiting._what = noted
raise SystemExit(main.main())
"""


class Terminal:
    """A command whose standard error is a terminal, and its standard output a pipe."""

    def __init__(self, home: Home, *arguments: str, deadline: float = 60.0, busy: float = 600.0) -> None:
        self._ours, its = pty.openpty()
        code = IMPATIENT.format(deadline=deadline, busy=busy)
        self.process = subprocess.Popen(
            (sys.executable, "-W", "error", "-c", code, *arguments),
            env=environment(home.path) | {"TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=its,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(its)
        self.shown = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # that is how a terminal ends
            while read := os.read(self._ours, 4096):
                self.shown += read.decode()

    def sees(self, pattern: str) -> None:
        """Wait until a line is there."""
        until(lambda: re.search(pattern, self.shown), PATIENCE)

    def ends(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what went into the pipe."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        self._reader.join(PATIENCE)
        return self.process.returncode, out

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        with self.process:
            pass
        os.close(self._ours)


@contextmanager
def at_a_terminal(
    home: Home, *arguments: str, deadline: float = 60.0, busy: float = 600.0
) -> Iterator[Terminal]:
    terminal = Terminal(home, *arguments, deadline=deadline, busy=busy)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def test_a_slow_source_is_waited_for_longer_than_the_deadline_while_it_is_at_work(
    tmp_path: Path, clock: Clock, upstream: Upstream, gate: Gate
) -> None:
    upstream.script(gated(gate))
    with (
        serving(tmp_path, clock, upstream) as server,
        at_a_terminal(server.home, "basket", "NVDA,AMD", deadline=1.0) as terminal,
    ):
        terminal.sees(r"FlashAlpha: 0 of 2 names, [4-9] s")
        gate.open()
        code, out = terminal.ends()
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:4]] == ["symbol", "NVDA", "AMD", "basket"]
    assert "names," not in out and "\x1b" not in out
    assert terminal.shown.endswith(TAKEN_BACK)
    assert len(upstream.calls) == 1


@pytest.mark.parametrize("arguments", [("basket", "NVDA,AMD"), ("symbol", "NVDA", "--json")])
def test_nothing_is_shown_in_a_pipe(
    tmp_path: Path, clock: Clock, upstream: Upstream, gate: Gate, arguments: tuple[str, ...]
) -> None:
    upstream.script(gated(gate))
    with serving(tmp_path, clock, upstream) as server:
        looks = tmp_path / "looks"
        process = subprocess.Popen(
            (sys.executable, "-c", LOOKING.format(looks=str(looks)), *arguments),
            env=environment(server.home.path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            until(
                lambda: looks.exists() and looks.stat().st_size > 1
            )  # a terminal would have been told twice
            gate.open()
            out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert "names," not in out and "\r" not in out


def test_a_server_that_hangs_is_given_up_with_a_sentence(
    tmp_path: Path, clock: Clock, upstream: Upstream, gate: Gate
) -> None:
    upstream.script(gated(gate))
    with (
        serving(tmp_path, clock, upstream) as server,
        at_a_terminal(server.home, "basket", "NVDA", deadline=3.0) as terminal,
    ):
        terminal.sees("0 of 1 names")
        server.process.send_signal(signal.SIGSTOP)
        try:
            code, out = terminal.ends()
        finally:
            server.process.send_signal(signal.SIGCONT)
    assert (code, out) == (1, "")
    assert terminal.shown.endswith(
        f"{TAKEN_BACK}basketgex: The server did not answer in time. Ask again.\r\n"
    )


def test_work_that_stands_still_is_given_up_too(
    tmp_path: Path, clock: Clock, upstream: Upstream, gate: Gate
) -> None:
    upstream.script(gated(gate))
    with (
        serving(tmp_path, clock, upstream) as server,
        at_a_terminal(server.home, "symbol", "NVDA", deadline=0.5, busy=2.0) as terminal,
    ):
        assert terminal.ends() == (1, "")
    assert terminal.shown.endswith("basketgex: The server did not answer in time. Ask again.\r\n")


def test_an_interrupt_ends_the_wait_at_once(
    tmp_path: Path, clock: Clock, upstream: Upstream, gate: Gate
) -> None:
    upstream.script(gated(gate))
    with (
        serving(tmp_path, clock, upstream) as server,
        at_a_terminal(server.home, "basket", "NVDA") as terminal,
    ):
        terminal.sees("0 of 1 names")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ends() == (130, "")
    assert "Traceback" not in terminal.shown


def test_a_folder_of_large_chains_tells_how_far_it_is(tmp_path: Path) -> None:
    """Forty names of 4,000 contracts each; what the status says of them only falls, and ends at 0."""
    folder = tmp_path / "2026-07-10"
    folder.mkdir()
    names = [f"N{n:02}" for n in range(40)]
    rows = [
        f"{{0}}26{month:02}18{side}{strike:08},0.{20 + strike // 20_000 % 40},{strike % 977 + 1}"
        for month in (8, 9, 10, 11)
        for side in "CP"
        for strike in range(50_000, 550_000, 1_000)
    ]
    for name in names:
        text = "\n".join(["option,iv,open_interest", *(row.format(name) for row in rows)])
        (folder / f"{name}.csv").write_text(text)
    prices = ", ".join(f'"{name}": {{"underlying_price": 300.0}}' for name in names)
    (folder / "underlyings.json").write_text(f"{{{prices}}}")

    seen: list[tuple[int, int]] = []
    with Server(tmp_path / "home", source="chain-files", chain_folder=folder) as server:
        client = BasketClient(server.home)
        command = subprocess.Popen(
            (sys.executable, "-m", "basketgex_cli", "basket", ",".join(names)),
            env=environment(server.home.path),
            stdout=subprocess.PIPE,
            text=True,
        )
        with command:
            while command.poll() is None:
                status = client.status()
                assert isinstance(status, ServerStatus)
                seen.append((status.awaited, status.worked_out))
            out = command.stdout.read() if command.stdout else ""
        client.close()
    assert command.returncode == 0
    assert out.splitlines()[1].startswith("N00 ")
    at_work = [pair for pair in seen if pair[0]]
    assert at_work and all(sum(pair) == len(names) for pair in at_work)
    assert [pair[0] for pair in at_work] == sorted((pair[0] for pair in at_work), reverse=True)
    assert len(set(at_work)) > 1
