"""``basketgex stop`` and ``basketgex token``: the home's server, and the secret that every call carries."""

from __future__ import annotations

import argparse
from threading import Event

from basketgex.home import Home
from basketgex_cli.context import client_of, unwrap
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
    token.add_argument("action", choices=["rotate"], help="make another one")


class StillServing(BasketgexError):
    """A server that was told to end is still answering what it had begun."""

    code = "still_serving"
    reason = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The server is still answering what it had begun: try again in a moment.")


def end_server(home: Home) -> bool:
    """Tell the home's server to end and wait until it has; return False where there was none."""
    if not home.is_served():
        return False
    with busy("Ending the server"):
        unwrap(client_of(home).shutdown())
        for _ in range(ENDING):
            if not home.is_served():
                return True
            Event().wait(0.05)
    raise StillServing


def _stop(home: Home, chosen: argparse.Namespace) -> None:
    print("The server has ended." if end_server(home) else "No server is running.")


def _token(home: Home, chosen: argparse.Namespace) -> None:
    if home.is_served():
        raise BadSettings("A server is using the token: stop it first with basketgex stop.")
    home.token_file.unlink(missing_ok=True)
    home.token()
    print("The home has a new token.")
