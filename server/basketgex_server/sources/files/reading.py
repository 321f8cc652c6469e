"""Files read within bounds: regular ones only, so large and no larger whatever gzip makes of them, and in so much time.

This module is imported before the server listens: it needs no numpy.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import stat
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from basketgex_server.errors import BadChain

T = TypeVar("T")
MOST = 64 << 20
"""Bytes of the largest file that is read, and of what it unpacks to: some ten times the largest chain there is."""
WITHIN = 10.0
"""Seconds after which a read is given up: a folder on a network that went away never answers."""
_AT_ONCE = 4
_LINGER = 5.0
"""Seconds that a thread waits for more to read."""


def content_of(path: Path) -> bytes:
    """Return what is in a file, unpacked where its name ends in ``.gz``. Raises BadChain; never waits for what does not end."""
    name = path.name
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - to open a device may already do something
            raise BadChain(f"{name} is no regular file.")
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - the descriptor does not wait for a writer
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise BadChain(f"{name} is no regular file.")
            if found.st_size > MOST:
                raise _too_large(name)
            content = file.read(found.st_size + 1)
    except OSError as error:
        raise BadChain(f"{name} cannot be opened.") from error
    return unpacked(content, name) if name.lower().endswith(".gz") else content


def home_of(path: Path) -> str:
    """Return the name of the folder that a file is in, wherever a link to it points; links may go round in circles."""
    return Path(os.path.realpath(path)).parent.name  # Path.resolve raises there


def unpacked(content: bytes, name: str) -> bytes:
    """Return what gzip packed. Raises BadChain where it is broken or unpacks to more than MOST."""
    try:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        found = member.decompress(content, MOST + 1)
        if member.eof and member.unused_data.strip(b"\0"):  # more than one: rare, and slower
            found = gzip.GzipFile(fileobj=io.BytesIO(content)).read(MOST + 1)
        elif not member.eof and len(found) <= MOST:
            raise EOFError
    except (EOFError, OSError, zlib.error) as error:
        raise BadChain(f"{name} cannot be unpacked: it is cut short or is not gzip.") from error
    if len(found) > MOST:
        raise _too_large(name)
    return found


def _too_large(name: str) -> BadChain:
    return BadChain(f"{name} is larger than a chain can be: at most {MOST >> 20} MB are read.")


class Stuck(Exception):
    """A read did not end in its time, or so many have not that no other is begun."""


def too_slow(name: str, within: float = WITHIN) -> BadChain:
    """Return what is said of a file that could not be read in its time."""
    return BadChain(f"{name} could not be read within {within:g} seconds.")


class Reader:
    """Threads on which files are read, so that nobody else waits. They end with the process, whatever they wait for."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads = self._overdue = 0

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin a piece of work. Raises Stuck where as many never end as there are threads."""
        job: Future[T] = Future()
        with self._lock:
            if self._overdue >= _AT_ONCE:
                raise Stuck
            if not self._idle.acquire(blocking=False) and self._threads < _AT_ONCE:
                self._threads += 1
                threading.Thread(target=self._serve, name="reading", daemon=True).start()
        self._jobs.put((job, work))
        return job

    def now(self, work: Callable[[], T], within: float = WITHIN) -> T | None:
        """Return what a piece of work gives, waiting for it here; None where it does not end within so many seconds."""
        job = self.start(work)
        try:
            return job.result(within)
        except TimeoutError:
            self._gives_up(job)
            return None

    async def run(self, work: Callable[[], T], within: float = WITHIN) -> T:
        """Return what a piece of work gives. Raises what it raises, and Stuck where it does not end within so many seconds."""
        job = self.start(work)
        outcome = asyncio.wrap_future(job)
        outcome.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # though nobody waits any more
        await asyncio.wait([outcome], timeout=within)
        if outcome.done():
            return outcome.result()
        self._gives_up(job)
        raise Stuck

    def _gives_up(self, job: Future[Any]) -> None:
        if job.cancel():  # it had not begun
            return
        with self._lock:
            self._overdue += 1
        job.add_done_callback(self._came_back)

    def _came_back(self, _: Future[Any]) -> None:
        with self._lock:
            self._overdue -= 1

    def _serve(self) -> None:
        while (found := self._next()) is not None:
            job, work = found
            if job.set_running_or_notify_cancel():
                try:
                    job.set_result(work())
                except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                    job.set_exception(error)
            del job, work, found  # what was read is not kept by who read it
            self._idle.release()

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        while True:
            try:
                return self._jobs.get(timeout=_LINGER)
            except Empty:
                if self._idle.acquire(blocking=False):  # nobody counts on this thread
                    with self._lock:
                        self._threads -= 1
                    return None
