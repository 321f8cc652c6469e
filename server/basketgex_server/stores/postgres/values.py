"""What the books of a desk are written in: JSON for the functions of ``schema.sql``, and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec

from basketgex_server.domain import Snapshot
from basketgex_server.errors import BadChain, BasketgexError
from basketgex_server.stores.port import Departure, Landing, QuotaValue, Want
from basketgex_server.stores.rows import COLUMNS, BadRow, row_of, snapshot_of

_COLUMNS = ", ".join(f"s.{column.strip()}" for column in COLUMNS.split(","))
NEWEST = (
    f"SELECT n.symbol AS name, n.edition, n.found_at, s.id, {_COLUMNS}, s.digest "  # noqa: S608 - of rows.py
    "FROM newest n LEFT JOIN snapshot s ON s.id = n.snapshot WHERE n.account = $1"
)
"""The newest of an account, as ``figures_of`` reads it."""


def figures_of(rows: Iterable[Any]) -> tuple[dict[str, Snapshot], dict[str, float]]:
    """Return the newest snapshots, and when other symbols were found to have none; a row that is damaged is neither."""
    snapshots: dict[str, Snapshot] = {}
    missing: dict[str, float] = {}
    for row in rows:
        if row["id"] is None:
            missing[row["name"]] = row["found_at"]
            continue
        try:
            snapshots[row["name"]] = snapshot_of(Row(list(row.items())[3:]))
        except BadRow:
            continue
    return snapshots, missing


class Row(dict[str, Any]):
    """A row as ``rows`` reads it: its values in order, and each by its name."""

    def __iter__(self) -> Any:
        """Give the values."""
        return iter(self.values())


def want_of(read: dict[str, Any]) -> Want:
    """Return a want as ``desk_read`` tells of it."""
    people = tuple(dict.fromkeys(chain.from_iterable(read["people"])))  # each replica has its own
    return Want(**read | {"people": people or ("",)})


def text_of(value: object) -> str:
    """Return a value as JSON."""
    return msgspec.json.encode(value).decode()


def plain(decided: Departure) -> dict[str, object]:
    """Return a departure as ``desk_depart`` takes it."""
    return {
        "quota": decided.quota,
        "calls": [
            {"symbols": c.symbols, "alone": c.alone, "shares": c.shares, "waited": c.waited}
            for c in decided.calls
        ],
        "held": decided.held,
        "joined": dict(decided.joined),
        "known": decided.known,
        "lost": decided.lost,
    }


def landed(account: str, landing: Landing, value: QuotaValue, symbols: Sequence[str]) -> dict[str, object]:
    """Return the end of a call as ``desk_land`` takes it."""
    fetched, error = landing.fetched, landing.error
    refused = landing.refused or tuple(symbols)
    errors = [_said(error, refused)] if error is not None else []
    errors += [_said(BadChain(why), (s,)) for s, why in fetched.failed.items()] if fetched is not None else []
    return {
        "quota": value,
        "at": landing.fetched_at,
        "rows": [
            row_of(account, Snapshot(exposure, landing.fetched_at))
            for exposure in (fetched.exposures.values() if fetched is not None else ())
        ],
        "missing": sorted(fetched.missing) if fetched is not None else [],
        "again": [s for s in symbols if s not in refused],
        "error": errors or None,
    }


def _said(error: BasketgexError, symbols: Sequence[str]) -> dict[str, object]:
    return {
        "code": error.code,
        "reason": error.reason,
        "sentence": error.sentence,
        "retry_after": error.retry_after,
        "symbols": symbols,
    }
