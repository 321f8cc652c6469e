"""systemd hears when a server is ready and when it ends, over a real datagram socket."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex_server.service_manager import VARIABLE, tell
from tests.e2e.serving import Server

PATIENCE = 30.0
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="only on systems with datagram sockets of files"
)


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("only on Linux")
    with (
        tempfile.TemporaryDirectory(prefix="bg-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard,
    ):
        name = f"@basketgex-{uuid.uuid4().hex}" if request.param == "abstract" else f"{folder}/notify"
        heard.bind(name.replace("@", "\0", 1) if name[0] == "@" else name)
        heard.settimeout(PATIENCE)
        monkeypatch.setenv(VARIABLE, name)
        yield heard


def test_a_server_tells_when_it_is_ready_and_when_it_ends(manager: socket.socket, tmp_path: Path) -> None:
    with Server(tmp_path / "home") as server:
        assert manager.recv(100) == b"READY=1"
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(100)
        manager.settimeout(PATIENCE)
        server.process.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    "address", ["", "nowhere", "/none/such", "@basketgex-nobody-listens", "/" + "x" * 200]
)
def test_where_nobody_hears_nothing_is_said(address: str) -> None:
    tell("READY=1", {VARIABLE: address} if address else {})
    assert os.environ.get(VARIABLE) is None
