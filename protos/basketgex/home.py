"""What add-in and server share on one machine: the home folder, the runtime file, the token, the lock.

Standard library only: LibreOffice's own Python reads it too. What two programs must agree on stands in one file.

The home (``BASKETGEX_HOME``, else the platform's local data folder) holds everything local:

============== =========================================================================
``lock``       held by the serving process for life; a held lock is what "alive" means
``runtime.json`` where the server listens; written after it has bound, readable by its owner
``token``      the secret that every call carries; created once, readable by its owner
``config.toml`` the settings, among them the source
``flashalpha.key`` the key of the paid source, where no keyring has it; readable by its owner
``launch.json`` the command that starts the server, recorded by ``basketgex install``
``basketgex.oxt`` LibreOffice's extension, likewise
``state.db``   snapshots and the debit ledger; past chains beside it in ``chains.db``
``server.log`` what happened
``web.json``   where the web host listens, readable by its owner
``web.lock``   held by the web host for life
``office…``    certificates and add-in file of Excel through Office.js, and what was installed; readable by their owner
``alerts.json`` what ``basketgex watch`` has told, so that no flip is told twice
============== =========================================================================
"""

from __future__ import annotations

import codecs
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from basketgex.lock_probe import is_locked

_T = TypeVar("_T")

HOME_VARIABLE = "BASKETGEX_HOME"
CELLS_VARIABLE = "BASKETGEX_CELL_MODE"
STARTED_BY_CLIENT = "BASKETGEX_STARTED_BY_CLIENT"
"""Set for a server that a client starts: nobody would see why it ended, so it waits where its settings cannot be used."""
CELLS_PREFETCH, CELLS_LIVE = "prefetch", "live"
"""Cells wait for one call that all of a sheet share; or show #N/A until the server's stream has brought their value."""
TOKEN_METADATA = "authorization"  # noqa: S105 - the name of a header
CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.enable_http_proxy", 0),  # a proxy in the environment would break 127.0.0.1
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
)

LONGEST_HOME = 480
"""Bytes of a home's path: SQLite opens no file whose path has more than some 510, and its files lie in the home."""
_OWN = frozenset(
    {
        "lock",
        "runtime.json",
        "token",
        "config.toml",
        "flashalpha.key",
        "launch.json",
        "basketgex.oxt",
        ".DS_Store",
        "alerts.json",
        "alerts.lock",
        "web.json",
        "web.lock",
        "office.json",
    }
)
# What is kept beside them, and drafts.
_OWN_BEGIN = ("state.db", "state-set-aside-", "chains.db", "server.log", "office-", *(f".{n}." for n in _OWN))

# Windows refuses to replace or remove a file while a reader holds it, and to read one that is being replaced.
_TRIES, _PAUSE = (100 if sys.platform == "win32" else 1), 0.01


