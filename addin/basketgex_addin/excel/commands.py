"""What the ribbon and the workbook events call in Python. Each returns a sentence to show, or "", and never raises."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec

from basketgex.home import default_home
from basketgex_addin import menu, preferences, template_files
from basketgex_addin.cells import Problem
from basketgex_addin.client import BasketClient
from basketgex_addin.excel import book, component

P = ParamSpec("P")


def _command(work: Callable[P, str]) -> Callable[P, str]:
    @wraps(work)
    def command(*given: P.args, **named: P.kwargs) -> str:
        try:
            return work(*given, **named)
        except Exception:  # noqa: BLE001 - the last guard: a traceback is no sentence
            return menu.FAULT

    return command


@_command
def refresh(area: Any) -> str:
    """Ask the source again for the baskets that the formulas of a range ask for, in one call."""
    return menu.refresh(_client(), book.asks_within(area))


@_command
def refresh_book(workbook: Any) -> str:
    """Ask the source again for the baskets of a whole workbook, in one call."""
    return menu.refresh(_client(), book.asks_of(workbook))


@_command
def quota() -> str:
    """Return a metered source's day."""
    return menu.quota(_client())


@_command
def status() -> str:
    """Return what serves, and what it has done."""
    return menu.status(_client())


@_command
def settings(wanted: str) -> str:
    """Change settings, one a line as in convention=dealer, and return what came of it."""
    client = _client()
    before = client.settings()
    if isinstance(before, Problem):
        return before.sentence
    values = {name: value for name, _, value in (line.partition("=") for line in wanted.splitlines())}
    if fixed := set(values).intersection(preferences.fixed(before)):
        return preferences.why_fixed(before, sorted(fixed))
    return preferences.change(client, before, values, "", preferences.IN_EXCEL)[0]


@_command
def key() -> str:
    """Return where FlashAlpha's key is, and how to give another; never the key."""
    found = _client().settings(key=True)
    if isinstance(found, Problem):
        return found.sentence
    where = preferences.where_key(found)
    return where if preferences.is_of_desk(found) else f"{where} {preferences.IN_A_TERMINAL}"


@_command
def template(name: str) -> str:
    """Copy a template to where it can be saved, and return that path, or why there is none."""
    found = template_files.find(name)
    if found is None:
        return "This template is missing from the installation: install basketgex again."
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    titles = (f"{found.stem}{f' {n}' if n > 1 else ''}{found.suffix}" for n in count(1))
    target = next(path for title in titles if not (path := folder / title).exists())
    return str(shutil.copyfile(found, target))


@_command
def manual() -> str:
    """Return how to begin."""
    return menu.manual()


@_command
def opened(workbook: str) -> str:
    """Forget the triggers of a workbook: its cells have just been opened."""
    component.triggers.forget(workbook)
    return ""


@_command
def closed(workbook: str) -> str:
    """Forget the cells of a workbook: opened again, it may be calculated before anybody says so."""
    component.closed(workbook)
    return ""


def _client() -> BasketClient:
    return component.client(default_home())


def _folder() -> Path:
    documents = Path.home() / "Documents"
    return (documents if documents.is_dir() else Path(tempfile.gettempdir())) / "Basket GEX"
