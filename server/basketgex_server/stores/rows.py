"""Rows of the store and the values they stand for. A row that is not as it was written is no figure."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterable
from typing import Any

from basketgex_server.domain import (
    SPOT_AGREES,
    SPOT_STALE,
    SPOT_THIN,
    Failure,
    Measures,
    RowCounts,
    Snapshot,
    SymbolExposure,
)

COLUMNS = (
    "origin, symbol, fetched_at, as_of, oi_as_of, underlying_price, gex, dex, vex, chex, "
    "usable_open_interest, unverified, sides"
)
"""A snapshot's, in the order of ``row_of``."""


_ROUNDING = 1e-6


class BadRow(ValueError):
    """A row that is not as it was written."""


def row_of(origin: str, snapshot: Snapshot) -> tuple[object, ...]:
    """Return a snapshot's row, its digest last."""
    e = snapshot.exposure
    sides = (
        None if e.call is None or e.put is None else json.dumps([e.call, e.put, e.rows, _spot(e), e.remark])
    )
    fixed = (origin, e.symbol, snapshot.fetched_at, e.as_of, e.oi_as_of, e.underlying_price)
    row = (*map(_plain, (*fixed, *e.net, e.usable_open_interest)), int(e.unverified), sides)
    return (*row, _digest(row))


def snapshot_of(row: Any) -> Snapshot:
    """Return what a row says: its number, COLUMNS and its digest, which rows of the first versions lack. Raises BadRow."""
    _, *said, digest = tuple(row)  # the first is its number
    if digest is not None and digest != _digest(tuple(said)):
        raise BadRow("digest")
    _numbers(said[2:-1])
    if not isinstance(row["symbol"], str):
        raise BadRow("no name")
    try:
        # What was written before spots were looked at ends with the rows, and before remarks were made with the spot.
        call, put, rows, *told = json.loads(row["sides"]) if row["sides"] else (None, None, None)
        exposure = SymbolExposure(
            symbol=row["symbol"],
            underlying_price=row["underlying_price"],
            net=Measures(row["gex"], row["dex"], row["vex"], row["chex"]),
            as_of=row["as_of"],
            oi_as_of=row["oi_as_of"],
            call=Measures(*_numbers(call)) if call else None,
            put=Measures(*_numbers(put)) if put else None,
            rows=RowCounts(*_numbers(rows)) if rows else None,
            usable_open_interest=row["usable_open_interest"],
            unverified=bool(row["unverified"]),
            **_told_of_chain(*told),
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRow("sides") from error
    return Snapshot(exposure, row["fetched_at"])


def failure_of(row: Any) -> Failure:
    """Return what a row says."""
    said = (row["code"], row["reason"], row["sentence"], row["failures"], row["failed_at"], row["until"])
    return Failure(*said, tried=bool(row["tried"]))


def with_rest(rows: Iterable[Any], debits: int) -> dict[str, float]:
    """Return debits by person or symbol, of rows of both, with what is left over of them as nobody's: "".

    >>> with_rest([("ann", 1.5)], 2), with_rest([("ann", 2 / 3), ("bob", 1 / 3)], 1)["bob"] * 3
    ({'ann': 1.5, '': 0.5}, 1.0)
    """
    shares: dict[str, float] = {person: spent for person, spent in rows}  # noqa: C416 - rows of either engine
    rest = debits - sum(shares.values())
    return {**shares, "": rest} if rest > _ROUNDING else shares


def _spot(e: SymbolExposure) -> list[object]:
    return [e.spot_status, float(e.spot_correction)]


def _told_of_chain(spot: list[Any] | None = None, remark: Any = "") -> dict[str, Any]:
    if spot is None:
        return {}
    status, correction = spot
    if not isinstance(remark, str):
        raise BadRow("no remark")
    if status not in ("", SPOT_AGREES, SPOT_STALE, SPOT_THIN):
        raise BadRow("no status")
    return {"spot_status": status, "spot_correction": _numbers([correction])[0], "remark": remark}


def _numbers(values: Any) -> list[Any]:
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        raise BadRow("no number")
    return list(values)


def _plain(value: object) -> object:
    return (
        float(value) + 0.0 if isinstance(value, int | float) else value
    )  # as the column gives it back: no -0.0


def _digest(row: tuple[object, ...]) -> int:
    return zlib.crc32(repr(row).encode("utf-8", "surrogatepass"))
