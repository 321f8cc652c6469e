"""One machine, one server: lock, start, drain, idle stop.

Start: take the home's lock → forget the last server's runtime file → bind → write the runtime file → ready line. A server that
is killed at any of these steps leaves a lock that is free, and at most a runtime file that the next start forgets.

The order of these steps is what keeps one machine to one server: it is read in one file.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import filelock

from basketgex import __version__
from basketgex.home import Home, Runtime
from basketgex_server import service_manager
from basketgex_server.api.roll import Roll
from basketgex_server.api.rpc.liveness import Liveness
from basketgex_server.api.rpc.servicer import ExposureServicer
from basketgex_server.configuration import Configuration
from basketgex_server.dispatch.batch.choose import arrays
from basketgex_server.dispatch.dispatcher import Dispatcher
from basketgex_server.dispatch.sessions import NewYorkSessions
from basketgex_server.doors import Doors
from basketgex_server.errors import BadSettings, BasketgexError, NeverReady
from basketgex_server.log_repeats import Repeats
from basketgex_server.reloading import LOOK, Reloading
from basketgex_server.settings import Settings
from basketgex_server.sources.port import ExposureSource
from basketgex_server.sources.unusable import Unusable
from basketgex_server.stores.factory import make_store

if TYPE_CHECKING:
    from basketgex_server.api.metrics.metrics import State

LOG = logging.getLogger(__name__)
AT_LAST = 10.0
"""Seconds after which it ends all the same, whatever one of its threads still waits for."""
ANOTHER_STARTS = 15.0
"""Seconds to wait for another process's start that holds the lock."""
TIDY_EVERY = 86_400.0
"""Seconds between two looks for what has outlived its history."""
WARM_AFTER = 0.5
"""Seconds after the start at which the mathematics is loaded: the first stored answers do not wait for it."""

RETIRED = 60.0
"""Seconds between two looks whether what was asked under earlier settings has ended."""

SourceFactory = Callable[[Settings, Executor], ExposureSource]


class Serving(NamedTuple):
    """Where a home's server listens, as the ready line says it."""

    grpc: str
    pid: int
    token_file: str
    tls: str = ""
    """Where it listens beyond this machine's own clients, empty where it does not."""
    http: str = ""
    """Where the REST gateway listens, empty where there is none."""
    metrics: str = ""
    """Where metrics and probes are told, empty where they are not."""

    def line(self) -> str:
        """Return the ready line, without its end."""
        return json.dumps({name: value for name, value in self._asdict().items() if value})


def serve(
    home: Home,
    settings: Settings,
    make_source: SourceFactory,
    ready: Callable[[Serving], None],
    now: Callable[[], float] = time.time,
    keep: Callable[[], None] = lambda: None,
    configuration: Configuration | None = None,
) -> bool:
    """Serve a home until told to end; return False where another process serves it already.

    ``keep`` is called once the home is this process's, before anybody can ask: to write down what will be served. What
    ``configuration`` comes to say is heeded; without one the settings stay.

    ``ready`` is called once with where the home's server listens. Raises BadSettings, and NeverReady where another
    process holds the lock and does not get ready.
    """
    configuration = configuration or Configuration.fixed(home.config_file, settings)
    configuration.check(settings)
    home.create()
    lock = filelock.FileLock(home.lock, mode=0o600)
    if other := _lock_or_other(lock, home):
        ready(Serving(other.grpc, other.pid, str(home.token_file), http=other.http))
        return False
    server = _Server(home, configuration, make_source, now)
    try:
        home.remove_runtime()
        keep()
        configuration.begun()
        asyncio.run(server.run(ready))
    finally:
        server.at_last.cancel()
        home.remove_runtime()
        lock.release()
    return True


def announce(serving: Serving) -> None:
    """Print the ready line; a program without standard output (pythonw) has nobody to tell."""
    if sys.stdout is not None:
        with suppress(OSError):
            sys.stdout.write(serving.line() + "\n")
            sys.stdout.flush()


def log_to(path: Path) -> None:
    """Send the log to a file of bounded size."""
    handler = RotatingFileHandler(path, maxBytes=1 << 20, backupCount=2, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Repeats())
    package = logging.getLogger("basketgex_server")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    for library in (
        "grpc",
        "asyncpg",
    ):  # they say what they run into with tracebacks, on standard error where nobody listens
        logging.getLogger(library).addHandler(logging.NullHandler())


