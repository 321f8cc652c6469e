"""The clients that docs/grpc.md shows are built as it says and run as they stand there, against servers alive and dead."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import basketgex_server
from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.client import BasketClient
from basketgex_server.errors import BasketgexError
from tests.e2e.serving import Server

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "grpc.md").read_text("utf-8")
CLIENTS = ROOT / "docs" / "clients"
PYTHON = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
BUILDS = dict(
    re.findall(r"^\[(client\.\w+)\].*?```sh\n(.*?)```", DOCUMENT, re.DOTALL | re.MULTILINE | re.IGNORECASE)
)
NEEDS = {
    "client.js": ("node", "npm", "flock"),
    "client.go": ("go", "protoc", "protoc-gen-go", "protoc-gen-go-grpc"),
    "Client.java": ("javac", "protoc", "grpc_java_plugin"),
    "client.cpp": ("g++", "pkg-config", "protoc", "grpc_cpp_plugin"),
}
LIBRARIES = {
    "client.go": "/usr/share/gocode/src/google.golang.org/grpc",
    "Client.java": "/usr/share/java/perfmark-api.jar",
    "client.cpp": "/usr/include/grpcpp/grpcpp.h",
}
RUNS = {
    "client.js": 'node client.js "$PROTOS"',
    "client.go": "go/client",
    "Client.java": 'java -cp "java/classes:/usr/share/java/*" Client',
    "client.cpp": "./client",
}


one_worker = pytest.mark.xdist_group("documented clients")  # each is built once


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "BASKETGEX_HOME": str(home), "PROTOS": str(ROOT / "protos")}


def shell(line: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", line], cwd=folder, env=environment(home), capture_output=True, text=True, timeout=240
    )


# -- Python --------------------------------------------------------------------------------------------------------------


def python(home: Path, *blocks: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_documented_python_client_runs(tmp_path: Path) -> None:
    assert len(PYTHON[0].strip().splitlines()) <= 22
    with Server(tmp_path / "home"):
        done = python(tmp_path / "home", PYTHON[0])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"net GEX [+-][\d,.]+ m USD per 1 % \(synthetic sample\)", lines[0])
    assert [line.split()[0] for line in lines[1:]] == ["AAPL", "MSFT", "NVDA"]


def test_the_documented_batch_is_the_three_baskets_it_speaks_of(tmp_path: Path) -> None:
    with Server(tmp_path / "home"):
        done = python(tmp_path / "home", *PYTHON)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[4:]
    assert [re.sub(r" [+-][\d,.]+ m", "", line) for line in lines[:3]] == [
        "0: AAPL 60%, MSFT 40%",
        "1: MSFT 50%, NVDA 50%",
        "2: NVDA 100%",
    ]
    for move, line in zip(("-2%", "[+]2%"), lines[3:5], strict=True):
        assert re.fullmatch(rf"{move}: dealers (buy|sell) \d+\.\d\d bn", line)
    for measure, line in zip(("DEX ", "VEX ", "CHEX"), lines[5:8], strict=True):
        assert re.fullmatch(rf"{measure} [+-][\d,]+\.\d m, [+-]\d+\.\d{{4}} days of volume", line)
    assert re.fullmatch(r"[+-][\d,]+\.\d m, percentile: (\d+%|too few days) \(\d+ days before\)", lines[8])
    assert [line.split(":")[0] for line in lines[9:]] == [f"from day {day}" for day in (0, 1, 8, 31, 91)]
    assert lines[-1].endswith("100.0% rolled off")


def test_the_contract_lies_where_the_document_says(tmp_path: Path) -> None:
    (line,) = re.findall(r'python -c "(import basketgex.*?)"', DOCUMENT)
    done = python(tmp_path, line)
    assert (Path(done.stdout.strip()) / "basketgex" / "v1" / "exposure.proto").is_file(), done.stderr


# -- the others ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=sorted(NEEDS))
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """A client, built by the document's own lines where its packages are; given a home, it runs."""
    name: str = request.param
    library = LIBRARIES.get(name)
    if not all(map(shutil.which, NEEDS[name])) or (library and not Path(library).exists()):
        pytest.skip(f"only on machines with {', '.join(NEEDS[name])} and their gRPC libraries")
    folder = tmp_path_factory.mktemp("client")
    shutil.copy(CLIENTS / name, folder)
    *building, running = BUILDS[name].strip().splitlines()
    assert (running == RUNS[name]) or name == "client.go"
    if name == "client.go":  # built once, not for every run
        building.append(running.replace("go run", "go build -o go/client"))
    if name == "client.js":
        building = [line + " --no-audit --no-fund --ignore-scripts" for line in building]
    done = shell("\n".join(building), folder, folder)
    if done.returncode and name == "client.js":
        pytest.skip("only on machines with Node that can install @grpc/grpc-js from npm")
    assert done.returncode == 0, done.stderr
    return lambda home: shell(RUNS[name], folder, home)


