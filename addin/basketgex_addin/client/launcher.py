"""Starts the server that ``basketgex install`` recorded, detached from the host, and waits for its ready line."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from basketgex.home import HOME_VARIABLE, STARTED_BY_CLIENT, Home, Runtime

# soffice sets these for its own Python; the server's is another.
HOST_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "LD_LIBRARY_PATH", "__PYVENV_LAUNCHER__")


class LaunchNotRecorded(Exception):
    """The home has no start command: ``basketgex install`` has not run."""


def start(home: Home, deadline: float, environment: Mapping[str, str] | None = None) -> Runtime | None:
    """Start the server of a home and return where it listens; None where it does not say so within ``deadline`` seconds.

    Where one serves already it is that one's: ``basketgex serve`` prints its line and ends. A server that is merely slow
    is left to come up. ``environment`` is the host's (default: this process's). Raises LaunchNotRecorded.
    """
    launch = home.read_launch()
    if launch is None or not launch.command:
        raise LaunchNotRecorded
    lines: queue.SimpleQueue[bool] = queue.SimpleQueue()
    try:
        home.create()
        process = _spawn(launch.command, server_environment(home, environment), home.path)
    except (OSError, ValueError):
        return None
    Thread(target=_attend, args=(process, lines), name="basketgex-launcher", daemon=True).start()
    try:
        ready = lines.get(timeout=max(deadline, 0))
    except queue.Empty:
        return None
    return home.server() if ready else None


def server_environment(home: Home, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the host's environment fit for the server: without the host's Python, with the home's name."""
    kept = dict(os.environ if environment is None else environment)
    for name in HOST_VARIABLES:
        kept.pop(name, None)
    kept[HOME_VARIABLE] = str(home.path.absolute())
    kept[STARTED_BY_CLIENT] = "1"
    return kept


def _attend(process: subprocess.Popen[bytes], lines: queue.SimpleQueue[bool]) -> None:
    """Tell of the ready line (or that none came), then keep the pipe drained and the child from becoming a zombie."""
    with process:
        if process.stdout is not None:
            for line in process.stdout:
                if _is_ready(line):
                    lines.put(True)
        lines.put(False)


def _is_ready(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and "grpc" in found


def _open(
    command: tuple[str, ...], environment: dict[str, str], folder: Path, **detached: Any
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the command that the user's own install recorded
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        **detached,
    )


if sys.platform == "win32":

    def _spawn(
        command: tuple[str, ...], environment: dict[str, str], folder: Path
    ) -> subprocess.Popen[bytes]:
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW
        try:
            free = detached | subprocess.CREATE_BREAKAWAY_FROM_JOB
            return _open(command, environment, folder, creationflags=free)
        except OSError:  # a job that lets nothing break away
            return _open(command, environment, folder, creationflags=detached)

else:

    def _spawn(
        command: tuple[str, ...], environment: dict[str, str], folder: Path
    ) -> subprocess.Popen[bytes]:
        # Out of soffice's process group: ending the host does not end the server.
        return _open(command, environment, folder, start_new_session=True)
