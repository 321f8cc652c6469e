"""Makes many threads' questions few calls.

The first caller sends at once, in its own thread: a lone cell waits for nothing. Who comes while a call is in flight
goes with the next one, which leaves when nobody came for ``quiet`` seconds or the first has waited ``longest``. Those
calls run on a thread made for them that ends when nobody is left, so that no caller works for the others: a caller who
gives up, or is interrupted, hurts nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread

from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client.problems import CLIENT_FAULT, TIMED_OUT

Send = Callable[[Sequence[Ask]], Sequence[Reply | Problem]]


class _Slot:
    """One question's answer to come, and how many wait for it."""

    __slots__ = ("answer", "waiters")

    def __init__(self) -> None:
        self.answer: Future[Reply | Problem] = Future()
        self.waiters = 0


class Collector:
    """Collects questions; ``send`` answers a sequence of distinct ones, in order. Times are seconds."""

    def __init__(self, send: Send, quiet: float = 0.002, longest: float = 0.005) -> None:
        self._send = send
        self._quiet = quiet
        self._longest = longest
        self._change = Condition()
        self._flying: dict[Ask, _Slot] = {}
        self._waiting: dict[Ask, _Slot] = {}
        self._busy = False
        self._first = self._last = 0.0

    def __repr__(self) -> str:
        return f"<Collector flying={len(self._flying)} waiting={len(self._waiting)}>"

    def ask(self, ask: Ask, timeout: float | None = None) -> Reply | Problem:
        """Return the answer; TIMED_OUT where others' calls kept it waiting for ``timeout`` seconds."""
        slot, leads = self._join(ask)
        try:
            if leads:
                self._fly({ask: slot})
            return slot.answer.result(timeout)
        except TimeoutError:
            return TIMED_OUT
        finally:
            self._leave(ask, slot, leads)

    def submit(self, ask: Ask) -> Future[Reply | Problem]:
        """Return the answer to come, for a caller that must not wait. It is never cancelled and never raises."""
        slot, leads = self._join(ask)
        if leads:
            Thread(target=self._lead, args=(ask, slot), name="basketgex-collector", daemon=True).start()
        return slot.answer

    def _join(self, ask: Ask) -> tuple[_Slot, bool]:
        with self._change:
            slot = self._flying.get(ask) or self._waiting.get(ask) or _Slot()
            slot.waiters += 1
            if not self._busy:
                self._busy = True
                self._flying[ask] = slot
                return slot, True
            if ask not in self._flying:
                self._last = time.monotonic()
                if not self._waiting:
                    self._first = self._last
                self._waiting[ask] = (
                    slot  # whoever gathers looks again when the window seems over: no need to wake it
                )
            return slot, False

    def _leave(self, ask: Ask, slot: _Slot, led: bool) -> None:
        with self._change:
            slot.waiters -= 1
            if not slot.waiters and self._waiting.get(ask) is slot:
                del self._waiting[ask]
            if not led:
                return
            if self._flying.pop(ask, None) and not slot.answer.done() and slot.waiters:
                self._waiting.setdefault(ask, slot)  # interrupted, and others had joined: they still want it
            self._busy = bool(self._waiting)
            if self._busy:
                Thread(target=self._run, name="basketgex-collector", daemon=True).start()

    def _lead(self, ask: Ask, slot: _Slot) -> None:
        self._fly({ask: slot})
        self._run()

    def _run(self) -> None:
        while batch := self._gather():
            self._fly(batch)

    def _gather(self) -> dict[Ask, _Slot]:
        with self._change:
            while self._waiting:
                now = time.monotonic()
                left = min(self._last + self._quiet, self._first + self._longest) - now
                if left <= 0:
                    break
                self._change.wait(left)
            self._flying, self._waiting = self._waiting, {}
            self._busy = bool(self._flying)
            return self._flying

    def _fly(self, batch: dict[Ask, _Slot]) -> None:
        try:
            answers = self._send(tuple(batch))
            if len(answers) != len(batch):
                answers = (CLIENT_FAULT,) * len(batch)
        except Exception:  # noqa: BLE001 - every waiter ends in a value or a problem
            answers = (CLIENT_FAULT,) * len(batch)
        for slot, answer in zip(batch.values(), answers, strict=True):
            slot.answer.set_result(answer)
