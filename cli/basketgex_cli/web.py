"""``basketgex web``: the workbook in the browser."""

from __future__ import annotations

import argparse
import os
import webbrowser
from argparse import Namespace
from contextlib import closing

from basketgex.home import Home, WebRuntime
from basketgex_cli.context import client_of
from basketgex_server.addresses import MOST_PORT, web_address_of
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings
from basketgex_server.settings import PREFIX, combined, read_config

SETTING = "web_listen"
MISSING = (
    "The browser workbook's files are not installed: run make run in the checkout while online, or install the "
    "basketgex wheel again."
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    web = add_command(
        commands,
        "web",
        "a workbook in the browser, without a spreadsheet program",
        ("basketgex web", "basketgex web --no-browser --port 0"),
        _run,
    )
    web.add_argument(
        "--port",
        type=_port,
        help=f"the port it listens on, 0 for any free one; if not given that of {SETTING}, or any where that is taken",
    )
    web.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")


def _port(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and int(text) <= MOST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give 0 to {MOST_PORT}")
    return int(text)


def _run(home: Home, chosen: Namespace) -> None:
    """Serve the workbook until told to end, and open it; where it is served already, only open it."""
    from basketgex_addin.web import assets
    from basketgex_addin.web.host import CannotListen, serve

    if not assets.version():
        raise BadSettings(MISSING)
    if (running := home.web()) is not None:
        _open(home, running, chosen)
        print("It was being served already; the first basketgex web goes on.")
        return
    with closing(client_of(home)):  # it records how a cell starts the server, where nothing does yet
        pass
    address, port = _listen(home)
    ports = (port, 0) if chosen.port is None else (chosen.port,)
    try:
        served = serve(home, ports, lambda found: _say(home, found, chosen), lambda: checks(home), address)
    except CannotListen as problem:
        raise BadSettings(str(problem)) from problem
    if not served:
        raise BadSettings("Another basketgex web is just starting: run this again in a moment.")


def _listen(home: Home) -> tuple[str, int]:
    """Return the address and port of the setting. What is wrong with others, the pages say. Raises BadSettings."""
    try:
        written = read_config(home.config_file)
    except BadSettings:
        written = {}
    variable = PREFIX + SETTING.upper()
    environment = {variable: os.environ[variable]} if variable in os.environ else {}
    of_file = {SETTING: written[SETTING]} if SETTING in written else {}
    return web_address_of(combined(of_file, environment).web_listen)


def checks(home: Home) -> list[tuple[str, str, str]]:
    """Return doctor's lines, as the status page shows them."""
    from basketgex_cli.doctor.command import look

    return [(name, found.state, found.sentences()) for name, found in look(home).items()]


def _say(home: Home, running: WebRuntime, chosen: Namespace) -> None:
    _open(home, running, chosen)
    print("Ctrl+C ends it; the server goes on for spreadsheets.", flush=True)


def _open(home: Home, running: WebRuntime, chosen: Namespace) -> None:
    """Open the workbook in the browser, and say where it is: nobody tells whether the browser's window came.

    The address lets one page in, within a minute.
    """
    from basketgex_addin.web.host import link

    address = link(home, running)
    if chosen.no_browser or not webbrowser.open(address):
        print(f"Open this within a minute: {address}", flush=True)
    else:
        print(
            f"The workbook opens in your browser. If it does not, open this within a minute: {address}",
            flush=True,
        )
