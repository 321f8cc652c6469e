"""Baskets as they change: one stream carries all that somebody shows.

A thread of its own opens it, and reads what comes through a second one. Who wants a basket waits for nothing: those that come
within a moment share a new stream, which takes the place of the old. When the server goes away it is sought again, with
growing pauses; what was said last stays until another is said. All of
that is one state machine under one lock, and so one file.
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypedDict

from basketgex_addin.cells import Ask, Problem, Reply, Since
from basketgex_addin.client import problems
from basketgex_addin.client.last_good import last_good
from basketgex_addin.client.stream import Stream

if TYPE_CHECKING:
    from basketgex.v1 import exposure_pb2 as pb

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds until a lost server is sought again: at first, and after many times."""
LAZY = 5.0
"""Seconds for which a stream goes on with baskets that nobody wants any more: somebody may open the next sheet."""
_PASSING = (problems.SERVER_ABSENT, problems.DRAINING, problems.DESK_AWAY, problems.TIMED_OUT)
_LEAVING = 1.0  # seconds for a reader whose stream was cancelled

Answer = Reply | Problem
Deliver = Callable[[Mapping[Ask, Answer], Mapping[Ask, Since]], None]


class Opener(Protocol):
    """What is needed of a Connection."""

    def stream(self, method: str, request: pb.WatchBasketsRequest) -> Stream | Problem:
        """Open a stream, or say why there is none."""


class WatcherOptions(TypedDict, total=False):
    """What a watcher may be told, as it describes it."""

    pace: float
    quiet: float
    longest: float
    lazy: float
    first_pause: float
    lost: Callable[[Problem], None]


class _Open(NamedTuple):
    """A stream, and the baskets it was opened with."""

    stream: Stream
    asks: tuple[Ask, ...]


class _Message(NamedTuple):
    """Something that a stream said; None: it has ended."""

    of: _Open
    said: pb.WatchBasketsResponse | None


