from __future__ import annotations

import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from basketgex.home import Home, Launch, Runtime, default_home

RUNTIME = Runtime("127.0.0.1:1", 7, "0.1", "boot")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("begin", [None, "", "\n"])
def test_of_many_creators_of_the_token_one_wins(tmp_path: Path, begin: str | None) -> None:
    home = Home(tmp_path / "home")
    if begin is not None:
        home.create()
        home.token_file.write_text(begin)
        assert len(home.token()) >= 40  # an empty token is none
    gate = threading.Barrier(16)

    def create() -> str:
        gate.wait(30)
        return home.token()

    with ThreadPoolExecutor(16) as pool:
        tokens = {f.result(30) for f in [pool.submit(create) for _ in range(16)]}
    assert len(tokens) == 1
    assert len(tokens.pop()) >= 40
    assert [p.name for p in home.path.iterdir()] == ["token"]


@POSIX
def test_secrets_are_their_owners(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.token()
    home.write_runtime(RUNTIME)
    assert (mode(home.path), mode(home.token_file), mode(home.runtime_file)) == (0o700, 0o600, 0o600)


def test_runtime_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.read_runtime() is None
    home.remove_runtime()
    home.write_runtime(RUNTIME)
    assert home.read_runtime() == RUNTIME
    with_gateway = RUNTIME._replace(http="127.0.0.1:2")
    home.write_runtime(with_gateway)
    assert home.read_runtime() == with_gateway
    home.runtime_file.write_text('{"grpc": "127.0.0.1:1", "pid": 7, "version": "0.1", "boot": "boot"}')
    assert home.read_runtime() == RUNTIME  # as it was written before there was a gateway
    assert RUNTIME.channel_token("t") == (("authorization", "Bearer t"),)
    for rubbish in ("", "{", "[]", '{"grpc": "x"}', '{"unknown": 1}'):
        home.runtime_file.write_text(rubbish)
        assert home.read_runtime() is None
    home.remove_runtime()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_never_sees_half_a_runtime_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_runtime(RUNTIME)
    done = threading.Event()

    def write() -> None:
        for number in range(300):
            home.write_runtime(Runtime("127.0.0.1:1" * (number % 9 + 1), number, "0.1", "boot"))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set():
        assert home.read_runtime() is not None
        reads += 1
    writer.join(30)
    assert reads > 0


def test_served_means_that_the_lock_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not home.is_served()
    home.write_runtime(RUNTIME)
    assert (home.is_served(), home.server()) == (False, None)
    with filelock.FileLock(home.lock):
        assert (home.is_served(), home.server()) == (True, RUNTIME)
        home.remove_runtime()
        assert (home.is_served(), home.server()) == (True, None)
    assert not home.is_served()


def test_two_lookers_do_not_take_each_other_for_a_server(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.lock.touch()
    gate = threading.Barrier(8)

    def look() -> bool:
        gate.wait(30)
        return any(home.is_served() for _ in range(200))

    with ThreadPoolExecutor(8) as pool:
        assert not any(f.result(20) for f in [pool.submit(look) for _ in range(8)])


def test_the_stamp_changes_with_a_start_and_with_the_settings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stamps = [home.stamp()]
    home.write_runtime(RUNTIME)
    stamps.append(home.stamp())
    assert home.stamp() == stamps[-1]
    home.write_runtime(RUNTIME)
    stamps.append(home.stamp())
    home.config_file.write_text("rate = 0.1")
    stamps.append(home.stamp())
    home.remove_runtime()
    stamps.append(home.stamp())
    assert len(set(stamps)) == len(stamps)


def test_launch_file(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert home.read_launch() is None
    home.write_launch(["python", "-m", "x"], ["/a b"])
    assert home.read_launch() == Launch(("python", "-m", "x"), ("/a b",))
    home.launch_file.write_text("{}")
    assert home.read_launch() is None


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="only on Linux")
def test_default_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASKETGEX_HOME", "/named")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_home() == Path("/named")
    monkeypatch.delenv("BASKETGEX_HOME")
    assert default_home() == Path("/data/basketgex")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_home() == Path.home() / ".local" / "share" / "basketgex"
