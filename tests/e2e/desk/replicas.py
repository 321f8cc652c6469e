"""Several servers on one store: a desk, as its operator starts it, before a stand-in that counts its debits."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient
from tests.e2e.clocked import asked
from tests.e2e.serving import Server
from tests.server.metered import Probe
from tests.standin.upstream import Upstream

PLENTY = 1_000_000
"""Debits of a day, so that no allowance of formulas is in the way."""
PROBED = {"metrics_listen": "127.0.0.1:0"}
"""The settings of replicas that ``probe`` asks."""


@contextmanager
def desk(folder: Path, store: str, upstream: Upstream, count: int, **settings: Any) -> Iterator[list[Server]]:
    """Serve a desk of so many replicas while the block runs."""
    servers = [replica(folder / f"replica-{number}", store, upstream, **settings) for number in range(count)]
    with ExitStack() as stack:
        yield [stack.enter_context(server) for server in servers]


def replica(home: Path, store: str, upstream: Upstream, **settings: Any) -> Server:
    """Return a server of a desk before it is started; where ``store`` is empty, of a home alone."""
    return Server(
        home,
        **{
            "store": store,
            "source": "flashalpha",
            "flashalpha_base_url": upstream.url,
            "flashalpha_api_key": upstream.key,
            "max_calls_per_hour": PLENTY,
            **settings,
        },
    )


def overlapping(names: Sequence[str], chance: random.Random) -> list[list[list[str]]]:
    """Return baskets for three replicas that have every name between them, and most of them twice."""
    shuffled = chance.sample(names, len(names))
    size = max(len(names) // 9, 15)
    parts = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
    baskets: list[list[list[str]]] = [[], [], []]
    for number, part in enumerate(parts):
        baskets[number % 3].append(part)
        baskets[(number + 1) % 3].append([*chance.sample(part, len(part) // 2), parts[number - 1][0]])
    return baskets


def probe(server: Server) -> Probe:
    """Return what asks a replica for its metrics, and whether it lives and is ready."""
    return Probe(f"http://{server.ready['metrics']}")


class Asking:
    """A question in a thread of its own."""

    def __init__(self, server: Server, symbols: Sequence[str]) -> None:
        self.found: list[Reply | Problem] = []
        self._thread = threading.Thread(target=self._ask, args=(server, symbols))
        self._thread.start()

    def _ask(self, server: Server, symbols: Sequence[str]) -> None:
        self.found = asked(server.home, symbols, deadline=90.0)

    def answer(self) -> Reply | Problem:
        self._thread.join()
        return self.found[0]


def at_once(
    servers: Sequence[Server], baskets: Sequence[Sequence[Sequence[str]]], deadline: float = 60.0
) -> list[Reply | Problem]:
    """Ask each server for its baskets by two sheets that are connected already, all at the same moment."""
    sheets = [(server, own[half::2]) for server, own in zip(servers, baskets, strict=True) for half in (0, 1)]
    start = threading.Barrier(len(sheets))

    def ask(server: Server, own: Sequence[Sequence[str]]) -> list[Reply | Problem]:
        with closing(BasketClient(server.home, deadline)) as client:
            client.status()
            start.wait()
            return client.ask_many([Ask(tuple(basket)) for basket in own])

    with ThreadPoolExecutor(len(sheets)) as crowd:
        waiting = [crowd.submit(ask, server, own) for server, own in sheets]
        return [one for found in waiting for one in found.result()]
