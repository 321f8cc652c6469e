"""``basketgex source``: where figures come from, and what is found there."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from basketgex.home import Home
from basketgex.home_settings import HomeSettings
from basketgex_addin.menu import counted
from basketgex_cli.config import change, key_sentence, settings_of
from basketgex_cli.context import tell_of_desk
from basketgex_cli.render import new_york_text
from basketgex_cli.terminal import busy
from basketgex_server.command_line import Commands, add_command
from basketgex_server.dispatch.batch.types import MIXED
from basketgex_server.dispatch.sessions import distant
from basketgex_server.errors import BadChain, BadSettings, SourceUnavailable
from basketgex_server.settings import SOURCES, absolute, load
from basketgex_server.sources.files.folder import ChainFiles

MOST_REFUSALS = 20
"""So many are shown with their reasons."""
EXAMPLES = ("basketgex source", "basketgex source sample", "basketgex source chain-files --folder my-chains")


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    source = add_command(
        commands, "source", "where figures come from: says it, or changes it", EXAMPLES, _run
    )
    source.add_argument("name", choices=SOURCES, nargs="?", help="the new source")
    source.add_argument("--folder", type=Path, help="the folder of chain-files")
    source.add_argument("--as-of", help="the moment of chains that do not carry it, ISO 8601, New York time")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    if chosen.name is None:
        if chosen.folder is not None or chosen.as_of is not None:
            raise BadSettings("Say basketgex source chain-files with --folder and --as-of.")
        show(home)
    else:
        choose(home, chosen.name, chosen.folder, chosen.as_of)
    tell_of_desk(home)


class Looked(NamedTuple):
    """What is in a folder of chains: the moment of each that counts (Unix seconds), and why others do not, by symbol.

    ``remarks`` say what to know of chains that count, ``strangers`` are files that are found under no symbol.
    """

    chains: Mapping[str, float]
    refused: Mapping[str, str]
    remarks: Sequence[str] = ()
    strangers: Sequence[str] = ()


def show(home: Home) -> None:
    """Print the present source."""
    found = settings_of(home)
    if found["source"] == "flashalpha":
        found = settings_of(home, key=True)
    setting = found.by_name["source"]
    by = {"environment": ", by BASKETGEX_SOURCE", "command": ", by serve --source"}.get(setting.given_by, "")
    print(f"The source is {_named(found)}{by}.")
    _tell_more(found)


def choose(home: Home, name: str, folder: Path | None, as_of: str | None) -> None:
    """Change the source, and print what it is then; a folder of chains is looked at, each of its files."""
    if name != "chain-files" and (folder is not None or as_of is not None):
        raise BadSettings(f"--folder and --as-of go with chain-files, not with {name}.")
    before = load(home.config_file, {})
    values = {"source": name}
    if folder is not None:
        values["chain_folder"] = absolute(folder)
    if as_of is not None:
        values["chain_as_of"] = as_of.strip()
    found = change(home, values)
    print(f"The source is now {_named(found)}.")
    if name == "chain-files" and found["source"] == name:
        if as_of is None and before.chain_as_of and not found["chain_as_of"]:
            print(f"--as-of {before.chain_as_of} is forgotten: it was said of the folder before.")
        _print(look(Path(found["chain_folder"]), found["chain_as_of"]), Path(found["chain_folder"]).name)
    _tell_more(found)


def look(folder: Path, as_of: str) -> Looked:
    """Read every chain of a folder; how far that is stands on a terminal. Raises BadSettings."""
    files = ChainFiles(folder.expanduser(), as_of)
    chains: dict[str, float] = {}
    refused: dict[str, str] = {}
    remarks: list[str] = []
    symbols = files.symbols()
    with busy("Reading the chains") as line:
        for number, symbol in enumerate(symbols):
            line.say(f"{number:,} of {len(symbols):,} chains read", number, len(symbols))
            try:
                chain = files.chain(symbol)
            except (BadChain, SourceUnavailable) as error:
                refused[symbol] = error.sentence
                continue
            if chain is not None and ((chain.open_interest > 0) & (chain.expiry > chain.seen_at)).any():
                chains[symbol] = chain.as_of
                remarks += [chain.remark] if chain.remark else []
            elif chain is not None:
                refused[symbol] = f"No contract of {symbol} has open interest and time left."
    return Looked(chains, refused, remarks, files.strangers())


def _print(found: Looked, folder: str) -> None:
    count, refused = len(found.chains), len(found.refused)
    if not count and not refused:
        print(
            f"There is no chain in {folder} yet: docs/chains.md says what files are read, and how they are called."
        )
        _print_strangers(found.strangers)
        return
    as_of = ""
    if found.chains:
        oldest, newest = min(found.chains.values()), max(found.chains.values())
        as_of = f", as of {new_york_text(oldest)}" + (
            f" to {new_york_text(newest)} (mixed)" if newest - oldest > MIXED else ""
        )
        if distant(oldest, newest):
            as_of += "; ATTENTION: a basket of them adds up figures more than a trading day apart"
    print(f"{counted(count, 'chain')} in {folder}, {refused or 'none'} refused{as_of}.")
    for symbol, sentence in list(found.refused.items())[:MOST_REFUSALS]:
        print(f"  {symbol}: {sentence}")
    if refused > MOST_REFUSALS:
        print(f"  and {refused - MOST_REFUSALS:,} more")
    for remark in found.remarks[:MOST_REFUSALS]:
        print(f"{remark}.")
    _print_strangers(found.strangers)


def _print_strangers(names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - MOST_REFUSALS:,} more" if len(names) > MOST_REFUSALS else ""
        print(f"Found under no symbol, and not read: {', '.join(names[:MOST_REFUSALS])}{more}.")


def _named(found: HomeSettings) -> str:
    name = found["source"]
    return f"{name}, the folder {found['chain_folder']}" if name == "chain-files" else name


def _tell_more(found: HomeSettings) -> None:
    if found["source"] == "cboe":
        from basketgex_server.sources.cboe import TERMS

        print(TERMS)
    elif found["source"] == "flashalpha":
        print(key_sentence(found, os.environ))
    elif found["source"] == "chain-files" and found["chain_as_of"]:
        print(
            f"--as-of {found['chain_as_of']} is the moment of files that carry none, neither within nor as a day in their name."
        )
    if found.notice:
        print(found.notice)
