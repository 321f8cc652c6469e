"""The way to a desk that the home has joined: a channel to one of its servers, and this user's token.

grpc is imported in the function that opens: where it is missing, the answer is a problem, not a traceback.
"""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from basketgex import keyrings
from basketgex.desk import TOKEN_VARIABLE, Desk, is_number
from basketgex.files import decoded
from basketgex.home import CHANNEL_OPTIONS, Home, bearer
from basketgex_addin.cells import Problem
from basketgex_addin.client import messages, problems
from basketgex_addin.client.figures import ServerStatus
from basketgex_addin.client.launcher import server_environment
from basketgex_addin.client.stream import problem_of

if TYPE_CHECKING:
    import grpc

NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows alone has it
TELLING = 20.0
"""Seconds that the keyring may take, and the command that opens it: it may ask a person to unlock it."""
_OPTIONS: tuple[tuple[str, str | int], ...] = (
    *CHANNEL_OPTIONS,
    ("grpc.use_local_subchannel_pool", 1),  # a fresh channel must not inherit the back-off of a dead one
    # One sheet stays with one server, so that it sees one edition; sheets spread over all.
    ("grpc.service_config", '{"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": true}}]}'),
    # A machine that vanishes says nothing: a stream would wait for it for ever.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),  # how seldom it is asked is the breaker's to say
)


def open_channel(desk: Desk) -> grpc.Channel:
    """Open a channel to whichever of a desk's servers can be reached. Raises BadAddress, and OSError for files and names."""
    import grpc

    authority = Path(desk.authority).read_bytes() if desk.authority else None
    hosts = desk.hosts()
    options = list(_OPTIONS)
    if desk.name or len(hosts) > 1:
        options.append(("grpc.ssl_target_name_override", desk.certified()))
    key, certificate = (Path(f).read_bytes() if f else None for f in (desk.key, desk.certificate))
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.secure_channel(_target(hosts), credentials, options=options)


def introduced(desk: Desk, token: str, deadline: float) -> ServerStatus | Problem:
    """Return what a desk says to this token, which it need not know, in so many seconds. Raises as open_channel does."""
    import grpc

    from basketgex.v1 import exposure_pb2 as pb
    from basketgex.v1.exposure_pb2_grpc import ExposureServiceStub

    with closing(open_channel(desk)) as channel:
        try:
            call = ExposureServiceStub(channel).GetStatus
            return messages.status(call(pb.GetStatusRequest(), timeout=deadline, metadata=bearer(token)))
        except grpc.RpcError as error:
            problem = problem_of(error)
    return problems.OF_A_DESK.get(problem, problem)


def account(home: Home) -> str:
    """Return under which user name the keyring has the token of a home."""
    return f"desk {home.path.absolute()}"


def find_token(home: Home, desk: Desk) -> str:
    """Return this user's token: the environment's, else the file's, else the keyring's; "" where there is none. May block.

    The keyring is opened by the command that ``basketgex join`` has recorded where this program's Python cannot.
    """
    if named := os.environ.get(TOKEN_VARIABLE, "").strip():
        return named
    if kept := _read(home.desk_token_file):
        return kept
    try:
        return keyrings.read(account(home)) or ""
    except keyrings.KeyringLocked:
        return ""
    except keyrings.NoKeyring:
        return _told(home, desk.teller)


def _read(file: Path) -> str:
    """Return what the token's file holds; nothing where it is not there, or not for its owner alone."""
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) or (os.name == "posix" and found.st_mode & 0o077):
            return ""
        return decoded(file.read_bytes()).strip()
    except (OSError, ValueError):
        return ""


def _told(home: Home, command: tuple[str, ...]) -> str:
    if not command:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - the command that the user's own join recorded
            command,
            env=server_environment(home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TELLING,
            check=True,
            creationflags=NO_WINDOW,
        )
        return done.stdout.decode("ascii").strip()
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""


def _target(hosts: Sequence[tuple[str, int]]) -> str:
    """Return what grpc is told: one name may stand for many addresses; of several all are given, those of names too."""
    if len(hosts) == 1:
        (host, port) = hosts[0]
        return f"dns:///{_bracketed(host)}:{port}"
    found: dict[bool, list[str]] = {False: [], True: []}
    unknown: OSError | None = None
    for host, port in hosts:
        try:
            addresses = (
                [host]
                if is_number(host)
                else [str(a[4][0]) for a in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
            )
        except OSError as error:  # another of them may be known
            unknown = error
            continue
        for address in addresses:
            found[":" in address].append(f"{_bracketed(address)}:{port}")
    six = not found[False]  # a target has addresses of one kind only
    if six and not found[True] and unknown is not None:
        raise unknown
    return f"ipv{6 if six else 4}:{','.join(dict.fromkeys(found[six]))}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
