"""Takes the pictures of the templates in docs/ (``make pictures``): what a real Calc window shows of each on the sample.

``python -m tools.pictures [TEMPLATE …] [--to FOLDER]``. It brings a screen of its own, a profile, a home and a server, and
ends all of them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageGrab

from basketgex_addin.calc.driver import Office, has_window
from basketgex_addin.calc.install import find_soffice
from tests.e2e.calc.harness import Calc, running_calc
from tests.e2e.serving import Server
from tests.e2e.window.screen import Screen, missing
from workbook_templates.build import TEMPLATES, path

DOCS = Path(__file__).parents[1] / "docs"
FILES = {name: f"{name}.png" for name in TEMPLATES} | {"profile": "profile_template.png"}
"""The picture of each template; docs/profile.png is drawn by ``basketgex plot``."""
PAUSE, STILL, LOOKS = 0.5, 4, 240
"""Seconds between two looks at the screen, how many in a row must be the same, and how many there are at most."""
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
class Desktop(Office):
    """The LibreOffice that a person has, in which ``file`` is opened.

    Its command line names the file: with GTK's window, opening one from outside sometimes never ends.
    """

    file: Path = Path()

    def prepare(self) -> None:
        """Write the extension, and a profile without a tip of the day."""
        Office.prepare(self)
        settings = self.folder / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True, exist_ok=True)
        items = "".join(ITEM.format(*setting) for setting in QUIET)
        settings.write_text(PROFILE.format(items), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a start that opens the file."""
        return Office.command(self, *arguments, str(self.file))

    def environment(self) -> dict[str, str]:
        """Return an environment that leaves the toolkit to LibreOffice."""
        return {k: v for k, v in Office.environment(self).items() if k != "SAL_USE_VCLPLUGIN"}


def take(names: Sequence[str], folder: Path) -> None:
    """Write the pictures of some templates into ``folder``."""
    soffice, absent = find_soffice(), missing()
    if soffice is None or not has_window(soffice):
        raise SystemExit("There is no LibreOffice with a window to take a picture of.")
    if absent:
        raise SystemExit(f"A screen needs {', '.join(absent)}.")
    with tempfile.TemporaryDirectory() as scratch, Screen() as screen:
        home = Path(scratch, "home")
        with Server(home, source="sample"):
            for name in names:
                file = Path(shutil.copy(path(name), scratch))
                office = partial(Desktop, display=screen.display, file=file)
                with running_calc(soffice, Path(scratch), home, office) as calc:
                    _shown(calc).CurrentController.Frame.ContainerWindow.IsMaximized = True
                    _still(screen.display).save(folder / FILES[name], optimize=True)
                print(folder / FILES[name])


def _shown(calc: Calc) -> Any:
    """Wait for the document that the window shows, and return it."""
    pause = threading.Event()
    for _ in range(LOOKS):
        document = calc.desktop.getCurrentComponent()
        if document is not None and document.CurrentController is not None:
            return document
        pause.wait(PAUSE)
    raise SystemExit("LibreOffice did not open the workbook.")


def _still(display: str) -> Image.Image:
    """Look at a screen until nothing changes any more."""
    grab = partial(ImageGrab.grab, xdisplay=display)
    pause, same, seen = threading.Event(), 0, grab()
    for _ in range(LOOKS):
        pause.wait(PAUSE)
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
    parser.add_argument("names", nargs="*", metavar="TEMPLATE", help=f"{', '.join(TEMPLATES)}; default: all")
    parser.add_argument("--to", type=Path, default=DOCS, help="the folder; default: docs")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - set(TEMPLATES)
    if unknown:
        parser.error(f"no template {', '.join(sorted(unknown))}")
    take(chosen.names or list(TEMPLATES), chosen.to)


if __name__ == "__main__":
    main()