class Watcher:
    """Watches baskets through a connection. No method blocks or raises; ``deliver`` is called on the watcher's thread.

    ``deliver`` gets what changed: answers, and since when which regime. A basket that has no answer ``deadline`` seconds after
    it was wanted gets a problem. ``pace`` is the seconds between two messages, at least. A stream is opened when nothing came
    for ``quiet`` seconds, or the first has waited ``longest``. ``lost`` hears why the server is gone, once each time.
    """

    def __init__(
        self,
        connection: Opener,
        deliver: Deliver,
        *,
        deadline: float = 10.0,
        pace: float = 2.0,
        quiet: float = 0.05,
        longest: float = 0.25,
        lazy: float = LAZY,
        first_pause: float = FIRST_PAUSE,
        lost: Callable[[Problem], None] = lambda problem: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self._connection = connection
        self._deliver = deliver
        self._deadline = deadline
        self._pace = pace
        self._quiet = quiet
        self._longest = longest
        self._lazy = lazy
        self._first_pause = first_pause
        self._lost = lost
        self._clock = clock
        self._lock = Lock()
        self._events: queue.SimpleQueue[_Message | None] = queue.SimpleQueue()
        self._thread: Thread | None = None
        self._ending: Thread | None = None  # what it was before, which may not have left yet
        self._closed = False
        # Under the lock, from here:
        self._wanted: dict[Ask, float] = {}  # and when their patience ends
        self._latest: dict[Ask, Answer] = {}
        self._since: dict[Ask, Since] = {}
        self._carried: set[Ask] = set()  # wanted, and in the stream that is open
        self._first = self._last = 0.0  # when those came that no stream carries
        self._dropped = math.inf  # when the first went that the stream still carries
        # The thread's own:
        self._open: _Open | None = None
        self._readers: list[Thread] = []
        self._said = False  # whether the open stream has
        self._pause = first_pause
        self._not_before = -math.inf
        self._problem = problems.TIMED_OUT
        self.stamp: Hashable = None
        """The home's, under which the stream was opened that said the last."""

    def __repr__(self) -> str:
        with self._lock:
            return (
                f"<Watcher wanted={len(self._wanted)} carried={len(self._carried)} known={len(self._latest)}>"
            )

    def want(self, ask: Ask) -> None:
        """Watch a basket, until it is dropped."""
        with self._lock:
            if self._closed or ask in self._wanted:
                return
            self._last = self._clock()
            if len(self._carried) == len(self._wanted):
                self._first = self._last
            self._wanted[ask] = self._last + self._deadline
            if self._thread is None:
                self._thread = Thread(target=self._work, name="basketgex-watcher", daemon=True)
                self._thread.start()
        self._events.put(None)

    def drop(self, ask: Ask) -> None:
        """Let go of a basket: nobody shows it any more."""
        with self._lock:
            if self._wanted.pop(ask, None) is None:
                return
            self._latest.pop(ask, None)
            self._since.pop(ask, None)
            if ask in self._carried:
                self._carried.discard(ask)
                self._dropped = min(self._dropped, self._clock())
        self._events.put(None)

    def latest(self, ask: Ask) -> Answer | None:
        """Return what was last said of a basket that is watched; None where nothing was yet."""
        with self._lock:
            return self._latest.get(ask)

    def since(self, ask: Ask) -> Since | None:
        """Return since when a basket that is watched has been in its regime; None where nothing was said yet."""
        with self._lock:
            return self._since.get(ask)

    def close(self) -> None:
        """Watch nothing any more, for good."""
        with self._lock:
            self._closed = True
            self._wanted.clear()
            self._latest.clear()
            self._since.clear()
        self._events.put(None)

    def join(self, timeout: float) -> None:
        """Wait, for so many seconds at most, until nothing of a closed watcher is left.

        For a process that ends: an interpreter ends its threads wherever they are, and one that then holds a lock of grpc's
        call keeps it from ending for ever (seen with grpcio 1.85).
        """
        for thread in (self._thread, self._ending):
            if thread is not None:
                thread.join(timeout)

    # -- on the watcher's thread

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    readers, self._readers = self._readers, []
                    opened, self._open = self._open, None
                    self._thread, self._ending = None, self._thread
                    self._carried.clear()
                    self._dropped = math.inf
                    break
                now, due = self._clock(), self._due()
                wakes = min([due, *(self._wanted[ask] for ask in self._unanswered())])
            if due <= now:
                self._reopen()
            elif wakes <= now:
                self._give_up(now)
            else:
                self._wait(wakes - now)
        if opened is not None:
            opened.stream.cancel()
        for reader in readers:
            reader.join(_LEAVING)

    def _wait(self, seconds: float) -> None:
        try:
            event = self._events.get(timeout=seconds if math.isfinite(seconds) else None)
        except queue.Empty:
            return
        if event is not None and event.of is self._open:
            if event.said is None:
                self._ended(event.of.stream.problem)
            else:
                self._hear(event.of, event.said)

    def _due(self) -> float:
        """Return when the next stream is to be opened. Under the lock."""
        if len(self._carried) < len(self._wanted):
            due = min(self._last + self._quiet, self._first + self._longest)
        else:
            due = self._dropped + self._lazy
        return max(due, self._not_before)

    def _unanswered(self) -> list[Ask]:
        return [ask for ask in self._wanted if ask not in self._latest]

    def _reopen(self) -> None:
        with self._lock:
            asks = tuple(self._wanted)
        found = self._stream(asks)
        if isinstance(found, Problem):
            self._failed(found, final=True)
            return
        before, self._open, self._said = self._open, _Open(found, asks), False
        with self._lock:
            self._carried = {ask for ask in asks if ask in self._wanted}
            self._dropped = self._clock() if len(self._carried) < len(asks) else math.inf
            if len(self._carried) < len(self._wanted):  # more came meanwhile
                self._first = self._last
        self._not_before = -math.inf
        reader = Thread(target=self._read, args=(self._open,), name="basketgex-stream", daemon=True)
        reader.start()
        self._readers = [*(other for other in self._readers if other.is_alive()), reader]
        if before is not None:
            before.stream.cancel()

    def _stream(self, asks: tuple[Ask, ...]) -> Stream | Problem:
        try:
            from basketgex.v1 import exposure_pb2 as pb
            from basketgex_addin.client import codec
        except Exception:  # noqa: BLE001 - missing, or of another version than the contract's code
            return problems.MISSING_PACKAGE
        try:
            request = pb.WatchBasketsRequest(baskets=codec.encode(asks), pace=self._pace)
            return self._connection.stream("WatchBaskets", request)
        except Exception:  # noqa: BLE001 - a problem for the person, never a traceback in the host
            return problems.CLIENT_FAULT

    def _read(self, opened: _Open) -> None:
        for message in opened.stream:
            self._events.put(_Message(opened, message))
        self._events.put(_Message(opened, None))

    def _hear(self, opened: _Open, message: pb.WatchBasketsResponse) -> None:
        from basketgex_addin.client import codec

        if not self._said:
            self._said, self._pause, self._problem = True, self._first_pause, problems.TIMED_OUT
        self.stamp = opened.stream.stamp
        changes = codec.decode_watch(opened.asks, message)
        with self._lock:
            answers = {
                ask: answer
                for ask, answer in changes.answers.items()
                if ask in self._carried and not _same(answer, self._latest.get(ask))
            }
            regimes = {
                ask: since
                for ask, since in changes.regimes.items()
                if ask in self._carried and since != self._since.get(ask)
            }
            # What is the same to a person may be younger: that is kept, and not told.
            self._latest.update((a, x) for a, x in changes.answers.items() if a in self._carried)
            self._since.update(regimes)
        self._tell(answers, regimes)

    def _ended(self, problem: Problem) -> None:
        self._open = None
        with self._lock:
            self._carried.clear()
            self._dropped = math.inf
        if self._said:
            self._call(lambda: self._lost(problem))
        elif problem == problems.DESK_AWAY:  # none of its servers is there
            self._keep_last()
        # A server that has just gone may be back at once; what it refuses it will refuse again.
        self._failed(problem, final=problem not in _PASSING)

    def _failed(self, problem: Problem, *, final: bool) -> None:
        """Try again after a pause; whoever has no answer is told what stands in the way, now or when their time is over."""
        self._problem = problem
        self._not_before = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if final:
            self._give_up(math.inf)

    def _keep_last(self) -> None:
        """Tell that what was last said of the desk's baskets is no more than that."""
        with self._lock:
            answers = {
                ask: kept
                for ask, known in self._latest.items()
                if isinstance(known, Reply)
                and not _same(kept := last_good(known, problems.DESK_AWAY, self._now()), known)
            }
            self._latest.update(answers)
        self._tell(answers, {})

    def _give_up(self, now: float) -> None:
        """Tell the problem to those whose patience has ended by now."""
        with self._lock:
            answers = dict.fromkeys(
                (ask for ask in self._unanswered() if self._wanted[ask] <= now), self._problem
            )
            self._latest.update(answers)
        self._tell(answers, {})

    def _tell(self, answers: Mapping[Ask, Answer], regimes: Mapping[Ask, Since]) -> None:
        if answers or regimes:
            self._call(lambda: self._deliver(answers, regimes))

    @staticmethod
    def _call(tell: Callable[[], None]) -> None:
        with suppress(Exception):  # a host's fault ends no stream; the next news reach it again
            tell()


def _same(answer: Answer, before: Answer | None) -> bool:
    if isinstance(answer, Reply) and isinstance(before, Reply):
        same = answer._replace(client_ttl=0.0, fetched_at=0.0)
        return same == before._replace(client_ttl=0.0, fetched_at=0.0)
    return answer == before
