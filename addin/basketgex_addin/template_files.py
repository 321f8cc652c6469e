"""Where the template workbooks lie: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = ("sector_scanner", "book", "dispersion", "watchlist", "profile", "hedge", "status")
"""The template workbooks by name, as the hosts' menus list them."""


def title(name: str) -> str:
    """Return a template's name as a menu shows it.

    >>> title("sector_scanner")
    'Sector scanner'
    """
    return name.replace("_", " ").capitalize()


def find(name: str) -> Path | None:
    """Return a template's workbook, None where this installation has none of that name."""
    if name not in TEMPLATES:
        return None
    package = Path(__file__).parent
    folders = (package / "templates", package.parents[1] / "workbook_templates")
    return next((path for folder in folders if (path := folder / f"{name}.xlsx").is_file()), None)
