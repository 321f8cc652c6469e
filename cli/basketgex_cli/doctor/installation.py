"""What is installed: Python, start command, versions, home folder, configuration, store and log."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from basketgex import __version__
from basketgex_addin.client import ServerStatus
from basketgex_cli.context import START_COMMAND
from basketgex_cli.doctor.report import ATTENTION, FAULT, OK, STOP, Facts, Finding, bounded, is_open
from basketgex_cli.render import new_york_text
from basketgex_server.errors import BasketgexError
from basketgex_server.settings import load
from basketgex_server.stores.factory import look_at
from basketgex_server.stores.sqlite.repair import ASIDE

APART = 2.0
"""Seconds by which the clocks of a desk may differ."""
LOOK_BACK = 86_400.0
"""Seconds after which a line of the log is of no interest any more."""
LINES, LONGEST, TAIL = 3, 120, 1 << 16
"""Of the log: lines shown, characters of a message, and bytes that are read."""
_LOGGED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (WARNING|ERROR|CRITICAL) \S+ (.*)")


def python(facts: Facts) -> Finding:
    """Say which Python this is."""
    return Finding(OK, f"{platform.python_version()} at {sys.executable}")


def start_command(facts: Facts) -> Finding:
    """Look at what a spreadsheet starts a server with."""
    again = "Run basketgex install again."
    launch = facts.home.read_launch()
    if launch is None or not launch.command:
        if facts.home.launch_file.exists():
            return Finding(FAULT, "recorded, but it cannot be read", again)
        return Finding(
            ATTENTION, "none recorded", "Run basketgex install: a spreadsheet can start no server."
        )
    program, ours = launch.command[0], START_COMMAND[0]
    if not shutil.which(program):
        return Finding(FAULT, f"recorded, but {program} is gone", again)
    if gone := [path for path in launch.python_path if not Path(path).exists()]:
        return Finding(FAULT, f"recorded, but its packages in {gone[0]} are gone", again)
    if Path(program) != Path(ours):
        return Finding(
            ATTENTION, f"another installation's: {program}", "Run basketgex install to use this one."
        )
    return Finding(OK, "this installation's")


def versions(facts: Facts) -> Finding:
    """Compare the versions of command, server and add-ins."""
    runtime = facts.home.server()
    found = {"basketgex": __version__} | ({"server": runtime.version} if runtime else {})
    found |= {f"add-in in Calc ({where})": version for where, version in (facts.calc or {}).items()}
    text = ", ".join(f"{name} {version}" for name, version in found.items())
    if runtime and runtime.version != __version__:
        return Finding(FAULT, f"{text}: they differ", STOP)
    if set(found.values()) != {__version__}:
        return Finding(FAULT, f"{text}: they differ", "Run basketgex install calc again.")
    return Finding(OK, text)


def home(facts: Facts) -> Finding:
    """Look at the home folder and its rights."""
    path = facts.home.path
    if not path.exists():
        return Finding(OK, f"{path}, made with the first question")
    if not path.is_dir():
        return Finding(FAULT, f"{path} is no folder", "Name another with --home or BASKETGEX_HOME.")
    if sys.platform != "win32" and path.stat().st_uid != os.geteuid():
        return Finding(FAULT, f"{path} is another user's", "Name one of your own with BASKETGEX_HOME.")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return Finding(FAULT, f"{path} cannot be read and written", "Give yourself the right to.")
    if is_open(path):
        return Finding(ATTENTION, f"{path} is open to other users", "Take their rights away: chmod 700.")
    return Finding(OK, f"{path}, yours alone")


def configuration(facts: Facts) -> Finding:
    """Look at the settings, and whether the server heeds them."""
    status = facts.status
    notice = status.settings_notice if isinstance(status, ServerStatus) else ""
    try:
        settings = load(facts.home.config_file)
    except BasketgexError as error:
        goes_on = " The server goes on with the settings from before" if notice else ""
        return Finding(
            FAULT,
            f"{error.sentence}{goes_on}",
            "Correct config.toml in the home folder, or the BASKETGEX_ variable that sets it.",
        )
    if notice:
        return Finding(ATTENTION, notice)
    kept = "config.toml" if facts.home.config_file.exists() else "no file, so the defaults"
    return Finding(OK, f"{kept}: source {settings.source}, convention {settings.convention}")


def store(facts: Facts) -> Finding:
    """Look at the database, and whether it was damaged; at that of a desk, whether it is there and as it has to be."""
    if facts.settings is not None and facts.settings.store:
        return _shared_store(facts, facts.settings.store)
    path = facts.home.state_file
    aside = sorted(path.parent.glob(ASIDE.format("*")))
    size = f"{path.stat().st_size / 1e6:,.1f} MB" if path.exists() else "none yet"
    if aside:
        kept = ", ".join(f"{file.name} ({new_york_text(file.stat().st_mtime)})" for file in aside[-LINES:])
        return Finding(
            ATTENTION,
            f"{size}; damaged before, and kept beside: {kept}",
            "It has healed: delete those files when nothing in them is missed.",
        )
    return Finding(OK, size)


def _shared_store(facts: Facts, store: str) -> Finding:
    address = urlsplit(store)
    at = f"PostgreSQL at {address.hostname or 'this machine'}"
    try:
        looked = bounded(lambda: look_at(store, facts.now))
    except BasketgexError as error:
        return Finding(FAULT, error.sentence)
    except TimeoutError:
        return Finding(FAULT, f"{at} does not answer", "See to it: nothing can be spent without it.")
    if looked.fault:
        return Finding(FAULT, f"{at} {looked.fault}", "See docs/desk.md: store, and its password.")
    if abs(looked.ahead) > APART:
        how = "ahead of" if looked.ahead > 0 else "behind"
        text = (
            f"{at}, version {looked.version}, whose clock is {abs(looked.ahead):,.1f} s {how} this computer's"
        )
        return Finding(ATTENTION, text, "Have both keep time: ages are wrong by as much.")
    return Finding(OK, f"{at}, version {looked.version}, whose clock agrees")


def last_errors(facts: Facts) -> Finding:
    """Look at the log of the last day."""
    since = facts.now() - LOOK_BACK
    lately = [line for at, line in _logged(facts.home.log_file) if at >= since]
    if not lately:
        return Finding(OK, "none in a day")
    shown = lately[-LINES:]
    return Finding(
        ATTENTION,
        "\n".join([f"{len(lately):,} in a day, the last of them below", *shown]),
        "See server.log in the home folder.",
    )


def _logged(log: Path) -> Iterator[tuple[float, str]]:
    """Yield the warnings and errors at the log's end: when (Unix seconds), and the line for a person."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        if found := _LOGGED.match(line):
            said = "".join(c if c.isprintable() else "?" for c in found[3])
            shown = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
            yield datetime.fromisoformat(found[1]).timestamp(), f"{found[1]} {found[2]} {shown}"
