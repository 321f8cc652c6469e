"""``basketgex stop`` and ``basketgex token``: the home's server, and the secret that every call carries."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event

from basketgex.home import Home
from basketgex_addin.client.desk import find_token
from basketgex_addin.client.problems import DESK_TOKEN_MISSING
from basketgex_cli.context import own_client_of, unwrap
from basketgex_cli.terminal import busy
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings, BasketgexError

ENDING = 200
"""Looks, a twentieth of a second apart, for the end of a server that drains."""


def add_parser(commands: Commands) -> None:
    """Add the commands."""
    add_command(commands, "stop", "end this home's server", ("basketgex stop",), _stop)
    token = add_command(
        commands, "token", "the secret that every call carries", ("basketgex token rotate",), _token
    )
    token.add_argument(
        "action",
        choices=["rotate", "show"],
        help="rotate: make another one of this home; show: print the one for the desk that it has joined, for programs "
        "that cannot open the keyring",
    )


class StillServing(BasketgexError):
    """What was told to end is still answering what it had begun."""

    code = "still_serving"
    reason = "UNAVAILABLE"

    def __init__(self, what: str = "server") -> None:
        super().__init__(f"The {what} is still answering what it had begun: try again in a moment.")


def end_server(home: Home) -> bool:
    """Tell the home's server to end and wait until it has; return False where there was none."""
    if not home.is_served():
        return False
    with busy("Ending the server"):
        unwrap(own_client_of(home).shutdown())
        if _ends(lambda: not home.is_served()):
            return True
    raise StillServing


def end_web_host(home: Home) -> bool:
    """End the home's web host as Ctrl+C does, and wait until it has; return False where there was none."""
    if (running := home.web()) is None:
        return False
    with busy("Ending the web host"):
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)  # it holds the lock, so the number is still its own
        if _ends(lambda: home.web() is None):
            return True
    raise StillServing("web host")


def _ends(has_ended: Callable[[], bool]) -> bool:
    for _ in range(ENDING):
        if has_ended():
            return True
        Event().wait(0.05)
    return False


def _stop(home: Home, chosen: argparse.Namespace) -> None:
    print("The server has ended." if end_server(home) else "No server is running.")


def _token(home: Home, chosen: argparse.Namespace) -> None:
    if chosen.action == "show":
        print(_of_the_desk(home))
        return
    if home.is_served():
        raise BadSettings("A server is using the token: stop it first with basketgex stop.")
    home.token_file.unlink(missing_ok=True)
    home.token()
    print("The home has a new token.")


def _of_the_desk(home: Home) -> str:
    desk = home.desk()
    if desk is None:
        raise BadSettings("This home has joined no desk.")
    if not (token := find_token(home, desk._replace(teller=()))):
        raise BadSettings(DESK_TOKEN_MISSING.sentence)
    return token
