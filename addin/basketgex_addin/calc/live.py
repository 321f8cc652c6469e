"""Live mode in Calc: every cell of ours takes its value from an object that the stream delivers to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable

from basketgex_addin.calc.results import WAITING, CalcValue, Deliveries, Result
from basketgex_addin.cells import Question
from basketgex_addin.live import CALCULATION, GAP, LiveCells, Source
from basketgex_addin.worksheet import Live

UNSEEN = 3
"""So many deliveries in a row that no cell came for: a formula that has other arguments now, or is gone.

Calc keeps the listener of such a cell until the document closes, and the basket must not go on spending for so long.
"""

Read = Callable[[Live], CalcValue]


class _Cell:
    """What shows one function of one set of arguments in one document."""

    __slots__ = ("lock", "read", "result", "unseen")

    def __init__(self, result: Result, read: Read) -> None:
        # Held from reading a value until it is taken: else an older one could come last.
        self.lock = threading.Lock()
        self.result = result
        self.read = read
        self.unseen = 0


class CalcLiveCells:
    """One object a key (document, function, arguments), as Calc wants it. Called on Calc's thread and on others."""

    def __init__(self, client: Source) -> None:
        self._live: LiveCells[Hashable] = LiveCells(client, self._redraw, quiet=GAP, longest=CALCULATION)
        self._lock = threading.Lock()
        self._cells: dict[Hashable, _Cell] = {}
        self._deliveries = Deliveries()

    def __len__(self) -> int:
        return len(self._live)

    def get(self, key: Hashable, read: Read) -> Result:
        """Return the object of a cell that is being calculated; what is known by now it delivers after the calculation."""
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:  # known before it subscribes, so that no news of it are missed
                waiting = Result(WAITING, lambda: self._gone(key), self._deliveries.add)
                cell = self._cells[key] = _Cell(waiting, read)
            cell.unseen = 0
        if self._take(key, cell):
            self._deliveries.add(cell.result)
        return cell.result

    def look_again(self, question: Question[object]) -> None:
        """Let the cells that show a question's answer be calculated again."""
        self._live.look_again(question)

    def _redraw(self, keys: Collection[Hashable]) -> None:
        with self._lock:
            cells = [(key, self._cells[key]) for key in keys if key in self._cells]
        for key, cell in cells:
            if cell.unseen >= UNSEEN:
                self._live.leave(key)  # should the cell come back, it is subscribed again
            elif self._take(key, cell):
                self._deliveries.add(cell.result)
                cell.unseen += 1  # what looks the same as before brings no cell here

    def _take(self, key: Hashable, cell: _Cell) -> bool:
        """Let the cell's object have what is known now; tell whether it is another value than before."""
        with cell.lock:
            return cell.result.take(cell.read(self._live.at(key)))

    def _gone(self, key: Hashable) -> None:
        """No cell shows it: its document was closed."""
        with self._lock:
            self._cells.pop(key, None)
        self._live.leave(key)
