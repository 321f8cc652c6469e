"""The row of one basket's figures: which function gives each of them, and how it is shown, the same in every template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.columns import Columns
from workbook_templates.look import Look
from workbook_templates.sheet import Sheet

Figure = tuple[str, dict[str, Any]]
"""The formula's part that gives it, and what its format differs in."""

MILLIONS = {"num_format": style.MILLIONS, "align": "right"}
BILLIONS = {"num_format": style.BILLIONS, "align": "right"}
REGIME = {"bold": True, "align": "center", "size": 9, "text_wrap": True}
"""In two lines where it is near its flip."""
SHARE = {"num_format": style.SHARE, "align": "center"}


class Basket(NamedTuple):
    """What a row is of: the functions' arguments, the cell of its status, and that of its net GEX."""

    arguments: str
    status: str
    gex: str
    asked: str = "BASKET"
    """What the functions of the four measures begin with: SYMBOL for one underlying."""


def figures(basket: Basket) -> dict[str, Figure]:
    """Return every figure of a basket that a row may show, by the name of its column."""
    ours, status, gex, asked = basket
    missing = f"BASKETMISSING({ours})"
    return {
        "gex": (f"{asked}GEX({ours})", {**MILLIONS, "bold": True, "size": 11}),
        "dex": (f"{asked}DEX({ours})", BILLIONS),
        "vex": (f"{asked}VEX({ours})", MILLIONS),
        "chex": (f"{asked}CHEX({ours})", MILLIONS),
        "regime": (
            f"{marks.arrow(f'BASKETREGIME({ours})')}&{marks.near_flip(f'BASKETBALANCE({ours})')}",
            REGIME,
        ),
        "breadth": (f"BASKETBREADTH({ours})", SHARE),
        "count": (f"BASKETCOUNT({ours})", {"align": "center"}),
        "coverage": (f"BASKETCOVERAGE({ours})", SHARE),
        "usable": (marks.usable(status), SHARE),
        "as_of": (f"BASKETASOF({ours})", {"size": 9, "num_format": style.MOMENT, "align": "right"}),
        "age": (
            marks.age(gex, status, ours),
            {"num_format": style.MINUTES, "align": "center", "colour": style.MUTED},
        ),
        "missing": (missing, {"size": 8, "indent": 1, "text_wrap": True}),
        "missing_or_why": (
            f"IF(ISNUMBER({gex}),{missing},BASKETWHY({ours}))",
            {"size": 8, "indent": 1, "text_wrap": True},
        ),
    }


def headline(
    sheet: Sheet,
    look: Look,
    row: int,
    columns: Columns,
    basket: Basket,
    own: Mapping[str, Figure],
    differences: Mapping[str, dict[str, Any]] = MappingProxyType({}),
    asked_as: Callable[[str, str], str] = lambda name, part: part,
) -> None:
    """Writes a row of figures: of each column that has the name of one, or of a figure that is the template's ``own``.

    ``differences``: what a figure's format differs in here. ``asked_as`` makes the formula, without its =, of a figure's name
    and its part.
    """
    known = {**figures(basket), **own}
    for name in columns.names.split():
        if name in known:
            value, form = known[name]
            shown = look.cell(**{**form, **differences.get(name, {})})
            sheet.formula(row, columns.at(name), f"={asked_as(name, value)}", shown)
