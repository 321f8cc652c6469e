"""One stream for all that is shown: who shares it, who hears what, and what happens when the server goes away."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from filelock import FileLock

from basketgex import __version__
from basketgex.home import Home, Runtime
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1 import exposure_pb2_grpc
from basketgex_addin.cells import Ask, LevelFigures, Problem, Reply, Since
from basketgex_addin.client import BasketClient, problems
from basketgex_addin.client.connection import Connection
from basketgex_addin.client.launcher import LaunchNotRecorded
from basketgex_addin.client.stream import Stream
from basketgex_addin.client.watcher import Watcher

PATIENCE = 30.0
A, B, C = (Ask((name,)) for name in "ABC")
POSITIVE, NEGATIVE = pb.REGIME_POSITIVE_GAMMA, pb.REGIME_NEGATIVE_GAMMA
Heard = tuple[Mapping[Ask, Reply | Problem], Mapping[Ask, Since]]


def baskets(gex: Sequence[float], label: str = "", ttl: float = 60.0) -> pb.BatchGetBasketsResponse:
    count = len(gex)
    figures = {f.name: [0.0] * count for f in pb.BasketColumns.DESCRIPTOR.fields}
    integers = dict.fromkeys(("negative_names", "freshness", "notice_index", "as_of_distant"), [0] * count)
    return pb.BatchGetBasketsResponse(
        baskets=pb.BasketColumns(**{**figures, **integers, "client_ttl": [ttl] * count, "gex": gex}),
        offsets=[0] * (count + 1),
        missing_offsets=[0] * (count + 1),
        notices=[""],
        origin=pb.Origin(label=label),
    )


def columns(gex: Sequence[float], since: float = 0.0) -> pb.RegimeColumns:
    before = [NEGATIVE if g >= 0 else POSITIVE for g in gex] if since else [0] * len(gex)
    return pb.RegimeColumns(
        regime=[POSITIVE if g >= 0 else NEGATIVE for g in gex],
        since=[since] * len(gex),
        previous=before,  # type: ignore[arg-type]
        known_from=[1.0] * len(gex),
    )


def news(
    changed: Mapping[int, float], since: float = 0.0, label: str = "", ttl: float = 60.0
) -> pb.WatchBasketsResponse:
    gex = list(changed.values())
    return pb.WatchBasketsResponse(
        changed=list(changed), baskets=baskets(gex, label, ttl), regimes=columns(gex, since)
    )


class Line:
    """A stream that a test speaks into."""

    stamp = 7
    problem = problems.SERVER_ABSENT

    def __init__(self, names: list[str], pace: float) -> None:
        self.names, self.pace = names, pace
        self.cancelled = threading.Event()
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def say(self, **news_: Any) -> None:
        self._said.put(news(**news_))

    def end(self, problem: Problem = problems.SERVER_ABSENT) -> None:
        self.problem = problem
        self._said.put(None)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._said.get, None)

    def cancel(self) -> None:
        self.cancelled.set()
        self.end()


class Switchboard:
    """Opens streams, or fails as told."""

    def __init__(self) -> None:
        self.opened: queue.SimpleQueue[Line] = queue.SimpleQueue()
        self.fails: Problem | None = None
        self.tried = 0

    def stream(self, method: str, request: pb.WatchBasketsRequest) -> Any:
        assert method == "WatchBaskets"
        self.tried += 1
        if self.fails is not None:
            return self.fails
        line = Line(list(request.baskets.symbols), request.pace)
        self.opened.put(line)
        return line

    def line(self, *names: str) -> Line:
        """The next stream that is opened, which must carry these baskets."""
        found = self.opened.get(timeout=PATIENCE)
        assert sorted(found.names) == sorted(names)
        return found


class Listener:
    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.lost: queue.SimpleQueue[Problem] = queue.SimpleQueue()
        self.fault: Exception | None = None
        self.threads: set[str] = set()

    def __call__(self, answers: Mapping[Ask, Reply | Problem], regimes: Mapping[Ask, Since]) -> None:
        self.threads.add(threading.current_thread().name)
        self.heard.put((answers, regimes))
        if self.fault is not None:
            raise self.fault

    def gex(self) -> dict[str, Any]:
        """The next news: GEX, or the problem's code, by the basket's name."""
        answers, _ = self.heard.get(timeout=PATIENCE)
        return {
            ask.symbols[0]: found.gex if isinstance(found, Reply) else found.code
            for ask, found in answers.items()
        }


class Setting:
    def __init__(self) -> None:
        self.board, self.listener = Switchboard(), Listener()
        self.watchers: list[Watcher] = []

    def watcher(self, **how: Any) -> Watcher:
        given = {"first_pause": 0.01, "lost": self.listener.lost.put, **how}
        self.watchers.append(Watcher(self.board, self.listener, **given))
        return self.watchers[-1]


@pytest.fixture
def setting() -> Iterator[Setting]:
    setting = Setting()
    yield setting
    for watcher in setting.watchers:
        watcher.close()
        gone(watcher)


def until(condition: Callable[[], object]) -> None:
    look, ends = threading.Event(), time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "it never happened"
        look.wait(0.005)


def gone(watcher: Watcher) -> None:
    until(lambda: watcher._thread is None)


def test_those_that_come_together_share_a_stream(setting: Setting) -> None:
    watcher = setting.watcher(pace=3.0)
    for ask in (A, B, A, C):
        watcher.want(ask)
    line = setting.board.line("A", "B", "C")
    assert line.pace == 3.0
    line.say(changed={0: 1.0, 1: -2.0, 2: 3.0})
    answers, regimes = setting.listener.heard.get(timeout=PATIENCE)
    assert {a.symbols[0]: r.gex for a, r in answers.items() if isinstance(r, Reply)} == {
        "A": 1.0,
        "B": -2.0,
        "C": 3.0,
    }
    assert regimes[B] == Since("negative_gamma", 0.0, "", 1.0)
    latest = watcher.latest(B)
    assert isinstance(latest, Reply) and latest.gex == -2.0
    assert watcher.since(B) == regimes[B]
    assert setting.listener.threads == {"basketgex-watcher"}
    assert setting.board.tried == 1


def test_only_what_changed_is_told(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    watcher.want(B)
    line = setting.board.line("A", "B")
    line.say(changed={0: 1.0, 1: 2.0})
    assert setting.listener.gex() == {"A": 1.0, "B": 2.0}
    line.say(changed={1: 2.0}, ttl=5.0)  # no news but its lifetime
    line.say(changed={1: -2.0}, since=9.0)
    answers, regimes = setting.listener.heard.get(timeout=PATIENCE)
    assert (list(answers), list(regimes)) == ([B], [B])
    assert regimes[B] == Since("negative_gamma", 9.0, "positive_gamma", 1.0)


def test_a_new_stream_takes_the_place_of_the_old(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    first = setting.board.line("A")
    first.say(changed={0: 1.0})
    assert setting.listener.gex() == {"A": 1.0}
    watcher.want(B)
    second = setting.board.line("A", "B")
    assert first.cancelled.wait(PATIENCE)
    assert not second.cancelled.is_set()
    first.say(changed={0: 99.0})  # too late
    second.say(changed={0: 1.0, 1: 5.0})
    assert setting.listener.gex() == {"B": 5.0}
    assert setting.listener.lost.empty()


def test_the_last_to_be_dropped_ends_it(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    line = setting.board.line("A")
    watcher.drop(A)
    watcher.drop(A)
    assert line.cancelled.wait(PATIENCE)
    gone(watcher)
    assert watcher.latest(A) is None
    watcher.want(A)  # and again
    setting.board.line("A").say(changed={0: 4.0})
    assert setting.listener.gex() == {"A": 4.0}


def test_what_is_dropped_is_left_out_in_time(setting: Setting) -> None:
    watcher = setting.watcher(lazy=0.05)
    watcher.want(A)
    watcher.want(B)
    setting.board.line("A", "B").say(changed={0: 1.0, 1: 2.0})
    setting.listener.gex()
    watcher.drop(B)
    assert watcher.latest(B) is None
    setting.board.line("A").say(changed={0: 3.0})
    assert setting.listener.gex() == {"A": 3.0}


def test_what_is_dropped_says_nothing_and_can_be_wanted_again(setting: Setting) -> None:
    watcher = setting.watcher(lazy=1_000.0)
    watcher.want(A)
    watcher.want(B)
    line = setting.board.line("A", "B")
    watcher.drop(B)
    line.say(changed={0: 1.0, 1: 2.0})
    assert setting.listener.gex() == {"A": 1.0}
    watcher.want(B)
    again = setting.board.line("A", "B")
    again.say(changed={0: 1.0, 1: 2.0})
    assert setting.listener.gex() == {"B": 2.0}


def test_a_lost_server_is_sought_again_and_what_it_said_stays(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    line = setting.board.line("A")
    line.say(changed={0: 1.0}, label="one")
    assert setting.listener.gex() == {"A": 1.0}
    setting.board.fails = problems.START_FAILED
    tried = setting.board.tried
    line.end()
    assert setting.listener.lost.get(timeout=PATIENCE) == problems.SERVER_ABSENT
    until(lambda: setting.board.tried > tried + 2)
    latest = watcher.latest(A)
    assert isinstance(latest, Reply) and latest.gex == 1.0
    watcher.want(B)  # without an answer, it hears what is wrong
    assert setting.listener.gex() == {"B": "start_failed"}
    setting.board.fails = None
    back = setting.board.line("A", "B")
    back.say(changed={0: 1.0, 1: 2.0}, label="one")
    assert setting.listener.gex() == {"B": 2.0}
    back.end()
    setting.board.line("A", "B").say(changed={0: 1.0, 1: 2.0}, label="another")
    assert setting.listener.gex() == {"A": 1.0, "B": 2.0}
    assert setting.listener.lost.get(timeout=PATIENCE) == problems.SERVER_ABSENT
    assert setting.listener.lost.empty()


def test_the_pauses_grow(setting: Setting) -> None:
    setting.board.fails = problems.SERVER_ABSENT
    watcher = setting.watcher(quiet=0.0, first_pause=0.05)
    begin = time.monotonic()
    watcher.want(A)
    until(lambda: setting.board.tried == 4)
    assert time.monotonic() - begin >= 0.05 + 0.1 + 0.2


def test_a_server_that_says_nothing_in_time(setting: Setting) -> None:
    watcher = setting.watcher(deadline=0.2)
    watcher.want(A)
    line = setting.board.line("A")
    assert setting.listener.gex() == {"A": "timed_out"}
    line.say(changed={0: 1.0})
    assert setting.listener.gex() == {"A": 1.0}


def test_a_server_that_ends_every_stream_before_its_first_word(setting: Setting) -> None:
    watcher = setting.watcher(deadline=0.3)
    watcher.want(A)
    begin = time.monotonic()
    setting.board.line("A").end()
    setting.board.line("A").end()
    assert setting.listener.gex() == {"A": "server_absent"}
    assert time.monotonic() - begin >= 0.25
    assert setting.listener.lost.empty()


def test_what_the_server_refuses_is_told_at_once(setting: Setting) -> None:
    watcher = setting.watcher(deadline=1_000.0)
    watcher.want(A)
    setting.board.line("A").end(problems.TOKEN_REFUSED)
    assert setting.listener.gex() == {"A": "token_refused"}


def test_a_fault_of_the_hosts_ends_nothing(setting: Setting) -> None:
    watcher = setting.watcher()
    setting.listener.fault = RuntimeError("the document was closed")
    watcher.want(A)
    line = setting.board.line("A")
    line.say(changed={0: 1.0})
    line.say(changed={0: 2.0})
    assert [setting.listener.gex(), setting.listener.gex()] == [{"A": 1.0}, {"A": 2.0}]


def test_a_message_that_makes_no_sense_is_passed_over(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    line = setting.board.line("A")
    line.say(changed={7: 1.0})
    line._said.put(pb.WatchBasketsResponse(changed=[0]))
    line.say(changed={0: 2.0})
    assert setting.listener.gex() == {"A": 2.0}


def test_many_threads_want_and_drop(setting: Setting) -> None:
    watcher = setting.watcher(longest=0.05)
    asks = [Ask((f"S{i}",)) for i in range(200)]

    def flicker(ask: Ask) -> None:
        for _ in range(20):
            watcher.want(ask)
            watcher.drop(ask)
        watcher.want(ask)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flicker, asks))
    until(lambda: len(watcher._carried) == 200)  # by the last stream, when nobody comes and goes any more
    lines: list[Line] = []
    while not setting.board.opened.empty():
        lines.append(setting.board.opened.get())
    names = lines[-1].names
    lines[-1].say(changed={i: float(name[1:]) for i, name in enumerate(names)})
    assert setting.listener.gex() == {f"S{i}": float(i) for i in range(200)}
    assert len(lines) < 50


def test_nothing_is_left_of_one_that_was_closed_and_waited_for(setting: Setting) -> None:
    def threads() -> set[threading.Thread]:
        return {t for t in threading.enumerate() if t.name in ("basketgex-watcher", "basketgex-stream")}

    before = threads()
    watcher = setting.watcher()
    watcher.join(PATIENCE)  # which never began
    watcher.want(A)
    first = setting.board.line("A")
    watcher.want(B)
    line = setting.board.line("A", "B")
    watcher.close()
    watcher.join(PATIENCE)
    assert first.cancelled.is_set() and line.cancelled.is_set()
    assert threads() <= before


def test_closed_is_closed(setting: Setting) -> None:
    watcher = setting.watcher()
    watcher.want(A)
    line = setting.board.line("A")
    watcher.close()
    assert line.cancelled.wait(PATIENCE)
    gone(watcher)
    watcher.want(B)
    assert watcher._thread is None and watcher.latest(A) is None


# -- over a real connection ----------------------------------------------------------------------------------------------


class Service(exposure_pb2_grpc.ExposureServiceServicer):
    """Speaks what a test tells it, to every stream."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.gex: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.opened = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)

    def _check(self, context: Any) -> None:
        if ("authorization", f"Bearer {self.token}") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "")

    def WatchBaskets(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._check(context)
        context.add_callback(self.closed.release)
        self.opened.release()
        while (gex := self.gex.get()) is not None:
            yield news(dict.fromkeys(range(len(request.baskets.offsets) - 1), gex), since=2.0)

    def GetRegimes(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._check(context)
        gex = [1.0, -1.0][: len(request.baskets.offsets) - 1]
        problem = pb.Problem(code="invalid_weights", reason="INVALID_ARGUMENT", sentence="No.")
        return pb.GetRegimesResponse(
            regimes=columns([*gex, 0.0], since=3.0),
            errors=[pb.BasketError(basket=2, problem=problem)],
            client_ttl=4.0,
        )

    def GetSymbol(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._check(context)
        if request.symbol == "NONE":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "No levels.", (("basketgex-code", "not_offered"),))
        assert request.levels
        found = pb.Levels(gamma_flip_status="no_boundary", call_wall=110.0, put_wall=90.0)
        return pb.GetSymbolResponse(underlying_price=100.0, as_of=5.0, client_ttl=6.0, levels=found)


class Machine:
    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.home.create()
        self._lock = FileLock(self.home.lock, thread_local=False)
        self.services: list[Service] = []
        self.boots = 0
        self.starts = 0

    def serve(self) -> Service:
        service = Service(self.home.token())
        self.server = grpc.server(ThreadPoolExecutor(8), options=(("grpc.so_reuseport", 0),))
        exposure_pb2_grpc.add_ExposureServiceServicer_to_server(service, self.server)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self._lock.acquire()
        self.boots += 1
        self.home.write_runtime(Runtime(f"127.0.0.1:{port}", 1, __version__, f"boot {self.boots}"))
        self.services.append(service)
        return service

    def die(self) -> None:
        for service in self.services:
            for _ in range(4):
                service.gex.put(None)
        self._lock.release()
        self.server.stop(0).wait()

    def start(self, home: Home, left: float) -> Runtime | None:
        self.starts += 1
        if self.starts < 3:
            raise LaunchNotRecorded
        self.serve()
        return home.server()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    if sys.platform == "win32":
        pytest.skip("only on POSIX: a lock held twice in one process")
    machine = Machine(tmp_path)
    yield machine
    machine.die()


def test_a_stream_that_survives_its_server(machine: Machine) -> None:
    service = machine.serve()
    changed: queue.SimpleQueue[frozenset[Ask]] = queue.SimpleQueue()
    clock = [0.0]
    client = BasketClient(machine.home, start=machine.start, clock=lambda: clock[0])
    watcher = client.watch(changed.put, first_pause=0.01)
    watcher.want(A)
    service.gex.put(1.0)
    assert changed.get(timeout=PATIENCE) == {A}
    known = client.known(A)
    assert isinstance(known, Reply) and known.gex == 1.0

    machine.die()
    until(lambda: machine.starts == 1)
    assert watcher.latest(A) == known
    clock[0] += 2.5  # the circuit breaker is closed again
    until(lambda: machine.starts == 2)
    clock[0] += 2.5
    until(lambda: machine.starts == 3 and len(machine.services) == 2)
    assert machine.services[1].opened.acquire(timeout=PATIENCE)
    machine.services[1].gex.put(-1.0)
    assert changed.get(timeout=PATIENCE) == {A}
    found = watcher.since(A)
    assert found == Since("negative_gamma", 2.0, "positive_gamma", 1.0)

    watcher.drop(A)
    assert machine.services[1].closed.acquire(timeout=PATIENCE)
    watcher.close()
    gone(watcher)
    client.close()


def test_a_stream_with_another_token(machine: Machine) -> None:
    machine.serve().token = "another"
    connection = Connection(machine.home, 5.0, start=machine.start)
    stream = connection.stream("WatchBaskets", pb.WatchBasketsRequest())
    assert isinstance(stream, Stream)
    assert list(stream) == []
    assert stream.problem == problems.TOKEN_REFUSED
    connection.close()


def test_no_server_and_none_installed(machine: Machine) -> None:
    machine.serve()
    machine.die()
    clock = [0.0]
    connection = Connection(machine.home, 5.0, start=machine.start, clock=lambda: clock[0])
    for _ in range(3):  # the second and third from memory
        assert connection.stream("WatchBaskets", pb.WatchBasketsRequest()) == problems.LAUNCH_NOT_RECORDED
    assert machine.starts == 1
    machine.serve()


def test_regimes_and_levels(machine: Machine) -> None:
    machine.serve()
    client = BasketClient(machine.home)
    assert client.regimes([A, B, Ask(("C",), (-1.0,))]) == [
        Since("positive_gamma", 3.0, "negative_gamma", 1.0, 4.0),
        Since("negative_gamma", 3.0, "positive_gamma", 1.0, 4.0),
        Problem("invalid_weights", "No.", bad_input=True),
    ]
    assert client.regimes([A]) == [problems.BAD_REPLY]  # one row too many
    assert client.regimes([]) == []
    assert client.levels("SPX") == LevelFigures(
        underlying_price=100.0,
        gamma_flip=None,
        gamma_flip_status="no_boundary",
        call_wall=110.0,
        put_wall=90.0,
        max_positive_gamma=None,
        max_negative_gamma=None,
        highest_oi_strike=None,
        zero_dte_magnet=None,
        as_of=5.0,
        client_ttl=6.0,
    )
    assert isinstance(client.levels("NONE"), Problem)
    client.close()
