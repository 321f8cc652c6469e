"""Read the lock files in requirements/: what is installed, in which release, with which hashes, and what demands it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"

_PIN = re.compile(r"==[^*,]+")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package: `requirement` pins its release and says where it is installed, `demanded_by` are names or a file."""

    requirement: Requirement
    hashes: tuple[str, ...]
    demanded_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name as every comparison needs it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one release."""
        return str(self.requirement.specifier).removeprefix("==")


def parse(text: str) -> list[Locked]:
    """Return the packages of a lock file's text, in its order.

    Raises:
        ValueError: A line is no pinned release. A lock names packages, never where they are fetched from.
    """
    entries: list[Locked] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("    #") and entries:  # remarks below a package name what demands it
            name = line.strip(" #").removeprefix("via").strip()
            entries[-1] = replace(entries[-1], demanded_by=(*entries[-1].demanded_by, *filter(None, [name])))
        elif line and not line.startswith("#"):
            entries.append(_entry(line))
    return entries


def _entry(line: str) -> Locked:
    try:
        requirement = Requirement(line.partition("--hash")[0].strip())
    except InvalidRequirement:
        raise ValueError(f"{line.strip()!r} does not belong into a lock") from None
    if requirement.url:
        raise ValueError(f"{requirement.name} is locked to an address")
    if not _PIN.fullmatch(str(requirement.specifier)):
        raise ValueError(f"{requirement} pins no release")
    return Locked(requirement, tuple(_HASH.findall(line)))
