"""What ``basketgex watch`` has told, kept in the home: no flip is told twice, and none is lost between two runs.

A subject is a basket, or a level of a name, of one origin. Whoever tells (a command, the desktop, an exit code) is a channel:
what happened counts up, and each channel has the number up to which it told. A channel that is new has told what was before it.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from basketgex.local import Home, write_whole
from basketgex_addin.cells import Ask, Since
from basketgex_server.cli_watch_changes import Crossing, Flip, Place, Seen, crossed, flip
from basketgex_server.domain import ticker
from basketgex_server.errors import BadSettings, InvalidSymbol

FORGOTTEN = 90 * 86_400.0
"""Seconds after which a subject that nobody watched is forgotten."""
PATIENCE = 10.0
"""Seconds that another command may hold what was told."""
Record = dict[str, Any]


class Price(NamedTuple):
    """A name's price at a moment (USD, Unix seconds), and one of its levels."""

    name: str
    origin: str
    level: str
    level_price: float
    price: float
    at: float
    synthetic: bool
    doubts: str = ""


Found = tuple[Crossing, set[str]]
"""A crossing, and the channels that are to tell it."""


class Told:
    """The memory of a home for some channels. Every look is under the lock of the home: of two commands one tells."""

    def __init__(self, home: Home, channels: Sequence[str], now: Callable[[], float] = time.time) -> None:
        self._home = home
        self._channels = [_digest(channel) for channel in channels]
        self._names = dict(zip(self._channels, channels, strict=True))
        self._now = now

    def flip(self, name: str, ask: Ask, now: Seen) -> tuple[Flip | None, set[str]]:
        """Look at a basket; return its last flip, and the channels that are to tell it now. Raises BadSettings."""
        if now.since is None or not now.since.regime or not now.origin:
            return None, set()
        with self._records() as record_of:
            record = record_of("basket", now.origin, _canonical(ask))
            known, last = record.get("since"), record.get("last")
            before = Seen(now.answer, Since(*known), now.origin) if known else None
            found = flip(name, before, now)
            if found is not None and found.at and last is not None and [found.regime, found.at] == last[:2]:
                found = None  # it is known, although the server has forgotten it meanwhile
            record["since"] = list(now.since)[:4]
            if found is not None:
                record["last"] = [found.regime, found.at, found.previous, found.before, found.synthetic]
            due = self._due(record, happened=found is not None)
            return (Flip(name, *record["last"]) if due else found), due

    def crossings(self, prices: Iterable[Price]) -> list[Found]:
        """Look at prices; return the last crossings of those that went through a level, likewise. Raises BadSettings."""
        told: list[Found] = []
        with self._records() as record_of:
            for of in prices:
                record = record_of("level", of.origin, of.name, of.level)
                before = Place(*record["place"]) if "place" in record else None
                place, happened = crossed(before, of.price, of.level_price)
                record["place"] = list(place)
                if happened:
                    record["last"] = [place.side, of.price, of.level_price, of.at, of.synthetic, of.doubts]
                due = self._due(record, happened=happened)
                if due or happened:
                    told.append((Crossing(of.name, of.level, *record["last"]), due))
        return told

    def _due(self, record: Record, *, happened: bool) -> set[str]:
        before = record.get("count", 0)
        count = record["count"] = before + happened
        told = record.setdefault("told", {})
        due = {channel for channel in self._channels if told.get(channel, before) < count}
        told.update(dict.fromkeys(self._channels, count))
        return {self._names[channel] for channel in due}

    @contextmanager
    def _records(self) -> Iterator[Callable[..., Record]]:
        """Give what gives the record of a subject; what has become of them when the block ends is kept."""
        try:
            with FileLock(self._home.path / "alerts.lock", timeout=PATIENCE):
                records, now = self._read(), self._now()
                before = json.dumps(records)

                def record_of(*subject: str) -> Record:
                    return records.setdefault(_digest("\n".join(subject)), {})

                yield record_of
                if json.dumps(records) == before:
                    return
                old = json.loads(before)
                for key, record in records.items():
                    if record != old.get(key):
                        record["seen"] = now
                kept = {key: r for key, r in records.items() if now - r.get("seen", now) < FORGOTTEN}
                write_whole(self._home.alerts_file, json.dumps(kept))
        except Timeout:
            raise BadSettings(
                "Another basketgex watch holds alerts.lock in the home folder: end it."
            ) from None

    def _read(self) -> dict[str, Record]:
        try:
            found = json.loads(self._home.alerts_file.read_text("utf-8"))
            if isinstance(found, dict) and all(isinstance(record, dict) for record in found.values()):
                return found
        except FileNotFoundError:
            return {}
        except ValueError:
            pass
        print(
            "basketgex: alerts.json in the home folder cannot be read: what was told before is forgotten.",
            file=sys.stderr,
        )
        self._home.alerts_file.unlink()
        return {}


def _canonical(ask: Ask) -> str:
    """Return one text for baskets that are the same: the order of names and the scale of weights are nothing.

    >>> _canonical(Ask(("amd", "NVDA"), (1.0, 3.0))) == _canonical(Ask(("NVDA", "AMD"), (6.0, 2.0)))
    True
    """
    shares: dict[str, float] = {}
    for symbol, weight in zip(ask.symbols, ask.weights or [1.0] * len(ask.symbols), strict=True):
        shares[_spelt(symbol)] = weight if ask.weights is None else shares.get(_spelt(symbol), 0.0) + weight
    whole = sum(shares.values()) or 1.0
    return ",".join(f"{symbol}:{shares[symbol] / whole:.9g}" for symbol in sorted(shares))


def _spelt(symbol: str) -> str:
    try:
        return ticker(symbol)
    except InvalidSymbol:
        return symbol


def _digest(text: str) -> str:
    """Return a short name for a text: commands may hold what is nobody's business."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
