"""Which store the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from basketgex_server.errors import BadSettings
from basketgex_server.named_secrets import read_named, unreadable
from basketgex_server.stores.port import Store
from basketgex_server.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from basketgex_server.stores.postgres.look import Looked

WITHOUT = (
    "store: PostgreSQL needs the extra desk: run pip install '.[desk]' in the folder of this project, "
    "with the pip of basketgex's Python."
)
PASSWORD = "BASKETGEX_STORE_PASSWORD"  # noqa: S105 - a variable's name
"""What the environment calls the store's password; it names a file with it."""


def make_store(state_file: Path, store: str, history_days: float, *, mends: bool = True) -> Store:
    """Return the store at an address, or of a home where that is empty; ``mends`` as in SqliteStore. Raises BadSettings."""
    if not store:
        return SqliteStore(state_file, history_days, mends=mends)
    try:
        from basketgex_server.stores.postgres import PostgresStore
    except ImportError as error:
        raise BadSettings(WITHOUT) from error
    return PostgresStore(store, history_days, _password())


def look_at(store: str, now: Callable[[], float]) -> Looked:
    """Look at the store at an address, and change nothing. Raises BadSettings."""
    try:
        from basketgex_server.stores.postgres.look import look
    except ImportError as error:
        raise BadSettings(WITHOUT) from error
    return asyncio.run(look(store, _password(), now))


def _password() -> Callable[[], str] | None:
    try:
        is_named = bool(read_named(PASSWORD))
    except OSError as error:
        raise BadSettings(unreadable(PASSWORD)) from error
    return partial(read_named, PASSWORD) if is_named else None
