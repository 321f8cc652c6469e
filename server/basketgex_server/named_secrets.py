"""Secrets in files that the environment names, as containers and systemd's ``LoadCredential=`` hand them over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from basketgex.files import decoded

SUFFIX = "_FILE"


def read_named(variable: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the secret in the file that ``variable`` with SUFFIX names, empty where that names none.

    Whoever mounts it looks after who may read it, and may exchange it: it is read whenever it is needed. Raises OSError,
    without the path, where it cannot be read or is empty.
    """
    if not (named := environment.get(variable + SUFFIX, "")):
        return ""
    try:
        # A pipe would be waited for.
        text = decoded(Path(named).read_bytes()).rstrip("\r\n") if Path(named).is_file() else ""
    except (OSError, ValueError):
        text = ""
    if not text:
        raise OSError(unreadable(variable))
    return text


def unreadable(variable: str) -> str:
    """Return what a person is told of a file that cannot be used."""
    return f"The file that {variable}{SUFFIX} names cannot be read, or has nothing in it."
