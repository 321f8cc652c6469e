"""One synchronous channel to the home's server, found or started on the first call; or to the desk that the home has joined.

A held lock is what "alive" means, so home and lock are looked at before every call: the token never goes to a stranger on
an old port. grpc is imported in the methods that call: where it is missing, the answer is a problem, not a traceback.

One file, since finding a server, sending and trying again share one lock and one breaker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from basketgex import __version__
from basketgex.desk import Desk
from basketgex.home import CHANNEL_OPTIONS, Home, Runtime
from basketgex_addin.cells import Problem
from basketgex_addin.client import problems
from basketgex_addin.client.breaker import CircuitBreaker
from basketgex_addin.client.desk import find_token, open_channel
from basketgex_addin.client.launcher import LaunchNotRecorded, start
from basketgex_addin.client.link import Link, is_forced, is_worth_another_try
from basketgex_addin.client.rpc import M, R, Rpc
from basketgex_addin.client.stream import Stream, problem_of
from basketgex_addin.loading import uncollected

if TYPE_CHECKING:
    import grpc

    from basketgex.v1 import exposure_pb2 as pb

_STEP = 0.02  # seconds between two looks at a lock
_GRACE = 2.0  # seconds for a server that refuses calls to let go of its lock
_OPTIONS = (
    *CHANNEL_OPTIONS,
    ("grpc.use_local_subchannel_pool", 1),  # a fresh channel must not inherit the back-off of a dead one
)


class Batch(NamedTuple):
    """Answers in the order of the requests, and the home's stamp under which they were asked."""

    stamp: Hashable
    answers: list[pb.BatchGetBasketsResponse | Problem]


