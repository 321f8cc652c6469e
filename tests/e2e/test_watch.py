"""``basketgex watch`` over a server of its own: a flip is shown, survives the server, and is known to who comes later."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from basketgex.local import Home
from basketgex_addin.cells import Ask, Reply, Since
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import Clock
from tests.e2e.serving import environment, fresh, kill, status, until
from tests.standin.upstream import Figures, Upstream

PATIENCE = 60.0
COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_server", "watch")


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


@pytest.fixture
def home(tmp_path: Path, clock: Clock) -> Iterator[Home]:
    with fresh(tmp_path / "home") as home:
        home.write_launch(clock.command, ())
        yield home


@pytest.fixture
def given(home: Home, upstream: Upstream) -> dict[str, str]:
    upstream.published = {"NVDA": gex(4e9), "AMD": gex(1e9), "JPM": gex(-3e9)}
    return environment(
        home.path,
        source="flashalpha",
        flashalpha_base_url=upstream.url,
        flashalpha_api_key=upstream.key,
    )


def gex(net: float) -> Figures:
    return Figures(100.0, net, 1e9, 1e8, 1e6)


def turn(upstream: Upstream, clock: Clock, nvda: float) -> None:
    """Two minutes later NVDA has another GEX."""
    upstream.published["NVDA"] = gex(nvda)
    clock.advance(120)


def test_a_flip_is_shown_and_survives_the_server(
    home: Home, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    with watching("semis=NVDA,AMD", "banks=JPM", "--pace", "1", given=given) as watch:
        table = [watch.line() for _ in range(3)]
        assert table[0].split()[:3] == ["basket", "regime", "since,"]
        assert table[1].split() == [
            *(
                "semis",
                "positive",
                "gamma",
                "before",
                "2026-09-16",
                "11:00",
                "+2.50",
                "bn",
                "+1.00",
                "100.0%",
            ),
            *("2026-09-16", "11:00", "fresh"),
        ]
        assert table[2].split()[:3] == ["banks", "negative", "gamma"]

        turn(upstream, clock, -9e9)
        assert watch.flip() == (
            "semis flipped to negative gamma at 2026-09-16 11:02 New York "
            "(was positive gamma since 2026-09-16 11:00 New York)"
        )
        assert len(upstream.calls) == 2

        before = home.server()
        kill(home)
        assert watch.errors.get(timeout=PATIENCE) == "reconnecting"
        until(lambda: home.server() not in (None, before))
        turn(upstream, clock, 9e9)
        assert watch.flip() == (
            "semis flipped to positive gamma at 2026-09-16 11:04 New York "
            "(was negative gamma since 2026-09-16 11:02 New York)"
        )
        assert len(upstream.calls) == 3

        with watching("semis=NVDA,AMD", "--json", "--pace", "1", given=given) as late:
            found = json.loads(late.line())
            assert (found["regime"], found["since"], found["previous_regime"], found["known_from"]) == (
                "positive_gamma",
                "2026-09-16T15:04:00Z",
                "negative_gamma",
                "2026-09-16T15:00:00Z",
            )
            assert found["flipped"] is False
            assert late.interrupt() == 0
        assert watch.interrupt() == 0
        assert watch.errors.empty()
    assert len(upstream.calls) == 3


def test_a_client_that_watches_hears_what_another_brought(
    home: Home, given: dict[str, str], upstream: Upstream, clock: Clock
) -> None:
    with watching("semis=NVDA,AMD", "--pace", "1", given=given) as watch:
        watch.line()
        changed: queue.SimpleQueue[frozenset[Ask]] = queue.SimpleQueue()
        client, ask = BasketClient(home), Ask(("NVDA", "AMD"))
        watcher = client.watch(changed.put, pace=1.0)
        watcher.want(ask)
        assert changed.get(timeout=PATIENCE) == {ask}
        calls = len(upstream.calls)

        upstream.published["NVDA"] = gex(-9e9)
        other = BasketClient(home)
        (forced,) = other.ask_many([ask], "FORCE")
        other.close()
        assert isinstance(forced, Reply)
        while not (isinstance(found := watcher.latest(ask), Reply) and found.gex == forced.gex):
            changed.get(timeout=PATIENCE)
        assert (forced.gex, len(upstream.calls)) == (-4e9, calls + 1)
        since = watcher.since(ask)
        # The clock stands: what was fetched at one moment is one moment, and the last of it counts.
        assert isinstance(since, Since) and (since.regime, since.since) == ("negative_gamma", 0.0)
        assert watch.interrupt() == 0

        watcher.drop(ask)
        watcher.close()
        client.close()
    assert status(home).baskets >= 2


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_synthetic_figures_say_that_they_are(tmp_path: Path, form: tuple[str, ...]) -> None:
    with (
        fresh(tmp_path / "home") as home,
        watching("semis=NVDA,AMD", "SPX", *form, given=environment(home.path)) as watch,
    ):
        if form:
            assert all(json.loads(watch.line())["synthetic"] for _ in range(2))
        else:
            table = [watch.line() for _ in range(3)]
            assert [line.endswith("  SYNTHETIC, historical") for line in table] == [False, True, True]
        assert watch.interrupt() == 0
