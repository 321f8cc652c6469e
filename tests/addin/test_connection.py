"""A real gRPC server on 127.0.0.1 and real locks: alive, dead, slow, refusing, restarted, of another version."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import grpc
import pytest
from filelock import FileLock

from basketgex import __version__
from basketgex.home import Home, Runtime
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1 import exposure_pb2_grpc
from basketgex_addin.cells import Ask, Problem, Reply
from basketgex_addin.client import BasketClient, ServerStatus, codec, problems
from basketgex_addin.client.connection import Connection
from basketgex_addin.client.launcher import LaunchNotRecorded
from basketgex_addin.client.memo import LOOK

ASK = Ask(("NVDA",))


def reply(request: pb.BatchGetBasketsRequest) -> pb.BatchGetBasketsResponse:
    """Every basket is a row of zeros without constituents."""
    count = len(request.offsets) - 1
    zeros = [0.0] * count
    figures = dict.fromkeys((field.name for field in pb.BasketColumns.DESCRIPTOR.fields), zeros)
    integers = dict.fromkeys(("negative_names", "freshness", "notice_index", "as_of_distant"), [0] * count)
    return pb.BatchGetBasketsResponse(
        baskets=pb.BasketColumns(
            **{**figures, **integers, "client_ttl": [60.0] * count, "gex": [1.0] * count}
        ),
        offsets=[0] * (count + 1),
        missing_offsets=[0] * (count + 1),
        notices=[""],
    )


class Service(exposure_pb2_grpc.ExposureServiceServicer):
    """Canned answers, counted; ``before`` may refuse, wait or end the call."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.calls: list[str] = []
        self.baskets: list[int] = []
        self.before: Callable[[Any], object] = lambda context: None
        self.on_shutdown: Callable[[], None] = lambda: None

    def _enter(self, name: str, context: Any) -> None:
        self.calls.append(name)
        self.before(context)
        if ("authorization", f"Bearer {self.token}") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "secret details")

    def BatchGetBaskets(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._enter("batch", context)
        self.baskets.append(len(request.offsets) - 1)
        return reply(request)

    def GetStatus(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._enter("status", context)
        return pb.GetStatusResponse(version=__version__, origin=pb.Origin(source="sample"), requests=3)

    def Shutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._enter("shutdown", context)
        self.on_shutdown()
        return pb.ShutdownResponse()


class Machine:
    """A home, and the servers that come and go in it. ``pause`` counts looks at the lock and moves the clock."""

    def __init__(self, home: Home, stack: ExitStack) -> None:
        self.home = home
        self.now = 0.0
        self.starts = 0
        self.boots = 0
        self.script: list[Callable[[], Runtime | None]] = []
        self._stack = stack
        self._lock = FileLock(home.lock, thread_local=False)

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def start(self, home: Home, left: float) -> Runtime | None:
        self.starts += 1
        if not self.script:
            raise LaunchNotRecorded
        return self.script.pop(0)()

    def serve(self, version: str = __version__) -> Service:
        """Bind on a free port, hold the lock, write the runtime file."""
        service = Service(self.home.token())
        server = grpc.server(ThreadPoolExecutor(8), options=(("grpc.so_reuseport", 0),))
        exposure_pb2_grpc.add_ExposureServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._stack.callback(lambda: server.stop(0).wait())
        self.server = server
        self.announce(f"127.0.0.1:{port}", version)
        return service

    def announce(self, address: str, version: str = __version__) -> None:
        self._lock.acquire()
        self.boots += 1
        self.home.write_runtime(Runtime(address, 1, version, f"boot {self.boots}"))

    def die(self, stop: bool = True) -> None:
        """Let go of the lock as a killed process does: the runtime file stays."""
        if stop:
            self.server.stop(0).wait()
        self._lock.release(force=True)

    def connection(self, deadline: float = 20.0) -> Connection:
        found = Connection(self.home, deadline, self.start, self.clock, self.pause)
        self._stack.callback(found.close)
        return found

    def client(self, deadline: float = 20.0) -> BasketClient:
        found = BasketClient(self.home, deadline, self.start, self.clock)
        found._connection = found._baskets._connection = self.connection(deadline)
        return found

    def restarted(self) -> Runtime | None:
        self.serve()
        return self.home.server()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    home = Home(tmp_path / "home")
    home.create()
    with ExitStack() as stack:
        machine = Machine(home, stack)
        stack.callback(lambda: machine._lock.release(force=True))
        yield machine


def only(connection: Connection) -> Any:
    """The answer to one request."""
    return connection.batch([codec.encode([ASK])]).answers[0]


def sentence(answer: Any) -> str:
    assert isinstance(answer, Problem), answer
    return answer.sentence


def test_a_living_server_answers(machine: Machine) -> None:
    service = machine.serve()
    connection = machine.connection()
    batch = connection.batch([codec.encode([ASK])])
    assert isinstance(batch.answers[0], pb.BatchGetBasketsResponse)
    assert batch.stamp == machine.home.stamp()
    assert isinstance(connection.call("GetStatus", pb.GetStatusRequest()), pb.GetStatusResponse)
    assert service.calls == ["batch", "status"]
    assert machine.starts == 0


def test_no_server_and_none_installed(machine: Machine) -> None:
    assert sentence(only(machine.connection())) == (
        "No server is running and none is installed: run basketgex install, or basketgex serve."
    )


def test_a_server_is_started_where_none_lives(machine: Machine) -> None:
    machine.script = [machine.restarted]
    assert isinstance(only(machine.connection()), pb.BatchGetBasketsResponse)
    assert machine.starts == 1


def test_a_server_that_another_process_is_starting_is_waited_for(machine: Machine) -> None:
    machine._lock.acquire()
    connection = machine.connection()
    looks: list[float] = []

    def bind(seconds: float) -> None:
        looks.append(seconds)
        machine.serve()

    connection._pause = bind
    assert isinstance(only(connection), pb.BatchGetBasketsResponse)
    assert (machine.starts, len(looks)) == (0, 1)


def test_a_failed_start_is_met_once_in_two_seconds(machine: Machine) -> None:
    machine.script = [lambda: None, machine.restarted]
    client = machine.client()
    for i in range(500):
        assert (
            sentence(client.ask(Ask((f"T{i}",))))
            == "The server did not start: run basketgex serve to see why."
        )
    assert machine.starts == 1
    machine.now += 2
    assert isinstance(client.ask(ASK), Reply)


def test_a_failure_is_noted_before_the_next_caller_has_its_turn(machine: Machine) -> None:
    """That one may find the server which has come meanwhile: noted later, the failure would silence all for two seconds."""
    connection = machine.connection()
    lock, noted = connection._lock, []

    class Watched:
        acquire = staticmethod(lock.acquire)

        def release(self) -> None:
            noted.append(connection._breaker.failure)
            lock.release()

    connection._lock = Watched()  # type: ignore[assignment]
    assert only(connection) == problems.LAUNCH_NOT_RECORDED
    connection._lock = lock
    assert noted == [problems.LAUNCH_NOT_RECORDED]


def test_a_stranger_on_the_old_port_gets_no_token(machine: Machine) -> None:
    service = machine.serve()
    connection = machine.connection()
    only(connection)
    machine.die(stop=False)  # the port still answers, but nobody holds the lock
    assert only(connection) == problems.LAUNCH_NOT_RECORDED
    assert service.calls == ["batch"]


def test_a_server_restarted_on_another_port_is_found(machine: Machine) -> None:
    machine.serve()
    connection = machine.connection()
    only(connection)
    machine.die()
    second = machine.serve()
    assert isinstance(only(connection), pb.BatchGetBasketsResponse)
    assert second.calls == ["batch"]
    assert machine.starts == 0


def test_a_server_that_ends_under_the_call_is_replaced_and_asked_once_more(machine: Machine) -> None:
    first = machine.serve()

    def drain(context: Any) -> None:
        machine._lock.release(force=True)
        context.abort(grpc.StatusCode.UNAVAILABLE, "draining")

    first.before = drain
    services: list[Service] = []

    def started() -> Runtime | None:
        services.append(machine.serve())
        return machine.home.server()

    machine.script = [started]
    assert isinstance(only(machine.connection()), pb.BatchGetBasketsResponse)
    assert (first.calls, services[0].calls) == (["batch"], ["batch"])


def test_a_held_lock_over_a_dead_port_costs_one_deadline_in_all(machine: Machine) -> None:
    machine.serve()
    machine.server.stop(0).wait()
    client = machine.client()
    for i in range(500):
        assert (
            sentence(client.ask(Ask((f"T{i}",)))) == "The server cannot be reached. Recalculate to ask again."
        )
    assert machine.starts == 0
    assert machine.now == pytest.approx(2.0)  # the grace given to a server that may be ending


def test_a_slow_server_costs_one_deadline_in_all(machine: Machine) -> None:
    service = machine.serve()
    over = Event()
    service.before = lambda context: over.wait(30)
    client = machine.client(deadline=0.2)
    for i in range(500):
        assert sentence(client.ask(Ask((f"T{i}",)))) == (
            "The server did not answer in time. Recalculate to ask again."
        )
    over.set()
    assert len(service.calls) <= 1


def test_a_refused_token_is_read_again_once(machine: Machine) -> None:
    service = machine.serve()
    connection = machine.connection()
    only(connection)
    machine.home.token_file.write_text("rotated")
    service.token = "rotated"
    assert isinstance(only(connection), pb.BatchGetBasketsResponse)
    assert len(service.calls) == 3


def test_a_token_refused_for_good(machine: Machine) -> None:
    service = machine.serve()
    service.token = "another"
    client = machine.client()
    for i in range(500):
        assert sentence(client.ask(Ask((f"T{i}",)))) == (
            "The server refused the token: use the one in its home folder."
        )
    assert len(service.calls) == 1
    machine.now += 2
    service.token = machine.home.token()
    assert isinstance(client.ask(ASK), Reply)


@pytest.mark.parametrize(
    ("status", "code", "bad_input"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "invalid_batch", True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "too_large", False),
        (grpc.StatusCode.PERMISSION_DENIED, "not_entitled", False),
        (grpc.StatusCode.UNIMPLEMENTED, "version_mismatch", False),
        (grpc.StatusCode.INTERNAL, "internal", False),
        (grpc.StatusCode.UNKNOWN, "internal", False),
    ],
)
def test_a_status_is_a_problem_without_the_servers_own_words(
    machine: Machine, status: grpc.StatusCode, code: str, bad_input: bool
) -> None:
    service = machine.serve()
    service.before = lambda context: context.abort(status, "Traceback /home/secret")
    found = only(machine.connection())
    assert (found.code, found.bad_input) == (code, bad_input)
    assert "secret" not in found.sentence


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED]
)
def test_what_stands_in_the_sources_way_is_said_and_the_next_question_is_asked(
    machine: Machine, status: grpc.StatusCode
) -> None:
    service = machine.serve()

    def refuse(context: Any) -> None:
        context.set_trailing_metadata((("basketgex-code", "not_offered"),))
        context.abort(status, "The source has no chains.")

    service.before = refuse
    connection = machine.connection()
    for _ in range(2):
        assert only(connection) == Problem("not_offered", "The source has no chains.")
    assert len(service.calls) == 2


