"""Takes the pictures of the templates in docs/ (``make pictures``): what a real Calc window shows of each on the sample.

``python -m tools.pictures [TEMPLATE …] [--to FOLDER]``. It brings a screen of its own, a profile, a home and a server, and
ends all of them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageGrab

from basketgex_addin.calc.driver import Office, end
from basketgex_addin.calc.install import find_soffice
from tests.e2e.calc.harness import Calc, running_calc
from tests.e2e.serving import Server
from workbook_templates.build import TEMPLATES, path

WIDTH, HEIGHT = 1600, 1000
DOCS = Path(__file__).parents[1] / "docs"
FILES = {name: f"{name}.png" for name in TEMPLATES} | {"profile": "profile_template.png"}
"""The picture of each template; docs/profile.png is drawn by ``basketgex plot``."""
STILL = 4
"""Looks in a row that must be the same, half a second apart."""
LOOKS = 240
QUIET = (
    ("/org.openoffice.Office.Common/Misc", "ShowTipOfTheDay", "false"),
    ("/org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    ("/org.openoffice.Setup/Product", "ooSetupLastVersion", "25.2"),
)
"""Settings of a profile that greets nobody."""
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>
"""
ITEM = '<item oor:path="{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'


@dataclass(frozen=True)
class Windowed(Office):
    """The same LibreOffice with its window, in which ``file`` is opened: as its command line says, the way that never hangs."""

    file: Path = Path()

    def prepare(self) -> None:
        """Write the extension, and a profile without a tip of the day."""
        Office.prepare(self)
        settings = self.folder / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True, exist_ok=True)
        items = "".join(ITEM.format(*setting) for setting in QUIET)
        settings.write_text(PROFILE.format(items), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a start with a window."""
        return [word for word in Office.command(self, *arguments, str(self.file)) if word != "--headless"]


@contextmanager
def screen() -> Iterator[str]:
    """Start an X server that nobody sees, with a window manager; yield its display."""
    reading, writing = os.pipe()
    geometry = ["-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    started = [_started("Xvfb", "-displayfd", str(writing), *geometry, pass_fds=(writing,))]
    try:
        os.close(writing)
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        if not number:
            raise SystemExit("Xvfb did not start: is the package xvfb installed?")
        started.append(_started("openbox", DISPLAY=f":{number}"))
        yield f":{number}"
    finally:
        for process in reversed(started):
            end(process)


def _started(*command: str, pass_fds: Sequence[int] = (), **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def take(names: Sequence[str], folder: Path) -> None:
    """Write the pictures of some templates into ``folder``."""
    soffice = find_soffice()
    if soffice is None:
        raise SystemExit("LibreOffice is not installed: there is no window to take a picture of.")
    with tempfile.TemporaryDirectory() as scratch, screen() as display:
        # A virtual environment ahead of the system's Python would be the one that LibreOffice takes.
        own = str(Path(sys.executable).parent)
        search = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != own)
        os.environ.update(DISPLAY=display, PATH=search)
        os.environ.pop("VIRTUAL_ENV", None)
        home = Path(scratch, "home")
        with Server(home, source="sample"):
            for name in names:
                window = partial(Windowed, file=Path(shutil.copy(path(name), scratch)))
                with running_calc(soffice, Path(scratch), home, window) as calc:
                    shown(calc).CurrentController.Frame.ContainerWindow.IsMaximized = True
                    still(display).save(folder / FILES[name], optimize=True)
                print(folder / FILES[name])


def shown(calc: Calc) -> Any:
    """Wait for the document that the window shows, and return it."""
    pause = threading.Event()
    for _ in range(LOOKS):
        document = calc.desktop.getCurrentComponent()
        if document is not None and document.CurrentController is not None:
            return document
        pause.wait(0.5)
    raise SystemExit("LibreOffice did not open the workbook.")


def still(display: str) -> Image.Image:
    """Look at a screen until nothing changes any more."""
    pause, same = threading.Event(), 0
    grab = partial(ImageGrab.grab, xdisplay=display)
    seen = grab()
    for _ in range(LOOKS):
        pause.wait(0.5)
        last, seen = seen, grab()
        same = 0 if ImageChops.difference(last.convert("RGB"), seen.convert("RGB")).getbbox() else same + 1
        if same == STILL:
            return seen
    raise SystemExit("The window did not stand still.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the pictures that are asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pictures", description="Takes the pictures of the templates."
    )
    parser.add_argument(
        "names", nargs="*", metavar="TEMPLATE", help=f"one of {', '.join(TEMPLATES)}; default: all"
    )
    parser.add_argument("--to", type=Path, default=DOCS, help="the folder; default: docs")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(TEMPLATES)
    if unknown:
        parser.error(f"no template {', '.join(sorted(unknown))}")
    take(chosen.names or list(TEMPLATES), chosen.to)


if __name__ == "__main__":
    main()