class _Server:
    """One run of the server: what it is made of, in the order in which it is taken apart again."""

    def __init__(
        self,
        home: Home,
        configuration: Configuration,
        make_source: SourceFactory,
        now: Callable[[], float],
    ) -> None:
        self._home = home
        self._configuration = configuration
        self._make_source = make_source
        self._now = now
        self._drain = self._settings.drain if self._settings.store else 0.0
        self._alive = Liveness()
        self._is_ending = False
        self._loaded = not self._settings.store  # a replica is ready once it knows what the others know
        self.at_last = threading.Timer(AT_LAST + self._drain, _end_at_last)
        self.at_last.daemon = True

    @property
    def _settings(self) -> Settings:
        return self._configuration.settings

    async def run(self, ready: Callable[[Serving], None]) -> None:
        loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Windows has no such handlers, and a thread other than the main one may set none: Shutdown ends those.
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._stop.set)
        self._compute = ThreadPoolExecutor(1, thread_name_prefix="compute")
        source = self._first_source()
        self._state = make_store(self._home.state_file, self._settings.store, self._settings.history_days)
        self._roll = Roll(self._state, self._now)
        try:
            await self._run_over(source, ready)
        finally:
            self._roll.close()
            await self._state.end()
            self._compute.shutdown(wait=True, cancel_futures=True)

    async def _run_over(self, source: ExposureSource, ready: Callable[[Serving], None]) -> None:
        loop = asyncio.get_running_loop()
        self._dispatcher = self._new_dispatcher(source, self._settings)
        reloading = Reloading(
            self._configuration,
            lambda settings: self._make_source(settings, self._compute),
            self._adopt,
            self._tell,
        )
        self._servicer = ExposureServicer(
            self._dispatcher, self._settings, self._compute, self._now, self._stop.set, reloading
        )
        await self._alive.tell(ready=self._loaded, store=self._state.is_up)
        self._doors = Doors(self._home.token(), self._roll, self._now, self._settings, self._drain)
        self._state.meter = self._doors.meter
        address, beyond = await self._doors.open(self._servicer, self._alive, self._settings)
        timers: list[asyncio.TimerHandle] = []
        self._retired: set[asyncio.Task[None]] = set()

        async def close_doors() -> None:
            await self._doors.close(self._dispatcher.drain(self._drain) if self._settings.store else None)

        async def close_dispatchers() -> None:
            self._stop.set()
            await asyncio.gather(self._dispatcher.close(), *self._retired)

        def tidy() -> None:
            self._state.age_out(self._dispatcher.source.origin().key, self._now())
            timers[:] = [loop.call_later(TIDY_EVERY, tidy)]

        try:
            http = await self._doors.open_gateway(self._dispatcher, self._settings)
            metrics = await self._doors.open_probes(self._settings, self._look, self._unready)
            self._runtime = Runtime(address, os.getpid(), __version__, _boot(), http)
            self._tell()
            LOG.info("Serving %s, version %s.", self._settings.source, __version__)
            ready(Serving(address, os.getpid(), str(self._home.token_file), beyond, http, metrics))
            service_manager.tell(service_manager.READY)
            warm = loop.call_later(WARM_AFTER, self._compute.submit, _load, source)
            tidy()
            await self._until_told(reloading)
            warm.cancel()
        finally:
            LOG.info("Ending.")
            service_manager.tell(service_manager.STOPPING)
            self._is_ending = True
            if threading.current_thread() is threading.main_thread():  # else others live in this process
                self.at_last.start()
            for timer in timers:
                timer.cancel()
            await self._alive.end()
            self._home.remove_runtime()
            self._servicer.watches.end()
            await self._in_turn(close_doors, close_dispatchers, self._doors.close_probes)

    def _first_source(self) -> ExposureSource:
        """Return the source to begin with; of a patient server one that says what is wrong, until that is mended."""
        try:
            if self._configuration.fault:
                raise BadSettings(self._configuration.fault)
            return self._make_source(self._settings, self._compute)
        except BadSettings as error:
            if not self._configuration.patient:
                raise
            LOG.error("Serving nothing: %s", error.sentence)
            self._configuration.refuse(error, first=True)
            return Unusable(error.sentence)

    def _new_dispatcher(self, source: ExposureSource, settings: Settings) -> Dispatcher:
        return Dispatcher(source, self._state, settings, NewYorkSessions(), self._now)

    def _adopt(self, settings: Settings, source: ExposureSource) -> None:
        """Serve from another source, by other settings. What is under way ends as it began."""
        before, self._dispatcher = self._dispatcher, self._new_dispatcher(source, settings)
        self._dispatcher.counts = before.counts
        before.counts.last_problem = ""
        self._state.keep(settings.history_days)
        self._servicer.adopt(self._dispatcher, settings)
        self._doors.adopt(self._dispatcher, settings)
        self._compute.submit(source.prepare)
        task = asyncio.create_task(self._retire(before))
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)

    async def _retire(self, dispatcher: Dispatcher) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), RETIRED)
            if not dispatcher.awaited()[0]:
                break
        await dispatcher.close()

    def _tell(self) -> None:
        """Let every reply say what is to be known of the settings, and every client forget what it knew before."""
        self._servicer.tell(self._configuration.notice)
        self._runtime = self._runtime._replace(boot=_boot())
        self._home.write_runtime(self._runtime)

    def _unready(self) -> str:
        """Return why nobody should ask this server. A store that is away is none: what is known is shown without it."""
        return "draining" if self._is_ending else "" if self._loaded else "loading"

    def _look(self, certificate_until: float | None, certificate_current: bool | None) -> State:
        from basketgex_server.api.metrics.metrics import State

        at = self._dispatcher
        return State(
            at.counts,
            at.gauges(),
            len(self._servicer.watches),
            self._state.is_up,
            certificate_until,
            certificate_current,
        )

    async def _until_told(self, reloading: Reloading) -> None:
        """Wait for the end: told, or idle for long enough. Where somebody watches it is not idle."""
        heeding: asyncio.Task[None] | None = None
        loading = asyncio.create_task(self._load_first())
        while not self._stop.is_set():
            if heeding is None or heeding.done():  # beside: a folder may take its time
                heeding = asyncio.create_task(reloading.look())
            if self._servicer.watches:
                self._doors.asked()
            self._roll.look()
            self._doors.look()
            await self._alive.tell(ready=self._loaded, store=self._state.is_up)
            idle = 0.0 if self._settings.store else self._settings.idle_stop
            if idle and self._doors.asked_at + idle <= time.monotonic():
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), LOOK)
        loading.cancel()
        if heeding is not None:
            heeding.cancel()

    async def _load_first(self) -> None:
        """Load what a desk knows, however long its store is away."""
        while not self._loaded:
            try:
                await self._dispatcher.cache()
                self._loaded = True
            except BasketgexError:
                await asyncio.sleep(LOOK)

    @staticmethod
    async def _in_turn(*steps: Callable[[], Awaitable[None]]) -> None:
        """Take every step, even where one fails."""
        for step in steps:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - ending goes on
                LOG.error("While ending: %s.", type(error).__name__)


