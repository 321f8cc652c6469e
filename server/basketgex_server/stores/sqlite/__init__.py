"""The store of one home: ``state.db``."""

from basketgex_server.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
