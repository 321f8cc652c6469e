"""The implied correlation on the sheet Dispersion: the row of figures, and what it says in words."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.dispersion.contents import HORIZON as EXAMPLE
from workbook_templates.dispersion.layout import (
    BESIDE,
    BLOCK,
    CONTRIBUTIONS,
    CONTRIBUTORS,
    CORRELATION,
    COVERED,
    FIGURES,
    HIGH,
    HORIZON,
    INDEPENDENT,
    INDEX,
    INDEX_VOLATILITY,
    LOW,
    MEAN,
    MEMBERS,
    SEATS,
    VOLATILITIES,
    VOLATILITY,
    WITHOUT,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 0, "", "", "left"),
    (2, 0, "HORIZON", "calendar days", "right"),
    (3, 0, "CORRELATION", "implied", "right"),
    (4, 0, "INDEX", "volatility", "right"),
    (5, 0, "MEMBERS", "at correlation 1", "right"),
    (6, 0, "MEMBERS", "at correlation 0", "right"),
    (7, 0, "COVERAGE", "of the index", "center"),
    (8, 0, "NO VOLATILITY", "members", "left"),
    *((column, 0.0, "", "", "left") for column in (9, 10, 11)),
)
TEXTS = (5, 6, 7, 9, 10)
"""Rows of DISPERSION, counted from 0: who has no volatility, the two regimes, who is opposed, what the correlation is."""
NAMED = 5
"""Members in the sentence on contributions."""

NO_HORIZON = "The horizon must be a number of calendar days, above 0 and up to 3650."
NOT_YET = "No volatilities yet."
NO_INDEX = "No implied correlation: the index has no volatility at that horizon."
TOO_FEW = "No implied correlation: it takes two members with a volatility at that horizon."

_IN_ORDER = f"IF(ISNUMBER({HORIZON}),AND({HORIZON}>0,{HORIZON}<=3650),FALSE)"


def write_volatility(sheet: Sheet, look: Look) -> None:
    """Writes the block between the sentences and the members."""
    raw, cell, row = sheet.raw, look.cell, VOLATILITY
    sheet.text(row - 3, 1, "Implied correlation", look(size=11, bold=True))
    sheet.heads(row - 2, HEADINGS, look)
    raw.set_row(row, 25)
    sheet.text(row, VOLATILITIES.at("label"), "Volatility at the money", cell(bold=True))
    raw.write_number(
        row, VOLATILITIES.at("horizon"), EXAMPLE, cell(bg_color=style.EDITABLE, align="right", bold=True)
    )
    volatility = cell(num_format="0.0%", align="right")
    for column, figure, form in (
        (
            "correlation",
            CORRELATION,
            cell(num_format=style.CORRELATION, align="right", bold=True, size=11, shrink=True),
        ),
        ("index", INDEX_VOLATILITY, volatility),
        ("together", MEAN, volatility),
        ("independent", INDEPENDENT, volatility),
        ("covered", COVERED, cell(num_format=style.SHARE, align="center")),
    ):
        none = f'IF(ISNUMBER({LOW}),{CORRELATION},"–")' if figure is CORRELATION else '"–"'
        sheet.formula(row, VOLATILITIES.at(column), f"=IF(ISNUMBER({figure}),{figure},{none})", form)
    without = cell(size=9, bold=True)
    sheet.formula(row, VOLATILITIES.at("without"), f'=IFERROR({WITHOUT}&"","")', without)
    for blank, *_ in HEADINGS[-3:]:
        raw.write_blank(row, blank, None, without)
    covered = VOLATILITIES.at("covered")
    marks.low(raw, look, (row, covered, row, covered))
    for line, said, form in (
        (1, _sentence(), look(size=11, bold=True)),
        (2, _contributions(), look(size=10)),
    ):
        raw.set_row(row + line, 20)
        sheet.formula(row + line, 1, said, form)


def write_dispersion_table(sheet: Sheet, look: Look) -> None:
    """Writes what DISPERSION gives into Detail, and beside it the members by themselves."""
    quiet = {"size": 9, "colour": style.MUTED}
    name, text, value = (
        look(**quiet),
        look(align="right", **quiet),
        look(num_format="0.0000", align="right", **quiet),
    )
    rows = FIGURES + SEATS
    looks = [(name, text if row in TEXTS else value) for row in range(rows)]
    asked = f"=IF({_IN_ORDER},DISPERSION({INDEX},{MEMBERS},{HORIZON}),NA())"
    column = BESIDE.at("figure")
    sheet.spill(BLOCK.first, column, asked, looks)
    start = len("contribution ") + 1
    for row in range(BLOCK.first + FIGURES, BLOCK.first + rows):
        its = BESIDE.row(row)
        symbol = f"MID({its.figure},{start},20)"
        sheet.formula(row, BESIDE.at("member"), f'=IF(ISNUMBER({its.value}),{symbol},"")', name)
    whole = (BLOCK.first, column, BLOCK.first + rows - 1, column + 1)
    marks.padding(sheet.raw, look, whole)


def contribution(symbol: str) -> str:
    """The part of a formula that gives a member's weight × volatility. Made a text anew: one out of a table equals none."""
    return f'INDEX({CONTRIBUTIONS},MATCH({symbol}&"",{CONTRIBUTORS},0))'


def _sentence() -> str:
    index, low, high = (marks.percent(x) for x in (INDEX_VOLATILITY, INDEPENDENT, MEAN))
    inside = f'"lies between "&{low}&", were its members independent, and "&{high}&", did they move as one."'
    outside = f'"lies outside "&{low}&" to "&{high}&": index and members are quoted at odds."'
    said = (
        f'"Implied correlation at "&{HORIZON}&" days is "&FIXED({CORRELATION},2)&": the index\'s volatility of "&{index}&" "'
        f"&IF(AND({CORRELATION}>=0,{CORRELATION}<=1),{inside},{outside})"
    )
    part = (
        f'"Implied correlation at "&{HORIZON}&" days lies between "&FIXED({LOW},2)&" and "&FIXED({HIGH},2)&": the members '
        f'with a volatility are "&{marks.percent(COVERED)}&" of the index, which is too little for a number."'
    )
    reason = f'IF(ISNUMBER({INDEX_VOLATILITY}),IF(ISNUMBER({LOW}),{part},"{TOO_FEW}"),"{NO_INDEX}")'
    none = f"IF(ISNUMBER({MEAN}),{reason},{marks.why(MEMBERS, NOT_YET)})"
    return f'=IF({_IN_ORDER},IF(ISNUMBER({CORRELATION}),{said},{none}),"{NO_HORIZON}")'


def _contributions() -> str:
    """The members with the largest weight × volatility; their shares of the mean."""
    names, values = (area.partition(":")[0].rstrip("0123456789") for area in (CONTRIBUTORS, CONTRIBUTIONS))
    first = BLOCK.first + FIGURES + 1
    listed = "&".join(
        f'IF(ISNUMBER({values}{r}),{comma}{names}{r}&" "&ROUND(100*{values}{r}/{MEAN},0)&" %","")'
        for r, comma in zip(range(first, first + NAMED), ("", *['", "&'] * (NAMED - 1)), strict=True)
    )
    return f'=IF(ISNUMBER({MEAN}),"The largest contributions to the members\' volatility: "&{listed}&".","")'
