"""``basketgex status`` and ``basketgex quota``: what serves, and what it has spent."""

from __future__ import annotations

import argparse
import json

from basketgex.home import Home
from basketgex_addin.cells import Quota
from basketgex_addin.client import ServerStatus
from basketgex_addin.menu import quota_lines, work
from basketgex_cli.context import client_of, unwrap
from basketgex_cli.join import may_spend
from basketgex_cli.parsing import JSON, in_a_terminal
from basketgex_cli.render import iso, new_york_text
from basketgex_cli.terminal import busy
from basketgex_server.command_line import Commands, add_command


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    status = add_command(
        commands, "status", "what serves, and what it has spent", ("basketgex status",), _status
    )
    status.add_argument("--json", action="store_true", help=JSON)
    quota = add_command(
        commands,
        "quota",
        "the day's debits of a metered source; asks its account, which may cost one",
        ("basketgex quota",),
        _quota,
    )
    quota.add_argument("--json", action="store_true", help=JSON)


def _status(home: Home, chosen: argparse.Namespace) -> None:
    status(home, as_json=chosen.json)


def _quota(home: Home, chosen: argparse.Namespace) -> None:
    quota(home, as_json=chosen.json)


def status(home: Home, *, as_json: bool) -> None:
    """Print what serves, and what it has spent. Starts nothing."""
    desk = home.desk()
    if desk is None and not home.is_served():
        if as_json:
            print(json.dumps({"serving": False}))
        else:
            print("No server is running. It starts with the first question, or with basketgex serve.")
        return
    with busy("Asking the server"):
        found: ServerStatus = unwrap(client_of(home).status())
    if as_json:
        values = found._asdict()
        values["last_problem"] = in_a_terminal(found.last_problem)
        print(json.dumps({"serving": True, **values, "started_at": iso(found.started_at)}, indent=2))
        return
    if desk is not None:
        print(f"The desk {desk.server}{f', as {found.person}' if found.person else ''}.")
    print(found.sentence)
    print(f"Version {found.version}, serving since {new_york_text(found.started_at)}.")
    if found.settings_notice:
        print(found.settings_notice)
    print(work(found))
    if found.metered:
        print(
            f"Debits: {found.debits_today:,} today, {found.debits_total:,} in all; {found.seats} symbols a call."
        )
    if desk is not None:
        print(*may_spend(found), sep="\n")
    if found.chains_kept:
        print(f"Past chains kept: {found.chains_kept:,}, {found.chains_bytes / 1e6:,.1f} MB.")
    if found.last_problem:
        print(f"Last problem: {in_a_terminal(found.last_problem)}")


def quota(home: Home, *, as_json: bool) -> None:
    """Print the day's debits, as the source's account has them."""
    with busy("Asking the account"):
        found: Quota = unwrap(client_of(home).quota(reconcile=True))
    if as_json:
        print(json.dumps({**found._asdict(), "resets_at": iso(found.resets_at)}, indent=2))
        return
    print(*quota_lines(found), sep="\n")
