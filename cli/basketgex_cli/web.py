"""``basketgex web``: the workbook in the browser."""

from __future__ import annotations

import argparse
import webbrowser
from argparse import Namespace
from contextlib import closing

from basketgex.home import Home, WebRuntime
from basketgex_cli.context import client_of
from basketgex_server.addresses import MOST_PORT
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings

PORT = 8737
"""Where a bookmark finds the workbook; where that is taken, any free port."""
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
        help=f"where on 127.0.0.1 it listens, 0 for any free port; {PORT} if not given, or any where that is taken",
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
    ports = (PORT, 0) if chosen.port is None else (chosen.port,)
    try:
        served = serve(home, ports, lambda found: _say(home, found, chosen), lambda: checks(home))
    except CannotListen as problem:
        raise BadSettings(str(problem)) from problem
    if not served:
        raise BadSettings("Another basketgex web is just starting: run this again in a moment.")


def checks(home: Home) -> list[tuple[str, str, str]]:
    """Return doctor's lines, as the status page shows them."""
    from basketgex_cli.doctor.command import look

    return [(name, found.state, found.sentences()) for name, found in look(home).items()]


def _say(home: Home, running: WebRuntime, chosen: Namespace) -> None:
    _open(home, running, chosen)
    print("Ctrl+C ends it; the server goes on for spreadsheets.", flush=True)


def _open(home: Home, running: WebRuntime, chosen: Namespace) -> None:
    """Open the workbook in the browser, or say where it is. The address lets one page in, within a minute."""
    from basketgex_addin.web.host import link

    address = link(home, running)
    if chosen.no_browser or not webbrowser.open(address):
        print(f"Open this within a minute: {address}", flush=True)
    else:
        print(f"The workbook is open in your browser, at {running.http}.", flush=True)
