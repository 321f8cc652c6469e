"""Makes many threads' questions few calls.

The first caller sends at once, in its own thread: a lone cell waits for nothing. Who comes while a call is in flight
goes with the next one, which leaves when nobody came for ``quiet`` seconds or the first has waited ``longest``, and the
call in flight has landed or is taking longer than ``patience``: a warm call is worth waiting for, a slow source is not.
Those calls run on threads made for them, so that no caller works for the others: a caller who gives up, or is
interrupted, hurts nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread

from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client.problems import CLIENT_FAULT, TIMED_OUT

MOST_FLIGHTS = 8

Answer = Reply | Problem
Send = Callable[[Sequence[Ask]], Sequence[Answer]]


class _Slot:
    """One question's answer to come, and how many wait for it."""

    __slots__ = ("answer", "waiters")

    def __init__(self) -> None:
        self.answer: Future[Answer] = Future()
        self.waiters = 0


class Collector:
    """Collects questions; ``send`` answers a sequence of distinct ones, in order. Times are seconds."""

    def __init__(
        self, send: Send, quiet: float = 0.002, longest: float = 0.005, patience: float = 0.050
    ) -> None:
        self._send = send
        self._quiet = quiet
        self._longest = longest
        self._patience = patience
        self._change = Condition()
        self._flying: dict[Ask, _Slot] = {}
        self._waiting: dict[Ask, _Slot] = {}
        self._flights = 0
        self._gathering = False
        self._first = self._last = self._departed = 0.0

    def __repr__(self) -> str:
        return f"<Collector flying={len(self._flying)} waiting={len(self._waiting)}>"

    def ask(self, ask: Ask, timeout: float | None = None) -> Answer:
        """Return the answer; TIMED_OUT where others' calls kept it waiting for ``timeout`` seconds."""
        slot, leads = self._join(ask)
        try:
            if leads:
                self._fly({ask: slot})
            return slot.answer.result(timeout)
        except TimeoutError:
            return TIMED_OUT
        finally:
            self._leave(ask, slot)

    def submit(self, ask: Ask) -> Future[Answer]:
        """Return the answer to come, for a caller that must not wait. It is never cancelled and never raises."""
        slot, leads = self._join(ask)
        if leads:
            _start(self._fly, {ask: slot})
        return slot.answer

    def _join(self, ask: Ask) -> tuple[_Slot, bool]:
        """Return the question's slot, and whether its caller leads: nothing is in flight, and nobody waits."""
        with self._change:
            slot = self._flying.get(ask) or self._waiting.get(ask) or _Slot()
            slot.waiters += 1
            if not self._flights and not self._waiting:
                self._depart({ask: slot})
                return slot, True
            if ask not in self._flying:
                self._queue(ask, slot)
            return slot, False

    def _leave(self, ask: Ask, slot: _Slot) -> None:
        with self._change:
            slot.waiters -= 1
            if not slot.waiters and self._waiting.get(ask) is slot:
                del self._waiting[ask]

    def _queue(self, ask: Ask, slot: _Slot) -> None:
        # Who gathers looks again when the window seems over: no need to wake it.
        self._last = time.monotonic()
        if not self._waiting:
            self._first = self._last
        self._waiting[ask] = slot
        if not self._gathering:
            self._gathering = True
            _start(self._gather)

    def _depart(self, batch: dict[Ask, _Slot]) -> None:
        self._flights += 1
        self._departed = time.monotonic()
        self._flying.update(batch)

    def _gather(self) -> None:
        """Wait for the window's end, take who waits, and fly with them; the next to come starts another gathering."""
        with self._change:
            while (left := self._left()) is None or left > 0:
                self._change.wait(left)
            batch, self._waiting, self._gathering = self._waiting, {}, False
            if not batch:
                return
            self._depart(batch)
        self._fly(batch)

    def _left(self) -> float | None:
        """Return the seconds until the next call may leave; None: not before another has landed."""
        if not self._waiting:
            return 0.0
        if self._flights >= MOST_FLIGHTS:
            return None
        opens = min(self._last + self._quiet, self._first + self._longest)
        if self._flights:
            opens = max(opens, self._departed + self._patience)
        return opens - time.monotonic()

    def _fly(self, batch: dict[Ask, _Slot]) -> None:
        answers: Sequence[Answer] | None = None
        try:
            answers = tuple(self._send(tuple(batch)))
        except Exception:  # noqa: BLE001 - every waiter ends in a value or a problem
            answers = ()
        finally:
            self._land(batch, answers)

    def _land(self, batch: dict[Ask, _Slot], answers: Sequence[Answer] | None) -> None:
        with self._change:
            self._flights -= 1
            for ask, slot in batch.items():
                self._flying.pop(ask, None)
                if (
                    answers is None and slot.waiters > 1
                ):  # interrupted, and others had joined: they still want it
                    self._queue(ask, slot)
            self._change.notify_all()
        if answers is None:
            return
        if len(answers) != len(batch):
            answers = (CLIENT_FAULT,) * len(batch)
        for slot, answer in zip(batch.values(), answers, strict=True):
            slot.answer.set_result(answer)


def _start(work: Callable[..., None], *arguments: object) -> None:
    Thread(target=work, args=arguments, name="basketgex-collector", daemon=True).start()
