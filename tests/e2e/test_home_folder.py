"""The home folder through the real commands: who may look into it, and what is said where it cannot be one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from basketgex.home import LONGEST_HOME, Home
from tests.e2e.serving import COMMAND, Server, environment

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
PROGRAM = (sys.executable, "-m", "basketgex_cli")


def run(home: Path, *arguments: str, program: tuple[str, ...] = PROGRAM) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*program, *arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def open_to_others(folder: Path) -> list[str]:
    return [p.name for p in (folder, *folder.rglob("*")) if stat.S_IMODE(p.stat().st_mode) & 0o077]


@POSIX
@pytest.mark.parametrize("mask", ["000", "022", "077"])
def test_everything_that_a_server_writes_is_its_users_alone(tmp_path: Path, mask: str) -> None:
    command = ("sh", "-c", f'umask {mask}; exec "$@"', "sh", *COMMAND)
    with Server(tmp_path / "home", command=command) as server:
        assert run(server.home.path, "basket", "NVDA").returncode == 0
        names = {path.name for path in server.home.path.iterdir()}
        assert {"lock", "server.log", "state.db", "state.db-wal", "token", "runtime.json"} <= names
        assert open_to_others(server.home.path) == []


@POSIX
@pytest.mark.parametrize("mode", [0o755, 0o777, 0o750])
def test_a_home_that_others_could_look_into_is_closed_to_them(tmp_path: Path, mode: int) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    for file in (home.lock, home.log_file, home.config_file, home.key_file):
        file.touch()
        file.chmod(0o666)
    home.path.chmod(mode)
    with Server(home.path):
        assert open_to_others(home.path) == []


@POSIX
@pytest.mark.parametrize("name", ["report.xlsx", ".bashrc", "chains", "office", "statements"])
def test_a_folder_that_holds_other_things_is_not_closed_but_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / name).touch()
    folder.chmod(0o755)
    done = run(folder, "serve")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "basketgex: The home folder is open to other users and holds more than basketgex's own files, such as "
        f'"{name}": name a folder of its own with BASKETGEX_HOME, or close this one with chmod 700.\n'
    )
    assert [p.name for p in folder.iterdir()] == [name]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    folder.chmod(0o700)
    with Server(folder):
        assert open_to_others(folder) == [name]


@POSIX
@pytest.mark.parametrize("more", [1, 20, 500])
def test_a_path_that_is_too_long_for_the_store(tmp_path: Path, more: int) -> None:
    folder = tmp_path
    while len(os.fsencode(folder)) < LONGEST_HOME + more:
        left = LONGEST_HOME + more - len(os.fsencode(folder)) - 1
        folder /= "é" * min(left // 2, 50) if left > 1 else "e"
    done = run(folder, "serve")
    length = f"{len(os.fsencode(folder)):,}"
    assert (done.returncode, done.stderr) == (
        1,
        f"basketgex: The path of the home folder is {length} bytes long, and the store takes {LONGEST_HOME}: "
        "name a shorter one with BASKETGEX_HOME.\n",
    )
    assert not list(tmp_path.iterdir())


@POSIX
def test_the_longest_path_serves(tmp_path: Path) -> None:
    folder = tmp_path
    while (left := LONGEST_HOME - len(os.fsencode(folder)) - 1) > 0:
        folder /= "e" * min(left if left < 52 else 50, left)
    assert len(os.fsencode(folder)) == LONGEST_HOME
    with Server(folder) as server:
        assert run(folder, "basket", "NVDA").returncode == 0
        assert server.process.poll() is None


@POSIX
@pytest.mark.parametrize("command", [["status"], ["serve"], ["doctor"], ["source", "sample"]])
def test_a_user_without_a_home_folder(tmp_path: Path, command: list[str]) -> None:
    nobody = "import pwd, sys; pwd.getpwuid = {}.__getitem__; from basketgex_cli.main import main; sys.exit(main())"
    kept = {
        k: v for k, v in environment(tmp_path).items() if k not in ("HOME", "XDG_DATA_HOME", "BASKETGEX_HOME")
    }
    done = subprocess.run(
        (sys.executable, "-c", nobody, *command),
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "basketgex: This user has no home folder: set BASKETGEX_HOME to a folder for basketgex's own files.\n",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_symbols = 1e400", "max_symbols must be a whole number."),
        ("max_symbols = true", "max_symbols must be a whole number."),
        ("refresh_after = inf", "refresh_after must be a finite number, of at most 1,000,000,000."),
        ("a = " + "[" * 20_000, "The configuration cannot be read: it must be TOML."),
        ("chain_folder = '~no-such-user/x'\nsource = 'chain-files'", "write the path in full."),
    ],
    ids=["1e400", "true", "inf", "deep", "nobody"],
)
def test_a_configuration_that_cannot_be_used_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.config_file.write_text(text)
    for command in (["serve"], ["symbol", "AAPL", "--chain-file", "AAPL.csv"]):
        done = run(home.path, *command)
        assert done.returncode == 1
        assert done.stderr.startswith("basketgex: ") and done.stderr.count("\n") == 1
        if command == ["serve"]:
            assert done.stderr.endswith(f"{sentence}\n")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.config_file.write_bytes(b'\xef\xbb\xbfconvention = "dealer"\r\n')
    with Server(home.path):
        assert "convention dealer" in run(home.path, "status").stdout
