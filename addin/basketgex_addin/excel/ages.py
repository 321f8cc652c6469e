"""BASKETAGE in Excel: calculated now and then, so that no sheet claims to be fresher than it is.

A volatile function is calculated with everything else, and then not until something is. Nobody may do anything for an hour.
"""

from __future__ import annotations

from threading import Event, Lock, Thread
from typing import Any

from basketgex_addin.excel.applications import Applications, CellRef, Desk, Gone, cell_ref

PERIOD = 30.0
"""Seconds between two calculations of the cells that show an age."""


class Ages:
    """The cells that show an age, in the Excels of this process. Thread-safe; only a thread of its own waits for Excel."""

    def __init__(self, applications: Applications | None = None, *, period: float = PERIOD) -> None:
        self._applications = applications or Applications()
        self._period = period
        self._lock = Lock()
        self._cells: dict[CellRef, int] = {}  # and the round in which each was last calculated
        self._round = 0
        self._thread: Thread | None = None
        self._ended = Event()

    def __len__(self) -> int:
        with self._lock:
            return len(self._cells)

    def seen(self, cell: Any) -> None:
        """Note that a cell, a COM range, shows an age; called on its own thread whenever it is calculated."""
        at = cell_ref(cell)
        with self._lock:
            if self._ended.is_set():
                return
            self._applications.hand_over(at.book.excel, cell)
            self._cells[at] = self._round
            if self._thread is None:
                self._thread = Thread(target=self._work, name="basketgex-ages", daemon=True)
                self._thread.start()

    def closed(self, name: str) -> None:
        """Forget the cells of a workbook: it closes."""
        with self._lock:
            self._cells = {at: seen for at, seen in self._cells.items() if at.book.name != name}

    def close(self) -> None:
        """End it."""
        self._ended.set()
        if (thread := self._thread) is not None:
            thread.join()

    def _work(self) -> None:
        self._applications.attach()
        while not self._ended.wait(self._period):
            with self._lock:
                excels = sorted({at.book.excel for at in self._cells})
                if not excels:
                    self._thread = None
                    return
            for excel in excels:
                self._serve(excel)

    def _serve(self, excel: int) -> None:
        """Calculate the cells of one Excel; what does not show an age any more is forgotten."""
        with self._lock:
            self._round += 1
        try:
            desk = Desk(self._applications, excel)
            with self._lock:
                due = [at for at in self._cells if at.book in desk.books]
            desk.mark(due)
            desk.calculate()
        except Gone:
            pass  # with all of its cells: none was calculated in this round
        except Exception:  # noqa: BLE001 - NotNow, or a fault: the next time will do
            return
        with self._lock:
            stale = [at for at, seen in self._cells.items() if at.book.excel == excel and seen < self._round]
            for at in stale:
                del self._cells[at]
            if not any(at.book.excel == excel for at in self._cells):
                self._applications.forget(excel)  # which a reference of ours would keep from ending
