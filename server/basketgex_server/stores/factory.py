"""Which store the settings name."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from basketgex_server.errors import BadSettings
from basketgex_server.named_secrets import read_named, unreadable
from basketgex_server.stores.port import Store
from basketgex_server.stores.sqlite import SqliteStore

PASSWORD = "BASKETGEX_STORE_PASSWORD"  # noqa: S105 - a variable's name
"""What the environment calls the store's password; it names a file with it."""


def make_store(state_file: Path, store: str, history_days: float, *, mends: bool = True) -> Store:
    """Return the store at an address, or of a home where that is empty; ``mends`` as in SqliteStore. Raises BadSettings."""
    if not store:
        return SqliteStore(state_file, history_days, mends=mends)
    try:
        from basketgex_server.stores.postgres import PostgresStore
    except ImportError as error:
        raise BadSettings("store: PostgreSQL needs the extra desk: pip install 'basketgex[desk]'.") from error
    try:
        is_named = bool(read_named(PASSWORD))
    except OSError as error:
        raise BadSettings(unreadable(PASSWORD)) from error
    return PostgresStore(store, history_days, partial(read_named, PASSWORD) if is_named else None)
