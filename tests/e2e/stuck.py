"""A server whose chain folder has places that never answer, as on a network that went away: a read of them never ends.

``python stuck.py`` serves the home of the environment. Reads of files named ``STUCK…`` never end, nor does working out the
chain of ``ENDLESS``; looks at the folder do not from the moment on in which there is a file ``gone`` beside it.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from basketgex_cli import main as cli
from basketgex_server.sources.files import folder as chain_files
from basketgex_server.sources.files import reader as chain_readers

COMMAND = (sys.executable, "-W", "error", __file__)
FOR_EVER = threading.Event()


def _never(function: Any, where: Any) -> Any:
    def called(*arguments: Any, **named: Any) -> Any:
        if where(*arguments):
            FOR_EVER.wait()
        return function(*arguments, **named)

    return called


def _serve() -> int:
    chain_files.content_of = _never(chain_files.content_of, lambda path: path.name.startswith("STUCK"))
    chain_files._look = _never(chain_files._look, lambda folder, *_: Path(f"{folder}.gone").exists())
    chain_readers.chain_in = _never(chain_readers.chain_in, lambda names, _, symbol, *__: symbol == "ENDLESS")
    chain_files.WITHIN = 1.0
    chain_files.ChainFiles.__init__.__defaults__ = (*chain_files.ChainFiles.__init__.__defaults__[:-1], 1.0)
    return cli.main(["serve"])


if __name__ == "__main__":
    sys.exit(_serve())
