"""The licences and notices of all that the installer carries, for LICENSES.txt."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path

NAMES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")
_RULE = "=" * 80


class Unlicensed(Exception):
    """A package says nowhere how it may be handed on."""


def of(python: Path) -> str:
    """Return the text for a Python with its packages. Raises Unlicensed where one has neither a notice nor a licence's name."""
    site = python / "Lib" / "site-packages"
    parts = [f"Python\n\n{(python / 'LICENSE.txt').read_text('utf-8', 'replace')}"]
    parts += [_package(info) for info in sorted(site.glob("*.dist-info"))]
    return f"\n{_RULE}\n".join(part.replace("\r\n", "\n").strip() + "\n" for part in parts)


def _package(info: Path) -> str:
    about = message_from_string((info / "METADATA").read_text("utf-8"))
    licence, notices = _licence(about), list(_notices(info))
    if not licence and not notices:
        raise Unlicensed(about["Name"])
    return "\n\n".join([f"{about['Name']} {about['Version']}: {licence or 'see below'}", *notices])


def _licence(about: Message) -> str:
    given: str = about["License-Expression"] or about["License"] or ""
    classified = [
        c.rpartition(":: ")[2] for c in about.get_all("Classifier", []) if c.startswith("License ::")
    ]
    return given.strip().split("\n")[0] or ", ".join(classified)


def _notices(info: Path) -> Iterator[str]:
    found = {path for pattern in NAMES for path in info.rglob(pattern) if path.is_file()}
    for path in sorted(found):
        if "PRO" not in path.name:  # xlwings' commercial part is not in the installer
            yield f"--- {path.relative_to(info).as_posix()}\n\n{path.read_text('utf-8', 'replace').strip()}"
