"""Live mode, in any host: which cell shows the answer to which question, and what is to be calculated again when one comes.

A cell never waits: it shows what is known, or #N/A until it is. Baskets come by one stream, everything else by a call on
another thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar, Unpack

from basketgex_addin import cells
from basketgex_addin.cells import Ask, BasketQuestion, Problem, Question, RegimesOf
from basketgex_addin.client.last_good import is_of_lost_desk
from basketgex_addin.client.problems import LASTING
from basketgex_addin.client.watcher import WatcherOptions

GAP, CALCULATION = 0.25, 2.0
"""Seconds between two cells of one calculation, and from the first to the last, at most: then their stream is opened.

A host calls one cell after the other, with its own formulas in between, and draws nothing until it is done.
"""
WORKERS = 4
"""Calls under way at once, of questions that the stream does not answer."""
TRIES = 3
"""So many calls in a row are made for a cell that finds no answer after any: memory keeps none, or not for long enough."""

A = TypeVar("A")
CellRef = TypeVar("CellRef", bound=Hashable)


class Stream(cells.Stream, Protocol):
    """What is needed of ``client.Watcher``. Nothing blocks."""

    def want(self, ask: Ask) -> None:
        """Let the stream carry a basket."""

    def drop(self, ask: Ask) -> None:
        """Let the stream do without it."""

    def close(self) -> None:
        """End the stream."""


class Source(Protocol):
    """What is needed of ``client.BasketClient``."""

    def watch(self, changed: Callable[[frozenset[Ask]], None], **how: Unpack[WatcherOptions]) -> Stream:
        """Return a stream that tells which baskets changed."""

    def remembered(self, question: Question[A]) -> A | None:
        """Return a basket's last reply of any age: no call."""

    def forget(self, question: Question[object]) -> None:
        """Answer it from memory no longer."""


