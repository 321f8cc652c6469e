"""``basketgex source``: where figures come from, and what is found there."""

from __future__ import annotations

import os
from pathlib import Path

from basketgex.home_settings import HomeSettings
from basketgex.local import Home
from basketgex_server.cli_config import absolute, change, key_sentence, settings_of
from basketgex_server.errors import BadSettings


def show(home: Home) -> None:
    """Print the present source."""
    found = settings_of(home)
    print(f"The source is {_named(found)}.")
    _tell_more(found)


def choose(home: Home, name: str, folder: Path | None, as_of: str | None) -> None:
    """Change the source, and print what it is then."""
    if name != "chain-files" and (folder is not None or as_of is not None):
        raise BadSettings(f"--folder and --as-of go with chain-files, not with {name}.")
    values = {"source": name}
    if folder is not None:
        values["chain_folder"] = absolute(folder)
    if as_of is not None:
        values["chain_as_of"] = as_of
    found = change(home, values)
    print(f"The source is now {_named(found)}.")
    _tell_more(found)


def _named(found: HomeSettings) -> str:
    name = found["source"]
    return f"{name}, the folder {found['chain_folder']}" if name == "chain-files" else name


def _tell_more(found: HomeSettings) -> None:
    if found["source"] == "cboe":
        from basketgex_server.sources.cboe import TERMS

        print(TERMS)
    elif found["source"] == "flashalpha":
        print(key_sentence(found, os.environ))
    if found.notice:
        print(found.notice)
