"""The code of an earlier commit, taken out of git's history, as servers that can be started beside those of this one."""

from __future__ import annotations

import os
import subprocess
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from tests.e2e.serving import COMMAND

ROOT = Path(__file__).parents[3]
PACKAGES = ("server", "addin", "cli", "protos")


def command(commit: str, folder: Path) -> tuple[str, ...]:
    """Unpack a commit's packages and return what starts its server, with the libraries of this checkout."""
    packed = subprocess.run(
        ("git", "archive", "--format=zip", commit, *PACKAGES),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    with ZipFile(BytesIO(packed)) as archive:
        archive.extractall(folder)
    paths = os.pathsep.join(str(folder / name) for name in PACKAGES)
    return "env", f"PYTHONPATH={paths}", *COMMAND
