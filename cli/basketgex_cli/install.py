"""``basketgex install`` and ``basketgex uninstall``: the add-ins, and at the end web host, server and home."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import suppress
from pathlib import Path

from basketgex.home import Home
from basketgex_addin.calc import install as calc
from basketgex_addin.calc.extension import write_oxt
from basketgex_addin.excel import install as excel
from basketgex_cli import install_office as office
from basketgex_cli.context import START_COMMAND
from basketgex_cli.home import end_server, end_web_host
from basketgex_cli.terminal import busy
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings

CLOSING, PAUSE = 50, 0.1
"""So many tries, and seconds between them, until a server that ends has closed its files."""
TYPE = "type =BASKETGEX(A2:A7,B2:B7)"
EXAMPLES = {
    "install": (
        *("basketgex install calc --dry-run", "basketgex install calc", "basketgex install excel"),
        *("basketgex install office --dry-run", "basketgex install office --web"),
    ),
    "uninstall": ("basketgex uninstall calc", "basketgex uninstall calc --purge"),
}


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    for name in ("install", "uninstall"):
        install = add_command(commands, name, f"{name} the spreadsheet add-in", EXAMPLES[name], _run)
        install.add_argument(
            "host",
            choices=["calc", "excel", "office"],
            nargs="?",
            default="calc",
            help="which spreadsheet; office: Excel on Mac, Windows or the web; calc if not given",
        )
        install.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        if name == "install":
            office.add_options(install)
            install.add_argument(
                "--build",
                type=Path,
                metavar="FILE",
                help="only write the add-in to this file: Excel's for any machine, Calc's for machines such as this one",
            )
        else:
            install.add_argument(
                "--purge", action="store_true", help="end server and web host, and remove the home folder too"
            )


def _run(home: Home, chosen: argparse.Namespace) -> None:
    if chosen.command == "install":
        install(home, START_COMMAND, chosen)
    else:
        uninstall(home, chosen)


def install(home: Home, command: tuple[str, ...], chosen: argparse.Namespace) -> None:
    """Install an add-in, or only write it to a file, or only say what would be done."""
    try:
        with busy("Installing the add-in"):
            if chosen.host == "office":
                lines = office.install(home, chosen)
            elif chosen.host == "excel":
                lines = _install_excel(home, command, chosen)
            else:
                lines = _install_calc(home, command, chosen)
    except (calc.InstallError, excel.InstallError) as error:
        raise BadSettings(str(error)) from error
    print("\n".join(lines))


def uninstall(home: Home, chosen: argparse.Namespace) -> None:
    """Remove an add-in; a server that runs is ended where the person says so, the home is removed with ``--purge``."""
    dry_run, purge = chosen.dry_run, chosen.purge
    if (
        purge
        and not dry_run
        and not _confirmed(f"Remove {home.path}, with settings, key, figures and ledger?", False)
    ):
        print("Nothing was removed.")
        return
    try:
        with busy("Removing the add-in"):
            lines = _uninstalled(home, chosen.host, dry_run=dry_run, purge=purge)
            if purge and chosen.host != "office" and office.is_installed(home):
                # What the system was told must not outlive the home.
                lines += office.uninstall(home, dry_run=dry_run)
    except (calc.InstallError, excel.InstallError) as error:
        raise BadSettings(str(error)) from error
    print("\n".join(lines))
    if purge:
        _end_web_host(home, dry_run=dry_run)  # before the server, which its pages' cells would start again
    _see_to_server(home, dry_run=dry_run, purge=purge)
    if purge:
        _purge(home, dry_run=dry_run)
    elif home.path.exists():
        print(f"The home folder {home.path} {'would stay' if dry_run else 'stays'}: --purge removes it too.")


def _install_calc(home: Home, command: tuple[str, ...], chosen: argparse.Namespace) -> list[str]:
    if chosen.build:
        return [
            f"Would write {chosen.build}."
            if chosen.dry_run
            else f"Wrote {write_oxt(chosen.build, self_contained=True)}."
        ]
    if chosen.dry_run:
        return [f"Would write {home.launch_file}.", f"Would add {home.path / calc.OXT} to LibreOffice."]
    calc.install(home, command)
    again = {
        True: f"It is open: close it and start it again, then open a sheet and {TYPE}.",
        False: f"Open a sheet and {TYPE}.",
        None: f"If it is open, close it and start it again. Then open a sheet and {TYPE}.",
    }
    return [f"Installed in LibreOffice. {again[calc.is_running()]}"]


def _uninstalled(home: Home, host: str, *, dry_run: bool, purge: bool) -> list[str]:
    """Take an add-in away, or say what would be done."""
    if host == "office":
        return office.uninstall(home, dry_run=dry_run)
    if host == "excel":
        return excel.uninstall(home, profile=excel.this_profile(), dry_run=dry_run)
    try:
        return [_uninstall_calc(dry_run)]
    except calc.NotFound as error:
        if not purge:
            raise BadSettings(str(error)) from error
        return ["LibreOffice was not found, so no extension is in it."]


def _uninstall_calc(dry_run: bool) -> str:
    if dry_run:
        return "Would remove the extension from LibreOffice."
    if not calc.uninstall():
        return "It was not installed in LibreOffice."
    again = {
        True: " It is open: close it and start it again, until then it keeps the functions.",
        False: "",
        None: " If it is open, close it and start it again.",
    }
    return f"Removed from LibreOffice.{again[calc.is_running()]}"


def _install_excel(home: Home, command: tuple[str, ...], chosen: argparse.Namespace) -> list[str]:
    if chosen.build:
        return [
            f"Would write {chosen.build}." if chosen.dry_run else f"Wrote {excel.write_add_in(chosen.build)}."
        ]
    if office.is_installed(home) and sys.platform == "win32":
        raise BadSettings(office.OTHER_WAY)
    lines = excel.install(home, command, profile=excel.this_profile(), dry_run=chosen.dry_run)
    return lines if chosen.dry_run else [*lines, f"Start Excel and {TYPE}."]


def _end_web_host(home: Home, *, dry_run: bool) -> None:
    if dry_run and home.web() is not None:
        print("Would end the web host.")
    elif not dry_run and end_web_host(home):
        print("The web host has ended.")


def _see_to_server(home: Home, *, dry_run: bool, purge: bool) -> None:
    if not home.is_served():
        return
    if dry_run:
        print("Would end the server." if purge else "Would ask whether to end the server.")
    elif purge or (_is_terminal() and _confirmed("The server of this home is running. End it?", True)):
        end_server(home)
        print("The server has ended.")
    else:
        print("The server runs on until nobody has asked for a while: basketgex stop ends it.")


def _purge(home: Home, *, dry_run: bool) -> None:
    if not home.path.exists():
        print("There was no home folder.")
        return
    if dry_run:
        print(f"Would remove {home.path}.")
        return
    with busy("Removing the home folder"):
        left = _removed(home)
    if left:
        print(
            f"Removed basketgex's files from {home.path}; what is not its own stays: {', '.join(left[:5])}."
        )
    else:
        print(f"Removed {home.path}.")


def _removed(home: Home) -> list[str]:
    """Remove a home; return what is not its own. A server that has let go of its lock may close files a moment later."""
    for _ in range(CLOSING):
        if not home.path.exists():
            return []
        with suppress(OSError):  # on Windows a file that is open stays in its folder
            return home.remove()
        time.sleep(PAUSE)
    return home.remove()


def _confirmed(question: str, default: bool) -> bool:
    """Ask a person at a terminal; where nobody can answer, the command was the answer."""
    if not _is_terminal():
        return True
    answer = input(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
    return answer in ("y", "yes") or (default and not answer)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
