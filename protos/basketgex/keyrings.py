"""The operating system's keyring, which is slow to load, may be missing (LibreOffice's own Python has none), and may block."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")

SERVICE = "basketgex"
"""The name under which a keyring has what is ours."""


class NoKeyring(Exception):
    """There is none to keep anything in."""


class KeyringLocked(Exception):
    """There is one, and it stays shut."""


def read(account: str) -> str | None:
    """Return what is kept for an account, None where nothing is. Raises NoKeyring and KeyringLocked."""
    found: str | None = _done(lambda keyring: keyring.get_password(SERVICE, account))
    return found


def write(account: str, text: str) -> None:
    """Keep a text for an account. Raises NoKeyring and KeyringLocked.

    NoKeyring also where it was not kept: a keyring that somebody has disabled takes everything, without a word.
    """
    _done(lambda keyring: keyring.set_password(SERVICE, account, text))
    if read(account) != text:
        raise NoKeyring


def remove(account: str) -> bool:
    """Keep nothing for an account any more; tell whether something was. Raises NoKeyring and KeyringLocked."""
    if read(account) is None:
        return False
    _done(lambda keyring: keyring.delete_password(SERVICE, account))
    return True


def _done(act: Callable[[ModuleType], T]) -> T:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise NoKeyring from None
    # Raised below, not in the handlers: an exception of a backend's own may quote what it was given.
    refused: type[Exception]
    try:
        return act(keyring)
    except keyring.errors.NoKeyringError:
        refused = NoKeyring
    except keyring.errors.KeyringError:
        refused = KeyringLocked
    raise refused
