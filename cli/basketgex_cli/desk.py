"""``basketgex desk``: who may ask a server by a token of their own, and what each of them has spent.

But for certificates, these commands talk to the store, and to no server: nobody administers a desk over the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from basketgex.home import Home
from basketgex_addin.menu import counted
from basketgex_cli import desk_certificate
from basketgex_cli.config import settings_of
from basketgex_cli.parsing import JSON, person_name
from basketgex_cli.terminal import Column, busy, print_table
from basketgex_server.api.roll import digest_of
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings, StoreAway
from basketgex_server.shown import quoted
from basketgex_server.stores.factory import PASSWORD, make_store
from basketgex_server.stores.port import Person, Store

EXAMPLES = (
    "basketgex desk person add ann",
    "basketgex desk person list",
    "basketgex desk person revoke ann",
    "basketgex desk spent --day 2026-11-27",
    "basketgex desk spent --by symbol",
    *desk_certificate.EXAMPLES[:1],
)
MOST_DIGITS = 9
OF_HOME = "(the home's own)"
"""Beside the debits of whoever asks with the token of a replica's home."""
NOT_KNOWN = "(not known)"
"""Beside debits of which the ledger does not have the symbols: those of earlier versions, and those that a damaged one lost."""
AWAY = f"The store does not let us in, or is not there: see to the setting store, and to its password ({PASSWORD}_FILE)."
T = TypeVar("T")


def add_parser(commands: Commands) -> None:
    """Add the command and its parts."""
    desk = add_command(
        commands,
        "desk",
        "people with tokens of their own, who spent what, and certificates",
        EXAMPLES,
        _nothing,
    )
    parts = desk.add_subparsers(
        title="parts", dest="part", metavar="PART", help="person, spent or certificate", required=True
    )
    person = add_command(
        parts, "person", "gives somebody a token, takes it back, lists who has one", EXAMPLES[:3], _nothing
    )
    deeds = person.add_subparsers(
        title="what to do", dest="deed", metavar="DEED", help="add, list or revoke", required=True
    )
    add = add_command(deeds, "add", "make a token, which is shown this once", EXAMPLES[:1], _add)
    add.add_argument("name", metavar="NAME", help="as the ledger is to have it: letters, digits and . _ @ -")
    add.add_argument(
        "--until", type=_day, metavar="DAY", help="the last day (UTC) on which it counts, such as 2027-06-30"
    )
    add.add_argument(
        "--debits", type=_cap, metavar="N", help="what they may spend in a day; person_debits if not given"
    )
    listed = add_command(deeds, "list", "who has a token", EXAMPLES[1:2], _list)
    listed.add_argument("--json", action="store_true", help=JSON)
    revoke = add_command(deeds, "revoke", "take somebody's token back", EXAMPLES[2:3], _revoke)
    revoke.add_argument("name", metavar="NAME", help="as basketgex desk person list has it")
    spent = add_command(parts, "spent", "the debits of a day, by person or by symbol", EXAMPLES[3:5], _spent)
    spent.add_argument(
        "--day", type=_day, metavar="DAY", help="a day (UTC), such as 2026-11-27; today if not given"
    )
    spent.add_argument(
        "--by",
        choices=("person", "symbol"),
        default="person",
        help="who paid, or what the calls were made for (default: person)",
    )
    spent.add_argument("--json", action="store_true", help=JSON)
    desk_certificate.add_parser(parts)


def _nothing(home: Home, chosen: argparse.Namespace) -> None:
    raise AssertionError("a part is required")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it as 2026-11-27") from None


def _cap(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) <= MOST_DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of debits: give a whole one, such as 200")
    return int(text)


def _add(home: Home, chosen: argparse.Namespace) -> None:
    name, now, token = person_name(chosen.name), time.time(), secrets.token_urlsafe(32)
    until = _midnight(chosen.until + timedelta(1)) if chosen.until else None
    if until is not None and until <= now:
        raise BadSettings("--until is a day that is over: name one to come, or leave it out.")
    person = Person(name, digest_of(token.encode()), now, until, chosen.debits)
    if not _with_store(home, lambda store: store.add_person(person)):
        raise BadSettings(f"{name} has a token already: run basketgex desk person revoke {name} first.")
    print(f"The token of {name}, which is shown this once:")
    print(token)


def _list(home: Home, chosen: argparse.Namespace) -> None:
    people = _with_store(home, lambda store: store.people())
    if chosen.json:
        rows = [
            {
                "name": p.name,
                "since": _moment(p.added_at),
                "until": p.until and _moment(p.until),
                "debits": p.debits,
            }
            for p in people
        ]
        print(json.dumps({"people": rows}, indent=2))
    elif people:
        columns = (
            Column("name", 24, left=True),
            Column("since", 12, left=True),
            Column("last day", 12, left=True),
            Column("debits a day", 12),
        )
        print_table(columns, [(p.name, _moment(p.added_at)[:10], _last_day(p), _own_cap(p)) for p in people])
    else:
        print("Nobody has a token of their own yet: run basketgex desk person add NAME.")


def _revoke(home: Home, chosen: argparse.Namespace) -> None:
    name = person_name(chosen.name)
    if not _with_store(home, lambda store: store.revoke(name)):
        raise BadSettings(f"There is no {quoted(name)}: run basketgex desk person list to see all.")
    print(f"The token of {name} is refused from now on; what was spent stays in the ledger.")


def _spent(home: Home, chosen: argparse.Namespace) -> None:
    day, by_person = chosen.day or datetime.now(UTC).date(), chosen.by == "person"
    since, until = _midnight(day), _midnight(day + timedelta(1))
    spent = _with_store(home, lambda store: (store.spent_by if by_person else store.spent_for)(since, until))
    rest, total = spent.pop("", 0.0), round(sum(spent.values()), 6)
    parts = sorted(spent.items(), key=lambda pair: (-pair[1], pair[0]))
    debits = round(total + rest)
    if chosen.json:
        many, rest_is = ("people", "home") if by_person else ("symbols", "not_known")
        rows = [{chosen.by: name, "debits": share} for name, share in parts]
        print(json.dumps({"day": day.isoformat(), "debits": debits, rest_is: rest, many: rows}, indent=2))
    elif debits:
        rows_ = [*parts, *([(OF_HOME if by_person else NOT_KNOWN, rest)] if rest else [])]
        print_table(
            (Column(chosen.by, 24, left=True), Column("debits", 12)), [(p, f"{s:,.2f}") for p, s in rows_]
        )
        print(f"{counted(debits, 'debit')} on {day} (UTC).")
    else:
        print(f"Nothing was spent on {day} (UTC).")


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _last_day(person: Person) -> str:
    return _moment(person.until - 1)[:10] if person.until is not None else ""


def _own_cap(person: Person) -> str:
    return f"{person.debits:,}" if person.debits is not None else ""


def _with_store(home: Home, work: Callable[[Store], Awaitable[T]]) -> T:
    """Do some work over the home's store, whether it is served or not."""

    async def do() -> T:
        store = make_store(home.state_file, settings_of(home).by_name["store"].value, 0.0, mends=False)
        try:
            return await work(store)
        finally:
            await store.end()

    with busy("Looking into the store"):
        home.create()
        try:
            return asyncio.run(do())
        except StoreAway as error:
            raise BadSettings(AWAY) from error