class HomeProblem(OSError):
    """The home folder cannot be used; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where a server listens and what it is; the content of ``runtime.json``."""

    grpc: str
    pid: int
    version: str
    boot: str
    http: str = ""
    """Where the REST gateway listens, empty where there is none."""

    def channel_token(self, token: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata that a call to this server carries."""
        return ((TOKEN_METADATA, f"Bearer {token}"),)


@dataclass(frozen=True, slots=True)
class WebRuntime:
    """Where the web host of a home listens and what it is; the content of ``web.json``."""

    http: str
    pid: int
    version: str
    boot: str
    """What the tickets are sealed with that it takes."""
    https: str = ""
    """Where Excel finds the add-in, "" where it is not installed."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the server, and where its packages lie; the content of ``launch.json``."""

    command: tuple[str, ...]
    python_path: tuple[str, ...] = ()


def default_home() -> Path:
    """Return the home that the environment names, else the platform's local data folder.

    Raises HomeProblem for a user who has neither.
    """
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Path(named)
    local = os.environ.get({"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, "XDG_DATA_HOME"))
    if local:
        return Path(local) / "basketgex"
    try:
        user = Path.home()
    except RuntimeError:
        raise HomeProblem(
            f"This user has no home folder: set {HOME_VARIABLE} to a folder for basketgex's own files."
        ) from None
    if sys.platform == "win32":
        return user / "AppData" / "Local" / "basketgex"
    if sys.platform == "darwin":
        return user / "Library" / "Application Support" / "basketgex"
    return user / ".local" / "share" / "basketgex"


@dataclass(frozen=True, slots=True)
class Home:
    """One home folder. Every method tolerates that the folder, or a file in it, is not there yet."""

    path: Path

    @property
    def lock(self) -> Path:
        """The file whose lock the serving process holds."""
        return self.path / "lock"

    @property
    def runtime_file(self) -> Path:
        """Where the server says how to reach it."""
        return self.path / "runtime.json"

    @property
    def token_file(self) -> Path:
        """The secret of this home."""
        return self.path / "token"

    @property
    def config_file(self) -> Path:
        """The settings of this home."""
        return self.path / "config.toml"

    @property
    def key_file(self) -> Path:
        """The key of the paid source, where no keyring has it."""
        return self.path / "flashalpha.key"

    @property
    def launch_file(self) -> Path:
        """The recorded start command."""
        return self.path / "launch.json"

    @property
    def state_file(self) -> Path:
        """Snapshots and the ledger."""
        return self.path / "state.db"

    @property
    def alerts_file(self) -> Path:
        """What was told of flips and crossed levels."""
        return self.path / "alerts.json"

    @property
    def web_file(self) -> Path:
        """Where the web host says how to reach it."""
        return self.path / "web.json"

    @property
    def web_lock(self) -> Path:
        """The file whose lock the web host holds."""
        return self.path / "web.lock"

    @property
    def log_file(self) -> Path:
        """What happened."""
        return self.path / "server.log"

    def cell_mode(self) -> str:
        """Return how cells get their values: what the environment says, else the configuration, else CELLS_PREFETCH."""
        return os.environ.get(CELLS_VARIABLE) or _cell_mode(str(self.config_file), _stamp(self.config_file))

    def create(self) -> None:
        """Make the folder, for its owner alone; one that is there and open to others is closed to them.

        Raises HomeProblem where that would close what is not ours too, and where the path is too long for the store.
        """
        if (length := len(os.fsencode(self.path.absolute()))) > LONGEST_HOME:
            raise HomeProblem(
                f"The path of the home folder is {length:,} bytes long, and the store takes {LONGEST_HOME}: "
                f"name a shorter one with {HOME_VARIABLE}."
            )
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            _close_to_others(self.path)

    def remove(self) -> list[str]:
        """Remove our files, and the folder where nothing else is in it; return the names of what else is."""
        names = os.listdir(self.path)  # noqa: PTH208 - names are all that is wanted
        for name in filter(_is_own, names):
            _insist(partial((self.path / name).unlink, missing_ok=True))
        left = sorted(name for name in names if not _is_own(name))
        if not left:
            self.path.rmdir()
        return left

    def token(self) -> str:
        """Return the home's token, creating it once."""
        self.create()
        if token := self.read_token():
            return token
        # Written whole beside it, then linked into place: of two creators one wins, and nobody reads half a token.
        draft = _draft(self.token_file, secrets.token_urlsafe(32))
        try:
            os.link(draft, self.token_file)
        except FileExistsError:
            if not self.read_token():  # an empty token would let anybody in
                _insist(lambda: draft.replace(self.token_file))
        except OSError:  # a file system without hard links
            _insist(lambda: draft.replace(self.token_file))
        finally:
            _insist(lambda: draft.unlink(missing_ok=True))  # whoever reads the token has this open
        return self.read_token()

    def read_token(self) -> str:
        """Return the home's token, empty where there is none: a client makes none, its server would not know it."""
        try:
            return _insist(lambda: self.token_file.read_text("ascii")).strip()
        except FileNotFoundError:
            return ""

    def read_runtime(self) -> Runtime | None:
        """Return what the runtime file says, or None where there is none that can be read."""
        try:
            return Runtime(**json.loads(self.runtime_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def write_runtime(self, runtime: Runtime) -> None:
        """Write the runtime file at once and whole, readable by its owner only."""
        write_whole(self.runtime_file, json.dumps(asdict(runtime)))

    def remove_runtime(self) -> None:
        """Remove the runtime file, if there is one. Raises OSError: a stale one under a held lock would lead to strangers."""
        _insist(lambda: self.runtime_file.unlink(missing_ok=True))

    def read_launch(self) -> Launch | None:
        """Return the recorded start command, or None where none is recorded."""
        try:
            found = json.loads(self.launch_file.read_text("utf-8"))
            return Launch(tuple(found["command"]), tuple(found.get("python_path", ())))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def write_launch(self, command: Sequence[str], python_path: Sequence[str]) -> None:
        """Record the start command and where the packages lie."""
        self.create()
        write_whole(
            self.launch_file, json.dumps({"command": list(command), "python_path": list(python_path)})
        )

    def is_served(self) -> bool:
        """Tell whether a process holds the lock. A process id or an open port would prove nothing."""
        return is_locked(self.lock)

    def server(self) -> Runtime | None:
        """Return where the living server listens, or None where none does (yet)."""
        return self.read_runtime() if self.is_served() else None

    def web(self) -> WebRuntime | None:
        """Return where the living web host listens, or None where none does (yet)."""
        if not is_locked(self.web_lock):
            return None
        try:
            return WebRuntime(**json.loads(self.web_file.read_text("utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def write_web(self, runtime: WebRuntime) -> None:
        """Write the web host's file at once and whole, readable by its owner only."""
        write_whole(self.web_file, json.dumps(asdict(runtime)))

    def stamp(self) -> tuple[int, ...]:
        """Return a value that changes when a server starts or ends, or the settings change: a memo's reason to forget.

        A killed server leaves its runtime file; its lock it cannot leave.
        """
        return (*_stamp(self.runtime_file), *_stamp(self.config_file), int(self.is_served()))


@lru_cache(maxsize=8)
def _cell_mode(config: str, stamp: tuple[int, int]) -> str:
    """``stamp`` is the file's: it is read again when that has changed."""
    try:
        import tomllib

        found = tomllib.loads(decoded(Path(config).read_bytes())).get("cell_mode")
    except (ImportError, OSError, ValueError, RecursionError):
        found = None
    return CELLS_LIVE if found == CELLS_LIVE else CELLS_PREFETCH


def decoded(content: bytes) -> str:
    """Return the text of a file that a person may have edited: UTF-8, or what a byte order mark says. Raises ValueError."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def write_whole(path: Path, text: str) -> None:
    """Write a file at once and whole, readable by its owner only: nobody reads half of it."""
    draft = _draft(path, text)
    try:
        _insist(lambda: draft.replace(path))
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return draft


def _insist(act: Callable[[], _T]) -> _T:
    """Do something to a file, again and again for a second where another process stands in its way."""
    for _ in range(_TRIES - 1):
        try:
            return act()
        except PermissionError:
            time.sleep(_PAUSE)
    return act()


def _is_own(name: str) -> bool:
    return name in _OWN or name.startswith(_OWN_BEGIN)


def _close_to_others(folder: Path) -> None:
    """Take from others every right to a home and to our files in it."""
    found = folder.stat()
    names = os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    own = list(filter(_is_own, names))
    if found.st_mode & 0o077:
        if strangers := sorted(set(names) - set(own)):
            shown = "".join(c if c.isprintable() else "?" for c in strangers[0][:40])
            raise HomeProblem(
                f'The home folder is open to other users and holds more than basketgex\'s own files, such as "{shown}": '
                f"name a folder of its own with {HOME_VARIABLE}, or close this one with chmod 700."
            )
        if found.st_uid != os.geteuid():
            raise HomeProblem(
                f"The home folder is another user's and open to others: name one of your own with {HOME_VARIABLE}."
            )
        folder.chmod(0o700)
    for file in map(folder.joinpath, own):
        with suppress(FileNotFoundError):  # another process's draft
            now = file.lstat()
            if stat.S_ISREG(now.st_mode) and now.st_mode & 0o077 and now.st_uid == os.geteuid():
                file.chmod(stat.S_IMODE(now.st_mode) & 0o700)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
