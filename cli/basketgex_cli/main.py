"""The command ``basketgex``: which commands there are, and where each is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from basketgex_cli.parsing import in_a_terminal
from basketgex_server.command_line import parser_of, run

MODULES = {
    "basketgex_cli.basket": ("basket",),
    "basketgex_cli.watch.command": ("watch",),
    "basketgex_cli.symbol.command": ("symbol",),
    "basketgex_cli.shape": ("expiries", "strikes", "move", "maxpain"),
    "basketgex_cli.hedge": ("hedge",),
    "basketgex_cli.flow": ("flow",),
    "basketgex_cli.change": ("change",),
    "basketgex_cli.beta": ("beta",),
    "basketgex_cli.history": ("history",),
    "basketgex_cli.volume": ("volume",),
    "basketgex_cli.plot.command": ("plot",),
    "basketgex_cli.install": ("install", "uninstall"),
    "basketgex_cli.templates": ("templates",),
    "basketgex_cli.demo": ("demo",),
    "basketgex_cli.web": ("web",),
    "basketgex_cli.source": ("source",),
    "basketgex_cli.config": ("config", "key"),
    "basketgex_cli.status": ("status", "quota"),
    "basketgex_cli.doctor.command": ("doctor",),
    "basketgex_server.serve_command": ("serve",),
    "basketgex_cli.home": ("stop", "token"),
    "basketgex_cli.join": ("join", "leave"),
    "basketgex_cli.desk": ("desk",),
    "basketgex_cli.completion": ("completion",),
}
"""The commands of each module, in the order of the help: what is asked, what is set up, what is looked after."""
DESCRIPTION = """\
Dealer gamma exposure of whole baskets, in a spreadsheet and in a terminal.

The first question starts the server that answers it. Until you choose a source,
the figures are those of an invented sample, and say so."""
BEGINNING = """\
to begin:
  basketgex install calc           then type =BASKETGEX(A2:A7,B2:B7) in a sheet
  basketgex web                    the same in a workbook in the browser
  basketgex basket NVDA,AMD,AVGO   the same figures here
  basketgex source cboe            from the market, 15 minutes late
  basketgex doctor                 what is wrong, and what to do

basketgex COMMAND --help explains a command, with examples."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code, or 1 with one sentence on standard error."""
    words = sys.argv[1:] if arguments is None else arguments
    return run(parser(words), words, in_a_terminal)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the commands that may be meant by these words, of all where none is named.

    A command's module is only loaded where it may be wanted: a question is not to wait for numpy and others' packages.
    """
    named = [module for module, names in MODULES.items() if not set(names).isdisjoint(words)]
    found, commands = parser_of(DESCRIPTION)
    found.formatter_class, found.epilog = argparse.RawDescriptionHelpFormatter, BEGINNING
    for module in named or MODULES:
        import_module(module).add_parser(commands)
    return found
