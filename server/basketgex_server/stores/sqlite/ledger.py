"""The debits of a store, and what the source has said of its quota: functions for the thread that owns the connection."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from basketgex_server.domain import SKEW, QuotaReading
from basketgex_server.stores.port import DebitCounts, QuotaRecord
from basketgex_server.stores.rows import with_rest

DAY = 86_400.0


class Debit(NamedTuple):
    """What is written of a call's debit: its number of symbols, what persons pay of it, and the symbols that it is made for."""

    symbols: int
    shares: Mapping[str, float] = MappingProxyType({})
    waited: Sequence[str] = ()


def debit(c: sqlite3.Connection, origin: str, calls: Sequence[Debit], now: float) -> list[int]:
    """Commit the debits of calls that leave together; return their numbers."""
    row = "INSERT INTO debit (origin, spent_at, symbols, waited) VALUES (?, ?, ?, ?)"
    numbers = []
    with c:
        for symbols, shares, waited in calls:
            values = (origin, now, symbols, json.dumps(waited) if waited else None)
            numbers.append(int(c.execute(row, values).lastrowid or 0))
            c.executemany(
                "INSERT OR REPLACE INTO share VALUES (?, ?, ?)",
                [(numbers[-1], *share) for share in shares.items()],
            )
    return numbers


def refund(c: sqlite3.Connection, number: int) -> None:
    """Take back a debit. Where it was the newest its number is given again, and is then one that no reading knows of."""
    with c:
        c.execute("DELETE FROM debit WHERE id = ?", (number,))
        c.execute("DELETE FROM share WHERE debit = ?", (number,))
        c.execute("UPDATE quota SET last_debit = min(last_debit, (SELECT coalesce(max(id), 0) FROM debit))")


def spent(c: sqlite3.Connection, origin: str, now: float) -> DebitCounts:
    """Return the debits of an origin; those of a moment still to come are not today's."""
    day = math.floor(now / DAY)
    debits = c.execute(
        "SELECT count(*) FILTER (WHERE spent_at >= ? AND spent_at <= ?), count(*) FROM debit WHERE origin = ?",
        (day * DAY, now + SKEW, origin),
    ).fetchone()
    answers = c.execute(
        "SELECT coalesce(sum(calls) FILTER (WHERE day = ?), 0), coalesce(sum(calls), 0) FROM answered WHERE origin = ?",
        (day, origin),
    ).fetchone()
    return DebitCounts(*debits, *answers)


def shares(
    c: sqlite3.Connection, since: float, until: float, origin: str | None = None
) -> list[tuple[str, float]]:
    """Return what persons have paid between two moments, for one origin or all."""
    return c.execute(
        "SELECT s.person, sum(s.debits) FROM debit d JOIN share s ON s.debit = d.id "
        "WHERE d.spent_at >= ?1 AND d.spent_at < ?2 AND (?3 IS NULL OR d.origin = ?3) GROUP BY s.person",
        (since, until, origin),
    ).fetchall()


def spent_by(c: sqlite3.Connection, since: float, until: float) -> dict[str, float]:
    """Return the debits of all origins between two moments by person; those that are nobody's share are the home's."""
    (debits,) = c.execute(
        "SELECT count(*) FROM debit WHERE spent_at >= ? AND spent_at < ?", (since, until)
    ).fetchone()
    return with_rest(shares(c, since, until), debits)


def spent_for(c: sqlite3.Connection, since: float, until: float) -> dict[str, float]:
    """Return the debits of all origins between two moments by symbol; "" where it is not known what they were for."""
    debits, by_symbol = 0, Counter[str]()
    for (waited,) in c.execute(
        "SELECT waited FROM debit WHERE spent_at >= ? AND spent_at < ?", (since, until)
    ):
        debits += 1
        symbols = json.loads(waited or "[]")
        by_symbol.update(dict.fromkeys(symbols, 1 / len(symbols)) if symbols else {})
    return with_rest(by_symbol.items(), debits)


def make_up(c: sqlite3.Connection, origin: str, today: int, now: float) -> None:
    """Add the debits of today that are missing from so many: the account knows of them, and the ledger has lost them."""
    known = spent(c, origin, now).today
    with c:
        c.executemany(
            "INSERT INTO debit (origin, spent_at, symbols) VALUES (?, ?, 0)",
            [(origin, now)] * max(today - known, 0),
        )


def heard(c: sqlite3.Connection, origin: str) -> QuotaRecord | None:
    """Return what the source last said of its quota."""
    row = c.execute("SELECT * FROM quota WHERE origin = ?", (origin,)).fetchone()
    if row is None:
        return None
    (since,) = c.execute(
        "SELECT count(*) FROM debit WHERE origin = ?1 AND CASE WHEN ?2 IS NULL THEN spent_at > ?3 ELSE id > ?2 END",
        (origin, row["last_debit"], row["read_at"]),
    ).fetchone()
    said = (row["quota_limit"], row["remaining"], row["reset_at"], bool(row["unlimited"]), row["plan"])
    return QuotaRecord(QuotaReading(*said), row["read_at"], since)


def hear(c: sqlite3.Connection, origin: str, reading: QuotaReading, now: float) -> None:
    """Keep what the source says of its quota."""
    r = reading
    with c:
        c.execute(
            "INSERT OR REPLACE INTO quota VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0) FROM debit))",
            (origin, now, r.limit, r.remaining, r.reset_at, r.unlimited, r.plan),
        )


def answered(c: sqlite3.Connection, origin: str, calls: int, now: float) -> None:
    """Count calls that answers would have cost one by one."""
    with c:
        c.execute(
            "INSERT INTO answered VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
            (origin, math.floor(now / DAY), calls),
        )
