"""The levels of one name: GEXLEVELS' table on Detail, and the part of it that a front sheet shows."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.columns import Columns
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

LEVELS = 8
"""Rows of GEXLEVELS: the underlying price, the flip, the call wall, the put wall, and more."""
FLIP, CALL_WALL, PUT_WALL = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Levels:
    """Where the table lies on Detail, and of which name it is; rows and columns count from 0."""

    row: int
    column: int
    symbol: str

    def cell(self, place: int, name: str) -> str:
        """A cell of the table; the doubts are what is against the flip, the flips all of them; near: "near flip" or nothing."""
        return Columns(
            "Detail", self.row, LEVELS, self.column, "level price distance doubts flips near"
        ).cell(name, place)

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The columns on Detail."""
        heads = (
            (24, "LEVEL", "", "left"),
            (11, "PRICE", "$", "right"),
            (11, "DISTANCE", "", "right"),
            (34, "FLIP", "available, or what is against it", "left"),
            (40, "FLIPS", "all", "left"),
            (10, "REGIME", "near flip", "left"),
        )
        return tuple((self.column + i, *head) for i, head in enumerate(heads))

    @property
    def blank(self) -> str:
        """The formula's part that tells whether no name is chosen."""
        return f"LEN(TRIM({self.symbol}))=0"

    @property
    def doubted(self) -> str:
        """The part of a condition that tells whether there is a flip, and something against it."""
        return f"ISNUMBER({self.cell(FLIP, 'price')}),NOT({trusted(self.cell(FLIP, 'doubts'))})"


def trusted(doubts: str) -> str:
    """The formula's part that tells whether nothing is against a flip. Made a text anew: one out of a table equals none."""
    return f'{doubts}&""="available"'


def write_table(sheet: Sheet, look: Look, levels: Levels, asked: str) -> None:
    """Writes the table into Detail: ``asked`` is the formula that calls GEXLEVELS."""
    small = {"size": 9, "colour": style.MUTED}
    text = look(**small)
    price = look(num_format=style.PRICE, align="right", **small)
    distance = look(num_format=style.SIGNED_SHARE_1, align="right", **small)
    sheet.spill(levels.row, levels.column, asked, [(text, price, distance, text, text, text)] * LEVELS)
    area = (levels.row, levels.column, levels.row + LEVELS - 1, levels.column + 5)
    marks.errors(sheet.raw, look, area)


def write_levels(sheet: Sheet, look: Look, first: tuple[int, int], levels: Levels) -> None:
    """Writes heads, the levels from the cell ``first`` on, and below them what is to be said of them or why there is none."""
    row, column = first
    cell, blank = look.cell, levels.blank
    heads = (
        (column, 0, "LEVEL", "", "left"),
        (column + 1, 0, "PRICE", "$", "right"),
        (column + 2, 0, "DISTANCE", "from the price", "right"),
    )
    sheet.heads(row - 2, heads, look)
    for place in range(LEVELS):
        name, price, distance = (levels.cell(place, name) for name in ("level", "price", "distance"))
        for i, value, form in (
            (0, f'IF(ISTEXT({name}),{name}&"","–")', cell(size=9)),
            (1, marks.shown(price), cell(num_format=style.PRICE, align="right")),
            (
                2,
                marks.shown(distance),
                cell(num_format=style.SIGNED_SHARE_1, align="right", colour=style.MUTED),
            ),
        ):
            sheet.formula(row + place, column + i, f'=IF({blank},"",{value})', form)
    amber = look.change(bg_color=style.WARNING)
    marks.rule(sheet.raw, (row + FLIP, column, row + FLIP, column + 2), f"AND({levels.doubted})", amber)
    quiet = look(size=9, italic=True, colour=style.MUTED)
    for line, formula in enumerate(_said(levels)):
        sheet.formula(row + LEVELS + line, column, f"={formula}", quiet)


def _said(levels: Levels) -> tuple[str, str]:
    """What is against the flip, or why there are no levels; all flips, and whether the walls are one."""
    price, doubts, flips = levels.cell(0, "price"), levels.cell(FLIP, "doubts"), levels.cell(FLIP, "flips")
    call, put = levels.cell(CALL_WALL, "price"), levels.cell(PUT_WALL, "price")
    doubted = f'IF(AND({levels.doubted}),"Flip in doubt: "&{doubts}&".","")'
    why = f'IFERROR(BASKETWHY({levels.symbol},,"GEXLEVELS"),"")'
    flips = f'IF(AND({levels.doubted}),"All flips: "&{flips}&".","")'
    same = f'IF({call}={put},"Call wall and put wall are the same strike.","")'
    walls = f'IF(AND(ISNUMBER({call}),ISNUMBER({put})),{same},"")'
    return (
        f'IF({levels.blank},"Choose a name.",IF(ISNUMBER({price}),{doubted},{why}))',
        f'IF({levels.blank},"",_xlfn.TEXTJOIN(" ",TRUE,{flips},{walls}))',
    )
