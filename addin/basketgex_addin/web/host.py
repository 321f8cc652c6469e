"""The web host's process: one for each home, on loopback, until it is told to end.

Start: take the web host's lock → bind → write ``web.json`` → ready. A second start finds the lock held and opens the page of
the first.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import filelock
import uvicorn

from basketgex import __version__
from basketgex.home import Home, WebRuntime
from basketgex_addin.client import BasketClient
from basketgex_addin.web.app import make_app, make_office_app
from basketgex_addin.web.guard import NAMES
from basketgex_addin.web.http_protocol import PromptProtocol
from basketgex_addin.web.keys import OFFICE, WEB, key, make_ticket
from basketgex_addin.web.looking import Check, Looking
from basketgex_addin.web.office_files import OfficeFiles
from basketgex_addin.web.sheet import Sheet

ADDRESS = "127.0.0.1"
"""Loopback, as any other must be: plain HTTP may not leave the machine."""
GRACE = 2
"""Seconds that requests under way may take once the host is told to end."""
KEEP_ALIVE = 60
"""Seconds for which a connection without requests stays open."""
MOST_CONNECTIONS = 256
"""Connections and requests at once; one more is refused."""
BACKLOG = 2_048
SPOILT = "The certificate for Excel is missing or spoilt: run basketgex install office again."
NO_ADDRESS = "{} is no address of this computer: run basketgex config set web_listen with another one, such as 127.0.0.1:8737."
PORT_TAKEN = (
    "Port {}, where Excel looks for the add-in, is in use: end what uses it, or run basketgex install office --port with "
    "another one."
)


class CannotListen(Exception):
    """The web host cannot listen; the text is a sentence for a person."""


def link(home: Home, running: WebRuntime, path: str = "/") -> str:
    """Return the address that lets a browser in. What stands behind # is sent to nobody and gets into no log."""
    return f"{running.http}{path}#ticket={make_ticket(key(home.token(), WEB), running.boot)}"


def serve(
    home: Home,
    ports: Sequence[int],
    ready: Callable[[WebRuntime], None],
    look: Callable[[], Sequence[Check]] = tuple,
    address: str = ADDRESS,
) -> bool:
    """Serve the pages of a home until told to end; return False where another process does so already.

    The first of ``ports`` that can be had is taken, 0 being any free one. ``ready`` is called once it listens; ``look``
    returns doctor's lines; ``address`` is one of loopback. Raises CannotListen.
    """
    home.create()
    lock = filelock.FileLock(home.web_lock, mode=0o600)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return False
    held = ExitStack()
    try:
        home.web_file.unlink(missing_ok=True)
        if office := _office(home):
            held.enter_context(office.listener)
        listener = held.enter_context(_bound(ports, address))
        named = f"[{address}]" if ":" in address else address
        running = WebRuntime(
            https=f"https://localhost:{office.port}" if office else "",
            http=f"http://{named}:{listener.getsockname()[1]}",
            pid=os.getpid(),
            version=__version__,
            boot=secrets.token_urlsafe(12),
        )
        sheet = Sheet(BasketClient(home), home)
        looking = Looking(sheet, home, look)
        try:
            names = (named, *NAMES)
            app = make_app(sheet, lambda: _key(home, WEB), running.boot, looking, names)
            doors = [(_config(app), listener)]
            if office:
                app = make_office_app(sheet, lambda: _key(home, OFFICE), looking)
                doors.append((_config(app, office.files), office.listener))
            home.write_web(running)
            asyncio.run(_run(doors, lambda: ready(running), sheet.wait_no_more))
        finally:
            looking.close()
            sheet.close()
            home.web_file.unlink(missing_ok=True)
    finally:
        held.close()
        lock.release()
    return True


async def _run(
    doors: Sequence[tuple[uvicorn.Config, socket.socket]],
    ready: Callable[[], None],
    ending: Callable[[], None],
) -> None:
    servers = [_Server(config) for config, _ in doors]
    asyncio.get_running_loop().call_soon(ready)  # they have been listening since they were bound
    with _told_to_end(servers, ending):
        async with asyncio.TaskGroup() as running:
            for server, (_, listener) in zip(servers, doors, strict=True):
                running.create_task(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn's own raises the signal again once it has ended: the process would die before it has tidied up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they end all doors together."""
        yield


@contextmanager
def _told_to_end(servers: Sequence[uvicorn.Server], ending: Callable[[], None]) -> Iterator[None]:
    """End the servers on the signals that say so, while this lasts; ``ending`` is called first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        ending()
        for server in servers:
            server.handle_exit(number, frame)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Office(NamedTuple):
    """What https for Excel needs."""

    port: int
    listener: socket.socket
    files: OfficeFiles


def _office(home: Home) -> _Office | None:
    """Return the door for Excel where the add-in is installed: its port is in the manifest, so that none else will do."""
    files = OfficeFiles(home)
    if (installed := files.installed()) is None:
        return None
    try:
        files.context()
    except OSError as error:
        raise CannotListen(SPOILT) from error
    try:
        return _Office(installed.port, _bound((installed.port,)), files)
    except CannotListen:
        raise CannotListen(PORT_TAKEN.format(installed.port)) from None


def _config(app: object, secure: OfficeFiles | None = None) -> uvicorn.Config:
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # nothing of it on standard error
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=PromptProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=secure.chain if secure else None,
        ssl_keyfile=secure.key if secure else None,
    )


def _bound(ports: Sequence[int], address: str = ADDRESS) -> socket.socket:
    """Return a socket that listens. Named as TCP, since asyncio turns off Nagle's delay only where a socket says so."""
    for port in ports:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if os.name == "posix":  # elsewhere that would let others take the port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
        else:
            return listener
    if ports[-1] == 0:
        raise CannotListen(NO_ADDRESS.format(address))
    raise CannotListen(
        f"Port {ports[-1]} is in use, or not to be had: give another one with --port, or 0 for any free one."
    )


def _key(home: Home, purpose: str) -> str:
    """Return the key that pages need now: another once the home's token is."""
    try:
        found = home.token_file.stat()
    except OSError:
        return key(home.token(), purpose)
    return _read_key(home.path, purpose, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=2)
def _read_key(home: Path, purpose: str, *stamp: int) -> str:
    """``stamp`` is the token file's: it is read again when that has changed."""
    return key(Home(home).token(), purpose)
