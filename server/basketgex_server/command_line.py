"""What every command has: ``--home``, examples under its help, and errors that end it with one sentence and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from basketgex import __version__
from basketgex.folder import HomeProblem
from basketgex.home import Home, default_home
from basketgex_server.errors import BasketgexError

OPTIONS = {"chain_folder": "--folder", "chain_as_of": "--as-of"}
"""Where an option is not called as its setting."""
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What commands are added to; argparse has no public name for it."""
Words = Callable[[str], str]
Run = Callable[[Home, argparse.Namespace], int | None]


def parser_of(description: str) -> tuple[argparse.ArgumentParser, Commands]:
    """Return a parser with the options that stand before a command, and what commands are added to."""
    parser = argparse.ArgumentParser(prog="basketgex", description=description)
    parser.add_argument("--version", action="version", version=__version__, help="print the version")
    parser.add_argument(
        "--home",
        type=Path,
        metavar="FOLDER",
        help="where settings, key and known figures are kept; BASKETGEX_HOME if not given",
    )
    return parser, parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")


def add_command(
    commands: Commands, name: str, text: str, examples: Sequence[str], run: Run
) -> argparse.ArgumentParser:
    """Add a command, and what runs it; its examples are lines that can be typed as they stand."""
    command = commands.add_parser(
        name,
        help=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n  ".join(("examples:", *examples)),
    )
    command.set_defaults(run=run)
    return command


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, words: Words = str) -> int:
    """Run the chosen command; return its exit code, or 1 with one sentence on standard error, put into ``words``."""
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 0
    home: Home | None = None
    try:
        home = Home((chosen.home or default_home()).absolute())
        return int(chosen.run(home, chosen) or 0)
    except BasketgexError as error:
        print(f"basketgex: {_as_typed(words(error.sentence), chosen)}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    except UnicodeError:
        print("basketgex: a file of the home folder cannot be read: it is not text.", file=sys.stderr)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except HomeProblem as error:
        print(f"basketgex: {error}", file=sys.stderr)
    except OSError as error:
        what = error.strerror or type(error).__name__
        print(f"basketgex: {what}: {_where(error, home)}.", file=sys.stderr)
    return 1


def _as_typed(sentence: str, chosen: argparse.Namespace) -> str:
    """Return a sentence with options where it names settings that were given as such."""
    if getattr(chosen, "chain_file", None) is not None:
        sentence = sentence.replace("basketgex source chain-files --as-of", "--as-of")
    if getattr(chosen, "as_of", None) is not None:
        sentence = sentence.replace("chain_as_of is", "--as-of is")
    if hasattr(chosen, "folder"):
        sentence = sentence.replace("chain_folder is not set", "--folder is not given")
    if getattr(chosen, "folder", None) is not None:
        sentence = sentence.replace("chain_folder: ", "--folder: ")
    return sentence


def _where(error: OSError, home: Home | None) -> str:
    """Return what a person is to look at: the file that was named, or the home folder where it is in there."""
    if not isinstance(error.filename, str):
        return "check the files that were named"
    path = Path(error.filename)
    if home is not None and path.absolute().is_relative_to(home.path):
        return (
            f"check {path.name} in the home folder"
            if path.absolute() != home.path
            else "check the home folder"
        )
    return f"check {error.filename}"
