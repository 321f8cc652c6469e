"""The settings that both hosts offer in their menus, in a person's words; pure but for the client that is handed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from basketgex.home_settings import DESK, HomeSettings
from basketgex_addin.cells import Problem

SOURCE, FOLDER, CONVENTION, MODE = "source", "chain_folder", "convention", "cell_mode"
KEY = "key"
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
OF_DESK = "This home has joined a desk: source, convention and key are set by whoever runs that. The cell mode is yours."
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


def is_of_desk(settings: HomeSettings) -> bool:
    """Tell whether all but the cell mode are a desk's."""
    return settings.by_name[SOURCE].given_by == DESK


def fixed(settings: HomeSettings) -> tuple[str, ...]:
    """Return which of those offered, and of the key, a dialog cannot change."""
    elsewhere = ("environment", "command", DESK)
    names = tuple(name for name in OFFERED if settings.by_name[name].given_by in elsewhere)
    return (*names, KEY) if is_of_desk(settings) else names


def why_fixed(settings: HomeSettings, names: Collection[str]) -> str:
    """Return why some of those offered are not to be changed here."""
    others = [name for name in names if name != KEY and settings.by_name[name].given_by != DESK]
    listed = ", ".join(others).replace("_", " ")
    of_desk = OF_DESK if len(others) < len(names) else ""
    return " ".join(filter(None, (of_desk, FIXED.format(names=listed) if others else "")))


def where_key(settings: HomeSettings) -> str:
    """Return where the key of FlashAlpha is; never the key."""
    return KEY_KEPT.format(place=settings.key_place) if settings.key_place else settings.key_problem or NO_KEY


def about_key(settings: HomeSettings) -> str:
    """Return what stands beside the field for the key."""
    return f"{where_key(settings)} {LEAVE_EMPTY}" if settings.key_place else where_key(settings)


def notes(settings: HomeSettings) -> str:
    """Return what else is to be known before something is changed; mostly nothing."""
    return " ".join(filter(None, (why_fixed(settings, fixed(settings)), settings.notice)))


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
