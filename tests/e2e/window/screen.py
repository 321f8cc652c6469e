"""A screen of its own with a window manager and a keyboard: what a person sits at."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from PIL import ImageGrab

from tests.e2e.serving import until

SIZE = "1600x1000x24"
PROGRAMS = ("Xvfb", "openbox", "xdotool")


def missing() -> list[str]:
    """Return the programs that a screen needs and this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Screen:
    """``with Screen() as screen``: an X server, its window manager, and keys that go to the window in front."""

    def __init__(self) -> None:
        self.display = ""
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        reader, writer = os.pipe()
        with os.fdopen(reader) as ready:
            # The X server takes a free number itself and says which once it serves.
            self._start("Xvfb", "-displayfd", str(writer), "-screen", "0", SIZE, "-noreset", passed=writer)
            os.close(writer)
            number = ready.readline().strip()
        assert number, "the X server did not start"
        self.display = f":{number}"
        self._start("openbox")
        until(lambda: self._tool("get_desktop").returncode == 0)
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            if process.poll() is None:
                process.kill()
                process.wait(30)

    def keys(self, *names: str) -> None:
        """Press keys, such as "Return" or "ctrl+z", one after the other."""
        self._done("key", "--clearmodifiers", "--delay", "30", *names)

    def type(self, text: str) -> None:
        """Type a text."""
        self._done("type", "--clearmodifiers", "--delay", "30", text)

    def focus(self, title: str) -> None:
        """Bring the window whose title holds the text to the front, once it is there."""
        self._done("search", "--sync", "--onlyvisible", "--name", title, "windowactivate", "--sync")

    def titles(self) -> list[str]:
        """Return the titles of the windows that are seen."""
        found = self._tool("search", "--onlyvisible", "--name", ".+").stdout.split()
        return [self._tool("getwindowname", window).stdout.strip() for window in found]

    def picture(self, target: Path) -> Path:
        """Take a picture of the whole screen."""
        ImageGrab.grab(xdisplay=self.display).save(target)
        return target

    def _start(self, *command: str, passed: int | None = None) -> None:
        self._running.append(
            subprocess.Popen(
                command,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=() if passed is None else (passed,),
            )
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DISPLAY": self.display}

    def _tool(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["xdotool", *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _done(self, *arguments: str) -> None:
        found = self._tool(*arguments)
        assert found.returncode == 0, found.stderr
