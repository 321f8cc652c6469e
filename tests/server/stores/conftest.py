from __future__ import annotations

from tests.desk.fixtures import desk_store, postgres

__all__ = ["desk_store", "postgres"]
