"""Texts of others, made fit for a sentence of ours."""

from __future__ import annotations

import re

_UNSHOWN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""Control characters, what turns the direction of writing, and bytes in the name of a file that are no letters."""


def one_line(text: str) -> str:
    """Return a text that can be shown: without control characters, bytes that are no letters, and turns of direction.

    >>> one_line("NVDA\\nfoo\\udcff.csv")
    'NVDA?foo?.csv'
    """
    return _UNSHOWN.sub("?", text)


def quoted(text: str, most: int = 24) -> str:
    """Return a text fit for a sentence: in quotes, on one line, not too long.

    >>> quoted('NV"DA\\n')
    '"NV?DA?"'
    """
    shown = "".join(c if c.isprintable() and c not in "\"'" else "?" for c in text[:most])
    return f'"{shown}{"…" if len(text) > most else ""}"'
