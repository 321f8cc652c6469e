"""The levels of one name, as a small table."""

from __future__ import annotations

from collections.abc import Callable

from workbook_templates import look as style
from workbook_templates.look import Look
from workbook_templates.sheet import Sheet

LEVELS = 8
"""Rows of GEXLEVELS."""
WALLS = (2, 3)
"""Which of them are the call wall and the put wall, counted from 0."""


def write_levels(
    sheet: Sheet, look: Look, first: tuple[int, int], symbol: str, asked: Callable[[str], str] = "={}".format
) -> None:
    """Writes heads, the table from the cell ``first``, and below it why there is none; ``asked`` makes a formula of a call."""
    row, column = first
    cell = look.cell
    heads = (
        (column, 0, "LEVEL", "", "left"),
        (column + 1, 0, "PRICE", "$", "right"),
        (column + 2, 0, "DISTANCE", "from the price", "right"),
    )
    sheet.heads(row - 2, heads, look)
    looks = (
        cell(size=9),
        cell(num_format=style.PRICE, align="right"),
        cell(num_format=style.SIGNED_SHARE_1, align="right", colour=style.MUTED),
    )
    blank = f"LEN(TRIM({symbol}))=0"
    sheet.spill(row, column, asked(f'IF({blank},"",IFERROR(GEXLEVELS({symbol}),"–"))'), [looks] * LEVELS)
    price = f"${chr(ord('A') + column + 1)}${row + 1}"
    call, put = (f"${chr(ord('A') + column + 1)}${row + 1 + wall}" for wall in WALLS)
    walls = f'IF(AND(ISNUMBER({call}),{call}={put}),"Call wall and put wall are the same strike.","")'
    why = f'=IF({blank},"Choose a name.",IF(ISNUMBER({price}),{walls},IFERROR(BASKETWHY({symbol}),"")))'
    sheet.formula(row + LEVELS, column, why, look(size=9, italic=True, colour=style.MUTED))
