"""The settings that both hosts offer in their menus, in a person's words; pure but for the client that is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from basketgex.home_settings import HomeSettings
from basketgex_addin.cells import Problem

SOURCE, FOLDER, CONVENTION, MODE = "source", "chain_folder", "convention", "cell_mode"
OFFERED = (SOURCE, FOLDER, CONVENTION, MODE)
CHAIN_FILES = "chain-files"
CHOICES: Mapping[str, tuple[tuple[str, str], ...]] = {
    SOURCE: (
        ("sample", "Sample: invented, for trying"),
        (CHAIN_FILES, "Chain files: a folder of your own"),
        ("cboe", "Cboe: delayed quotes, under its terms"),
        ("flashalpha", "FlashAlpha: live, with a key"),
    ),
    CONVENTION: (
        ("flashalpha", "flashalpha: GEX calls + and puts −, the rest plain sums"),
        ("dealer", "dealer: calls + and puts − on all four"),
    ),
    MODE: (
        ("prefetch", "prefetch: cells wait for one shared request"),
        ("live", "live: cells never wait and update by themselves"),
    ),
}
"""What a setting can be, and how that is shown."""
SAVED = "The settings are saved."
TERMS = "Cboe's delayed quotes are 15 minutes late and for personal, non-commercial use under the terms on cboe.com."
UNCHANGED = "Nothing was changed."
MODE_CHANGED = "Single values follow the new cell mode at once; {rest}."
IN_CALC = "tables in Calc follow it when LibreOffice is started again"
IN_EXCEL = "so do tables in Excel, and those in Calc when LibreOffice is started again"
KEY_KEPT = "A key is kept ({place})."
LEAVE_EMPTY = "Leave this empty to keep it."
IN_A_TERMINAL = "To give one, run basketgex key set in a terminal: Excel would show it while it is typed."
NO_KEY = "No key is kept yet."
FIXED = "Set elsewhere, so not to be changed here: {names}. A BASKETGEX_ variable of the server's environment wins."


class Client(Protocol):
    """What is needed of ``client.BasketClient``."""

    def settings(self, *, key: bool = False) -> HomeSettings | Problem:
        """Return the settings in force; ``key``: and where FlashAlpha's key is."""

    def change_settings(self, values: Mapping[str, str], *, key: str | None = None) -> HomeSettings | Problem:
        """Change all of them or none."""


def choices(name: str, now: str) -> tuple[tuple[str, str], ...]:
    """Return what a setting can be; what it is now is always among it."""
    known = CHOICES[name]
    return known if now in dict(known) else (*known, (now, now))


def fixed(settings: HomeSettings) -> tuple[str, ...]:
    """Return which of those offered the file, and so a dialog, cannot change."""
    return tuple(name for name in OFFERED if settings.by_name[name].given_by in ("environment", "command"))


def where_key(settings: HomeSettings) -> str:
    """Return where the key of FlashAlpha is; never the key."""
    return KEY_KEPT.format(place=settings.key_place) if settings.key_place else settings.key_problem or NO_KEY


def about_key(settings: HomeSettings) -> str:
    """Return what stands beside the field for the key."""
    return f"{where_key(settings)} {LEAVE_EMPTY}" if settings.key_place else where_key(settings)


def notes(settings: HomeSettings) -> str:
    """Return what else is to be known before something is changed; mostly nothing."""
    names = ", ".join(name.replace("_", " ") for name in fixed(settings))
    return " ".join(filter(None, (FIXED.format(names=names) if names else "", settings.notice)))


def change(
    client: Client, before: HomeSettings, wanted: Mapping[str, str], key: str, tables: str
) -> tuple[str, bool]:
    """Write what differs and return what to say, and whether it is done. ``tables``: IN_CALC or IN_EXCEL."""
    values = {name: text for name, text in wanted.items() if text != before[name]}
    key = key.strip()
    if not values and not key:
        return UNCHANGED, True
    found = client.change_settings(values, key=key or None)
    if isinstance(found, Problem):
        return found.sentence, False
    mode = MODE_CHANGED.format(rest=tables) if MODE in values else ""
    terms = TERMS if values.get(SOURCE) == "cboe" else ""
    return " ".join(filter(None, (SAVED, mode, terms, found.notice))), True
