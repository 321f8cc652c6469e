"""What a check finds, and what several of them look at: each fact looked up once."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from basketgex.home import Home
from basketgex.home_settings import HomeSettings
from basketgex_addin.calc import install as calc_install
from basketgex_addin.calc.extension import IDENTIFIER
from basketgex_addin.cells import Problem, Quota
from basketgex_addin.client import BasketClient, ServerStatus
from basketgex_addin.patience import begun
from basketgex_cli.context import Unstarted, client_of
from basketgex_server.errors import BasketgexError
from basketgex_server.settings import Settings, load

OK, ATTENTION, FAULT = "ok", "attention", "fault"
PATIENCE = 20.0
"""Seconds for each of LibreOffice's programs, for the keyring and for the server."""
ELSEWHERE = "not on this system"
STOP = "Run basketgex stop: the next question starts a server anew."
_EXTENSION = re.compile(rf"^Identifier: *{re.escape(IDENTIFIER)}\s+Version: *(\S+)", re.MULTILINE)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: its state, and what to do where that is not ok. ``found`` may have lines below its first."""

    state: str
    found: str
    advice: str = ""

    def text(self, name: str) -> str:
        """Return it for a person."""
        first, *below = self.sentences().splitlines()
        return "\n".join([f"{self.state:<9}  {name:<15}  {first}", *(f"{'':28}{more}" for more in below)])

    def sentences(self) -> str:
        """Return what was found and what to do about it."""
        first, *below = self.found.splitlines() or [""]
        first += "" if first.endswith(".") else "."
        return "\n".join([f"{first} {self.advice}".rstrip(), *below])


class Facts:
    """What several checks look at, each looked up once and when it is wanted. ``ask``: the source and its account too."""

    def __init__(self, home: Home, *, ask: bool, now: Callable[[], float] = time.time) -> None:
        self.home = home
        self.desk = home.desk()
        self.ask = ask
        self.now = now

    @cached_property
    def settings(self) -> Settings | None:
        """The settings, None where they cannot be used."""
        try:
            return load(self.home.config_file)
        except BasketgexError:
            return None

    @cached_property
    def calc(self) -> dict[str, str] | None:
        """The extension's version by where LibreOffice has it: user or shared; None where LibreOffice does not say."""
        unopkg, found = calc_install.find_unopkg(), {}
        if unopkg is None:
            return {}
        # unopkg refuses root's own profile.
        root = sys.platform != "win32" and os.geteuid() == 0
        for where in ("shared",) if root else ("user", "shared"):
            options = ["--shared"] if where == "shared" else []
            if (listed := printed(unopkg, "list", *options)) is None:
                return None
            if known := _EXTENSION.search(listed):
                found[where] = known[1]
        return found

    @cached_property
    def client(self) -> BasketClient:
        """A client, which starts a server only where the source is to be asked."""
        return client_of(self.home) if self.ask else BasketClient(Unstarted(self.home.path), PATIENCE)

    @cached_property
    def status(self) -> ServerStatus | Problem | None:
        """What the server says of itself, None where none runs."""
        return self.client.status() if self.ask or self.desk or self.home.is_served() else None

    @cached_property
    def of_server(self) -> HomeSettings | Problem | None:
        """The settings that the server has in force, None where none runs or it does not answer."""
        return self.client.settings(key=True) if isinstance(self.status, ServerStatus) else None

    @cached_property
    def quota(self) -> Quota | Problem:
        """The day's quota, as the server has counted, or as the source's account has it."""
        return self.client.quota(reconcile=self.ask)

    def close(self) -> None:
        """Let go of the server."""
        if "client" in self.__dict__:
            self.client.close()


def unconfigured() -> Finding:
    """Return what is found where the settings cannot be read."""
    return Finding(ATTENTION, "not known, since the configuration cannot be used", "Correct that first.")


def is_open(path: Path) -> bool:
    """Tell whether other users may do anything with it; Windows has no such bits."""
    return sys.platform != "win32" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def printed(program: Path, *arguments: str) -> str | None:
    """Return what a program prints, None where it fails or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - LibreOffice's own programs
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout


def bounded(work: Callable[[], T]) -> T:
    """Return what the work returns. Raises what it raises, and TimeoutError where it takes too long: it is left behind."""
    return begun(work, "doctor").result(PATIENCE)
