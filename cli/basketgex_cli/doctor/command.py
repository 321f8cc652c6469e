"""``basketgex doctor``: what is installed, what runs and what is wrong, one line per check, and what to do about it.

It looks, and changes nothing: no server is started or replaced, and no debit is spent, unless it is told to ask.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace

from basketgex.home import Home
from basketgex_cli.doctor import hosts, installation, pages, serving, windows
from basketgex_cli.doctor.report import ATTENTION, FAULT, Facts, Finding
from basketgex_cli.parsing import JSON, in_a_terminal
from basketgex_cli.terminal import Column, busy, print_table
from basketgex_server.command_line import Commands, add_command

CHECKS: dict[str, Callable[[Facts], Finding]] = {
    "LibreOffice": hosts.libreoffice,
    "Excel": hosts.excel,
    "add-in in Calc": hosts.calc_add_in,
    "add-in in Excel": hosts.excel_add_in,
    "Excel's rules": windows.rules,
    "add-in in Office": pages.office,
    "web host": pages.web_host,
    "Python": installation.python,
    "start command": installation.start_command,
    "versions": installation.versions,
    "home folder": installation.home,
    "configuration": installation.configuration,
    "desk": serving.desk,
    "server": serving.server,
    "token": serving.token,
    "key": serving.key,
    "quota": serving.quota,
    "source": serving.source,
    "store": installation.store,
    "last errors": installation.last_errors,
    "cell mode": hosts.cell_mode,
    "prefetch": hosts.prefetch,
    "deadline": hosts.deadline,
}
"""In the order in which they are shown."""
THE_DESKS = frozenset({"server", "token", "key", "source", "store"})
"""Checks of what a home that has joined a desk does without."""
COLUMNS = (
    *(Column(name, left=True) for name in ("state", "of")),
    Column("what was found, and what to do", left=True, wraps=True),
)
EXAMPLES = ("basketgex doctor", "basketgex doctor --ask", "basketgex doctor --strict --json")


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    doctor = add_command(
        commands, "doctor", "what is installed, what runs, what is wrong and what to do", EXAMPLES, _run
    )
    doctor.add_argument(
        "--ask",
        action="store_true",
        help="ask the source and its account too: starts a server where none runs, and may cost two debits",
    )
    doctor.add_argument(
        "--strict", action="store_true", help="end with 1 also where something only needs attention"
    )
    doctor.add_argument("--json", action="store_true", help=JSON)


def _run(home: Home, chosen: argparse.Namespace) -> int:
    return doctor(home, ask=chosen.ask, strict=chosen.strict, as_json=chosen.json)


def doctor(home: Home, *, ask: bool, strict: bool, as_json: bool) -> int:
    """Print what every check found; return 0, or 1 where something is a fault or, where ``strict``, needs attention."""
    with busy("Looking at this installation") as line:
        found = look(
            home, ask=ask, at=lambda name, number: line.say(f"Looking at: {name}", number, len(CHECKS))
        )
    failing = {FAULT, ATTENTION} if strict else {FAULT}
    failed = any(f.state in failing for f in found.values())
    if as_json:
        checks = [{"name": name, **asdict(f)} for name, f in found.items()]
        print(json.dumps({"ok": not failed, "checks": checks}, indent=2))
    elif sys.stdout.isatty():
        print_table(COLUMNS, ((f.state, name, f.sentences()) for name, f in found.items()))
    else:
        print("\n".join(f.text(name) for name, f in found.items()))
    return int(failed)


def look(
    home: Home, *, ask: bool = False, at: Callable[[str, int], object] = lambda name, number: None
) -> dict[str, Finding]:
    """Return what every check found, by its name. ``at`` is told of each before it is made."""
    facts = Facts(home, ask=ask)
    found: dict[str, Finding] = {}
    try:
        for number, (name, check) in enumerate(CHECKS.items()):
            at(name, number)
            if facts.desk is None or name not in THE_DESKS:
                found[name] = finding(check, facts)
    finally:
        facts.close()
    return found


def finding(check: Callable[[Facts], Finding], facts: Facts) -> Finding:
    """Return what a check finds; one that fails is a fault of its own, and no other's."""
    try:
        found = check(facts)
        return replace(found, found=in_a_terminal(found.found))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        return Finding(
            FAULT,
            f"could not be looked at ({type(error).__name__})",
            "Check that the home folder is yours; if it is, report this line.",
        )
