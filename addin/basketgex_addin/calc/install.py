"""``basketgex install calc``: the extension into the user's LibreOffice, the start command into the home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from basketgex.home import Home
from basketgex_addin.calc import bridge, extension

OXT = "basketgex.oxt"
TIMEOUT = 120.0  # seconds; the very first start of LibreOffice builds a profile

_FOLDERS = (
    "/Applications/LibreOffice.app/Contents/MacOS",
    r"C:\Program Files\LibreOffice\program",
    "/usr/lib/libreoffice/program",
    "/opt/libreoffice/program",
)


class InstallError(Exception):
    """LibreOffice did not take the extension; the text is for the user."""


class NotFound(InstallError):
    """There is no LibreOffice on this computer."""

    def __init__(self) -> None:
        super().__init__("LibreOffice was not found: install LibreOffice 25.2 or later, then try again.")


def find_soffice() -> Path | None:
    """Return LibreOffice's program, or None where it is not installed."""
    return _find("soffice")


def find_unopkg() -> Path | None:
    """Return LibreOffice's extension manager, or None where it is not installed."""
    return _find("unopkg")


def _find(program: str) -> Path | None:
    found = shutil.which(program) or shutil.which(program, path=os.pathsep.join(_FOLDERS))
    return Path(found) if found else None


def install(home: Home, command: Sequence[str], python_path: Sequence[str] | None = None) -> Path:
    """Record how the server starts and where the packages lie, add the extension, return its .oxt.

    ``python_path`` None: that of this Python. Raises InstallError where LibreOffice is missing or refuses.
    """
    soffice, unopkg = _programs()
    bridge.share()
    home.create()
    home.write_launch(command, python_path if python_path is not None else extension.python_path())
    oxt = extension.write_oxt(home.path / OXT, home.path.absolute())
    # An extension added to a profile that was never started is silently gone after the first start.
    _run([str(soffice), "--headless", "--norestore", "--terminate_after_init"], "LibreOffice did not start")
    _run([str(unopkg), "add", "--force", *_shared(), str(oxt)], "LibreOffice refused the extension")
    return oxt


def uninstall() -> bool:
    """Remove the extension from LibreOffice; return False where it was not there. Raises InstallError where it refuses."""
    _, unopkg = _programs()
    bridge.withdraw()
    if extension.IDENTIFIER not in _run(
        [str(unopkg), "list", *_shared()], "LibreOffice did not list extensions"
    ):
        return False
    _run(
        [str(unopkg), "remove", *_shared(), extension.IDENTIFIER], "LibreOffice did not remove the extension"
    )
    return True


def is_running() -> bool | None:
    """Tell whether a LibreOffice that the extension is for is open, which loads it when it starts; None: not known here."""
    if not sys.platform.startswith("linux"):
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is nobody's to look at
            mine = process.stat().st_uid == os.geteuid() or bool(_shared())
            if mine and (process / "comm").read_text().strip() == "soffice.bin":
                return True
    return False


def _programs() -> tuple[Path, Path]:
    soffice, unopkg = find_soffice(), find_unopkg()
    if soffice is None or unopkg is None:
        raise NotFound
    return soffice, unopkg


def _shared() -> list[str]:
    # unopkg refuses root's own profile.
    return ["--shared"] if sys.platform != "win32" and os.geteuid() == 0 else []


def _locked(failed: str, lock: str) -> str:
    """Return what to do about the lock of a profile that LibreOffice's extension manager does not touch."""
    if is_running():
        return f"{failed}: its profile is locked by {lock}. Close LibreOffice, then try again."
    return (
        f"{failed}: its profile is locked by {lock}. Where no LibreOffice is open, one that ended badly left it: "
        "remove that file, then try again."
    )


def _run(command: list[str], failed: str) -> str:
    """Run a program and return what it printed. Raises InstallError with ``failed`` where it does not end well."""
    try:
        done = subprocess.run(  # noqa: S603 - LibreOffice's own programs
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
            env=bridge.without_virtual_environment(os.environ),
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError(
            f"{failed}: it took longer than {TIMEOUT:.0f} s. Close LibreOffice and try again."
        ) from error
    except OSError as error:
        raise InstallError(f"{failed}: {error}.") from error
    if done.returncode:
        lines = (line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines())
        said = [line for line in lines if line and "javaldx" not in line and line != "ERROR: unopkg failed."]
        if said and said[-1].endswith(".lock") and Path(said[-1]).is_file():
            raise InstallError(_locked(failed, said[-1]))
        raise InstallError(f"{failed}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout
