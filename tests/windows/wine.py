"""A Windows of one's own under Wine: runs its programs, bounded in time, and says what is on its disk and in its registry."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

TOOLS = ("wine", "wineboot", "wineserver", "makensis", "x86_64-w64-mingw32-gcc")


def missing() -> list[str]:
    """Return the programs that these tests need and this machine lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


class Done(NamedTuple):
    """How a program ended and what it said."""

    code: int
    said: str


def _read(pipe: IO[bytes], said: list[bytes]) -> None:
    with pipe:
        while part := os.read(pipe.fileno(), 65_536):
            said.append(part)


class Wine:
    """A prefix in a folder; ``drive`` is its C:."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drive = folder / "drive_c"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if "DISPLAY" not in name and "BASKETGEX" not in name
            },
            "WINEPREFIX": str(folder),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # no offer to install Mono and Gecko
        }

    def make(self) -> None:
        """Make a Windows 10."""
        self.folder.mkdir(parents=True)
        self.run("wineboot", "--init", patience=180)
        self.run("wine", "winecfg", "-v", "win10")
        self.settle()

    def copy(self, to: Path) -> Wine:
        """Return another one like it; the files of Windows itself, which nobody writes to, are the same ones."""
        self.settle()
        shutil.copytree(
            self.folder,
            to,
            symlinks=True,
            ignore=lambda folder, _: {"windows"} if folder == str(self.drive) else (),
        )
        shutil.copytree(self.drive / "windows", to / "drive_c/windows", symlinks=True, copy_function=os.link)
        return Wine(to)

    @property
    def user(self) -> Path:
        """The profile folder of its one user."""
        (found,) = (path for path in (self.drive / "users").iterdir() if path.name != "Public")
        return found

    @property
    def installed(self) -> Path:
        return self.user / "AppData/Local/Programs/Basket GEX"

    @property
    def home(self) -> Path:
        return self.user / "AppData/Local/basketgex"

    def run(
        self, *command: str, patience: float = 60.0, environment: Mapping[str, str] | None = None
    ) -> Done:
        """Run a program; what it started may go on and keep the pipe, which is therefore not read to its end."""
        process = subprocess.Popen(
            command,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # a Windows program starts only where this is a pipe
            stderr=subprocess.STDOUT,
        )
        said: list[bytes] = []
        reader = threading.Thread(target=_read, args=(process.stdout, said), daemon=True)
        reader.start()
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        reader.join(0.5)
        return Done(code, b"".join(said).decode("utf-8", "replace").replace("\r\n", "\n"))

    def program(self, path: Path, *arguments: str, patience: float = 60.0, **environment: str) -> Done:
        """Run a Windows program by its path on this machine."""
        return self.run("wine", self.name(path), *arguments, patience=patience, environment=environment)

    @contextmanager
    def running(self, path: Path, *arguments: str) -> Iterator[str]:
        """Run a Windows program until its input ends, and give the first line that it says."""
        command = ("wine", self.name(path), *arguments)
        with subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().decode().strip()
            finally:
                process.communicate(timeout=60)

    def name(self, path: Path) -> str:
        """Return what Windows calls a file of this machine."""
        inside = path.is_relative_to(self.drive)
        place = path.relative_to(self.drive) if inside else path.resolve().relative_to("/")
        return ("C:\\" if inside else "Z:\\") + str(place).replace("/", "\\")

    def settle(self) -> None:
        """Wait until its programs have ended and its registry is written."""
        subprocess.run(["wineserver", "--wait"], env=self.environment, timeout=180, check=False)

    def end(self) -> None:
        """End all its programs."""
        subprocess.run(["wineserver", "--kill"], env=self.environment, timeout=60, check=False)

    def files(self) -> set[str]:
        """Return every file and folder on its C:, but those of Windows itself and of temporary folders."""
        roots = [self.drive / "users", self.drive / "ProgramData"]
        found = (path for root in roots if root.is_dir() for path in root.rglob("*") if not path.is_symlink())
        return {
            path.relative_to(self.drive).as_posix()
            for path in found
            if "Temp" not in path.relative_to(self.drive).parts
        }

    def registry(self) -> dict[str, tuple[str, ...]]:
        """Return the values of every key, those of the user and of the machine."""
        found: dict[str, tuple[str, ...]] = {}
        for name in ("user.reg", "system.reg"):
            key, values = "", list[str]()
            for line in [*(self.folder / name).read_text("utf-8", "replace").splitlines(), "[] 0"]:
                if matched := re.match(r"^\[(.*)\] \d+", line):
                    if key:
                        found[f"{name}: {key}"] = tuple(sorted(values))
                    key, values = matched[1], []
                elif line and not line.startswith("#"):
                    values.append(line)
        return found


@contextmanager
def windows(folder: Path) -> Iterator[Wine]:
    """A new Windows, whose programs are ended at the end."""
    wine = Wine(folder)
    try:
        wine.make()
        yield wine
    finally:
        wine.end()
