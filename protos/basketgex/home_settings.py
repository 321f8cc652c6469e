"""A home's settings as a person is shown them: as a server tells them, to dialogs and commands. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

DESK = "desk"
"""What a setting is given by that is the matter of the desk which a home has joined."""


class Setting(NamedTuple):
    """One setting: its key in config.toml, and its value as a text ("0.045", a table as "SPX=0.05,NDX=0.04").

    ``given_by`` is default, file, environment or command: the last two, of the server's own process, win over the file, so a
    change waits for a start without them; or DESK. ``choices`` is empty where whatever fits may be said; ``explanation`` is for
    a person; ``needs_restart``: a change is heeded when the server starts again.
    """

    name: str
    value: str
    default: str
    given_by: str
    choices: tuple[str, ...]
    explanation: str
    needs_restart: bool


@dataclass(frozen=True, slots=True)
class HomeSettings:
    """Every setting by name, and where FlashAlpha's key is: environment, file or keyring; empty where there is none, or
    it was not looked for.

    The key itself is never told. ``key_problem`` says why it cannot be looked for, ``notice`` what of config.toml is not
    heeded, and why; both are mostly empty.
    """

    by_name: Mapping[str, Setting]
    key_place: str
    key_problem: str
    notice: str

    def __getitem__(self, name: str) -> str:
        """Return a setting's value as a text."""
        return self.by_name[name].value