@one_worker
def test_the_documented_client_asks_and_watches(
    client: Callable[[Path], subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    with Server(tmp_path / "home") as server:
        done = client(tmp_path / "home")
        own = BasketClient(server.home)
        asked = own.ask(Ask(("AAPL", "MSFT", "NVDA"), (0.4, 0.3, 0.3)))
        own.close()
    assert done.returncode == 0, done.stderr
    assert isinstance(asked, Reply)
    lines = done.stdout.splitlines()
    assert lines[0] == f"net GEX {asked.gex / 1e6:.1f} m USD per 1 % (synthetic sample)"
    assert [line.split()[0] for line in lines[1:4]] == ["AAPL", "MSFT", "NVDA"]
    assert re.fullmatch(rf"changed: \W*0\W* ({int(asked.gex)}|{round(asked.gex)})", lines[4])
    assert lines[5:] == ["nothing new"]


# -- a dead server, and a stranger on its port ---------------------------------------------------------------------------


class Stranger:
    """A program that took the port of a server that was killed, and hears what it is told."""

    def __init__(self, port: int) -> None:
        self.heard = b""
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            with closing(wire):
                wire.settimeout(5)
                try:
                    while part := wire.recv(1 << 16):
                        self.heard += part
                except OSError:
                    pass

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def haunted(tmp_path: Path) -> Iterator[tuple[Path, Stranger]]:
    """A home whose server was killed, and the stranger on its port."""
    home = tmp_path / "home"
    with Server(home) as server:
        port = int(server.address.rpartition(":")[2])
        server.kill()
    stranger = Stranger(port)
    assert (home / "runtime.json").exists()
    yield home, stranger
    stranger.close()


def test_no_python_client_gives_the_token_away(haunted: tuple[Path, Stranger]) -> None:
    home, stranger = haunted
    done = python(home, PYTHON[0])
    assert done.returncode != 0
    assert done.stderr.strip() == "No server runs: start one."
    assert stranger.heard == b""


@one_worker
def test_no_documented_client_gives_the_token_away(
    client: Callable[[Path], subprocess.CompletedProcess[str]], haunted: tuple[Path, Stranger]
) -> None:
    home, stranger = haunted
    runtime = home / "runtime.json"
    done = client(home)
    assert done.returncode != 0
    assert "No server runs" in done.stderr
    # The number of the process has gone to another program since.
    with subprocess.Popen(["sleep", "60"]) as other:
        runtime.write_text(json.dumps(json.loads(runtime.read_text()) | {"pid": other.pid}))
        os.utime(runtime, (time.time() - 60, time.time() - 60))
        assert client(home).returncode != 0
        other.kill()
    assert stranger.heard == b""


# -- the words -----------------------------------------------------------------------------------------------------------


def test_every_call_is_told_of() -> None:
    table = re.findall(r"^\| ((?:`[A-Z]\w+`(?:, )?)+) \|", DOCUMENT.split("## The contract")[1], re.MULTILINE)
    told = [name for cell in table for name in re.findall(r"`(\w+)`", cell)]
    calls = [method.name for method in pb.DESCRIPTOR.services_by_name["ExposureService"].methods]
    assert sorted(told) == sorted(calls)


NEVER_ON_A_CALL = {"error", "never_ready", "still_serving", "symbol_not_found", "invalid_parameter"}
"""Of commands, of the start, or of REST alone."""


def test_the_documented_codes_are_those_of_the_error_tree() -> None:
    for module in pkgutil.walk_packages(basketgex_server.__path__, "basketgex_server."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def leaves(kind: type[BasketgexError]) -> Iterator[type[BasketgexError]]:
        for below in kind.__subclasses__():
            yield below
            yield from leaves(below)

    found = {(kind.reason, kind.code) for kind in leaves(BasketgexError) if "code" in vars(kind)}
    rows = re.findall(r"^\| ([A-Z_]+) \| (`.*?`) \|", DOCUMENT.split("## Errors")[1], re.MULTILINE)
    documented = {(status, code) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    assert documented == {(reason, code) for reason, code in found if code not in NEVER_ON_A_CALL}


def test_the_documented_limits_are_those_in_force() -> None:
    from basketgex.home import CHANNEL_OPTIONS
    from basketgex_server.api import limits
    from basketgex_server.dispatch.batch.types import MOST_BASKETS
    from basketgex_server.settings import Settings

    defaults, sizes = Settings(), dict(CHANNEL_OPTIONS)
    assert f"{MOST_BASKETS:,} baskets;" in DOCUMENT
    assert f"{limits.MOST_STREAMS:,} |" in DOCUMENT
    assert (
        f"{limits.MOST_CONNECTIONS:,}; one without a call is closed after {limits.IDLE / 60:g} minutes"
        in DOCUMENT
    )
    assert f"no HTTP/2 after {limits.HANDSHAKE:g} s" in DOCUMENT
    assert f"does not answer within {limits.PING_ANSWER:g} s" in DOCUMENT
    assert f"{defaults.max_symbols:,} distinct names" in DOCUMENT
    assert f"{defaults.max_calls_per_request} (`max_calls_per_request`)" in DOCUMENT
    assert f"{defaults.request_timeout:g} s (`request_timeout`)" in DOCUMENT
    assert set(sizes.values()) == {0, 64 << 20}
    assert "| 64 MiB |" in DOCUMENT
