"""Chains from a folder: one file an underlying, in any of the forms that ``chain_readers`` reads.

This module is imported before the server listens, so what needs numpy is imported where it is used.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from basketgex_server.domain import Origin
from basketgex_server.errors import BadChain, BadSettings, SourceUnavailable, quoted

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain

PRICES = "underlyings.json"
"""The file of spot prices beside chains that do not carry their own."""
SUFFIXES = (".csv.gz", ".csv", ".json.gz", ".json", ".parquet")
_ATTEMPTS = 8
LOOK_EVERY = 1.0
"""Seconds for which a look at the folder is good."""

_NEW_YORK = ZoneInfo("America/New_York")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


State = tuple[int, int, int, int]
"""What tells one file from another and from itself changed: device, inode, size, time of change in nanoseconds."""

Identity = tuple[int, int]
"""What tells one folder from another: device and inode."""


class _Folder(NamedTuple):
    """The folder as it was last seen: when (monotonic), where it really is, its state in a few letters, and its files.

    ``identity`` tells it from any other folder; ``files`` are the names of each symbol's,
    ``states`` those of all of them by name.
    """

    seen: float
    place: Path
    identity: Identity | None
    fingerprint: str
    files: dict[str, tuple[str, ...]]
    states: dict[str, State]

    def read_for(self, symbol: str) -> list[str]:
        """Return the names of the files that a symbol's chain comes from."""
        return [*self.files.get(_plain(symbol), ()), PRICES]

    def paths(self, symbol: str) -> tuple[Path, ...]:
        """Return the files of a symbol."""
        return tuple(self.place / name for name in self.files.get(_plain(symbol), ()))

    def is_as_seen(self, name: str) -> bool:
        """Tell whether a file, present or not, is still the one that was seen."""
        return _state(os.path.join(self.place, name)) == self.states.get(name)  # noqa: PTH118 - for every symbol


