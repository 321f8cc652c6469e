"""Live mode in Excel: a cell shows what is known, and is calculated again when there is news.

Excel has nothing that a function could push a value through, so a cell with news is marked and calculated; its function then
finds the answer. That is done by one thread, a moment after the last news, since a hundred cells are one calculation.

What a cell asks is known only from its calls, and nothing tells when they stop: its formula is changed, its row is deleted or
moves. Therefore what a cell did not ask in a calculation made for it is dropped, and where that comes as a surprise, all our
formulas of the workbook are calculated once: a cell that has moved is then known where it is. The rules of rounds, closing
workbooks and unstable cells share one lock, and so one file.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any

from basketgex_addin.cells import BasketQuestion, Block, Problem, Question
from basketgex_addin.excel.applications import Applications, Book, CellRef, Desk, Gone, cell_ref
from basketgex_addin.functions.record import A
from basketgex_addin.live import CALCULATION, GAP, CellView, LiveCells, Source

QUIET, LONGEST = 0.05, 0.25
"""Cells are calculated when there was no news for so many seconds, or when the first has waited for so long."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds until an Excel that takes no call is tried again: at first, and after many times."""
SWEEP = 30.0
"""Seconds between two looks at what ends without news: workbooks, formulas."""
CLOSING = 2.0
"""Seconds after which a workbook that said that it closes has closed, or somebody has kept it open."""
UNSTABLE = 3
"""So many of our calculations in a row in which a cell asked something new: its arguments change by themselves."""
LATELY = 8
"""Calls of an unstable cell that are remembered: it rests when the later half of them only repeats the earlier."""

FunctionCall = tuple[str, tuple[Block | None, ...]]
"""A function's name and arguments."""
Subscription = tuple[CellRef, FunctionCall]
"""One of the calls in a cell's formula."""


class _Cell:
    """What one cell asks."""

    __slots__ = ("asked", "edited", "recent", "turns")

    def __init__(self) -> None:
        self.asked: dict[FunctionCall, int] = {}
        """Its calls, and the round in which each was last made."""
        self.edited = False
        """Whether a call has joined others: the next round may drop some, and that is no surprise."""
        self.turns = 0
        """Rounds in a row that found it asking something else."""
        self.recent: list[FunctionCall] | None = None
        """Where it is unstable: its last calls."""