class LiveCells(Generic[CellRef]):
    """The cells, as a host names them, that show answers. ``redraw`` is told which are to be calculated again.

    It is called on threads of its own. Every method may be called from any thread, and none blocks. ``how`` goes to the
    stream.
    """

    def __init__(
        self, client: Source, redraw: Callable[[Collection[CellRef]], None], **how: Unpack[WatcherOptions]
    ) -> None:
        self._client = client
        self._redraw = redraw
        self._how = how
        self._lock = threading.Lock()
        self._shows: dict[CellRef, Question[object]] = {}
        self._showing: dict[Question[object], dict[CellRef, None]] = {}
        self._working: set[Question[object]] = set()
        self._unreached: set[Question[object]] = set()  # those that no server was there for
        self._heard = 0  # news so far
        self._tried: dict[CellRef, int] = {}  # calls made since it was last evaluated, and in a row before
        self._stream: Stream | None = None
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="basketgex-live")

    def __len__(self) -> int:
        with self._lock:
            return len(self._shows)

    def at(self, cell: CellRef) -> CellView[CellRef]:
        """Return what the worksheet functions are given for one evaluation of ``cell``."""
        with self._lock:
            return CellView(self, cell, self._tried.pop(cell, 0))

    def shows(self, cell: CellRef, question: Question[object]) -> None:
        """Note what a cell shows now; what it showed before is dropped where no other cell does."""
        with self._lock:
            if self._shows.get(cell) == question:
                return
            dropped = self._forget(cell)
            self._shows[cell] = question
            self._showing.setdefault(question, {})[cell] = None
        self._drop(dropped)

    def leave(self, cell: CellRef) -> None:
        """Note that a cell shows nothing of ours any more."""
        with self._lock:
            dropped = self._forget(cell)
        self._drop(dropped)

    def latest(self, question: BasketQuestion[A]) -> A | Problem | None:
        """Return what is known of a basket, of any age: the reply says how it stands."""
        stream = self._stream
        found = question.said_by(stream) if stream is not None else None
        return found if found is not None else self._client.remembered(question)

    def want(self, ask: Ask) -> None:
        """Let the stream carry a basket."""
        with self._lock:
            if self._stream is None:
                self._stream = self._client.watch(self._news, **self._how)
            stream = self._stream
        stream.want(ask)

    def later(
        self, question: Question[object], work: Callable[[], object], tried: int = 0, *, wanted: bool = False
    ) -> None:
        """Do a question's work on another thread, once at a time; then the cells that show it are calculated again.

        ``tried``: how often this was done in a row, without an answer being found. ``wanted``: a person asked for it, so it
        is done whatever else is under way.
        """
        with self._lock:
            if question in self._working and not wanted:
                return
            self._working.add(question)
        self._workers.submit(self._work, question, work, tried + 1)

    def look_again(self, question: Question[object]) -> None:
        """Calculate the cells again that show the answer to a question: there is more to say of it."""
        self._workers.submit(self._changed, (question,))

    def close(self) -> None:
        """End the stream, and forget every cell."""
        with self._lock:
            stream, self._stream = self._stream, None
            self._shows.clear()
            self._showing.clear()
            self._tried.clear()
        if stream is not None:
            stream.close()

    def _work(self, question: Question[object], work: Callable[[], object], tried: int) -> None:
        found: object = None
        with self._lock:
            heard = self._heard
        try:
            found = work()
        finally:
            with self._lock:
                self._working.discard(question)
                self._tried.update(dict.fromkeys(self._showing.get(question, ()), tried))
                unreached = is_of_lost_desk(found) or (isinstance(found, Problem) and found.code in LASTING)
                if unreached:
                    self._unreached.add(question)
                back = unreached and heard != self._heard  # and there may be no news for long
            self._changed(self._again() if back else frozenset((question,)))

    def _news(self, asks: frozenset[Ask]) -> None:
        """Hear from the stream: its server is there for the other questions too."""
        with self._lock:
            self._heard += 1
        self._changed({*asks, *self._again()})

    def _again(self) -> set[Question[object]]:
        """Return the questions that no server was there for, ready to be asked once more."""
        with self._lock:
            again, self._unreached = self._unreached, set()
            for question in again:
                self._tried.update(dict.fromkeys(self._showing.get(question, ()), 0))
        for question in again:
            self._client.forget(question)  # memory may still have that there was none
        return again

    def _changed(self, questions: Collection[Question[object]]) -> None:
        with self._lock:
            told = [q for question in questions for q in (question, *_beside(question)) if q in self._showing]
            cells = {cell: None for question in told for cell in self._showing[question]}
        if cells:
            self._redraw(cells)

    def _forget(self, cell: CellRef) -> Ask | None:
        """Forget what a cell shows; return the basket that none shows any more. Under the lock."""
        question = self._shows.pop(cell, None)
        self._tried.pop(cell, None)
        if question is None:
            return None
        cells = self._showing[question]
        del cells[cell]
        if cells:
            return None
        del self._showing[question]
        if not isinstance(question, BasketQuestion):
            return None
        ask = question.basket
        return None if ask in self._showing or RegimesOf(ask) in self._showing else ask

    def _drop(self, ask: Ask | None) -> None:
        if ask is not None and self._stream is not None:
            self._stream.drop(ask)


def _beside(question: Question[object]) -> Iterator[Question[object]]:
    """Yield what else may have changed: a basket's regime, and what BASKETWHY says of the basket that was asked about."""
    if isinstance(question, Ask):
        yield RegimesOf(question)
    elif (ask := question.about) is not None:
        yield ask


class CellView(Generic[CellRef]):
    """What one cell sees of the live cells, as ``worksheet.Live`` wants it."""

    __slots__ = ("_cell", "_cells", "_tried")

    def __init__(self, cells: LiveCells[CellRef], cell: CellRef, tried: int) -> None:
        self._cells = cells
        self._cell = cell
        self._tried = tried

    def latest(self, question: BasketQuestion[A]) -> A | Problem | None:
        """Return what is known of a basket."""
        return self._cells.latest(question)

    def want(self, question: BasketQuestion[object]) -> None:
        """Let the stream carry this basket for the cell."""
        self._cells.shows(self._cell, question)
        self._cells.want(question.basket)

    def later(self, question: Question[object], work: Callable[[], object], *, wanted: bool = False) -> None:
        """Do work for the cell on another thread; not where that has been done in vain, or it would be done for ever."""
        self._cells.shows(self._cell, question)
        if self._tried < TRIES or wanted:
            self._cells.later(question, work, self._tried, wanted=wanted)
