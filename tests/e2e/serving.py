"""A real server in a process of its own, for tests. Ended by its own id, whatever happens."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from basketgex.home import Home
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.patience import VARIABLE as DEADLINE

if TYPE_CHECKING:
    from tests.e2e.clocked import Clock
    from tests.standin.upstream import Upstream

READY = 60.0
COMMAND = (sys.executable, "-W", "error", "-m", "basketgex_server", "serve")


def environment(home: Path, **settings: object) -> dict[str, str]:
    """The environment of a home's server: nothing of the developer's own settings gets in."""
    kept = {k: v for k, v in os.environ.items() if k == DEADLINE or not k.startswith("BASKETGEX_")}
    return {
        **kept,
        "BASKETGEX_HOME": str(home),
        **{f"BASKETGEX_{k.upper()}": str(v) for k, v in settings.items()},
    }


class Server:
    """``with Server(home, source=...)``: serves while the block runs. Settings go through the environment."""

    def __init__(self, home: Path, *, command: tuple[str, ...] = COMMAND, **settings: object) -> None:
        self.home = Home(home)
        self._settings = settings
        self._command = command
        self._environment = environment(home, **settings)

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], READY)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            self.__exit__()
            raise AssertionError("the server did not get ready")
        self.ready = json.loads(line)
        return self

    def again(self, **changed: object) -> None:
        """Serve again after its end, by settings of which some are others."""
        self.__exit__()
        self._environment = environment(self.home.path, **{**self._settings, **changed})
        self.__enter__()

    @property
    def address(self) -> str:
        return str(self.ready["grpc"])

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def __exit__(self, *_: object) -> None:
        with self.process:
            if self.process.poll() is None:
                self.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(30)
            if self.process.poll() is None:
                self.process.kill()


def until(condition: Callable[[], object], patience: float = READY, pause: float = 0.02) -> None:
    """Wait until something has happened, but not for ever."""
    look = threading.Event()
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, "it never happened"
        look.wait(pause)


def free(home: Home) -> None:
    """Wait until nobody serves the home."""
    until(lambda: not home.is_served())


def kill(home: Home, number: signal.Signals = signal.SIGKILL) -> None:
    """End the server that a test's add-in has started, and wait until it is gone."""
    runtime = home.server()
    assert runtime is not None, "nobody serves"
    os.kill(runtime.pid, number)
    free(home)


@contextmanager
def fresh(path: Path) -> Iterator[Home]:
    """A home with nothing in it, before and after; a server that an add-in started in it is ended."""
    home = Home(path)
    _end(home)  # that of a wider fixture, which is not asked any more
    _empty(path)
    try:
        yield home
    finally:
        home.launch_file.unlink(missing_ok=True)
        _end(home)
        _empty(path)


def _end(home: Home) -> None:
    if home.is_served():
        until(home.server)
        kill(home, signal.SIGTERM)


def status(home: Home) -> ServerStatus:
    """What the living server says of itself. Everything it had to write by then is written."""
    assert home.server() is not None, "nobody serves"
    client = BasketClient(home)
    try:
        found = client.status()
    finally:
        client.close()
    assert isinstance(found, ServerStatus), found
    return found


def _empty(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in path.iterdir():
        file.unlink()


def serving(folder: Path, clock: Clock, upstream: Upstream, **settings: object) -> Server:
    """Return a server of a home in the folder, with the test's clock and the stand-in as its source."""
    return Server(
        folder / "home",
        command=clock.command,
        source="flashalpha",
        flashalpha_base_url=upstream.url,
        flashalpha_api_key=upstream.key,
        **settings,
    )
