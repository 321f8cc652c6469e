"""What is said when LibreOffice is open or locked, and what becomes of server and home when the add-in goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_server.settings import change_config
from tests.e2e.calc.test_install import basketgex, home, started
from tests.e2e.serving import Server, free

__all__ = ["home"]

PROGRAM = (sys.executable, "-m", "basketgex_cli")
NOBODY = 65_534
OPEN = "It is open: close it and start it again"


def at_terminal(*arguments: str, answer: str) -> str:
    """Run a command at a terminal, where a person gives one answer; return what the terminal showed."""
    import pty  # not everywhere

    leader, follower = pty.openpty()
    with subprocess.Popen(
        (*PROGRAM, *arguments), stdin=follower, stdout=follower, stderr=follower, close_fds=True
    ) as process:
        os.close(follower)
        os.write(leader, f"{answer}\n".encode())
        shown = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # its other end is closed
                break
            if not part:
                break
            shown += part
        os.close(leader)
        assert process.wait(120) == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_with_libreoffice_open_both_say_that_it_is_to_be_started_again(soffice: Path, home: Home) -> None:
    basketgex("install", "calc")
    with started(soffice, home):
        assert basketgex("install", "calc").startswith(
            f"Installed in LibreOffice. {OPEN}, then open a sheet and "
        )
        assert basketgex("uninstall", "calc").startswith(
            f"Removed from LibreOffice. {OPEN}, until then it keeps the functions.\n"
        )


def test_without_a_terminal_the_server_and_the_home_stay_and_that_is_said(soffice: Path, home: Home) -> None:
    with Server(home.path) as server:
        assert basketgex("uninstall", "calc").splitlines() == [
            "It was not installed in LibreOffice.",
            "The server runs on until nobody has asked for a while: basketgex stop ends it.",
            f"The home folder {home.path} stays: --purge removes it too.",
        ]
        assert server.process.poll() is None
        lines = basketgex("uninstall", "calc", "--purge", "--dry-run").splitlines()
        assert lines == [
            "Would remove the extension from LibreOffice.",
            "Would end the server.",
            f"Would remove {home.path}.",
        ]
        assert server.process.poll() is None and home.token_file.exists()


@pytest.mark.parametrize(("answer", "ends"), [("", True), ("y", True), ("n", False)])
def test_at_a_terminal_the_end_of_the_server_is_offered(
    soffice: Path, home: Home, answer: str, ends: bool
) -> None:
    with Server(home.path) as server:
        shown = at_terminal("uninstall", "calc", answer=answer)
        assert "The server of this home is running. End it? [Y/n]" in shown
        assert ("The server has ended." in shown) is ends
        assert (server.process.poll() is not None) is ends or server.process.wait(60) == 0
        assert home.state_file.exists()


def test_purge_ends_the_server_and_removes_the_home(soffice: Path, home: Home) -> None:
    basketgex("install", "calc")
    with Server(home.path) as server:
        change_config(home.config_file, rate=0.05)
        home.key_file.write_text("fa-key")
        lines = basketgex("uninstall", "calc", "--purge").splitlines()
        assert lines[0].startswith("Removed from LibreOffice.")
        assert lines[1:] == ["The server has ended.", f"Removed {home.path}."]
        assert server.process.wait(60) == 0
    assert not home.path.exists()
    assert basketgex("uninstall", "calc", "--purge").splitlines() == [
        "It was not installed in LibreOffice.",
        "There was no home folder.",
    ]
    home.create()  # the fixture looks after it


def test_purge_asks_first_and_leaves_what_is_not_ours(soffice: Path, home: Home) -> None:
    home.token()
    (home.path / "my.xlsx").write_text("mine")
    assert "Nothing was removed." in at_terminal("uninstall", "calc", "--purge", answer="")
    assert home.token_file.exists()
    shown = at_terminal("uninstall", "calc", "--purge", answer="y")
    assert f"Removed basketgex's files from {home.path}; what is not its own stays: my.xlsx." in shown
    assert [path.name for path in home.path.iterdir()] == ["my.xlsx"]
    free(home)


@pytest.fixture
def ordinary() -> Iterator[Path]:
    """A folder of an ordinary user: root's extensions are the machine's, and no profile's lock matters to them."""
    folder = Path(tempfile.mkdtemp(prefix="basketgex-user-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def as_user(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BASKETGEX_", "XDG_", "UNO_"))}
    user = NOBODY if os.geteuid() == 0 else None
    return subprocess.run(
        command,
        env=kept | {"HOME": str(folder)},
        cwd=folder,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
def test_a_lock_that_was_left_is_named(soffice: Path, ordinary: Path) -> None:
    try:
        as_user(ordinary, *PROGRAM, "--version").check_returncode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only on machines where an ordinary user can read this project")
    done = as_user(ordinary, *PROGRAM, "install", "calc")
    assert done.returncode == 0, done.stderr
    lock = ordinary / ".config" / "libreoffice" / "4" / ".lock"
    lock.write_text(
        "[Lockdata]\nUser=me\nHost=here\nStamp=E83EFD02AB1647099A5D407BC012DB79\n"
        "Time=Sat Nov 28 18:19:51 2026\nIPCServer=false\n"
    )
    for command, failed in (
        ("install", "LibreOffice refused the extension"),
        ("uninstall", "LibreOffice did not list extensions"),
    ):
        done = as_user(ordinary, *PROGRAM, command, "calc")
        assert (done.returncode, done.stderr) == (
            1,
            f"basketgex: {failed}: its profile is locked by {lock}. Where no LibreOffice is open, one that ended badly "
            "left it: remove that file, then try again.\n",
        )
    lock.unlink()
    done = as_user(ordinary, *PROGRAM, "uninstall", "calc", "--purge")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Removed from LibreOffice.")
