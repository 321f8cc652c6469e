"""The guide's way from nothing to two people on two servers, by its own commands as ``docs/desk.md`` has them."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from basketgex.home import Home
from tests.addin.web.hosts import free_port
from tests.desk.postgres import Cluster, programs
from tests.e2e.calc.conftest import find_calc
from tests.e2e.calc.harness import running_calc
from tests.e2e.serving import READY, environment

GUIDE = Path(__file__).parents[3] / "docs" / "desk.md"
SECTION = "Two servers and two people, on one machine"
PATIENCE = 120.0


def commands() -> list[str]:
    """The section's commands, without what they say of themselves."""
    section = re.search(rf"^## {SECTION}\n(.*?)^## ", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert section
    blocks = re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]


class Operator:
    """Somebody who types the guide's commands in a folder, with ports that are free here."""

    def __init__(self, folder: Path, postgres: Cluster, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._password = postgres.password_file.read_text().strip().rpartition(":")[2]
        passwords = folder / "pgpass"
        passwords.touch(0o600)
        passwords.write_text(f"*:*:*:*:{self._password}\n")  # createdb asks for it on a terminal
        binaries = programs()
        assert binaries is not None
        path = (sysconfig.get_path("scripts"), str(binaries), os.environ["PATH"])
        self._environment = environment(folder / "none") | {
            "PATH": os.pathsep.join(path),
            "PGPORT": str(postgres.port),
            "PGPASSFILE": str(passwords),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        self._ports = {port: str(free_port()) for port in ("8443", "8444")}
        self.tokens: dict[str, str] = {}
        self.said: dict[str, str] = {}

    def type(self, command: str) -> None:
        """Type one command: a server is waited for until it says that it serves, all others until they end."""
        here = re.sub(r"\b844[34]\b", lambda port: self._ports[port[0]], command)
        if command.endswith("&"):
            self._serve(here.removesuffix("&"))
            return
        typed = ""
        if "store-password" in command and "cat" in command:
            typed = f"{self._password}\n"
        elif person := re.search(r"--home (\w+) join ", command):
            typed = f"{self.tokens[person[1]]}\n"
        done = subprocess.run(
            ["bash", "-euc", f"{here}\nenv -0 > environment"],
            cwd=self.folder,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        left = (self.folder / "environment").read_text().split("\0")
        self._environment = dict(entry.split("=", 1) for entry in left if entry)
        self.said[command] = done.stdout
        if person := re.search(r" person add (\w+)", command):
            self.tokens[person[1]] = done.stdout.splitlines()[-1]

    def _serve(self, command: str) -> None:
        server = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        self._stack.callback(self._end, server)
        assert server.stdout is not None
        readable, _, _ = select.select([server.stdout], [], [], READY)
        assert readable and "tls" in json.loads(server.stdout.readline()), command

    @staticmethod
    def _end(server: subprocess.Popen[bytes]) -> None:
        with server:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def typed(folder: Path, postgres: Cluster) -> Iterator[Operator]:
    with ExitStack() as stack:
        operator = Operator(folder, postgres, stack)
        for command in commands():
            operator.type(command)
        yield operator


@pytest.mark.xdist_group("calc")
def test_from_nothing_to_two_people_with_a_figure_in_calc(tmp_path: Path, postgres: Cluster) -> None:
    soffice = find_calc()
    with typed(tmp_path, postgres) as operator:
        figures = [said for command, said in operator.said.items() if " basket NVDA,AMD" in command]
        assert len(figures) == 2 and figures[0] == figures[1] and "synthetic sample" in figures[0]
        (spent,) = [said for command, said in operator.said.items() if command.endswith("desk spent")]
        assert "1 debit on" in spent and "bob" not in spent
        shown = []
        for person in ("ann", "bob"):
            with running_calc(soffice, tmp_path / f"calc of {person}", tmp_path / person) as calc:
                document = calc.open_document("private:factory/scalc")
                sheet = document.Sheets.ElementNames[0]
                calc.set(document, sheet, "A1", '=BASKETGEX("NVDA,AMD")')
                shown.append(calc.cell(document, sheet, "A1"))
                calc.close(document)
            assert not Home(tmp_path / person).is_served()
        assert shown[0] == shown[1] != 0 and isinstance(shown[0], float)
