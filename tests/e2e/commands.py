"""The command line as a person types it: in a process of its own, with nothing of the developer's settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.serving import environment

PROGRAM = (sys.executable, "-W", "error", "-m", "basketgex_cli")
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


def command(
    home: Path, *arguments: str, typed: str = "", environ: dict[str, str] | None = None
) -> tuple[int, str, str]:
    done = subprocess.run(
        (*PROGRAM, *arguments),
        env=environment(home) | NO_KEYRING | (environ or {}),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def said(home: Path, *arguments: str, **how: Any) -> str:
    code, out, err = command(home, *arguments, **how)
    assert (code, err) == (0, ""), err
    return out


def refused(home: Path, *arguments: str, **how: Any) -> str:
    code, out, err = command(home, *arguments, **how)
    assert (code, out) == (1, "")
    return err.removeprefix("basketgex: ").removesuffix("\n")
