"""Text as UTF-8, whatever Unicode it came in."""

from __future__ import annotations

import codecs

from basketgex_server.errors import UnknownForm

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of the next
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_HEAD = 64
"""Bytes by which UTF-16 is known that has no mark: every other one is nought."""


def utf8(content: bytes, name: str) -> bytes:
    """Return a text as UTF-8 without a mark, whatever Unicode it came in. Raises BadChain where it is not a text."""
    marked = (pair for pair in _MARKS if content.startswith(pair[0]))
    mark, codec = next(marked, (b"", _unmarked(content[:_HEAD])))
    body = content[len(mark) :] if mark else content
    if codec == "utf-8":
        return body
    try:
        return body.decode(codec).encode()
    except UnicodeError as error:
        raise UnknownForm(f"{name} is not text.") from error


def _unmarked(head: bytes) -> str:
    for codec, low in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(head) > 2 and not any(head[low::2]) and all(head[1 - low :: 2]):
            return codec
    return "utf-8"
