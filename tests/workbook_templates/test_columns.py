"""Columns by name, and that no formula of a template knows a letter."""

from __future__ import annotations

import re

import pytest

from tools.lockfile import ROOT
from workbook_templates.block import HEADINGS as BLOCK_HEADINGS
from workbook_templates.block import NAMES
from workbook_templates.book import front as book
from workbook_templates.columns import Columns
from workbook_templates.dispersion import front as dispersion
from workbook_templates.headline import Basket, figures
from workbook_templates.hedge import front as hedge
from workbook_templates.hedge import layout as hedged
from workbook_templates.hedge import panel as hedge_panel
from workbook_templates.profile import front as profile
from workbook_templates.scanner import front as scanner
from workbook_templates.sheet import Heading
from workbook_templates.status import front as status
from workbook_templates.watchlist import front as watchlist

LIST = Columns("List", 4, 10, 25, "name - weight")
HAND_WRITTEN = re.compile(r"\$[A-Z]{1,3}(?:\$|\{|\d)")


def test_each_way_to_name_a_cell() -> None:
    assert (LIST.at("name"), LIST.letter("name"), LIST.letter("weight")) == (25, "Z", "AB")
    assert LIST.row(4).weight == "$AB5"
    assert LIST.fixed("weight", 4) == "$AB$5"
    assert (LIST.cell("name"), LIST.cell("name", 9)) == ("List!$Z$5", "List!$Z$14")
    assert LIST.column("weight") == "List!$AB$5:$AB$14"
    assert LIST.column("weight", rows=2, shift=1) == "List!$AB$6:$AB$7"
    assert (LIST.across("name", "weight"), LIST.across("name", "weight", 99)) == (
        "List!$Z$5:$AB$14",
        "List!$Z$5:$AB$103",
    )


@pytest.mark.parametrize("name", ["wieght", "", "name weight"])
def test_a_name_that_no_column_has_stops_the_build(name: str) -> None:
    with pytest.raises(ValueError, match="is not in list"):
        LIST.at(name)
    with pytest.raises(ValueError, match="is not in list"):
        getattr(LIST.row(4), name or "nothing")


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        (book.BOOK, book.HEADINGS),
        (book.COMPARED, book.COMPARED_HEADINGS),
        (dispersion.FRONT, dispersion.HEADINGS),
        (dispersion.SHOWN_COLUMNS, dispersion.COMPARED),
        (hedge.FRONT, hedge.HEADINGS),
        (hedged.COLUMNS, hedged.DETAIL_HEADINGS),
        (hedged.RUNG, hedge_panel.RUNG_HEADINGS),
        (hedged.TENOR, hedge_panel.TENOR_HEADINGS),
        (hedged.WALL, hedge_panel.WALL_HEADINGS),
        (hedged.TICK, hedge_panel.TICK_HEADINGS),
        (profile.FRONT, profile.HEADINGS),
        (scanner.FRONT, scanner.HEADINGS),
        (status.FRONT, status.LIST),
        (status.STRIP_COLUMNS, status.SERVER),
        (watchlist.FRONT, watchlist.HEADINGS),
        (watchlist.OWN, watchlist.TABLE_HEADINGS),
        (Columns("Detail", 0, 1, 0, NAMES), BLOCK_HEADINGS),
    ],
)
def test_every_column_has_its_heading(columns: Columns, headings: tuple[Heading, ...]) -> None:
    names = columns.names.split()
    assert [column for column, *_ in headings] == [columns.start + i for i in range(len(names))]
    assert len(set(names) - {"-"}) == len([name for name in names if name != "-"])
    for name, (_, _, heading, _, _) in zip(names, headings, strict=True):
        assert name in ("label", "trigger") or (name == "-") == (heading == ""), name


def test_no_formula_is_written_with_a_letter() -> None:
    sources = list((ROOT / "workbook_templates").rglob("*.py"))
    assert len(sources) > 30
    found = [
        f"{path.name}: {line.strip()}"
        for path in sources
        for line in path.read_text("utf-8").splitlines()
        if HAND_WRITTEN.search(line) and path.name != "columns.py"
    ]
    assert not found


def test_a_headline_asks_of_its_own_basket_only() -> None:
    made = figures(Basket("A1:A9,B1:B9", "$C$1", "$D$1"))
    for name, (part, _) in made.items():
        asked = re.findall(r"[A-Z]+\(A1:A9,B1:B9\)", part)
        assert asked or name == "usable", name
    assert figures(Basket("A1", "$C$1", "$D$1", "SYMBOL"))["gex"][0] == "SYMBOLGEX(A1)"
