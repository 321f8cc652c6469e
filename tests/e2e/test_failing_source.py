"""A source that fails under live streams, recalculations and a restart, with nobody at the sheet: what it costs."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from basketgex.home import Home
from basketgex_addin.cells import Ask
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import Clock, asked
from tests.e2e.serving import serving, until
from tests.standin import upstream as standin
from tests.standin.upstream import Fault, Upstream

NAMES = ("NVDA", "AMD")
SECONDS, STEP = 24, 2.0
"""The streams look about as often as the clock is moved: every two seconds."""


def without_a_figure(body: dict[str, Any]) -> None:
    for row in body["constituents"]:
        if row["symbol"] == NAMES[0]:
            row["net_gex"] = None


FAILURES: dict[str, Callable[[], Fault]] = {
    "one row null": lambda: standin.edited(without_a_figure),
    "500": lambda: standin.status(500),
    "cut off": standin.cut_off,
    "a page": standin.html,
}


@contextmanager
def streamed(home: Home) -> Iterator[None]:
    """Let two clients watch the names, as two live sheets do."""
    ask, changed = Ask(NAMES), queue.SimpleQueue[frozenset[Ask]]()
    with closing(BasketClient(home)) as one, closing(BasketClient(home)) as two:
        watchers = [client.watch(changed.put, pace=1.0) for client in (one, two)]
        for watcher in watchers:
            watcher.want(ask)
        for _ in watchers:
            changed.get(timeout=standin.PATIENCE)
        yield
        for watcher in watchers:
            watcher.close()


def pass_the_time(home: Home, clock: Clock) -> None:
    """Let 24 seconds pass by the server's clock, with a recalculation at each look of the streams."""
    for _ in range(int(SECONDS / STEP)):
        looked = time.monotonic() + 0.5
        asked(home, NAMES)
        until(lambda looked=looked: time.monotonic() >= looked)  # type: ignore[misc]
        clock.advance(STEP)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_half_a_minute_unattended_costs_one_debit_and_not_twelve(
    tmp_path: Path, clock: Clock, upstream: Upstream, failure: Callable[[], Fault]
) -> None:
    upstream.script(*(failure() for _ in range(200)))
    with serving(tmp_path, clock, upstream) as server, streamed(server.home):
        pass_the_time(server.home, clock)
        assert upstream.debits == len(upstream.calls) == 1
        for tries in (2, 2, 2):  # an explicit refresh may try once
            asked(server.home, NAMES[:1], refresh="FORCE")
            assert upstream.debits == tries
        server.kill()
    with serving(tmp_path, clock, upstream) as server, streamed(server.home):
        pass_the_time(server.home, clock)
        assert upstream.debits == 2  # it is remembered over a restart
        clock.advance(60)
        asked(server.home, NAMES)
        assert upstream.debits == 3
        clock.advance(SECONDS)
        asked(server.home, NAMES)
        assert upstream.debits == 3  # two minutes now
