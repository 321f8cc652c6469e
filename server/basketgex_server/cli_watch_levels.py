"""Prices that go through a level of their name: what ``basketgex watch --on-level`` looks at."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable
from threading import Thread

from basketgex_addin.cells import LevelFigures, Problem, Reply, doubts_in_words
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_server.cli_alerts import Found, Price, Told
from basketgex_server.cli_watch_changes import CROSSED, FLIP, origin_of
from basketgex_server.errors import BasketgexError

KEPT, KEPT_METERED = 300.0, 900.0
"""Seconds for which a name's levels are good: where asking is free, and where it costs a debit a name."""


class Levels:
    """Sets the prices of replies beside the levels of their names. ``complain`` hears, once, why a name has no levels."""

    def __init__(
        self,
        client: BasketClient,
        told: Told,
        complain: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._told = told
        self._complain = complain
        self._clock = clock
        self._kept: float | None = None
        self._known: dict[str, tuple[float, LevelFigures | Problem]] = {}
        self._said: set[str] = set()

    def look(self, answers: Iterable[Reply | Problem]) -> list[Found]:
        """Return what was crossed since the look before. Raises BasketgexError where nothing can be remembered."""
        prices: list[Price] = []
        for reply in answers:
            if isinstance(reply, Problem):
                continue
            origin = origin_of(reply)
            for row in reply.rows:
                if isinstance(levels := self._levels(row.symbol, origin), Problem):
                    continue
                doubts = doubts_in_words(levels.gamma_flip_status, levels.gamma_flip_doubts)
                at = (row.underlying_price, row.as_of, reply.synthetic)
                known = ((name, getattr(levels, name)) for name in CROSSED)
                prices += [
                    Price(row.symbol, origin, name, level, *at, doubts if name == FLIP else "")
                    for name, level in known
                    if level is not None and level > 0
                ]
        return self._told.crossings(dict.fromkeys(prices))

    def _levels(self, symbol: str, origin: str) -> LevelFigures | Problem:
        if self._kept is None:
            status = self._client.status()
            charged = isinstance(status, ServerStatus) and status.metered and not status.synthetic
            self._kept = KEPT_METERED if charged else KEPT
        asked, levels = self._known.get(f"{symbol} {origin}", (0.0, None))
        if levels is None or self._clock() - asked >= self._kept:
            levels = self._client.levels(symbol)
            self._known[f"{symbol} {origin}"] = self._clock(), levels
            if isinstance(levels, Problem) and levels.sentence not in self._said:
                self._said.add(levels.sentence)
                self._complain(f"{symbol} has no levels: {levels.sentence}")
        return levels


class LevelThread:
    """Looks on a thread of its own, since levels take their time. ``crossed`` is called there, also with what went wrong."""

    def __init__(self, levels: Levels, crossed: Callable[[Found | BasketgexError], object]) -> None:
        self._levels = levels
        self._crossed = crossed
        self._waiting: queue.SimpleQueue[list[Reply | Problem] | None] = queue.SimpleQueue()
        self._thread = Thread(target=self._work, name="basketgex-levels", daemon=True)
        self._thread.start()

    def look(self, answers: list[Reply | Problem]) -> None:
        """Have the names of baskets looked at."""
        self._waiting.put(answers)

    def close(self, timeout: float) -> None:
        """End it."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _work(self) -> None:
        while (answers := self._waiting.get()) is not None:
            try:
                for found in self._levels.look(answers):
                    self._crossed(found)
            except BasketgexError as error:
                self._crossed(error)
                return
