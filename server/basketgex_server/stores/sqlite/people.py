"""Who may ask, in ``state.db``: functions for the thread that owns the connection."""

from __future__ import annotations

import sqlite3

from basketgex_server.stores.port import Person


def people(c: sqlite3.Connection) -> list[Person]:
    """Return who may ask, by name."""
    return [
        Person(*row)
        for row in c.execute("SELECT name, digest, added_at, until, debits FROM person ORDER BY name")
    ]


def add(c: sqlite3.Connection, person: Person) -> bool:
    """Keep a person; return False where another has the name."""
    with c:
        return c.execute("INSERT OR IGNORE INTO person VALUES (?, ?, ?, ?, ?)", person).rowcount > 0


def revoke(c: sqlite3.Connection, name: str) -> bool:
    """Forget a person; return False where there is none of the name."""
    with c:
        return c.execute("DELETE FROM person WHERE name = ?", (name,)).rowcount > 0
