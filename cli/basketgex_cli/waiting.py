"""Questions whose answer may take long: waited for while the source gets on; a line on a terminal says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from basketgex.home import Home
from basketgex_addin.cells import Problem
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.client.problems import TIMED_OUT
from basketgex_addin.patience import begun
from basketgex_cli.context import DEADLINE, Unstarted, client_of, unwrap
from basketgex_cli.terminal import SHOWN_AFTER, Busy, busy

LONGEST = 86_400.0
"""Seconds that a call may take: it is ended long before where nothing gets on."""
BUSY = 600.0
"""Seconds for which a server that is at work may show no progress: one chain, or the last step of a calculation, takes long."""
LOOK = 2.0
"""Seconds that the server has to say how far it is."""
EVERY = 0.5
"""Seconds between two looks at how far it is."""
LEAVING = 2.0
"""Seconds that a call may take to end once it is given up."""
T = TypeVar("T")


def waited(home: Home, ask: Callable[[BasketClient], T | Problem]) -> T:
    """Return what a client is answered, however long that takes while the source gets on. Raises what stands in the way."""
    client = client_of(home, patience=LONGEST)
    done = begun(lambda: ask(client), "basketgex-ask")
    try:
        with busy("Asking the server") as line:
            answer = _outcome(home, done, line)
    finally:
        client.close()  # which ends a call that was given up
        wait((done,), LEAVING)
    return unwrap(answer)


def _outcome(home: Home, done: Future[T | Problem], line: Busy) -> T | Problem:
    """Return the answer, or TIMED_OUT where nothing has got on for too long."""
    heard = time.monotonic()
    before, most, pause = (0, 0), 0, SHOWN_AFTER
    looking = BasketClient(Unstarted(home.path), LOOK)
    try:
        while True:
            if wait((done,), pause).done:
                return done.result()
            pause = EVERY
            status = looking.status() if home.server() else None
            now, busy = time.monotonic(), False
            if isinstance(status, ServerStatus):
                busy, most = status.awaited > 0, max(most, status.awaited)
                if before != (before := (status.awaited, status.worked_out)):
                    heard = now
            if now - heard > (BUSY if busy else DEADLINE):
                return TIMED_OUT
            line.say(_what(status, most), *_far(status, most))
    finally:
        looking.close()


def _what(status: ServerStatus | Problem | None, most: int) -> str:
    """Return what there is to wait for; ``most`` symbols were awaited at once."""
    if status is None:
        return "Starting the server"
    if isinstance(status, ServerStatus) and status.awaited:
        return f"{status.label}: {most - status.awaited:,} of {most:,} names"
    return "Waiting for the server"


def _far(status: ServerStatus | Problem | None, most: int) -> tuple[int, int]:
    """Return how many names are there, and of how many; zeros where that is not known."""
    if isinstance(status, ServerStatus) and status.awaited:
        return most - status.awaited, most
    return 0, 0
