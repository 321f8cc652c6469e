"""Real servers in processes of their own: start, kill, start again, drain, end."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import filelock
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from basketgex import __version__
from basketgex.home import CHANNEL_OPTIONS, Home, Runtime
from basketgex.v1 import exposure_pb2 as pb
from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub
from basketgex_server import lifecycle
from basketgex_server.errors import BadSettings
from basketgex_server.settings import Settings, change_config
from basketgex_server.sources.factory import make_source
from tests.server.servers import PATIENCE, bearer

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")

PROGRAM = """
import asyncio, json, os, signal, sqlite3, sys
from pathlib import Path
import basketgex.home
from basketgex.home import Home
from basketgex_server import doors, lifecycle
from basketgex_server.errors import BasketgexError
from basketgex_server.settings import load
from basketgex_server.sources.factory import make_source
from basketgex_server.stores.sqlite import store

home = Home(Path(sys.argv[1]))

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name):
    real = getattr(owner, name)
    def then_die(*given):
        real(*given)
        die()
    setattr(owner, name, then_die)

{patch}
try:
    lifecycle.serve(home, load(home.config_file), make_source, lifecycle.announce)
except BasketgexError as error:
    sys.exit(error.sentence)
"""


class Process:
    """A process that serves, or tries to."""

    def __init__(self, home: Home, patch: str = "") -> None:
        self.home = home
        self.popen = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error::ResourceWarning",
                "-c",
                PROGRAM.format(patch=patch),
                str(home.path),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._errors: list[str] = []
        assert self.popen.stdout and self.popen.stderr
        self._readers = [
            threading.Thread(target=self._read, args=(self.popen.stdout, self._lines.put), daemon=True),
            threading.Thread(target=self._read, args=(self.popen.stderr, self._errors.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str], take: Callable[[str], None]) -> None:
        with closing(stream):
            for line in stream:
                take(line)
            take("")

    def line(self) -> str:
        """Return the next line of output, empty at its end."""
        return self._lines.get(timeout=PATIENCE)

    def ready(self) -> dict[str, Any]:
        text = self.line()
        assert text, "".join(self._errors)
        found: dict[str, Any] = json.loads(text)
        return found

    def ended(self) -> int:
        code = self.popen.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def errors(self) -> str:
        return "".join(self._errors)

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.ended()
        assert self.popen.stdin
        self.popen.stdin.close()


class Town:
    """A home, and everything started for it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.started: list[Process] = []
        self.channels: list[grpc.Channel] = []

    def start(self, patch: str = "") -> Process:
        self.started.append(Process(self.home, patch))
        return self.started[-1]

    def channel(self, address: str) -> grpc.Channel:
        self.channels.append(grpc.insecure_channel(address, options=CHANNEL_OPTIONS))
        return self.channels[-1]

    def ask(self, address: str, method: str, request: Any) -> Any:
        stub = ExposureServiceStub(self.channel(address))
        return getattr(stub, method)(request, metadata=bearer(self.home), timeout=PATIENCE)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(Home(tmp_path / "home"))
    yield made
    for channel in made.channels:
        channel.close()
    for process in made.started:
        process.end()
    for process in made.started:
        assert "Traceback" not in process.errors()


NVDA = pb.GetBasketRequest(symbols=["NVDA", "AAPL"])


def test_the_ready_line(town: Town) -> None:
    process = town.start()
    found = process.ready()
    assert found == {
        "grpc": found["grpc"],
        "pid": process.popen.pid,
        "token_file": str(town.home.token_file),
    }
    assert found["grpc"].startswith("127.0.0.1:")
    runtime = town.home.server()
    assert runtime is not None
    assert (runtime.grpc, runtime.pid, runtime.version) == (found["grpc"], found["pid"], __version__)
    assert town.ask(found["grpc"], "GetStatus", pb.GetStatusRequest()).version == __version__


@pytest.mark.parametrize("http", ["", "127.0.0.1:0"])
def test_a_second_serve_says_who_serves(town: Town, http: str) -> None:
    change_config(town.home.config_file, http_listen=http)
    first = town.start()
    line = first.line()
    assert ("http" in json.loads(line)) == bool(http)
    second = town.start()
    assert second.line() == line
    assert second.ended() == 0
    assert first.popen.poll() is None
    assert town.home.is_served()


@pytest.mark.parametrize("killed_before", [False, True])
def test_ten_starters_leave_one_server(town: Town, killed_before: bool) -> None:
    if killed_before:
        town.home.create()
        town.home.write_runtime(Runtime("127.0.0.1:9", 1, "0", "gone"))
    starters = [town.start() for _ in range(10)]
    lines = [p.ready() for p in starters]
    assert all(line == lines[0] for line in lines)
    (server,) = (p for p in starters if p.popen.pid == lines[0]["pid"])
    assert [p.ended() for p in starters if p is not server] == [0] * 9
    assert server.popen.poll() is None
    assert town.ask(lines[0]["grpc"], "GetStatus", pb.GetStatusRequest()).version == __version__


