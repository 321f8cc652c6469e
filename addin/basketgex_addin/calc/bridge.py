"""LibreOffice's Python bridge, ``uno``, for a virtual environment.

LibreOffice's own Python takes the packages of the virtual environment whose commands come first on PATH. Without ``uno``
among them it cannot load any add-in written in Python, and ends in std::bad_alloc at the first formula (seen in 25.2). The
environment that this program is installed in is therefore given the bridge; of others doctor tells.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

MODULES = ("uno.py", "unohelper.py")
FOLDER, POINTER = "_basketgex_uno", "basketgex_uno.pth"
_TIMEOUT = 20.0  # seconds; it only starts a Python
_WHERE = "import importlib.util as u; s = u.find_spec('uno'); print(s.origin if s else '')"


def share(site_packages: Path | None = None) -> bool:
    """Let the virtual environment that runs this find the bridge; return whether it does.

    Nothing is done outside a virtual environment, nor where it finds the bridge by itself, nor in one that is not this user's
    to change: that an installation is shared is no reason to refuse.
    """
    if sys.prefix == sys.base_prefix or _origin(sys.executable) is not None:
        return True
    origin = _origin(getattr(sys, "_base_executable", ""))
    if origin is None:
        return False
    target = (site_packages or _site_packages()) / FOLDER
    try:
        target.mkdir(exist_ok=True)
        for module in MODULES:
            link = target / module
            link.unlink(missing_ok=True)
            link.symlink_to(origin.with_name(module))
        target.with_name(POINTER).write_text(f"{FOLDER}\n", "utf-8")
    except PermissionError:
        return False
    return True


def withdraw(site_packages: Path | None = None) -> None:
    """Take back what ``share`` did."""
    folder = site_packages or _site_packages()
    with suppress(PermissionError):
        (folder / POINTER).unlink(missing_ok=True)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def blind_environment(environment: Mapping[str, str]) -> Path | None:
    """Return the virtual environment that a LibreOffice started with this environment would take and fail in, or None."""
    python = shutil.which("python3", path=environment.get("PATH", ""))
    if python is None:
        return None
    folder = Path(python).absolute().parent.parent
    if not _is_environment(folder) or _origin(python) is not None:
        return None
    return folder


def without_virtual_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which LibreOffice's own Python finds its own packages."""
    folders = environment.get("PATH", "").split(os.pathsep)
    own = [folder for folder in folders if not _is_environment(Path(folder, os.pardir))]
    kept = {name: value for name, value in environment.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")}
    return {**kept, "PATH": os.pathsep.join(own)}


def _is_environment(folder: Path) -> bool:
    return os.path.exists(folder / "pyvenv.cfg")  # noqa: PTH110 - Path's own raises in a folder of somebody else's


def _site_packages() -> Path:
    return Path(sysconfig.get_path("purelib"))


def _origin(python: str) -> Path | None:
    """Return where a Python finds ``uno``, None where it does not."""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - a Python of this machine
            [python, "-c", _WHERE], capture_output=True, text=True, timeout=_TIMEOUT, check=True
        )
        if found := done.stdout.strip():
            return Path(found)
    return None
