"""Chains from a folder: one file per underlying, or its parts, in any of the forms that ``reader`` reads.

This module is imported before the server listens, so what needs numpy is imported where it is used. A folder may be on a
network that went away: it is looked at and read on threads of their own, and nobody waits longer for them than is said here.

Looking, reading and giving up share what is remembered of each file, and so one file.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, NamedTuple

from basketgex_server.domain import Origin
from basketgex_server.errors import BadChain, BadSettings, SourceUnavailable
from basketgex_server.shown import one_line, quoted
from basketgex_server.sources.files.names import (
    PRICES,
    Names,
    is_data,
    names_in,
    parts_of,
    symbol_of,
)
from basketgex_server.sources.files.reading import WITHIN, Reader, Stuck, content_of, home_of, too_slow
from basketgex_server.times import parse_new_york

if TYPE_CHECKING:
    from basketgex_server.exposure.chain import Chain

__all__ = ["PRICES", "ChainFiles", "read_chain", "symbol_of"]

_ATTEMPTS = 8
LOOK_EVERY = 1.0
"""Seconds for which a look at the folder is good."""
LOOK_WITHIN = 1.0
"""Seconds to wait for a look; one that takes longer is waited for no more, and the look before serves meanwhile,"""
GONE_AFTER = 5.0
"""up to so many seconds: then the folder cannot be read."""


State = tuple[int, int, int, int]
"""What tells one file from another and from itself changed: device, inode, size, time of change in nanoseconds."""

Identity = tuple[int, int]
"""What tells one folder from another: device and inode."""


class _Folder(NamedTuple):
    """The folder as it was last seen: when (monotonic), where it really is, its state in a few letters, and its files.

    ``identity`` tells it from any other folder; ``files`` are the names of each symbol's, ``others`` those of symbols that a
    longer reading of a name gives, ``states`` those of all of them by name, ``strangers`` the names that say no symbol.
    """

    seen: float
    place: Path
    identity: Identity | None
    fingerprint: str
    files: Mapping[str, tuple[str, ...]]
    others: Mapping[str, tuple[str, ...]]
    states: Mapping[str, State]
    strangers: tuple[str, ...] = ()

    def of(self, symbol: str) -> tuple[str, ...]:
        """Return the names of the files that are for a symbol."""
        plain = _plain(symbol)
        return self.files.get(plain) or self.others.get(plain, ())

    def is_as_seen(self, name: str) -> bool:
        """Tell whether a file, present or not, is still the one that was seen."""
        return _state(os.path.join(self.place, name)) == self.states.get(name)  # noqa: PTH118 - for every symbol


class ChainFiles:
    """A ChainProvider over a folder. ``as_of_setting`` is the moment of chains that carry none, nor a day in their name.

    Raises BadSettings where the folder does not exist or the moment cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        as_of_setting: str = "",
        monotonic: Callable[[], float] = time.monotonic,
        within: float = WITHIN,
    ) -> None:
        self._reader = Reader()
        # Not resolved: a link may be turned to another folder while the server runs.
        self._folder = folder.absolute()
        if not self._reader.now(self._folder.is_dir, within):
            raise BadSettings(
                f"chain_folder: there is no folder {quoted(folder.name)}. Name the folder of the chains."
            )
        self._setting = as_of_setting.strip()
        self._as_of = moment_set(self._setting) if self._setting else None
        self._monotonic = monotonic
        self._within = within
        self._seen: _Folder | None = None
        self._looking: tuple[float, Future[tuple[_Folder, float]]] | None = None
        self._prompt = True

    def __repr__(self) -> str:
        return f"ChainFiles({self._folder.name}, {len(self._look().files)} symbols)"

    def origin(self) -> Origin:
        """Return the folder as it is now: a file that came, went or changed makes it another origin."""
        return self._origin(self._look())

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that have a file, sorted, spelt without dots."""
        return tuple(sorted(self._look().files))

    def strangers(self) -> tuple[str, ...]:
        """Return the names of files that are read for no symbol, since their name says none or their ending is another."""
        return self._look().strangers

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of a symbol; None where no file is for it. The caller waits for it, within bounds.

        A file is read whole or not at all: one that changes meanwhile, or is no longer the one that ``origin`` told of, is read
        anew, and then the origin is another too. Raises BadChain where its file cannot be read, SourceUnavailable where the
        folder cannot, or does not come to rest.
        """
        for _ in range(_ATTEMPTS):
            folder = self._look()
            read = _Read(self._folder, folder, (symbol,))
            try:
                whole = self._reader.now(read, self._within)
            except Stuck:
                whole = None
            if whole is None:
                read.files = {symbol: _too_slow(symbol, folder, self._within)}
            if whole is not False:
                return _AtHand(self._origin(folder), folder, read.files, self._as_of).chain(symbol)
            self._seen = None
        raise self._restless()

    async def at_hand(self, symbols: Sequence[str]) -> _AtHand:
        """Return the chains of symbols, read into memory on threads of their own: what takes too long has failed.

        Raises SourceUnavailable where the folder cannot be read, or does not come to rest.
        """
        for _ in range(_ATTEMPTS):
            folder = self._look()
            found: dict[str, _Files] = {}
            rest = tuple(symbols)
            whole = True
            while rest and whole:
                read = _Read(self._folder, folder, rest)
                try:
                    whole = await self._reader.run(read, self._within)
                    found |= read.files
                    break
                except Stuck:  # the one it stands at never ends; those after it may
                    read.given_up = True
                    done = dict(read.files)
                    stuck = next(symbol for symbol in rest if symbol not in done)
                    found |= done | {stuck: _too_slow(stuck, folder, self._within)}
                    rest = tuple(symbol for symbol in rest if symbol not in found)
            if whole:
                return _AtHand(self._origin(folder), folder, found, self._as_of)
            self._seen = None
        raise self._restless()

    def _origin(self, folder: _Folder) -> Origin:
        return Origin(
            source="chain-files",
            label=f"chains in {self._folder.name}",
            location=f"{folder.place}#{folder.fingerprint}",
            historical=True,
        )

    def _restless(self) -> SourceUnavailable:
        name = quoted(self._folder.name)
        if self._look().identity is None:
            return SourceUnavailable(f"The chain folder {name} cannot be read any more.")
        return SourceUnavailable(f"The chain folder {name} is changing. Recalculate when that is done.")

    def _look(self) -> _Folder:
        """Return the folder as it was seen within LOOK_EVERY; while a look takes longer than that, as it was seen last."""
        now = self._monotonic()
        if self._seen is not None and now - self._seen.seen < LOOK_EVERY:
            return self._seen
        if self._looking is None:
            try:
                looking = self._reader.start(lambda: _timed(self._folder, self._setting, now))
            except Stuck:
                return self._gone(now)
            self._looking = (now, looking)
        began, looking = self._looking
        try:
            self._seen, took = looking.result(LOOK_WITHIN if self._prompt or self._seen is None else 0)
        except TimeoutError:
            self._prompt = False
            if self._seen is None or now - began >= GONE_AFTER:
                return self._gone(now)
            return self._seen
        self._prompt = took < LOOK_WITHIN / 2
        self._looking = None
        return self._seen

    def _gone(self, now: float) -> _Folder:
        return _Folder(now, self._folder, None, "unreadable", {}, {}, {})


