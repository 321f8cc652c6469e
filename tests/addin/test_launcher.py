"""Real child processes: the ready line, the environment, the process group, and servers that never come up."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from basketgex.home import Home, Runtime
from basketgex_addin.client.launcher import LaunchNotRecorded, server_environment, start

RUNTIME = Runtime("127.0.0.1:1", 7, "0.1.0", "boot")
LINE = json.dumps({"grpc": RUNTIME.grpc, "pid": 7, "token_file": "token"})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home that somebody serves already: the second serve prints a line and ends."""
    home = Home(tmp_path / "home")
    home.create()
    with FileLock(home.lock):
        home.write_runtime(RUNTIME)
        yield home


def record(home: Home, script: str) -> None:
    home.write_launch([sys.executable, "-c", script], [])


def test_the_ready_line_leads_to_the_runtime(home: Home) -> None:
    record(home, f"print('a warning'); print({LINE!r})")
    assert start(home, 30) == RUNTIME


def test_a_child_without_a_line_has_failed_at_once(home: Home) -> None:
    record(home, "raise SystemExit(1)")
    assert start(home, 30) is None


def test_a_line_without_a_held_lock_is_no_server(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_runtime(RUNTIME)
    record(home, f"print({LINE!r})")
    assert start(home, 30) is None


def test_a_deadline_ends_the_wait_and_not_the_child(home: Home) -> None:
    record(
        home,
        f"import sys; sys.stdin.close(); open('up', 'x').close(); input_ = open('gate'); print({LINE!r})",
    )
    os.mkfifo(home.path / "gate")
    assert start(home, 0.01) is None
    with (home.path / "gate").open("w"):  # opens once the child reads: it is still there
        pass
    attending = [thread for thread in threading.enumerate() if thread.name == "basketgex-launcher"]
    for thread in attending:
        thread.join(30)
        assert not thread.is_alive()
    assert (home.path / "up").exists()


def test_no_command_recorded(home: Home) -> None:
    with pytest.raises(LaunchNotRecorded):
        start(home, 30)


def test_a_command_that_is_gone(home: Home) -> None:
    home.write_launch([str(home.path / "gone")], [])
    assert start(home, 30) is None


def test_the_child_has_its_own_session_and_none_of_the_hosts_python(home: Home) -> None:
    script = (
        "import json, os; json.dump([os.getsid(0) == os.getpid(), dict(os.environ)], open('seen', 'w'));"
        f"print({LINE!r}, flush=True)"
    )
    record(home, script)
    environment = {"PYTHONHOME": "/x", "PYTHONPATH": "/x", "LD_LIBRARY_PATH": "/x", "KEPT": "1"}
    assert start(home, 30, {**environment, "PYTHONHOME": "/nowhere"}) == RUNTIME
    own_session, seen = json.loads((home.path / "seen").read_text())
    assert own_session
    assert seen["KEPT"] == "1"
    assert seen["BASKETGEX_HOME"] == str(home.path)
    assert not seen.keys() & {"PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH"}


def test_the_environment_of_this_process_is_the_default(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONEXECUTABLE", "/x")
    monkeypatch.setenv("KEPT", "1")
    found = server_environment(home)
    assert found["KEPT"] == "1"
    assert "PYTHONEXECUTABLE" not in found
