"""The home folder as a folder: which files in it are ours, and that nobody else can read them. Standard library only."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

HOME_VARIABLE = "BASKETGEX_HOME"
_OWN = frozenset(
    {
        "lock",
        "runtime.json",
        "token",
        "config.toml",
        "flashalpha.key",
        "launch.json",
        "basketgex.oxt",
        ".DS_Store",
        "alerts.json",
        "alerts.lock",
        "web.json",
        "web.lock",
        "office.json",
        "desk.json",
        "desk-ca.pem",
        "desk-client.pem",
        "desk-client.key",
        "desk-token",
    }
)
# What is kept beside them, and drafts.
_OWN_BEGIN = ("state.db", "state-set-aside-", "chains.db", "server.log", "office-", *(f".{n}." for n in _OWN))


class HomeProblem(OSError):
    """The home folder cannot be used; the text is a sentence for a person."""


def is_own(name: str) -> bool:
    """Tell whether a file of a home is ours."""
    return name in _OWN or name.startswith(_OWN_BEGIN)


def close_to_others(folder: Path) -> None:
    """Take from others every right to a home and to our files in it."""
    found = folder.stat()
    names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    own = list(filter(is_own, names))
    if found.st_mode & 0o077:
        if strangers := sorted(set(names) - set(own)):
            shown = "".join(c if c.isprintable() else "?" for c in strangers[0][:40])
            raise HomeProblem(
                f'The home folder is open to other users and holds more than basketgex\'s own files, such as "{shown}": '
                f"name a folder of its own with {HOME_VARIABLE}, or close this one with chmod 700."
            )
        if found.st_uid != os.geteuid():
            raise HomeProblem(
                f"The home folder is another user's and open to others: name one of your own with {HOME_VARIABLE}."
            )
        folder.chmod(0o700)
    for file in map(folder.joinpath, own):
        with suppress(FileNotFoundError):  # another process's draft
            now = file.lstat()
            if stat.S_ISREG(now.st_mode) and now.st_mode & 0o077 and now.st_uid == os.geteuid():
                file.chmod(stat.S_IMODE(now.st_mode) & 0o700)