def _lock_or_other(lock: filelock.BaseFileLock, home: Home) -> Runtime | None:
    """Take the lock and return None, or return where the server listens that holds it."""
    until = time.monotonic() + ANOTHER_STARTS
    seen: Runtime | None = None
    while True:
        with suppress(filelock.Timeout):
            lock.acquire(timeout=0.1, poll_interval=0.02)
            return None
        # Held, by a server or by one that starts: it forgets the old runtime file first, then writes its own. What is
        # still there at a second look was written by the holder.
        runtime = home.read_runtime()
        if runtime and runtime == seen:
            return runtime
        seen = runtime
        if time.monotonic() > until:
            raise NeverReady


def _boot() -> str:
    """Return the name of what a server says from now on; ``secrets`` takes a millisecond to load."""
    return os.urandom(8).hex()


def _end_at_last() -> None:
    LOG.error("A thread still waited for something when it was time to end.")
    logging.shutdown()
    os._exit(0)  # what was to be kept is written: the store is closed before the threads are waited for


def _load(source: ExposureSource) -> None:
    gc.enable()  # the command starts without it
    with suppress(BasketgexError):  # the first call says what stands in the way
        source.prepare()
    arrays()
    gc.freeze()  # what was loaded stays: a collector that went through it all would stop every thread for tens of milliseconds
