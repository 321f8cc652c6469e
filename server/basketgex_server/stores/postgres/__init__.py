"""The store of a desk, which several servers share: PostgreSQL. Needs the extra ``desk``."""

from basketgex_server.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
