"""``basketgex install office`` and ``uninstall office``: the add-in that Excel on Mac, Windows and the web loads over https."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from basketgex.home import Home, default_home
from basketgex_addin.excel import install as excel
from basketgex_cli.context import START_COMMAND
from basketgex_server.addresses import MOST_PORT
from basketgex_server.errors import BadSettings

if TYPE_CHECKING:
    from basketgex_addin.web.install import Installer

ONE_WAY = (
    "Excel's other add-in (the .xlam) is installed, and both have the same functions: run basketgex uninstall excel "
    "first."
)
OTHER_WAY = "The add-in for Office is installed, and both have the same functions: run basketgex uninstall office first."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this host has."""
    parser.add_argument(
        "--web", action="store_true", help="office: for Excel on the web instead of this computer's"
    )
    parser.add_argument(
        "--port", type=int, help="office: where on localhost Excel finds the add-in; 8738 if not given"
    )
    parser.add_argument(
        "--namespace",
        default="",
        metavar="NAME",
        help="office: call functions as =NAME.BASKETGEX(…) instead of =BASKETGEX(…)",
    )


def install(home: Home, chosen: argparse.Namespace) -> list[str]:
    """Install the add-in, or say what would be done. Raises BadSettings."""
    from basketgex_addin.web.install import InstallError
    from basketgex_addin.web.office_files import PORT

    port = PORT if chosen.port is None else chosen.port
    if not 1 <= port <= MOST_PORT:
        raise BadSettings(f"{port} is no port: give 1 to {MOST_PORT}.")
    if sys.platform == "win32" and excel.this_profile().add_in.is_file():
        raise BadSettings(ONE_WAY)
    try:
        return _installer(home).install(
            web=chosen.web, port=port, namespace=chosen.namespace, dry_run=chosen.dry_run
        )
    except InstallError as error:
        raise BadSettings(str(error)) from error


def uninstall(home: Home, *, dry_run: bool) -> list[str]:
    """Take the add-in away, or say what would be done."""
    return _installer(home).uninstall(dry_run=dry_run)


def is_installed(home: Home) -> bool:
    """Tell whether the add-in is installed."""
    from basketgex_addin.web.office_files import OfficeFiles

    return OfficeFiles(home).installed() is not None


def _installer(home: Home) -> Installer:
    from basketgex_addin.web.install import Installer

    own = Path(sys.executable)
    python = excel.windowless(own) if sys.platform == "win32" else own
    named = [] if home.path.absolute() == default_home().absolute() else ["--home", str(home.path.absolute())]
    return Installer(home, START_COMMAND, (str(python), "-m", "basketgex_cli", *named, "web", "--no-browser"))