def test_what_the_last_server_left_is_not_taken_for_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    old, new = (Runtime(f"127.0.0.1:{n}", n, "0", str(n)) for n in (1, 2))
    looks = iter([old, None, new, new])
    monkeypatch.setattr(Home, "read_runtime", lambda _: next(looks))
    with filelock.FileLock(home.lock):
        assert lifecycle._lock_or_other(filelock.FileLock(home.lock), home) == new


@POSIX
def test_a_start_forgets_the_last_runtime_file_before_it_listens(town: Town) -> None:
    town.home.create()
    town.home.write_runtime(Runtime("127.0.0.1:9", 1, "0", "gone"))
    assert town.start(STEPS["after binding"]).ended() == -signal.SIGKILL
    assert town.home.read_runtime() is None


STEPS = {
    "after the lock": "after(lifecycle, '_lock_or_other')",
    "before the token": "Home.token = die",
    "with the token half made": "after(basketgex.files, 'drafted')",
    "before the state's tables": "store._TABLES += 'SELECT die();'\n"
    "real = sqlite3.connect\n"
    "def connect(path):\n"
    "    made = real(path)\n"
    "    made.create_function('die', 0, die)\n"
    "    return made\n"
    "sqlite3.connect = connect",
    "after binding": "real = doors.bind\ndef bind(*given):\n    real(*given)\n    die()\ndoors.bind = bind",
    "before the runtime file": "Home.write_runtime = die",
    "with the runtime file half made": "home.token(); after(basketgex.files, 'drafted')",
    "after the runtime file": "after(Home, 'write_runtime')",
    "before the ready line": "lifecycle.announce = die",
    "after the ready line": "after(lifecycle, 'announce')",
}


@POSIX
@pytest.mark.parametrize("step", STEPS)
def test_killed_while_starting_the_next_start_succeeds(town: Town, step: str) -> None:
    killed = town.start(STEPS[step])
    assert killed.ended() == -signal.SIGKILL, killed.errors()
    assert not town.home.is_served()
    assert town.home.server() is None
    process = town.start()
    found = process.ready()
    assert found["pid"] == process.popen.pid
    assert town.ask(found["grpc"], "GetBasket", NVDA).basket.net.gex != 0
    status = town.ask(found["grpc"], "GetStatus", pb.GetStatusRequest())
    assert status.debits_total == 1


@POSIX
def test_killed_while_serving_the_next_answers_from_the_store(town: Town) -> None:
    first = town.start()
    address = first.ready()["grpc"]
    before = town.ask(address, "GetBasket", NVDA)
    assert before.debits == 1
    town.ask(address, "GetStatus", pb.GetStatusRequest())  # reads the ledger behind the journal
    first.popen.kill()
    assert first.ended() == -signal.SIGKILL
    assert town.home.read_runtime() is not None  # it had no time to take it away
    assert town.home.server() is None
    address = town.start().ready()["grpc"]
    again = town.ask(address, "GetBasket", NVDA)
    assert again.debits == 0
    assert again.basket == before.basket
    status = town.ask(address, "GetStatus", pb.GetStatusRequest())
    assert (status.source_calls, status.debits_total, status.symbols_known) == (0, 1, 2)


GATED = """
from tests.server.servers import NOON, FakeSource
class Gated(FakeSource):
    async def fetch(self, symbols):
        print("asked", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        return await super().fetch(symbols)
make_source = lambda *_: Gated(lambda: NOON)
"""


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(town: Town, number: signal.Signals) -> None:
    process = town.start(GATED)
    address = process.ready()["grpc"]
    stub = ExposureServiceStub(town.channel(address))
    flying = stub.GetBasket.future(NVDA, metadata=bearer(town.home), timeout=PATIENCE)
    assert process.line() == "asked\n"
    watch = health_pb2_grpc.HealthStub(town.channel(address)).Watch(
        health_pb2.HealthCheckRequest(), timeout=PATIENCE
    )
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    process.popen.send_signal(number)
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()
    assert process.popen.stdin
    process.popen.stdin.write("go\n")
    process.popen.stdin.flush()
    assert len(flying.result(PATIENCE).basket.constituents) == 2
    assert process.ended() == 0
    assert town.home.read_runtime() is None
    assert not town.home.is_served()


def test_shutdown_ends_the_process(town: Town) -> None:
    process = town.start()
    town.ask(process.ready()["grpc"], "Shutdown", pb.ShutdownRequest())
    assert process.ended() == 0
    assert (town.home.read_runtime(), town.home.is_served()) == (None, False)


