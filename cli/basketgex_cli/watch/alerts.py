"""What ``basketgex watch`` has told, kept in the home: no flip is told twice, and none is lost between two runs.

A subject is a basket, or a level of a name, of one origin. Whoever tells (a command, the desktop, an exit code) is a channel:
what happened counts up, and each channel has the number up to which it told. A channel that is new has told what was before it.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import msgspec
from filelock import FileLock, Timeout

from basketgex.files import write_whole
from basketgex.home import Home
from basketgex_addin.cells import Ask, Since
from basketgex_cli.watch.changes import Crossing, Flip, Place, Seen, crossed, flip
from basketgex_server.errors import BadSettings, InvalidSymbol
from basketgex_server.tickers import ticker

DAY = 86_400.0
FORGOTTEN = 90 * DAY
"""Seconds after which a subject that nobody watched is forgotten."""
PATIENCE = 10.0
"""Seconds that another command may hold what was told."""


class KnownLevels(NamedTuple):
    """A name's levels by their names in the contract (USD), when they were asked for, and what there is against its flip."""

    asked: float
    prices: dict[str, float]
    doubts: str


class Price(NamedTuple):
    """A name's price at a moment (USD, Unix seconds), and its levels."""

    name: str
    origin: str
    price: float
    at: float
    synthetic: bool
    levels: KnownLevels


class Record(msgspec.Struct, omit_defaults=True):
    """What is kept of a subject; ``told``: up to which of ``count`` happenings each channel has told."""

    seen: float = 0.0
    count: int = 0
    told: dict[str, int] = {}
    since: Since | None = None
    flip: Flip | None = None
    place: Place | None = None
    crossing: Crossing | None = None
    levels: KnownLevels | None = None


Found = tuple[Crossing, set[str]]
"""A crossing, and the channels that are to tell it."""
RecordOf = Callable[..., Record]


class Told:
    """The memory of a home for some channels. Every look is under the lock of the home: of two commands one tells.

    Every method raises BadSettings where another command does not let go of it.
    """

    def __init__(self, home: Home, channels: Sequence[str], now: Callable[[], float] = time.time) -> None:
        self._home = home
        self._channels = {_digest(channel): channel for channel in channels}
        self.now = now

    def flip(self, name: str, ask: Ask, now: Seen) -> tuple[Flip | None, set[str]]:
        """Look at a basket; return its last flip, and the channels that are to tell it now."""
        if now.since is None or not now.since.regime or not now.origin:
            return None, set()
        with self._records() as record_of:
            record = record_of("basket", now.origin, _canonical(ask))
            before = Seen(now.answer, record.since, now.origin) if record.since else None
            found, last = flip(name, before, now), record.flip
            if found and last and found.at and (found.regime, found.at) == (last.regime, last.at):
                found = None  # it is known, although the server has forgotten it meanwhile
            record.since, record.flip = now.since._replace(client_ttl=0.0), found or last
            due = self._due(record, happened=found is not None)
            return (replace(record.flip, name=name) if due and record.flip else found), due

    def crossings(self, prices: Iterable[Price]) -> list[Found]:
        """Look at prices; return the last crossings of those that went through a level, likewise."""
        told: list[Found] = []
        with self._records() as record_of:
            for of in prices:
                for level, level_price in of.levels.prices.items():
                    record = record_of("level", of.origin, of.name, level)
                    record.place, happened = crossed(record.place, of.price, level_price)
                    if happened:
                        where = (of.name, level, record.place.side, of.price, level_price, of.at)
                        record.crossing = Crossing(*where, of.synthetic, of.levels.doubts)
                    due = self._due(record, happened=happened)
                    if record.crossing and (due or happened):
                        told.append((record.crossing, due))
        return told

    def levels(self, origin: str, names: Sequence[str], since: float) -> dict[str, KnownLevels]:
        """Return what is known of names' levels, where it was asked for since a moment (Unix seconds)."""
        with self._records() as record_of:
            known = {name: record_of("levels", origin, name).levels for name in names}
        return {name: found for name, found in known.items() if found and since <= found.asked <= self.now()}

    def keep_levels(self, origin: str, found: dict[str, KnownLevels]) -> None:
        """Keep names' levels for the next command: each may have cost a debit."""
        with self._records() as record_of:
            for name, levels in found.items():
                record_of("levels", origin, name).levels = levels

    def _due(self, record: Record, *, happened: bool) -> set[str]:
        before = record.count
        record.count += happened
        due = {channel for channel in self._channels if record.told.get(channel, before) < record.count}
        record.told = {**record.told, **dict.fromkeys(self._channels, record.count)}
        return {self._channels[channel] for channel in due}

    @contextmanager
    def _records(self) -> Iterator[RecordOf]:
        """Give what gives the record of a subject; what has become of them when the block ends is kept."""
        try:
            with FileLock(self._home.path / "alerts.lock", timeout=PATIENCE):
                records, now = self._read(), self.now()
                before = msgspec.json.encode(records)

                def record_of(*subject: str) -> Record:
                    record = records.setdefault(_digest("\n".join(subject)), Record(seen=now))
                    if not 0 <= now - record.seen < DAY:
                        record.seen = now
                    return record

                yield record_of
                kept = {key: record for key, record in records.items() if now - record.seen < FORGOTTEN}
                if (content := msgspec.json.encode(kept)) != before:
                    write_whole(self._home.alerts_file, content.decode())
        except Timeout:
            raise BadSettings(
                "Another basketgex watch holds alerts.lock in the home folder: end it."
            ) from None

    def _read(self) -> dict[str, Record]:
        try:
            return msgspec.json.decode(self._home.alerts_file.read_bytes(), type=dict[str, Record])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError:
            self._home.alerts_file.unlink()
        print(
            "basketgex: alerts.json in the home folder cannot be read: what was told before is forgotten.",
            file=sys.stderr,
        )
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
