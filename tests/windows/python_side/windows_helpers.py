"""Other processes of the Windows side: ``windows_helpers.py ROLE …`` plays one of them until its input ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from basketgex.home import Home, Runtime

PYTHON = sys.executable


def command(role: str, *arguments: object) -> tuple[str, ...]:
    return (PYTHON, "-W", "error", str(Path(__file__).absolute()), role, *map(str, arguments))


@contextmanager
def running(role: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a role, which has said its first line."""
    process = subprocess.Popen(command(role, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, f"the {role} did not begin"
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def hold(home: str) -> None:
    """Hold a home's lock as the server does."""
    import filelock

    with filelock.FileLock(Home(Path(home)).lock):
        _say("held")
        sys.stdin.buffer.read()


def serve(home: str, runtime: str) -> None:
    """Be what ``basketgex serve`` is to a launcher; the server itself is elsewhere. Ends when the file ``stop`` comes."""
    import time

    import filelock

    place = Home(Path(home))
    with filelock.FileLock(place.lock):
        found = Runtime(**json.loads(runtime))
        place.write_runtime(found)
        _say(json.dumps({"grpc": found.grpc, "pid": found.pid, "token_file": str(place.token_file)}))
        while not (place.path / "stop").exists():
            time.sleep(0.02)


def look(home: str, times: str) -> None:
    """Look so often whether a home is served, and say how often it seemed so."""
    _say("ready")
    sys.stdin.buffer.readline()
    place = Home(Path(home))
    _say(str(sum(place.is_served() for _ in range(int(times)))))


def spawn(folder: str, lets_go: str) -> None:
    """Start a process as the launcher does, from inside a job that may let nothing break away; say what it said."""
    import win32api
    import win32job

    from basketgex_addin.client import launcher

    job = win32job.CreateJobObject(None, "")
    limits = win32job.QueryInformationJobObject(job, win32job.JobObjectExtendedLimitInformation)
    # Not with JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, as Excel's: Wine 8 itself ends then.
    limits["BasicLimitInformation"]["LimitFlags"] = (
        win32job.JOB_OBJECT_LIMIT_BREAKAWAY_OK if lets_go == "yes" else 0
    )
    win32job.SetInformationJobObject(job, win32job.JobObjectExtendedLimitInformation, limits)
    win32job.AssignProcessToJobObject(job, win32api.GetCurrentProcess())

    _say("in a job")
    asked: list[int] = []
    open_ = launcher._open

    def noted(command: tuple[str, ...], environment: dict[str, str], at: Path, **detached: int) -> object:
        asked.append(detached["creationflags"])
        return open_(command, environment, at, **detached)

    launcher._open = noted  # type: ignore[assignment]
    child = launcher._spawn(
        command("say", folder), launcher.server_environment(Home(Path(folder))), Path(folder)
    )
    assert child.stdout is not None
    _say(json.dumps({"said": json.loads(child.stdout.readline()), "flags": asked}))
    sys.stdin.buffer.read()


def say(folder: str) -> None:
    """Say whether this process is in a job; end when the file ``stop`` comes into the folder."""
    import time

    import win32api
    import win32job

    _say(json.dumps({"in_job": bool(win32job.IsProcessInJob(win32api.GetCurrentProcess(), None))}))
    while not (Path(folder) / "stop").exists():
        time.sleep(0.02)


def com(clsid: str) -> None:
    """Be the Python that Excel starts: the COM server of xlwings."""
    from xlwings.com_server import serve as serve_com

    _say("begins")
    serve_com(clsid)  # type: ignore[no-untyped-call, unused-ignore]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


ROLES: dict[str, Callable[..., None]] = {f.__name__: f for f in (hold, serve, look, spawn, say, com)}

if __name__ == "__main__":
    ROLES[sys.argv[1]](*sys.argv[2:])
