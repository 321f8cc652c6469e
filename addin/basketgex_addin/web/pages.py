"""The pages that show live cells, and what each is to be told. Threads, no HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from basketgex_addin.cells import Question
from basketgex_addin.live import CellView, LiveCells, Source

QUIET = 90.0
"""Seconds without a word from a page after which it counts as closed."""
SWEEP = 10.0
"""Seconds between two looks for pages that were closed."""
LOOK = 1.0
"""Seconds between two looks whether the figures are still those of the same server and settings."""

Call = tuple[str, Sequence[bytes], str]
"""A function's name, its arguments as JSON has them, and the cell that calls it."""
CellRef = tuple[str, str]
"""A page and a cell of it."""


class News(NamedTuple):
    """The calls of a page whose answers are others now."""

    due: list[Call]
    anew: bool
    """Whether these are the first: a page that has had some was taken for closed, and its cells are to be asked for again."""


class Pages:
    """Which cells of which page show what. Every method may be called from any thread."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        # Shorter than in a spreadsheet: a page's cells come in one request, not one after the other.
        self._live: LiveCells[CellRef] = LiveCells(source, self.redraw, quiet=0.05, longest=0.5)
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}
        self._ending = False
        self._closed = threading.Event()
        # Nobody else would notice that the last page was closed, and what it showed would be watched for ever.
        threading.Thread(target=self._sweep, name="basketgex-pages", daemon=True).start()

    def __len__(self) -> int:
        with self._lock:
            return len(self._pages)

    def at(self, page: str, call: Call) -> CellView[CellRef]:
        """Return what the worksheet functions are given for one evaluation of a page's cell."""
        self._page(page).calls[call[2]] = call
        return self._live.at((page, call[2]))

    def note(self, page: str, calls: Collection[Call]) -> None:
        """Note what cells of a page show that do not update by themselves."""
        self._page(page).calls.update((call[2], call) for call in calls)

    def shown(self) -> dict[str, list[Call]]:
        """Return the calls of each page that is open."""
        now = self._clock()
        with self._lock:
            open_ = {name: page for name, page in self._pages.items() if now - page.heard <= QUIET}
        return {name: calls for name, page in open_.items() if (calls := list(page.calls.values()))}

    def look_again(self, question: Question[object]) -> None:
        """Let the cells that show a question's answer be calculated again."""
        self._live.look_again(question)

    def redraw(self, places: Iterable[CellRef]) -> None:
        """Let cells be told to their pages as news."""
        for name, cell in places:
            page = self._pages.get(name)
            if page is not None:
                with page.news:
                    page.due[cell] = None
                    page.news.notify_all()

    def leave(self, page: str, cells: Collection[str]) -> None:
        """Note that cells of a page show nothing of ours any more."""
        known = self._page(page)
        for cell in cells:
            known.calls.pop(cell, None)
            self._live.leave((page, cell))

    def news(self, page: str, wait: float, over: Callable[[], bool]) -> News:
        """Return what is new to a page; waits for some, or until ``over``."""
        known = self._page(page)
        until = self._clock() + wait
        with known.news:
            while not (known.due or self._ending or over()) and (left := until - self._clock()) > 0:
                known.news.wait(min(left, LOOK))
                known.heard = self._clock()
            due, known.due = list(known.due), {}
            anew, known.anew = known.anew, False
        return News([call for cell in due if (call := known.calls.get(cell)) is not None], anew)

    def let_go(self) -> None:
        """Forget the pages that were closed: nothing that only they show is watched any more."""
        now = self._clock()
        with self._lock:  # throughout: a page that comes back just now shows its cells after this
            for name in [name for name, page in self._pages.items() if now - page.heard > QUIET]:
                for cell in self._pages.pop(name).calls:
                    self._live.leave((name, cell))

    def wait_no_more(self) -> None:
        """Let no page wait for news any more: the host ends. Takes no lock, as a signal's handler may not."""
        self._ending = True

    def close(self) -> None:
        """Forget every page, and end the stream."""
        self._closed.set()
        self._live.close()

    def _page(self, name: str) -> _Page:
        with self._lock:
            page = self._pages.setdefault(name, _Page())
            page.heard = self._clock()
        return page

    def _sweep(self) -> None:
        while not self._closed.wait(SWEEP):
            self.let_go()


class _Page:
    """One page: its live cells, those whose news it has not had, and when it was last heard of."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.due: dict[str, None] = {}
        self.news = threading.Condition()
        self.heard = 0.0
        self.anew = True