class ChainFiles:
    """A ChainProvider over a folder. ``as_of_setting`` is the moment of chains that carry none, nor a day in their name.

    Raises BadSettings where the folder does not exist or the moment cannot be read.
    """

    def __init__(
        self, folder: Path, as_of_setting: str = "", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if not folder.is_dir():
            raise BadSettings(
                f"chain_folder: there is no folder {quoted(folder.name)}. Name the folder of the chains."
            )
        self._folder = (
            folder.absolute()
        )  # not resolved: a link may be turned to another folder while the server runs
        self._setting = as_of_setting.strip()
        self._as_of = moment(self._setting) if self._setting else None
        self._monotonic = monotonic
        self._seen: _Folder | None = None

    def __repr__(self) -> str:
        return f"ChainFiles({self._folder.name}, {len(self._look().files)} symbols)"

    def origin(self) -> Origin:
        """Return the folder as it is now: a file that came, went or changed makes it another origin."""
        return Origin(
            source="chain-files",
            label=f"chains in {self._folder.name}",
            location=f"{(folder := self._look()).place}#{folder.fingerprint}",
            historical=True,
        )

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have a file, sorted, spelt without dots."""
        return tuple(sorted(self._look().files))

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of a symbol; None where no file is for it.

        A file is read whole or not at all: one that changes meanwhile, or is no longer the one that ``origin`` told of, is read
        anew, and then the origin is another too. Raises BadChain where its file cannot be read, SourceUnavailable where the
        folder cannot, or does not come to rest.
        """
        for _ in range(_ATTEMPTS):
            folder = self._look()
            if not self._folder.is_dir():
                self._seen = None
                continue
            chain, problem = self._read(symbol, folder)
            if _identity(self._folder) == folder.identity and all(
                map(folder.is_as_seen, folder.read_for(symbol))
            ):
                if problem:
                    raise problem
                return chain
            self._seen = None
        if not self._folder.is_dir():
            raise SourceUnavailable(f"The chain folder {quoted(self._folder.name)} cannot be read any more.")
        raise SourceUnavailable(
            f"The chain folder {quoted(self._folder.name)} is changing. Recalculate when that is done."
        )

    def _read(self, symbol: str, folder: _Folder) -> tuple[Chain | None, BadChain | None]:
        try:
            if (path := _only(symbol, folder.paths(symbol))) is None:
                return None, None
            from basketgex_server.sources.chain_readers import read

            return read(path, symbol, as_of_without=self._as_of), None
        except BadChain as error:
            return None, error

    def _look(self) -> _Folder:
        now = self._monotonic()
        if self._seen is None or now - self._seen.seen >= LOOK_EVERY:
            self._seen = _look(self._folder, self._setting, now)
        return self._seen


def read_chain(path: Path, symbol: str, as_of: float | None = None, spot: float | None = None) -> Chain:
    """Return the chain of a symbol from one file. ``as_of`` (Unix seconds) and ``spot`` win over what the file says.

    Raises BadChain.
    """
    from basketgex_server.sources.chain_readers import read

    return read(path, symbol, as_of=as_of, spot=spot)


@lru_cache(maxsize=8192)  # the same names every second
def symbol_of(name: str) -> str | None:
    """Return the symbol, without dots, that a file is for by its name; None where it is no chain.

    >>> [symbol_of(n) for n in ("_SPX.json", "spx_2022-12-12.csv", "BRK.B.csv.gz", "underlyings.json", "LICENSE")]
    ['SPX', 'SPX', 'BRKB', None, None]
    """
    if name.startswith(".") or name == PRICES:
        return None
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return _plain(name[: -len(suffix)].lstrip("_").partition("_")[0]) or None
    return None


def moment(text: str) -> float:
    """Return the Unix seconds of an ISO 8601 text: New York where it has no zone, the close where it has no time.

    Raises BadSettings.

    >>> moment("2026-07-10") == moment("2026-07-10T16:00") == moment("2026-07-10T20:00Z")
    True
    """
    try:
        when = datetime.fromisoformat(f"{text}T16:00" if _DAY.fullmatch(text) else text)
        return (when if when.tzinfo else when.replace(tzinfo=_NEW_YORK)).timestamp()
    except (ValueError, OverflowError) as error:
        raise BadSettings(f"chain_as_of is {quoted(text)}: write it like 2026-07-10T16:00.") from error


def moment_without(path: Path, said: float | None) -> float | None:
    """Return the moment, in Unix seconds, of a file that has none within it; None where nothing tells.

    The day in the file's name rules: what was ``said`` of the folder is its time of day where it is of that very day, and
    else of no matter. A name without a day leaves it to what was said, and that to the day in the folder's name. A day
    alone means its close.
    """
    own = _close_in(path.name)
    if said is not None and (own is None or _day_of(own) == _day_of(said)):
        return said
    return own if own is not None else _close_in(path.resolve().parent.name)


def _close_in(name: str) -> float | None:
    """Return the close of the first day that a name has in it."""
    for text in _DAY.findall(name):
        try:
            return moment(text)
        except BadSettings:  # 2026-13-01 is no day
            continue
    return None


def _day_of(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, _NEW_YORK).date()


def _only(symbol: str, paths: tuple[Path, ...]) -> Path | None:
    """Return a symbol's file: of several that carry a day in their names the latest. Raises BadChain where it is not clear."""
    by_day = {day[0]: path for path in paths if (day := _DAY.search(path.name))}
    if len(paths) > 1 and len(by_day) < len(paths):
        names = " and ".join(quoted(path.name, 40) for path in paths[:2])
        raise BadChain(f"{names} are both chains of {symbol}: leave one of them in the folder.")
    return by_day[max(by_day)] if by_day else next(iter(paths), None)


def _plain(symbol: str) -> str:
    return symbol.upper().replace(".", "")


def _state(path: Path | str) -> State | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a Path takes longer to make than this to tell
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _identity(folder: Path) -> Identity | None:
    """Return what tells a folder from another, wherever a link to it points now. To resolve it takes twenty times as long."""
    return state[:2] if (state := _state(folder)) else None


def _look(folder: Path, setting: str, now: float) -> _Folder:
    identity, place = _identity(folder), folder.resolve()
    files: dict[str, tuple[str, ...]] = {}
    states: dict[str, State] = {}
    seen = [setting]
    try:
        for name in sorted(os.listdir(place)):  # noqa: PTH208 - a thousand files are looked at in a millisecond or two
            if (symbol := symbol_of(name)) or name == PRICES:
                if (state := _state(os.path.join(place, name))) is None:  # noqa: PTH118 - it went away since it was listed
                    continue
                states[name] = state
                seen.append(f"{name}/{state[2]}/{state[3]}")
                if symbol:
                    files[symbol] = (*files.get(symbol, ()), name)
    except OSError:  # the folder went away: another state, seen again next time
        seen.append("unreadable")
    fingerprint = hashlib.blake2b("\n".join(seen).encode(), digest_size=8).hexdigest()
    return _Folder(now, place, identity, fingerprint, files, states)
