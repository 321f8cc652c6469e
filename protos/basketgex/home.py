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
``desk.json``  the desk that this home has joined; beside it ``desk-ca.pem``, and ``desk-token`` where no keyring has it
``alerts.json`` what ``basketgex watch`` has told, so that no flip is told twice
============== =========================================================================
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from basketgex import files
from basketgex.desk import SERVER_VARIABLE, VARIABLES, Desk
from basketgex.folder import HOME_VARIABLE as HOME_VARIABLE
from basketgex.folder import HomeProblem, close_to_others, is_own
from basketgex.lock_probe import is_locked

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


class Runtime(NamedTuple):
    """Where a server listens and what it is; the content of ``runtime.json``."""

    grpc: str
    pid: int
    version: str
    boot: str
    http: str = ""
    """Where the REST gateway listens, empty where there is none."""

    def channel_token(self, token: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata that a call to this server carries."""
        return bearer(token)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata by which a call shows a token."""
    return ((TOKEN_METADATA, f"Bearer {token}"),)


class WebRuntime(NamedTuple):
    """Where the web host of a home listens and what it is; the content of ``web.json``."""

    http: str
    pid: int
    version: str
    boot: str
    """What the tickets are sealed with that it takes."""
    https: str = ""
    """Where Excel finds the add-in, "" where it is not installed."""


class Launch(NamedTuple):
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


class Home(NamedTuple):
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
    def desk_file(self) -> Path:
        """The desk that this home has joined."""
        return self.path / "desk.json"

    @property
    def desk_authority_file(self) -> Path:
        """Who vouches for that desk's servers."""
        return self.path / "desk-ca.pem"

    @property
    def desk_pair(self) -> tuple[Path, Path]:
        """This user's own certificate at that desk, and its private key, where its servers ask for one."""
        return self.path / "desk-client.pem", self.path / "desk-client.key"

    @property
    def desk_token_file(self) -> Path:
        """This user's token at that desk, where no keyring has it."""
        return self.path / "desk-token"

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
        return os.environ.get(CELLS_VARIABLE) or _cell_mode(
            str(self.config_file), files.stamp(self.config_file)
        )

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
            close_to_others(self.path)

    def remove(self) -> list[str]:
        """Remove our files, and the folder where nothing else is in it; return the names of what else is."""
        names = os.listdir(self.path)  # noqa: PTH208 - names are all that is wanted
        for name in filter(is_own, names):
            files.insist(partial((self.path / name).unlink, missing_ok=True))
        left = sorted(name for name in names if not is_own(name))
        if not left:
            self.path.rmdir()
        return left

    def token(self) -> str:
        """Return the home's token, creating it once."""
        self.create()
        if token := self.read_token():
            return token
        import secrets  # takes a millisecond to load, and is needed once in a home's life

        # Written whole beside it, then linked into place: of two creators one wins, and nobody reads half a token.
        draft = files.drafted(self.token_file, secrets.token_urlsafe(32))
        try:
            os.link(draft, self.token_file)
        except FileExistsError:
            if not self.read_token():  # an empty token would let anybody in
                files.insist(lambda: draft.replace(self.token_file))
        except OSError:  # a file system without hard links
            files.insist(lambda: draft.replace(self.token_file))
        finally:
            files.insist(lambda: draft.unlink(missing_ok=True))  # whoever reads the token has this open
        return self.read_token()

    def read_token(self) -> str:
        """Return the home's token, empty where there is none: a client makes none, its server would not know it."""
        try:
            return files.insist(lambda: self.token_file.read_text("ascii")).strip()
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
        files.write_whole(self.runtime_file, json.dumps(runtime._asdict()))

    def remove_runtime(self) -> None:
        """Remove the runtime file, if there is one. Raises OSError: a stale one under a held lock would lead to strangers."""
        files.insist(lambda: self.runtime_file.unlink(missing_ok=True))

    def write_desk(self, desk: Desk) -> None:
        """Record the desk that is joined."""
        self.create()
        files.write_whole(self.desk_file, json.dumps(desk._asdict(), indent=2))

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
        files.write_whole(
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
        files.write_whole(self.web_file, json.dumps(runtime._asdict()))

    def desk(self) -> Desk | None:
        """Return the desk that is asked instead of a server of this home's own: the environment's, else the one it has joined.

        One whose file cannot be read has no address: a server of this home's own must not stand in for it.
        """
        if named := os.environ.get(SERVER_VARIABLE):
            authority, name, certificate, key = (os.environ.get(variable, "") for variable in VARIABLES)
            return Desk(named, authority, name, certificate=certificate, key=key)
        stamp = files.stamp(self.desk_file)
        return _desk(str(self.desk_file), stamp) if any(stamp) else None

    def stamp(self) -> tuple[int, ...]:
        """Return a value that changes when a server starts or ends, or the settings change: a memo's reason to forget.

        A killed server leaves its runtime file; its lock it cannot leave. The servers of a desk come and go: theirs are the
        same figures.
        """
        joined = files.stamp(self.desk_file)
        if (named := os.environ.get(SERVER_VARIABLE)) or any(joined):
            return (*joined, *files.stamp(self.config_file), zlib.crc32(str(named).encode()))
        return (*files.stamp(self.runtime_file), *files.stamp(self.config_file), int(self.is_served()))


@lru_cache(maxsize=8)
def _desk(file: str, stamp: tuple[int, int]) -> Desk:
    """``stamp`` is the file's: it is read again when that has changed."""
    try:
        found = json.loads(Path(file).read_text("utf-8"))
        return Desk(**{**found, "teller": tuple(found["teller"])})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Desk("")


@lru_cache(maxsize=8)
def _cell_mode(config: str, stamp: tuple[int, int]) -> str:
    """``stamp`` is the file's: it is read again when that has changed."""
    try:
        import tomllib

        found = tomllib.loads(files.decoded(Path(config).read_bytes())).get("cell_mode")
    except (ImportError, OSError, ValueError, RecursionError):
        found = None
    return CELLS_LIVE if found == CELLS_LIVE else CELLS_PREFETCH