class _Failure(Exception):
    """Carries a problem out of the depths of a call."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Connection:
    """Calls the server of a home; every method returns problems instead of raising. Thread-safe.

    ``deadline`` is that of one call in seconds, starting the server included. ``clock`` gives seconds, ``pause`` waits for
    some. ``patience``: the seconds that a call may take once the server is reached, where that is more.
    """

    def __init__(
        self,
        home: Home,
        deadline: float = 10.0,
        start: Callable[[Home, float], Runtime | None] = start,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
        patience: float = 0.0,
    ) -> None:
        self._home = home
        self._deadline = deadline
        self._start = start
        self._clock = clock
        self._pause = pause or Event().wait
        self._patience = patience
        self._lock = Lock()
        self._link: Link | None = None
        self._renews_token = False  # the desk's was refused, and there is another by now
        self._breaker = CircuitBreaker(clock)

    def batch(self, requests: Sequence[pb.BatchGetBasketsRequest], early: float = 0.0) -> Batch:
        """Send requests, several at once, and return a response or a problem for each, ``early`` seconds before time."""
        return Batch(*self._call("BatchGetBaskets", requests, early))

    def call(self, rpc: Rpc[M, R], request: M) -> R | Problem:
        """Send one request, and return its response or a problem."""
        found: R | Problem = self._call(rpc, [request])[1][0]
        return found

    def stream(self, method: str, request: Any) -> Stream | Problem:
        """Open a stream, or say why there is none. It has no deadline of its own."""
        if (failed := self._breaker.failure) is not None:
            return failed
        try:
            link = self._reach(self._clock() + self._deadline, None)
        except _Failure as failure:
            return failure.problem
        try:
            call = getattr(link.stub, method)(request, metadata=link.metadata)
        except ValueError:  # another thread closed the channel
            return problems.SERVER_ABSENT
        return Stream(link.stamp, call, problems.OF_A_DESK if isinstance(link.at, Desk) else {})

    def close(self) -> None:
        """Close the channel; the next call opens another."""
        with self._lock:
            self._drop()

    def _call(self, method: str, requests: Sequence[Any], early: float = 0.0) -> tuple[Hashable, list[Any]]:
        ends = self._clock() + self._deadline - early
        explicit = any(map(is_forced, requests))
        failed = self._breaker.explicit_failure if explicit else self._breaker.failure
        if failed is not None or not requests:
            return None, [failed] * len(requests)
        answers: list[Any] = [problems.SERVER_ABSENT] * len(requests)
        todo = list(range(len(requests)))
        link: Link | None = None
        for last in (False, True):
            before = link
            try:
                link = self._reach(ends, before, explicit=explicit)
            except _Failure as failure:
                for i in todo:
                    answers[i] = failure.problem
                break
            ends = max(ends, self._clock() + self._patience)
            elsewhere = isinstance(link.at, Desk) and not explicit  # what has cost a debit is not asked again
            if before is not None and (before.at != link.at or elsewhere):
                todo = list(range(len(requests)))  # figures of two servers never meet in one answer
            for i, answer in zip(
                todo, self._send(link, method, [requests[i] for i in todo], ends), strict=True
            ):
                answers[i] = answer
            todo = [i for i in todo if is_worth_another_try(answers[i], requests[i], link)]
            if last or not todo:
                if isinstance(link.at, Desk):
                    answers = [problems.OF_A_DESK.get(a, a) if isinstance(a, Problem) else a for a in answers]
                    if problems.DESK_AWAY not in answers:
                        self._breaker.record_success()
                self._breaker.record_failure(*(answer for answer in answers if isinstance(answer, Problem)))
                break
            if answers[todo[0]] == problems.TOKEN_REFUSED and self._has_token_of(link):
                refused = problems.TOKEN_REFUSED
                if isinstance(link.at, Desk):
                    refused = problems.OF_A_DESK[refused]
                    answers = [refused if a == problems.TOKEN_REFUSED else a for a in answers]
                self._breaker.record_failure(refused)
                break
        return link.stamp if link is not None else None, answers

    def _send(self, link: Link, method: str, requests: Sequence[Any], ends: float) -> list[Any]:
        import grpc

        call = getattr(link.stub, method)
        options = {
            "timeout": max(ends - self._clock(), 0.001),
            "metadata": link.metadata,
        }
        futures: list[Any] = []

        def outcome(wait: Callable[[], Any]) -> Any:
            try:
                return wait()
            except grpc.RpcError as error:
                return problem_of(error)
            except (grpc.FutureCancelledError, ValueError):  # another thread closed the channel
                return problems.SERVER_ABSENT

        try:
            # All but the last leave first; a lone call needs no thread of grpc's.
            for request in requests[:-1]:
                futures.append(outcome(partial(call.future, request, **options)))
            final = outcome(partial(call, requests[-1], **options))
            return [outcome(f.result) if not isinstance(f, Problem) else f for f in futures] + [final]
        finally:
            for future in futures:
                if not isinstance(future, Problem):
                    future.cancel()

    def _reach(self, ends: float, refused: Link | None, *, explicit: bool = False) -> Link:
        """Return a link to the living server, started if need be; another one than ``refused``. Raises _Failure, noted.

        Noted before the next caller has its turn: should that one find the server, an older failure must not silence it.
        """
        if not self._lock.acquire(timeout=max(ends - self._clock(), 0)):
            self._breaker.record_failure(problems.TIMED_OUT)
            raise _Failure(problems.TIMED_OUT)
        try:
            failed = self._breaker.explicit_failure if explicit else self._breaker.failure
            if failed is not None:  # another caller has just met it
                raise _Failure(failed)
            try:
                return self._found(ends, refused)
            except _Failure as failure:
                problem = failure.problem
            except (OSError, ValueError):
                problem = problems.HOME_UNUSABLE
            except ImportError:
                problem = problems.MISSING_PACKAGE
            self._breaker.record_failure(problem)
            raise _Failure(problem)
        finally:
            self._lock.release()

    def _found(self, ends: float, refused: Link | None) -> Link:
        if (desk := self._home.desk()) is not None:
            return self._at_desk(desk, refused)
        stamp = self._home.stamp()
        runtime = self._home.server()
        link = self._link
        if link is not None and link is not refused and link.at == runtime and link.stamp == stamp:
            return link
        if refused is not None and refused.at == runtime and self._has_token_of(refused):
            # Alive, yet refusing: ending, most likely.
            self._await_change(min(ends, self._clock() + _GRACE), runtime)
            runtime = self._home.server()
        if runtime is None and self._home.is_served():
            # Another process is starting it and has not bound yet.
            self._await_change(min(ends, self._clock() + _GRACE), None)
            runtime = self._home.server()
        if runtime is None:
            runtime = self._started(ends)
        if runtime.version != __version__:
            runtime = self._replaced(runtime, ends)
        return self._open(runtime)

    def _at_desk(self, desk: Desk, refused: Link | None) -> Link:
        """Return a link to one of a desk's servers: to another one than ``refused`` where that is gone."""
        stamp, link = self._home.stamp(), self._link
        if link is not None and link is not refused and link.stamp == stamp:
            return link
        # The old channel is not closed: what others have under way on it may still be answered.
        known = link is not None and link.stamp == stamp and not self._renews_token
        token = link.token if link is not None and known else find_token(self._home, desk)
        self._renews_token = False
        if not token:
            raise _Failure(problems.DESK_TOKEN_MISSING)
        try:
            channel = open_channel(desk)
        except (OSError, ValueError):  # BadAddress is one
            raise _Failure(problems.DESK_UNUSABLE) from None
        return self._linked(desk, token, stamp, channel)

    def _started(self, ends: float) -> Runtime:
        left = ends - self._clock()
        if left <= 0:
            raise _Failure(problems.TIMED_OUT)
        try:
            runtime = self._start(self._home, left)
        except LaunchNotRecorded:
            raise _Failure(problems.LAUNCH_NOT_RECORDED) from None
        if runtime is None:
            raise _Failure(problems.START_FAILED if self._clock() < ends else problems.TIMED_OUT)
        return runtime

    def _replaced(self, runtime: Runtime, ends: float) -> Runtime:
        """End a server of another version and start ours; one that could not be started again is left alone."""
        if self._home.read_launch() is None:
            raise _Failure(problems.VERSION_MISMATCH)
        from basketgex.v1 import exposure_pb2 as pb

        link = self._open(runtime)
        answer = self._send(link, "Shutdown", [pb.ShutdownRequest()], ends)[0]
        self._drop()
        if answer == problems.TOKEN_REFUSED:
            raise _Failure(problems.VERSION_MISMATCH)
        self._await_change(ends, runtime)
        found = self._started(ends)
        if found.version != __version__:
            raise _Failure(problems.VERSION_MISMATCH)
        return found

    def _await_change(self, ends: float, runtime: Runtime | None) -> None:
        while self._home.server() == runtime and (left := ends - self._clock()) > 0:
            self._pause(min(_STEP, left))

    def _open(self, runtime: Runtime) -> Link:
        with uncollected():
            import grpc

        self._drop()
        stamp = self._home.stamp()
        channel = grpc.insecure_channel(runtime.grpc, options=_OPTIONS)
        return self._linked(runtime, self._home.read_token(), stamp, channel)

    def _linked(self, at: Runtime | Desk, token: str, stamp: Hashable, channel: grpc.Channel) -> Link:
        from basketgex.v1 import exposure_pb2_grpc

        stub = exposure_pb2_grpc.ExposureServiceStub(channel)
        self._link = Link(at, token, stamp, channel, stub)
        return self._link

    def _has_token_of(self, link: Link) -> bool:
        try:
            if isinstance(link.at, Desk):
                self._renews_token = find_token(self._home, link.at) != link.token
                return not self._renews_token
            return self._home.read_token() == link.token
        except (OSError, ValueError):
            return True

    def _drop(self) -> None:
        if self._link is not None:
            self._link.channel.close()
            self._link = None

    def record_failure(self, *found: Problem) -> None:
        """Open the circuit breaker after a failure that the next call would meet too: it is answered at once for a while."""
        self._breaker.record_failure(*found)