def test_another_version_is_ended_and_replaced(machine: Machine) -> None:
    old = machine.serve(version="0.0.1")
    machine.home.write_launch(["basketgex"], [])
    old.on_shutdown = lambda: machine._lock.release(force=True)
    machine.script = [machine.restarted]
    assert isinstance(only(machine.connection()), pb.BatchGetBasketsResponse)
    assert (old.calls, machine.starts) == (["shutdown"], 1)


def test_another_version_that_could_not_be_started_again_is_left_alone(machine: Machine) -> None:
    old = machine.serve(version="0.0.1")
    assert sentence(only(machine.connection())) == (
        "Server and add-in are of different versions: run basketgex install again."
    )
    assert old.calls == []


def test_another_version_again_is_not_ended_over_and_over(machine: Machine) -> None:
    old = machine.serve(version="0.0.1")
    machine.home.write_launch(["basketgex"], [])
    old.on_shutdown = lambda: machine._lock.release(force=True)

    def again() -> Runtime | None:
        machine.serve(version="0.0.1")
        return machine.home.server()

    machine.script = [again]
    assert only(machine.connection()) == problems.VERSION_MISMATCH
    assert machine.starts == 1


def test_another_version_that_does_not_end(machine: Machine) -> None:
    machine.serve(version="0.0.1")
    machine.home.write_launch(["basketgex"], [])
    assert only(machine.connection()) == problems.TIMED_OUT
    assert machine.starts == 0


