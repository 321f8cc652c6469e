"""The key of the paid source: from the environment, else from a file of the home, else from the keyring. Never shown.

What the environment says is the key itself, or the name of a file that has it (``…_FILE``).

The file is for where there is no keyring, or none that a program without a window can open: its owner alone can read it, and
the server finds it whoever started it. An environment, on the contrary, is that of one process and those it starts.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from basketgex import keyrings
from basketgex.files import decoded, write_whole
from basketgex.home import Home
from basketgex_server.named_secrets import SUFFIX, read_named, unreadable
from basketgex_server.sources.flashalpha.errors import BadKey, KeyStoreUnavailable

VARIABLE = "BASKETGEX_FLASHALPHA_API_KEY"
ACCOUNT = "flashalpha"
"""The user name under which the keyring has it."""
T = TypeVar("T")

_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_NO_KEYRING = (
    "There is no keyring on this computer to store the key in: run basketgex key set --file to keep it in a file "
    "that you alone can read."
)
_LOCKED = (
    "The keyring of this computer cannot be opened: unlock it, or run basketgex key set --file to keep the key in a file "
    "that you alone can read."
)
_OPEN = "The key file in the home folder can be read by other users: run basketgex key set --file again, or chmod 600."
_UNREADABLE = (
    "The key file in the home folder cannot be read: run basketgex key clear, then basketgex key set --file."
)

ENVIRONMENT, FILE, KEYRING = "environment", "file", "keyring"
"""Where a key may be."""


class Secret:
    """A text that shows itself to nobody but who asks for it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not _KEY.fullmatch(text):
            raise BadKey
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text, other._text)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be stored")


class Found(NamedTuple):
    """A key, and where it was: ENVIRONMENT, FILE or KEYRING."""

    secret: Secret
    place: str


def find_key(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Found | None:
    """Return the key: the environment's, else the file's, else the keyring's; None where there is none. May block.

    Raises BadKey where it cannot be a key, KeyStoreUnavailable where a file or the keyring is there but stays shut.
    """
    text = environment.get(VARIABLE, "").strip()
    try:
        text = text or read_named(VARIABLE, environment)
    except OSError:
        raise KeyStoreUnavailable(unreadable(VARIABLE)) from None
    if text:
        return Found(Secret(text), ENVIRONMENT)
    if file is not None and (text := _read(file)):
        return Found(Secret(text), FILE)
    stored, locked = None, False
    try:
        stored = keyrings.read(ACCOUNT)
    except keyrings.NoKeyring:
        return None  # where nothing can be stored, nothing is
    except keyrings.KeyringLocked:
        locked = True
    if locked:
        raise KeyStoreUnavailable(_LOCKED)
    return Found(Secret(stored), KEYRING) if stored and stored.strip() else None


def is_given(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether an environment has the key, or names a file for it."""
    return any(environment.get(name, "").strip() for name in (VARIABLE, VARIABLE + SUFFIX))


def get_key(environment: Mapping[str, str] = os.environ, file: Path | None = None) -> Secret | None:
    """Return the key that ``find_key`` finds."""
    found = find_key(file, environment)
    return found.secret if found is not None else None


def keep_key(text: str, file: Path | None) -> str:
    """Store the key in the keyring, or where there is none in the file, and return which. Raises as set_key does."""
    try:
        set_key(text)
    except KeyStoreUnavailable:
        if file is None:
            raise
        write_key(text, file)
        return FILE
    if file is not None:
        file.unlink(missing_ok=True)  # it would win
    return KEYRING


def write_key(text: str, file: Path) -> None:
    """Store the key in a file that its owner alone can read. Raises BadKey."""
    secret = Secret(text)
    Home(file.parent).create()
    write_whole(file, secret.reveal() + "\n")


def set_key(text: str) -> None:
    """Store the key in the keyring. Raises BadKey and KeyStoreUnavailable."""
    secret = Secret(text)
    _kept(lambda: keyrings.write(ACCOUNT, secret.reveal()))


def clear_key() -> bool:
    """Remove the key from the keyring; tell whether it was there. Raises KeyStoreUnavailable."""
    return _kept(lambda: keyrings.remove(ACCOUNT))


def _read(file: Path) -> str:
    """Return what the key file holds; nothing where there is none. Raises KeyStoreUnavailable."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise KeyStoreUnavailable(_UNREADABLE)
        if os.name == "posix" and found.st_mode & 0o077:
            raise KeyStoreUnavailable(_OPEN)
        return decoded(file.read_bytes()).strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        raise KeyStoreUnavailable(_UNREADABLE) from None


def _kept(act: Callable[[], T]) -> T:
    """Do something with the keyring. Raises KeyStoreUnavailable without it."""
    try:
        return act()
    except keyrings.NoKeyring:
        refused = _NO_KEYRING
    except keyrings.KeyringLocked:
        refused = _LOCKED
    raise KeyStoreUnavailable(refused)  # not in the handlers, which would show what was met there
