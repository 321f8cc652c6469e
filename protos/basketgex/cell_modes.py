"""How a program that can only read TOML changes the one setting that is a cell's: by a line. Standard library only.

Where a home has joined a desk no server of its own runs, and LibreOffice's own Python has nothing that writes TOML.
"""

from __future__ import annotations

import re

from basketgex import files
from basketgex.home import CELLS_LIVE, CELLS_PREFETCH, Home

NAME = "cell_mode"
MODES = (CELLS_PREFETCH, CELLS_LIVE)
_LINE = re.compile(rf"""^([ \t]*{NAME}[ \t]*=[ \t]*)(?:"[^"\r\n]*"|'[^'\r\n]*')""", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


class Unwritable(Exception):
    """The file is in no form that a line can be changed of."""


def with_mode(text: str, mode: str) -> str:
    """Return the text of a configuration with this mode, all else as it was. Raises Unwritable.

    >>> with_mode('cell_mode = "live"  # at last', "prefetch")
    'cell_mode = "prefetch"  # at last'
    """
    try:
        import tomllib

        before = tomllib.loads(text)
        changed = _LINE.sub(rf'\g<1>"{mode}"', text, count=1)
        if NAME not in before:  # above the first table, or it would be that one's
            table = _TABLE.search(text)
            at = table.start() if table else len(text)
            gap = "" if at == 0 or text[at - 1] == "\n" else "\n"
            changed = f'{text[:at]}{gap}{NAME} = "{mode}"\n{text[at:]}'
        if tomllib.loads(changed) != before | {NAME: mode}:
            raise Unwritable
    except (ImportError, ValueError, RecursionError):
        raise Unwritable from None
    return changed


def write_mode(home: Home, mode: str) -> None:
    """Write the mode into the configuration of a home. Raises Unwritable, and OSError."""
    home.create()
    try:
        text = files.decoded(home.config_file.read_bytes())
    except FileNotFoundError:
        text = ""
    except ValueError:
        raise Unwritable from None
    files.write_whole(home.config_file, with_mode(text, mode))
