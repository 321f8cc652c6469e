"""What lets a page in: a key made from the home's token, and tickets that are traded for it once.

The key survives a restart of the web host and changes with ``basketgex token rotate``. The token cannot be had from it, and
it opens cells and status only, never gRPC.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable

WEB, OFFICE = "web", "office"
TICKET_LASTS = 60.0
"""Seconds from when a ticket is made until it is good no longer."""


def key(token: str, purpose: str = WEB) -> str:
    """Return the key for a purpose; no two purposes share one."""
    return hmac.digest(token.encode(), purpose.encode(), "sha256").hex()


def make_ticket(key: str, boot: str, now: Callable[[], float] = time.time) -> str:
    """Return a ticket for the web host that started as ``boot``; another one, even of the same home, refuses it."""
    said = f"{secrets.token_urlsafe(12)}.{int(now() + TICKET_LASTS)}"
    return f"{said}.{_seal(key, boot, said)}"


class Tickets:
    """The tickets that one web host has taken. Not to be shared between threads."""

    def __init__(self, boot: str, now: Callable[[], float] = time.time) -> None:
        self._boot = boot
        self._now = now
        self._used: dict[str, float] = {}

    def take(self, key: str, ticket: str) -> bool:
        """Tell whether a ticket is genuine, in time and not yet used; from now on it is used."""
        said, _, seal = ticket.rpartition(".")
        if not hmac.compare_digest(seal.encode(), _seal(key, self._boot, said).encode()):
            return False
        now, until = self._now(), float(said.rpartition(".")[2])
        self._used = {old: end for old, end in self._used.items() if end >= now}
        if until < now or said in self._used:
            return False
        self._used[said] = until
        return True


def _seal(key: str, boot: str, said: str) -> str:
    return hmac.digest(key.encode(), f"{boot}.{said}".encode(), "sha256").hex()
