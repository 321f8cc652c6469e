"""A home's files, written whole and read as a person may have left them. Standard library only."""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")

# Windows refuses to replace or remove a file while a reader holds it, and to read one that is being replaced.
_TRIES, _PAUSE = (100 if sys.platform == "win32" else 1), 0.01


def decoded(content: bytes) -> str:
    """Return the text of a file that a person may have edited: UTF-8, or what a byte order mark says. Raises ValueError."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def write_whole(path: Path, text: str) -> None:
    """Write a file at once and whole, readable by its owner only: nobody reads half of it."""
    draft = drafted(path, text)
    try:
        insist(lambda: draft.replace(path))
    finally:
        draft.unlink(missing_ok=True)


def drafted(path: Path, text: str) -> Path:
    """Return a file beside another with what is to stand in it, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return draft


def insist(act: Callable[[], _T]) -> _T:
    """Do something to a file, again and again for a second where another process stands in its way."""
    for _ in range(_TRIES - 1):
        try:
            return act()
        except PermissionError:
            time.sleep(_PAUSE)
    return act()


def stamp(path: Path) -> tuple[int, int]:
    """Return a value that changes when a file does, zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
