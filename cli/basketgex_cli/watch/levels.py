"""Prices that go through a level of their name: what ``basketgex watch --on-level`` looks at."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Sequence
from threading import Event, Thread

from basketgex_addin.cells import LevelFigures, Problem, Reply, doubts_in_words
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.client.problems import LASTING
from basketgex_cli.watch.alerts import Found, KnownLevels, Price, Told
from basketgex_cli.watch.changes import CROSSED, origin_of
from basketgex_server.errors import BasketgexError

KEPT, KEPT_METERED = 300.0, 900.0
"""Seconds for which a name's levels are good: where asking is free, and where it costs one debit per name."""


class Levels:
    """Sets the prices of replies beside the levels of their names. ``complain`` hears, once, why a name has no levels."""

    def __init__(self, client: BasketClient, told: Told, complain: Callable[[str], object]) -> None:
        self._client = client
        self._told = told
        self._complain = complain
        self._good_for: float | None = None
        self._known: dict[tuple[str, str], KnownLevels] = {}
        self._said: set[str] = set()
        self.over = Event()
        """Set: no level is asked for any more."""

    def look(self, answers: Iterable[Reply | Problem]) -> list[Found]:
        """Return what was crossed since the look before. Raises BasketgexError where nothing can be remembered."""
        prices: dict[tuple[str, str], Price] = {}
        for reply in answers:
            if isinstance(reply, Problem):
                continue
            origin = origin_of(reply)
            levels = self._levels(origin, [row.symbol for row in reply.rows])
            for row in reply.rows:
                if row.symbol in levels:
                    at = (row.underlying_price, row.as_of, reply.synthetic)
                    prices[origin, row.symbol] = Price(row.symbol, origin, *at, levels[row.symbol])
        return self._told.crossings(prices.values())

    def _levels(self, origin: str, names: Sequence[str]) -> dict[str, KnownLevels]:
        since = self._told.now() - self._lasts()
        known = {name: self._known.get((origin, name)) for name in names}
        good = {name: found for name, found in known.items() if found and found.asked >= since}
        if lacking := [name for name in names if name not in good]:
            good |= self._told.levels(origin, lacking, since)  # another command may have asked
            asked = {name: self._ask(name) for name in lacking if name not in good}
            fresh = {name: found for name, found in asked.items() if found is not None}
            self._told.keep_levels(origin, fresh)
            good |= fresh
            self._known |= {(origin, name): found for name, found in good.items()}
        return good

    def _ask(self, name: str) -> KnownLevels | None:
        if self.over.is_set():
            return None
        found: LevelFigures | Problem = self._client.levels(name)
        if isinstance(found, Problem):
            if found.sentence not in self._said:
                self._said.add(found.sentence)
                self._complain(f"{name} has no levels: {found.sentence}")
            # What the source refused may have cost a debit too: it is let be as long.
            return None if found.code in LASTING else KnownLevels(self._told.now(), {}, "")
        prices = ((level, getattr(found, level)) for level in CROSSED)
        doubts = doubts_in_words(found.gamma_flip_status, found.gamma_flip_doubts)
        return KnownLevels(
            self._told.now(), {level: price for level, price in prices if price and price > 0}, doubts
        )

    def _lasts(self) -> float:
        if self._good_for is None:
            status = self._client.status()
            free = isinstance(status, ServerStatus) and (status.synthetic or not status.metered)
            self._good_for = KEPT if free else KEPT_METERED
        return self._good_for


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

    def end(self) -> None:
        """Ask for no more levels."""
        self._levels.over.set()
        self._waiting.put(None)

    def join(self, timeout: float) -> None:
        """Wait until it has ended, for so many seconds at most."""
        self._thread.join(timeout)

    def _work(self) -> None:
        while (answers := self._waiting.get()) is not None:
            try:
                for found in self._levels.look(answers):
                    self._crossed(found)
            except BasketgexError as error:
                self._crossed(error)
                return
