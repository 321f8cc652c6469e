"""``basketgex config`` and ``basketgex key``: what a home's settings are, and how they change.

Where a server runs it is asked: its settings are what figures are made by, and it heeds a change before it answers.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from basketgex.home import Home
from basketgex.home_settings import HomeSettings, Setting
from basketgex_addin.cells import Problem
from basketgex_cli.context import own_client_of, tell_of_desk
from basketgex_cli.parsing import JSON
from basketgex_cli.terminal import Column, busy, print_table
from basketgex_server.command_line import Commands, add_command
from basketgex_server.configuration import Configuration
from basketgex_server.errors import BadSettings, BasketgexError, SourceUnavailable
from basketgex_server.settings import PREFIX, Settings, absolute, shown, typed
from basketgex_server.shown import quoted
from basketgex_server.sources.factory import make_source
from basketgex_server.sources.flashalpha import keys

PATHS = ("chain_folder", "tls_certificate", "tls_key", "client_ca")
"""Settings whose value is written in full: the server has another working folder than this terminal."""
IN_FILE = "a file of the home folder that you alone can read"
TERMINAL_ONLY = (
    "The key is set in this terminal only: a server that a spreadsheet starts does not see it. "
    "Run basketgex key set, or basketgex key set --file where there is no keyring."
)
NO_KEY = "There is no FlashAlpha key yet: run basketgex key set, or basketgex key set --file where there is no keyring."
EXAMPLES = ("basketgex config", "basketgex config set rate 0.05", "basketgex config unset rate")
KEY_EXAMPLES = ("basketgex key", "basketgex key set", "basketgex key set --file")


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    config = add_command(
        commands, "config", "the settings: shows them all or one, changes one", EXAMPLES, _config
    )
    config.add_argument(
        "action",
        choices=["list", "get", "set", "unset"],
        nargs="?",
        default="list",
        help="list is what config alone does; unset: back to the default",
    )
    config.add_argument(
        "words",
        nargs="*",
        metavar="NAME [VALUE]",
        help="the setting, as it is called in config.toml; set takes several pairs, and changes all or none",
    )
    config.add_argument("--json", action="store_true", help=JSON)
    key = add_command(
        commands,
        "key",
        "the FlashAlpha key: where it is; set reads it from the prompt, and never shows it",
        KEY_EXAMPLES,
        _key,
    )
    key.add_argument("action", choices=["set", "clear"], nargs="?", help="keep one, or forget it")
    key.add_argument(
        "--file", action="store_true", help="keep it in a file of the home folder instead of the keyring"
    )


def _config(home: Home, chosen: argparse.Namespace) -> None:
    config(home, chosen.action, chosen.words, as_json=chosen.json)
    if chosen.action != "get" and not chosen.json:
        tell_of_desk(home)


def _key(home: Home, chosen: argparse.Namespace) -> None:
    key(home, chosen.action, in_file=chosen.file)


def config(home: Home, action: str, words: Sequence[str], *, as_json: bool) -> None:
    """Show settings, or change one."""
    if action == "list":
        if words:
            raise BadSettings("config list takes nothing more: say config get NAME for one setting.")
        _list(settings_of(home), as_json=as_json)
    elif action == "get":
        (name,) = _taking(words, "get NAME", 1)
        found = settings_of(home)
        print(_named(found, name).value if not as_json else json.dumps(_json(_named(found, name))))
    elif action == "set":
        if not words or len(words) % 2:
            raise BadSettings("Say basketgex config set NAME VALUE, or several pairs of them.")
        values = {name: _in_full(name, value) for name, value in zip(words[::2], words[1::2], strict=True)}
        found = change(home, values)
        for name, value in values.items():
            stays = found[name] != shown(typed(name, value))
            print(f"{name} is {'written, but in force stays' if stays else 'now'} {found[name] or 'empty'}.")
        _tell(found)
    else:
        (name,) = _taking(words, "unset NAME", 1)
        found = change(home, {}, unset=(name,))
        print(f"{name} is back at its default: {found[name] or 'empty'}.")
        _tell(found)


def settings_of(home: Home, *, key: bool = False) -> HomeSettings:
    """Return the settings of a home: those of its server, or those that one started from here would have.

    ``key``: and where the key is, for which a keyring may ask a person to unlock it.
    """
    with busy("Looking at the settings"):
        if home.is_served():
            return _said(own_client_of(home).settings(key=key))
        configuration = Configuration(home.config_file, key_file=home.key_file)
        configuration.start()
        return _described(configuration, key=key)


def change(home: Home, values: Mapping[str, str], unset: Collection[str] = ()) -> HomeSettings:
    """Change settings, heeded at once where a server runs. Raises BadSettings where one cannot be used: none is changed."""
    with busy("Changing the settings"):
        if home.is_served():
            return _said(own_client_of(home).change_settings(values, unset=unset))
        configuration = Configuration(home.config_file, environment={}, key_file=home.key_file)
        with ThreadPoolExecutor(1) as compute:
            configuration.planned(values, unset, lambda settings: _made(settings, compute))()
    return settings_of(home, key=values.get("source") == "flashalpha")


def key(home: Home, action: str | None, *, in_file: bool) -> None:
    """Store FlashAlpha's key, remove it, or say where it is. It is never shown, and never an argument."""
    if in_file and action != "set":
        raise BadSettings("--file goes with key set.")
    if action == "clear":
        _clear(home)
    elif action == "set":
        # Never as an argument: the process list would show it.
        text = getpass.getpass("FlashAlpha key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
        if in_file:
            keys.write_key(text, home.key_file)
            print(f"The key is in {IN_FILE}.")
        else:
            keys.set_key(text)
            print("The key is in the keyring.")
            if home.key_file.exists():
                home.key_file.unlink()
                print("The key file is gone, since it would win.")
    else:
        print(key_sentence(settings_of(home, key=True), os.environ))
        return
    if home.is_served():  # what it looked up before may be another
        _said(own_client_of(home).change_settings({}))
        found = _said(own_client_of(home).settings(key=True))
        if found.key_place == keys.ENVIRONMENT:
            print(
                f"The running server has {keys.VARIABLE} in its environment, which wins: run basketgex stop."
            )


def key_sentence(found: HomeSettings, environment: Mapping[str, str]) -> str:
    """Return where the key is, as a person is told."""
    if found.key_problem:
        return found.key_problem
    if found.key_place == keys.ENVIRONMENT:
        return f"The key is given in the environment, by {keys.VARIABLE} or the file that {keys.VARIABLE}_FILE names."
    if found.key_place:
        return f"The key is in {IN_FILE if found.key_place == keys.FILE else 'the keyring'}."
    return TERMINAL_ONLY if keys.is_given(environment) else NO_KEY


def _clear(home: Home) -> None:
    there = home.key_file.exists()
    home.key_file.unlink(missing_ok=True)
    if there:
        print("The key file is gone.")
    try:
        kept = keys.clear_key()
    except BasketgexError:
        if there:
            return
        raise
    print("The key is gone from the keyring." if kept else "There was no key in the keyring.")


def _made(settings: Settings, compute: ThreadPoolExecutor) -> object:
    return make_source(settings, compute)


def _described(configuration: Configuration, *, key: bool) -> HomeSettings:
    found, problem = None, ""
    if not key:
        return configuration.described("", "")
    try:
        found = keys.find_key(configuration.key_file)
    except BasketgexError as error:
        problem = error.sentence
    return configuration.described(found.place if found else "", problem)


def _said(found: HomeSettings | Problem) -> HomeSettings:
    if isinstance(found, Problem):
        raise (BadSettings if found.code == BadSettings.code else SourceUnavailable)(
            found.sentence, argument=found.argument
        )
    return found


def _taking(words: Sequence[str], usage: str, count: int) -> Sequence[str]:
    if len(words) != count:
        raise BadSettings(f"Say basketgex config {usage}.")
    return words


def _named(found: HomeSettings, name: str) -> Setting:
    if name not in found.by_name:
        raise BadSettings(f"There is no setting {quoted(name)}: run basketgex config to see all.")
    return found.by_name[name]


def _in_full(name: str, value: str) -> str:
    return absolute(Path(value)) if name in PATHS and value else value


def _json(setting: Setting) -> dict[str, object]:
    return setting._asdict()


def _list(found: HomeSettings, *, as_json: bool) -> None:
    settings = found.by_name.values()
    if as_json:
        print(json.dumps({"settings": [_json(s) for s in settings], "notice": found.notice}, indent=2))
        return
    name, value = (max(len(getattr(s, field)) for s in settings) for field in ("name", "value"))
    columns = (
        Column("setting", name, left=True),
        Column("value", min(value, 40), left=True, gap="  "),
        Column("given by", left=True, gap="  "),
    )
    print_table(columns, ((s.name, s.value, _where(s)) for s in settings), headed=False)
    _tell(found)


def _where(setting: Setting) -> str:
    places = {
        "file": "config.toml",
        "environment": f"{PREFIX}{setting.name.upper()}",
        "command": f"serve --{setting.name.replace('_', '-')}",
    }
    return places.get(setting.given_by, "")


def _tell(found: HomeSettings) -> None:
    if found.notice:
        print(found.notice)
