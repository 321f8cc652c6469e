"""The key of the paid source: from the environment, else from the operating system's keyring. Never shown."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Mapping
from types import ModuleType
from typing import NoReturn

from basketgex_server.sources.flashalpha_errors import BadKey, KeyStoreUnavailable

VARIABLE = "BASKETGEX_FLASHALPHA_API_KEY"
SERVICE = "basketgex"
"""The name under which the keyring has it,"""
ACCOUNT = "flashalpha"
"""and the user name."""

_KEY = re.compile(r"[\x21-\x7e]{1,512}")
_NO_KEYRING = f"There is no keyring on this computer to store the key in: set {VARIABLE} instead."
_LOCKED = f"The keyring of this computer cannot be opened: unlock it, or set {VARIABLE} instead."


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


def get_key(environment: Mapping[str, str] = os.environ) -> Secret | None:
    """Return the key: the environment's, else the keyring's; None where there is none. May block.

    Raises BadKey where it cannot be a key, KeyStoreUnavailable where the keyring is there but stays shut.
    """
    if text := environment.get(VARIABLE, "").strip():
        return Secret(text)
    try:
        keyring = _keyring()
    except KeyStoreUnavailable:
        return None  # where nothing can be stored, nothing is
    stored: str | None = None
    try:
        stored = keyring.get_password(SERVICE, ACCOUNT)
        shut = False
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError:
        shut = True
    if shut:
        raise KeyStoreUnavailable(_LOCKED)
    return Secret(stored) if stored and stored.strip() else None


def set_key(text: str) -> None:
    """Store the key in the keyring. Raises BadKey and KeyStoreUnavailable."""
    secret, keyring, refused = Secret(text), _keyring(), ""
    # Raised below, not in the handlers: an exception of a backend's own may quote what it was given.
    try:
        keyring.set_password(SERVICE, ACCOUNT, secret.reveal())
    except keyring.errors.NoKeyringError:
        refused = _NO_KEYRING
    except keyring.errors.KeyringError:
        refused = _LOCKED
    if refused:
        raise KeyStoreUnavailable(refused)


def clear_key() -> bool:
    """Remove the key from the keyring; tell whether it was there. Raises KeyStoreUnavailable."""
    keyring, refused = _keyring(), ""
    try:
        if keyring.get_password(SERVICE, ACCOUNT) is None:
            return False
        keyring.delete_password(SERVICE, ACCOUNT)
    except keyring.errors.NoKeyringError:
        refused = _NO_KEYRING
    except keyring.errors.KeyringError:
        refused = _LOCKED
    if refused:
        raise KeyStoreUnavailable(refused)
    return True


def _keyring() -> ModuleType:
    """Return the package, which is optional and slow to load. Raises KeyStoreUnavailable without it."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise KeyStoreUnavailable(_NO_KEYRING) from None
    return keyring