class _Files(NamedTuple):
    """What was read for a symbol: the names of its chain's files and what is in each, or why that cannot be had.

    ``homes`` are the names of the folders that linked files are in.
    """

    names: Sequence[str]
    contents: Mapping[str, bytes | BadChain | None]
    homes: Mapping[str, str] = {}
    problem: BadChain | None = None


class _Read:
    """Reads the files of some symbols, one after the other, to ``files``; tells whether all stayed as they were seen."""

    def __init__(self, place: Path, folder: _Folder, symbols: Sequence[str]) -> None:
        self._place = place
        self._folder = folder
        self._symbols = symbols
        self.files: dict[str, _Files] = {}
        self.given_up = False

    def __call__(self) -> bool:
        folder = self._folder
        names = {PRICES}
        prices = _content(folder, PRICES) if PRICES in folder.states else None
        for symbol in self._symbols:
            if self.given_up:
                return True
            found = _files(folder, folder.of(symbol), prices)
            names.update(folder.of(symbol))
            self.files[symbol] = found
        return _identity(self._place) == folder.identity is not None and all(map(folder.is_as_seen, names))


class _AtHand:
    """A ChainProvider of what was read of a folder. Nothing is read any more."""

    def __init__(
        self, origin: Origin, folder: _Folder, files: Mapping[str, _Files], said: float | None
    ) -> None:
        self._origin = origin
        self._folder = folder.place.name
        self._symbols = tuple(sorted(folder.files))
        self._files = files
        self._said = said

    def origin(self) -> Origin:
        """Return the folder as it was."""
        return self._origin

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that had a file."""
        return self._symbols

    def chain(self, symbol: str) -> Chain | None:
        """Return the chain of one of the symbols that were read; None where no file is for it. Raises BadChain."""
        files = self._files.get(symbol)
        if files is None or not files.names:
            return None
        if files.problem:
            raise files.problem
        from basketgex_server.sources.files.reader import chain_in

        def contents(name: str) -> bytes | None:
            content = files.contents[name]
            if isinstance(content, BadChain):
                raise content
            return content

        def home(name: str) -> str:
            return files.homes.get(name, self._folder)

        return chain_in(files.names, contents, symbol, home, said=self._said)


def read_chain(path: Path, symbol: str, as_of: float | None = None, spot: float | None = None) -> Chain:
    """Return the chain of a symbol from one file. ``as_of`` (Unix seconds) and ``spot`` win over what the file says.

    Raises BadChain.
    """
    from basketgex_server.sources.files.reader import read

    return read(path, symbol, as_of=as_of, spot=spot)


def moment_set(text: str) -> float:
    """Return the moment that a setting says, as ``parse_new_york`` reads it. Raises BadSettings."""
    try:
        return parse_new_york(text)
    except (ValueError, OverflowError) as error:
        raise BadSettings(f"chain_as_of is {quoted(text)}: write it like 2026-07-10T16:00.") from error


def _files(folder: _Folder, names: Sequence[str], prices: bytes | BadChain | None) -> _Files:
    contents: dict[str, bytes | BadChain | None] = {PRICES: prices}

    def content(name: str) -> bytes:
        if name not in contents:
            contents[name] = _content(folder, name)
        found = contents[name]
        if isinstance(found, BadChain):
            raise found
        return found or b""

    try:
        parts = parts_of(names, content)
    except BadChain as error:
        return _Files(names, {}, problem=error)
    for name in parts:
        if name not in contents:
            contents[name] = _content(folder, name)
    paths = {name: folder.place / name for name in parts}
    homes = {name: home_of(path) for name, path in paths.items() if path.is_symlink()}
    return _Files(parts, contents, homes)


def _content(folder: _Folder, name: str) -> bytes | BadChain:
    try:
        return content_of(folder.place / name)
    except BadChain as error:
        return error


def _too_slow(symbol: str, folder: _Folder, within: float) -> _Files:
    names = folder.of(symbol)
    what = " and ".join(names[:2]) or PRICES
    problem = too_slow(what, within)
    return _Files(names or (PRICES,), {}, problem=problem)


def _plain(symbol: str) -> str:
    return symbol.upper().replace(".", "")


def _state(path: Path | str) -> State | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a Path takes longer to make than this to tell
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _identity(folder: Path) -> Identity | None:
    """Return what tells a folder from another, wherever a link to it points now; None where there is none.

    To resolve it takes twenty times as long.
    """
    try:
        stat = os.stat(folder)  # noqa: PTH116 - as above
    except OSError:
        return None
    return (stat.st_dev, stat.st_ino) if S_ISDIR(stat.st_mode) else None


def _timed(folder: Path, setting: str, now: float) -> tuple[_Folder, float]:
    begin = time.monotonic()
    return _look(folder, setting, now), time.monotonic() - begin


def _look(folder: Path, setting: str, now: float) -> _Folder:
    identity, place = _identity(folder), Path(os.path.realpath(folder))
    files: dict[str, tuple[str, ...]] = {}
    others: dict[str, tuple[str, ...]] = {}
    states: dict[str, State] = {}
    strangers: list[str] = []
    seen = [setting]
    try:
        for name in sorted(os.listdir(place)):  # noqa: PTH208 - a thousand files are looked at in a millisecond or two
            shown = one_line(name)
            found = names_in(name) if shown == name else Names(None)
            if found.symbol is None and name != PRICES:
                strangers += [shown] if is_data(name) else []
                continue
            path = os.path.join(place, name)  # noqa: PTH118 - as above
            if state := _state(path):
                states[name] = state
            elif not os.path.islink(path):  # noqa: PTH114 - as above; it went away since it was listed
                continue
            seen.append(f"{name}/{state and state[2:]}")
            if found.symbol:
                files[found.symbol] = (*files.get(found.symbol, ()), name)
            if found.whole:
                others[found.whole] = (*others.get(found.whole, ()), name)
    except OSError:  # the folder went away: another state, seen again next time
        seen.append("unreadable")
    fingerprint = hashlib.blake2b("\n".join(seen).encode(), digest_size=8).hexdigest()
    return _Folder(now, place, identity, fingerprint, files, others, states, tuple(strangers))
