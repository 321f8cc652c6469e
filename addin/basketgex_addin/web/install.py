"""``basketgex install office``: certificates and manifest into the home, and what the system is told of them.

Every step is left out where it is done already, is only said beforehand with ``dry_run``, and is taken back by ``uninstall``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from basketgex import __version__
from basketgex.files import write_whole
from basketgex.home import Home, Launch
from basketgex_addin.calc.install import OXT
from basketgex_addin.web import certificates, metadata
from basketgex_addin.web.keys import OFFICE, key
from basketgex_addin.web.office_files import Installed, OfficeFiles
from basketgex_addin.web.platforms import Command, Computer, Plan, Wanted, plan

TIMEOUT = 300.0
"""Seconds for a program of the system, which may ask a person for a password."""
NOT_HERE = "Excel runs on Mac and Windows: for Excel on the web run basketgex install office --web."
BAD_NAMESPACE = "A namespace is up to 20 letters and digits, and begins with a letter, such as BG."
NOTHING = "Nothing was installed."


class InstallError(Exception):
    """The system did not take a step; the text is for the user."""


def this_computer() -> Computer:
    """Return where this runs."""
    system = "linux" if sys.platform not in ("darwin", "win32") else sys.platform
    return Computer(system, Path.home(), os.getuid() if hasattr(os, "getuid") else 0)


class Installer:
    """Installs for one home. ``command`` starts a server, ``start`` the web host; ``now`` tells the moment."""

    def __init__(
        self,
        home: Home,
        command: Sequence[str],
        start: Sequence[str],
        computer: Computer | None = None,
        now: Callable[[], datetime] = certificates.utc_now,
    ) -> None:
        self._home = home
        self._files = OfficeFiles(home)
        self._command = tuple(command)
        self._start = tuple(start)
        self._computer = computer or this_computer()
        self._now = now

    def install(self, *, web: bool, port: int, namespace: str = "", dry_run: bool = False) -> list[str]:
        """Put the add-in in place; return what was or would be done, and what the person does then. Raises InstallError."""
        if self._computer.system == "linux" and not web:
            raise InstallError(NOT_HERE)
        if namespace and not metadata.NAMESPACE.fullmatch(namespace):
            raise InstallError(BAD_NAMESPACE)
        before = self._files.installed()
        wanted = Installed(port, namespace, self._computer.system, web, list(before.steps) if before else [])
        wanted = replace(
            wanted, launch=self._home.read_launch() is None or (before is not None and before.launch)
        )
        said: list[str] = []
        if before and before.web != web:
            said += self.uninstall(dry_run=dry_run)
            wanted = replace(wanted, steps=[])
        said += self._certify(wanted, dry_run)
        said += self._write_own(wanted, dry_run)
        if dry_run and not self._files.authority.exists():
            known = certificates.Facts("SHA1", "SERIAL", self._now())
        else:
            known = certificates.facts(self._files.authority.read_bytes())
        planned = self._plan(wanted, known)
        said += self._write_others(planned, dry_run)
        for each in planned.commands:
            said += self._run(each, wanted, dry_run)
        if not said:
            said = ["Everything was in place already."]
        return said if dry_run else [*said, *filter(None, (planned.last,))]

    def uninstall(self, *, dry_run: bool = False) -> list[str]:
        """Take away what ``install`` put in place, and nothing else; return what was or would be done."""
        if (found := self._files.installed()) is None:
            return [NOTHING]
        said: list[str] = []
        try:
            known = certificates.facts(self._files.authority.read_bytes())
        except (OSError, ValueError):
            known = certificates.Facts("", "", self._now())
        planned = self._plan(found, known)
        for each in reversed(planned.commands):
            if each.name not in found.steps:
                continue
            step = each.what.partition(",")[0]
            if dry_run:
                said.append(f"Would take back: {step}.")
                continue
            refused = [command for command in each.undo if not _undone(command)]
            said.append(
                f"Not taken back, unless it is gone already: {step}." if refused else f"Took back: {step}."
            )
            said += [f"By hand: {shlex.join(command)}" for command in refused]
            found.steps.remove(each.name)
            self._files.write_record(found)
        launch = [self._home.launch_file] if found.launch and self._is_launch_ours() else []
        for path in (*(file for file, _ in planned.files), *launch, *self._files.every):
            if path.exists():
                said.append(f"{'Would remove' if dry_run else 'Removed'} {path}.")
                if not dry_run:
                    path.unlink(missing_ok=True)
        return said

    def _is_launch_ours(self) -> bool:
        """Tell whether the start command is still what ``install`` recorded, and nothing else starts a server by it."""
        unchanged = self._home.read_launch() == Launch(self._command)
        return unchanged and not (self._home.path / OXT).exists() and self._home.web() is None

    def _certify(self, wanted: Installed, dry_run: bool) -> list[str]:
        """Make certificates where there are none, they are spoilt, or end soon."""
        with suppress(OSError, ValueError):
            self._files.context()
            if not certificates.facts(self._files.authority.read_bytes()).is_due(self._now()):
                return []
        if not dry_run:
            if "trust" in wanted.steps:  # an old one is trusted no longer
                self._distrust(wanted)
            self._home.create()
            made = certificates.make(self._now())
            write_whole(self._files.key, made.key.decode())
            write_whole(self._files.chain, made.chain.decode())
            write_whole(self._files.authority, made.authority.decode())
        return [_written(self._files.authority, dry_run, "a certificate for this computer alone")]

    def _distrust(self, wanted: Installed) -> None:
        with suppress(OSError, ValueError):
            known = certificates.facts(self._files.authority.read_bytes())
            trust = next(each for each in self._plan(wanted, known).commands if each.name == "trust")
            for command in trust.undo:
                _undone(command)
        wanted.steps.remove("trust")

    def _write_own(self, wanted: Installed, dry_run: bool) -> list[str]:
        said = []
        if self._home.read_launch() is None:
            said.append(_written(self._home.launch_file, dry_run, "how the server starts"))
            if not dry_run:
                self._home.write_launch(self._command, ())
        if not dry_run:
            self._home.token()
        text = self._manifest(wanted)
        if _differs(self._files.manifest, text):
            said.append(_written(self._files.manifest, dry_run, "the add-in"))
            if not dry_run:
                write_whole(self._files.manifest, text)
        if self._files.installed() != wanted and not dry_run:
            self._files.write_record(wanted)
        return said

    def _write_others(self, planned: Plan, dry_run: bool) -> list[str]:
        said = []
        for path, text in planned.files:
            if _differs(path, text):
                said.append(_written(path, dry_run, "for this computer"))
                if not dry_run:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(path, text)
        return said

    def _run(self, command: Command, wanted: Installed, dry_run: bool) -> list[str]:
        if command.name in wanted.steps:
            return []
        if command.otherwise and shutil.which(command.do[0]) is None:
            return [command.otherwise]
        if dry_run:
            return [f"Would {command.what}: {' '.join(command.do)}"]
        _do(command.do)
        wanted.steps.append(command.name)
        self._files.write_record(wanted)
        return [f"Done: {command.what.partition(',')[0]}."]

    def _manifest(self, wanted: Installed) -> str:
        named = key(self._home.read_token(), OFFICE)
        return metadata.manifest(self._files.origin(wanted.port), __version__, named, wanted.namespace)

    def _plan(self, wanted: Installed, known: certificates.Facts) -> Plan:
        return plan(
            Wanted(
                replace(self._computer, system=wanted.platform),
                web=wanted.web,
                authority=self._files.authority,
                known=known,
                manifest=self._files.manifest,
                add_in=self._manifest(wanted),
                start=self._start,
            )
        )


def _differs(path: Path, text: str) -> bool:
    try:
        return path.read_text("utf-8") != text
    except OSError:
        return True


def _written(path: Path, dry_run: bool, what: str) -> str:
    return f"{'Would write' if dry_run else 'Wrote'} {path}, {what}."


def _undone(command: Sequence[str]) -> bool:
    try:
        _do(command)
    except InstallError:
        return False
    return True


def _do(command: Sequence[str]) -> None:
    """Run a program of the system. Raises InstallError where it is missing or refuses."""
    failed = f"{command[0]} did not do what was asked of it"
    try:
        done = subprocess.run(  # noqa: S603 - the system's own programs
            [shutil.which(command[0]) or command[0], *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(
            f"{failed}: it is missing, or took too long. Install it, then try again."
        ) from error
    if done.returncode:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        said = lines[-1] if lines else f"exit code {done.returncode}"
        raise InstallError(
            f"{failed}: {said} What was done before stays; run this again, or basketgex uninstall office."
        )