def test_an_idle_server_ends(town: Town) -> None:
    change_config(town.home.config_file, idle_stop=0.2)
    process = town.start()
    process.ready()
    assert process.ended() == 0
    assert town.home.read_runtime() is None


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            {"listen": "0.0.0.0:0"},
            "Beyond loopback the server needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1.",
        ),
        (
            {"listen": "example.com:0"},
            "Beyond loopback the server needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1.",
        ),
        (
            {"listen": "[::]:0"},
            "Beyond loopback the server needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1.",
        ),
        (
            {"listen": "0.0.0.0:0", "tls_key": "x"},
            "tls_certificate and tls_key go together: set both at once, or none.",
        ),
        ({"listen": "127.0.0.1"}, "listen must be HOST:PORT, such as 127.0.0.1:0."),
        ({"listen": "127.0.0.1:http"}, "listen must be HOST:PORT, such as 127.0.0.1:0."),
        (
            {"tls_certificate": "/none/a", "tls_key": "/none/b"},
            "The TLS files cannot be used: they must be PEM files that the server may read, and the key the certificate's.",
        ),
    ],
)
def test_where_the_server_does_not_listen(tmp_path: Path, chosen: dict[str, str], sentence: str) -> None:
    home = Home(tmp_path / "home")
    with pytest.raises(BadSettings) as caught:
        lifecycle.serve(home, Settings(**chosen), make_source, lambda _: pytest.fail("it serves"))  # type: ignore[arg-type]
    assert caught.value.sentence == sentence
    assert not home.is_served()


def test_an_address_in_use_is_said(town: Town, tmp_path: Path) -> None:
    taken = town.start().ready()["grpc"]
    home = Home(tmp_path / "other")
    change_config(home.config_file, listen=taken)
    process = Process(home)
    try:
        assert process.ended() == 1
        # Before it there may be a line of gRPC's own.
        assert process.errors().splitlines()[-1] == (
            "The server cannot listen there: the address is in use, or not to be had."
        )
    finally:
        process.end()


HEAVY = """
from basketgex_server.api.rpc import messages
lifecycle.WARM_AFTER = 3600
def telling(real):
    def reply(answer):
        made = real(answer)
        print(json.dumps(sorted({"numpy", "scipy", "pandas", "holidays"} & set(sys.modules))), flush=True)
        return made
    return reply
messages.basket_reply = telling(messages.basket_reply)
messages.batch_reply = telling(messages.batch_reply)
"""


def test_a_stored_answer_needs_no_mathematics(town: Town) -> None:
    first = town.start(HEAVY)
    address = first.ready()["grpc"]
    town.ask(address, "GetBasket", NVDA)
    assert "numpy" in json.loads(first.line())  # this one was worked out
    town.ask(address, "Shutdown", pb.ShutdownRequest())
    assert first.ended() == 0
    second = town.start(HEAVY)
    address = second.ready()["grpc"]
    town.ask(address, "GetBasket", NVDA)
    assert second.line() == "[]\n"
    one = pb.BatchGetBasketsRequest(symbols=["NVDA"], offsets=[0, 1], symbol_index=[0], weights=[1])
    town.ask(address, "BatchGetBaskets", one)
    assert second.line() == "[]\n"


def test_another_source_never_serves_the_samples_figures(town: Town, tmp_path: Path) -> None:
    process = town.start()
    address = process.ready()["grpc"]
    town.ask(address, "GetBasket", NVDA)
    town.ask(address, "Shutdown", pb.ShutdownRequest())
    assert process.ended() == 0

    (tmp_path / "chains").mkdir()
    change_config(town.home.config_file, source="chain-files", chain_folder=str(tmp_path / "chains"))
    process = town.start()
    address = process.ready()["grpc"]
    status = town.ask(address, "GetStatus", pb.GetStatusRequest())
    assert (status.origin.source, status.origin.synthetic, status.symbols_known) == ("chain-files", False, 0)
    for refresh in (pb.REFRESH_CACHE_ONLY, pb.REFRESH_NORMAL):
        with pytest.raises(grpc.RpcError) as caught:
            town.ask(address, "GetBasket", pb.GetBasketRequest(symbols=["NVDA"], refresh=refresh))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    town.ask(address, "Shutdown", pb.ShutdownRequest())
    assert process.ended() == 0

    change_config(town.home.config_file, source="sample")
    address = town.start().ready()["grpc"]
    assert town.ask(address, "GetBasket", NVDA).debits == 0


@pytest.mark.parametrize("convention", ["dealer"])
def test_another_convention_is_worked_out_anew(town: Town, convention: str) -> None:
    answers = []
    for chosen in ("flashalpha", convention):
        change_config(town.home.config_file, convention=chosen)
        process = town.start()
        address = process.ready()["grpc"]
        answers.append(town.ask(address, "GetBasket", NVDA))
        town.ask(address, "Shutdown", pb.ShutdownRequest())
        assert process.ended() == 0
    assert [a.debits for a in answers] == [1, 1]
    assert [a.origin.convention for a in answers] == ["flashalpha", convention]
    assert answers[0].basket.net.gex == answers[1].basket.net.gex
    assert answers[0].basket.net.dex != answers[1].basket.net.dex


def test_many_lookers_do_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.lock.touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            home.is_served()

    with ThreadPoolExecutor(2) as pool:
        lookers = [pool.submit(look) for _ in range(2)]
        lock = filelock.FileLock(home.lock)
        try:
            assert lifecycle._lock_or_other(lock, home) is None
        finally:
            stop.set()
            lock.release()
        for looker in lookers:
            looker.result(PATIENCE)