class ExcelLiveCells:
    """The live cells in the Excels of this process. Thread-safe; only a thread of its own waits for Excel.

    Times are in seconds. ``sweep`` etc. are described at the constants.
    """

    def __init__(
        self,
        client: Source,
        applications: Applications | None = None,
        *,
        sweep: float = SWEEP,
        closing: float = CLOSING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live: LiveCells[Subscription] = LiveCells(client, self._redraw, quiet=GAP, longest=CALCULATION)
        self._applications = applications or Applications()
        self._sweep = sweep
        self._closing = closing
        self._clock = clock
        self._news = Condition()  # its lock guards everything below
        self._cells: dict[CellRef, _Cell] = {}
        self._due: dict[CellRef, None] = {}
        self._whole: set[Book] = set()  # due with all of their formulas
        self._ending: dict[Book, float] = {}  # they said that they close; when to look
        self._first = self._last = 0.0  # when news came
        self._swept = clock()
        self._round = 0
        self._pause, self._not_before = FIRST_PAUSE, -math.inf
        self._thread: Thread | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._live)

    def view(self, cell: Any, name: str, arguments: tuple[Block | None, ...]) -> ExcelCellView | None:
        """Return what a call from ``cell``, a COM range, is given on its own thread; None where the cell is to wait.

        That is where its arguments change by themselves: what answers one calculation is no answer to the next.
        """
        subscription = cell_ref(cell), (name, arguments)
        self._applications.hand_over(subscription[0].book.excel, cell)
        with self._news:
            if self._closed or self._is_unstable(*subscription):
                return None
            self._ask(*subscription)
        return ExcelCellView(self, subscription, self._live.at(subscription))

    def look_again(self, question: Question[object]) -> None:
        """Let the cells that show a question's answer be calculated again."""
        self._live.look_again(question)

    @contextmanager
    def asking(self, subscription: Subscription) -> Iterator[None]:
        """Let nobody drop a call while it tells the live cells what it wants."""
        with self._news:
            self._ask(*subscription)
            yield

    def closed(self, name: str) -> None:
        """Drop what a workbook asks: it closes, unless somebody then keeps it open."""
        with self._news:
            for book in {at.book for at in self._cells if at.book.name == name}:
                self._leave(at for at in tuple(self._cells) if at.book == book)
                self._ending[book] = self._clock() + self._closing
            self._news.notify()

    def close(self) -> None:
        """End it all."""
        with self._news:
            self._closed = True
            self._leave(tuple(self._cells))
            self._news.notify()
        self._live.close()
        if self._thread is not None:
            self._thread.join()

    def _redraw(self, subscriptions: Collection[Subscription]) -> None:
        with self._news:
            self._last = self._clock()
            if not self._due:
                self._first = self._last
            self._due.update((at, None) for at, _ in subscriptions if at in self._cells)
            self._news.notify()

    # -- under the lock

    def _ask(self, at: CellRef, call: FunctionCall) -> None:
        if not self._cells:
            self._swept = self._clock()
        cell = self._cells.setdefault(at, _Cell())
        if cell.asked and call not in cell.asked:
            cell.edited = True
        cell.asked[call] = self._round
        if self._thread is None:
            self._thread = Thread(target=self._work, name="basketgex-excel", daemon=True)
            self._thread.start()

    def _is_unstable(self, at: CellRef, call: FunctionCall) -> bool:
        cell = self._cells.get(at)
        if cell is None or cell.recent is None:
            return False
        cell.recent = [*cell.recent, call][-LATELY:]
        earlier, later = cell.recent[: -LATELY // 2], cell.recent[-LATELY // 2 :]
        if all(call in earlier for call in later):
            cell.recent = None
        return cell.recent is not None

    def _leave(self, cells: Iterable[CellRef]) -> None:
        for at in cells:
            for call in self._cells.pop(at, _Cell()).asked:
                self._live.leave((at, call))
            self._due.pop(at, None)

    # -- on the thread

    def _work(self) -> None:
        self._applications.attach()
        while self._wait():
            with self._news:
                books = {at.book for at in self._cells} | self._whole | self._ending.keys()
            served = [self._serve(excel) for excel in sorted({book.excel for book in books})]
            with self._news:
                if all(served):
                    self._pause, self._not_before = FIRST_PAUSE, -math.inf
                else:
                    self._not_before = self._clock() + self._pause
                    self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _wait(self) -> bool:
        """Wait until there is something to do; False: never again."""
        with self._news:
            while not self._closed:
                left = max(self._wakes(), self._not_before) - self._clock()
                if left <= 0:
                    return True
                self._news.wait(left if math.isfinite(left) else None)
            return False

    def _wakes(self) -> float:
        if self._whole:
            return -math.inf
        wakes = min(self._ending.values(), default=math.inf)
        if self._due:
            wakes = min(wakes, self._last + QUIET, self._first + LONGEST)
        return min(wakes, self._swept + self._sweep) if self._cells else wakes

    def _serve(self, excel: int) -> bool:
        """Do what is due in one Excel; False: it takes no call now, and nothing was lost."""
        try:
            desk = Desk(self._applications, excel)
            self._look(excel, desk)
            self._calculate(excel, desk)
        except Gone:
            self._forget(excel)
        except Exception:  # noqa: BLE001 - NotNow, or a fault: no cell may freeze for it
            return False
        return True

    def _look(self, excel: int, desk: Desk) -> None:
        """Drop what has closed, and find what is open all the same or under another name."""
        with self._news:
            known = {at.book for at in self._cells if at.book.excel == excel}
            absent = known - desk.books.keys()
            self._leave(at for at in tuple(self._cells) if at.book in absent)
            if absent:
                self._whole |= desk.books.keys() - known
            now = self._clock()
            for book in [book for book, when in self._ending.items() if book.excel == excel and when <= now]:
                del self._ending[book]
                self._whole.add(book)
            self._whole -= {book for book in self._whole if book.excel == excel} - desk.books.keys()
            if self._swept + self._sweep <= now:
                self._swept = now
                self._due.update((at, None) for at, cell in self._cells.items() if cell.edited)

    def _calculate(self, excel: int, desk: Desk) -> None:
        with self._news:
            whole = {book for book in self._whole if book.excel == excel}
            due = {at for at in self._due if at.book.excel == excel}
            if not due and not whole:
                return
            self._round += 1
            self._whole -= whole
            self._due = {at: None for at in self._due if at not in due}
            before = {
                at: frozenset(cell.asked) for at, cell in self._cells.items() if at in due or at.book in whole
            }
            expected = {at for at in before if self._cells[at].edited or at.book in whole}
        try:
            for book in whole:
                desk.mark_all(book)
            desk.mark([at for at in due if at.book not in whole])
            desk.calculate()
        except BaseException:
            with self._news:
                self._whole |= whole
                self._due.update((at, None) for at in due if at in self._cells)
            raise
        with self._news:
            for at, asked in before.items():
                if at in self._cells and self._drop(at, asked) and at not in expected:
                    self._whole.add(at.book)

    def _drop(self, at: CellRef, before: Collection[FunctionCall]) -> bool:
        """Drop what a cell did not ask in this round; tell whether there was anything."""
        cell = self._cells[at]
        dropped = [call for call, asked in cell.asked.items() if asked < self._round]
        for call in dropped:
            del cell.asked[call]
            self._live.leave((at, call))
        cell.edited = False
        cell.turns = cell.turns + 1 if dropped and cell.asked.keys() - before else 0
        if cell.turns >= UNSTABLE:
            calls = list(cell.asked)
            self._leave((at,))
            self._cells[at] = unstable = _Cell()
            unstable.recent = calls
            self._due[at] = None
        elif not cell.asked and cell.recent is None:
            del self._cells[at]
        return bool(dropped)

    def _forget(self, excel: int) -> None:
        with self._news:
            self._leave(at for at in tuple(self._cells) if at.book.excel == excel)
            self._whole = {book for book in self._whole if book.excel != excel}
            self._ending = {book: when for book, when in self._ending.items() if book.excel != excel}
        self._applications.forget(excel)


class ExcelCellView:
    """What the worksheet functions are given for one call from a cell."""

    __slots__ = ("_cells", "_subscription", "_view")

    def __init__(
        self, cells: ExcelLiveCells, subscription: Subscription, view: CellView[Subscription]
    ) -> None:
        self._cells = cells
        self._subscription = subscription
        self._view = view

    def latest(self, question: BasketQuestion[A]) -> A | Problem | None:
        """Return what is known of a basket."""
        return self._view.latest(question)

    def want(self, question: BasketQuestion[object]) -> None:
        """Let the stream carry this basket for the cell."""
        with self._cells.asking(self._subscription):
            self._view.want(question)

    def later(self, question: Question[object], work: Callable[[], object], *, wanted: bool = False) -> None:
        """Do work for the cell on another thread."""
        with self._cells.asking(self._subscription):
            self._view.later(question, work, wanted=wanted)
