"""``basketgex completion``: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from basketgex.home import Home
from basketgex_server.command_line import Commands, add_command

EXAMPLES = (
    "basketgex completion bash > ~/.local/share/bash-completion/completions/basketgex",
    "basketgex completion fish > ~/.config/fish/completions/basketgex.fish",
    "basketgex completion zsh > ~/.zfunc/_basketgex",
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    completion = add_command(commands, "completion", "completion by the Tab key, for a shell", EXAMPLES, _run)
    completion.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell to print it for")


def _run(home: Home, chosen: argparse.Namespace) -> None:
    import shtab

    from basketgex_cli.main import parser

    whole = parser()
    for action in _actions(whole):
        if action.type is Path:
            folder = action.metavar == "FOLDER" or action.dest == "folder"
            action.complete = shtab.DIRECTORY if folder else shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(whole, chosen.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield every option and argument, of commands too."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
