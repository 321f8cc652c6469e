"""Drives a LibreOffice, without a window or on a screen: with our extension, a profile and a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from basketgex.home import HOME_VARIABLE
from basketgex_addin.calc.bridge import without_virtual_environment
from basketgex_addin.calc.extension import write_folder

XLSX_FILTER = "xlsx:Calc MS Excel 2007 XML"
PDF_FILTER = "pdf:calc_pdf_Export"


class DriverError(Exception):
    """LibreOffice did not do what it was asked for; the text is for a person."""


def has_window(soffice: Path) -> bool:
    """Tell whether a LibreOffice can open a window on an X screen: a build of its own cannot."""
    return (soffice.resolve().parent / "libvclplug_genlo.so").exists()


@dataclass(frozen=True, slots=True)
class Office:
    """A LibreOffice to start. ``folder`` gets its profile and the extension; ``home`` is where the server lives.

    ``display`` names the X screen of its window, such as ":99"; None: it has no window.
    """

    soffice: Path
    folder: Path
    home: Path
    display: str | None = None

    def prepare(self) -> None:
        """Write the extension; needed once, and again after it has changed."""
        write_folder(self.folder / "extensions" / "basketgex", self.home.absolute())

    def command(self, *arguments: str) -> list[str]:
        """Return the command line: profile and extension are named at every start."""
        return [
            str(self.soffice),
            *(("--headless",) if self.display is None else ()),
            "--norestore",
            "--nologo",
            f"-env:UserInstallation={(self.folder / 'profile').resolve().as_uri()}",
            f"-env:BUNDLED_EXTENSIONS={(self.folder / 'extensions').resolve().as_uri()}",
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """Return the environment it is started in."""
        # The plain X11 window: with GTK's, opening a document from outside sometimes never ends (seen in 25.2).
        screen = {} if self.display is None else {"DISPLAY": self.display, "SAL_USE_VCLPLUGIN": "gen"}
        return {**without_virtual_environment(os.environ), HOME_VARIABLE: str(self.home.absolute()), **screen}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own; end it with ``end``."""
        return subprocess.Popen(  # noqa: S603 - the LibreOffice that was found
            self.command(*arguments),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience: float = 10.0) -> None:
    """End the process and its group: the soffice that was started is only a script around the real one."""
    for name in ("SIGTERM", "SIGKILL"):
        if sys.platform == "win32":
            process.terminate()
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, getattr(signal, name))
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            if name == "SIGKILL" or not _group_lives(process.pid):
                return


def _group_lives(group: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def recalculate_and_store(
    office: Office, source: Path, target: Path, pdf: Path | None = None, timeout: float = 120.0
) -> None:
    """Open ``source``, calculate it, store it as ``target`` (.xlsx) and, if wanted, as ``pdf``.

    Returns when the files are there; raises DriverError when they are not.
    """
    office.prepare()
    _convert(office, source, target, XLSX_FILTER, timeout)
    if pdf is not None:
        _convert(office, source, pdf, PDF_FILTER, timeout)


def _convert(office: Office, source: Path, target: Path, kind: str, timeout: float) -> None:
    folder = office.folder / "converted"  # soffice names the result after the source, wherever that may lie
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{source.stem}.{kind.partition(':')[0]}"
    written.unlink(missing_ok=True)
    arguments: Sequence[str] = ("--convert-to", kind, "--outdir", str(folder), str(source))
    process = office.start(*arguments)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise DriverError(f"LibreOffice did not finish {source.name} within {timeout:.0f} s.") from error
    finally:
        end(process)
    if not written.exists():
        raise DriverError(
            f"LibreOffice could not load {source.name}: is it a workbook? If it is, run basketgex doctor."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    written.replace(target)