def test_several_requests_fly_at_once(machine: Machine) -> None:
    service = machine.serve()
    together = Barrier(3)
    service.before = lambda context: together.wait(30)
    answers = machine.connection().batch([codec.encode([ASK])] * 3).answers
    assert [isinstance(answer, pb.BatchGetBasketsResponse) for answer in answers] == [True] * 3


def test_no_request_is_no_call(machine: Machine) -> None:
    assert machine.connection().batch([]).answers == []


def test_a_missing_package_is_a_sentence(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.serve()
    connection = machine.connection()
    request = codec.encode([ASK])
    monkeypatch.setitem(sys.modules, "grpc", None)
    assert sentence(connection.batch([request]).answers[0]) == (
        "A package that the add-in needs is missing, or too old: run basketgex install again."
    )


def test_the_client_asks_once_for_what_it_does_not_know(machine: Machine) -> None:
    service = machine.serve()
    client = machine.client()
    assert client.known(ASK) is None
    others = [Ask(("AMD",)), Ask(("MU",)), Ask(("AMD",))]
    assert isinstance(client.ask(ASK), Reply)
    assert all(isinstance(answer, Reply) for answer in client.ask_many([ASK, *others]))
    assert isinstance(client.known(ASK), Reply)
    assert service.baskets == [1, 2]
    client.ask_many([ASK], refresh="FORCE")
    assert service.baskets == [1, 2, 1]
    machine.now += 3600
    assert client.known(ASK) is None
    assert isinstance(client.remembered(ASK), Reply)


def test_the_first_answer_of_a_server_that_had_to_be_started_is_kept(machine: Machine) -> None:
    machine.script = [machine.restarted]
    client = machine.client()
    client.ask(ASK)
    assert isinstance(client.known(ASK), Reply)


def test_another_server_forgets_what_the_old_one_said(machine: Machine) -> None:
    machine.serve()
    client = machine.client()
    client.ask(ASK)
    machine.die()
    machine.serve()
    machine.now += LOOK
    assert client.known(ASK) is None


def test_more_than_a_message_holds_is_split(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    service = machine.serve()
    monkeypatch.setattr(codec.chunks, "__defaults__", (10,))
    asks = [Ask((f"T{i}",)) for i in range(25)]
    assert all(isinstance(answer, Reply) for answer in machine.client().ask_many(asks))
    assert sorted(service.baskets) == [5, 10, 10]


def test_status(machine: Machine) -> None:
    client = machine.client()
    assert client.status() == problems.LAUNCH_NOT_RECORDED
    machine.now += 2
    machine.serve()
    status = client.status()
    assert isinstance(status, ServerStatus)
    assert (status.version, status.source, status.requests) == (__version__, "sample", 3)


def test_a_closed_client_opens_again(machine: Machine) -> None:
    machine.serve()
    client = machine.client()
    client.ask(ASK)
    client.close()
    assert client.remembered(ASK) is None
    assert isinstance(client.ask(ASK), Reply)
