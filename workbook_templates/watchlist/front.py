"""The watchlist and its sheet Watchlist: one basket in depth."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import NUMBERS
from workbook_templates.look import Look
from workbook_templates.names import write_names
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet
from workbook_templates.watchlist.contents import NAMES as EXAMPLES
from workbook_templates.watchlist.contents import NOTES
from workbook_templates.watchlist.contents import REFRESH as WHAT_IT_COSTS
from workbook_templates.watchlist.detail import write_detail
from workbook_templates.watchlist.layout import (
    AGE,
    BASKET,
    BLOCK,
    FIRST,
    GEX,
    HEADLINE,
    OUTSIDE,
    REFRESH,
    SEATS,
    SENTENCE,
    SINCE,
    STATUS,
    TABLE,
    after_refresh,
)
from workbook_templates.watchlist.panel import write_panel

HEADINGS: tuple[Heading, ...] = (
    (1, 8, "", "", "left"),
    (2, 6.5, "", "", "left"),
    (3, 0.7, "", "", "left"),
    (4, 8, "COVERAGE", "of weight", "center"),
    (5, 8.3, "USABLE OI", "open interest", "center"),
    (6, 8, "POSITIVE", "of names", "center"),
    (7, 8.7, "NET GEX", "$ m per 1 %", "right"),
    (8, 8, "NET DEX", "$ bn", "right"),
    (9, 9, "NET VEX", "$ m per vol pt", "right"),
    (10, 8.5, "NET CHEX", "$ m per day", "right"),
    (11, 10.3, "NET ÷ GROSS", "one-sidedness", "right"),
    (12, 10.5, "REGIME", "sign of GEX", "left"),
    (13, 0.7, "", "", "left"),
    (14, 17.3, "SINCE", "flipped, New York", "left"),
    (15, 11.5, "AS OF", "oldest, New York", "right"),
    (16, 9, "AGE", "minutes", "right"),
    (17, 0.7, "", "", "left"),
    (18, 6, "NAMES", "with data", "left"),
    (19, 8.3, "TOP", "share", "right"),
)
LAST_COLUMN = HEADINGS[-1][0]
TABLE_HEADINGS: tuple[Heading, ...] = (
    (4, 0, "SYMBOL", "", "left"),
    (5, 0, "WEIGHT", "with data", "right"),
    (6, 0, "PRICE", "$", "right"),
    (7, 0, "GEX", "$ m per 1 %", "right"),
    (8, 0, "DEX", "$ bn", "right"),
    (9, 0, "VEX", "$ m per vol pt", "right"),
    (10, 0, "CHEX", "$ m per day", "right"),
    (11, 0, "SIGNED SHARE", "of gross", "right"),
    (12, 0, "REGIME", "sign of GEX", "left"),
)


def write_watchlist(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Watchlist, Detail, Notes."""
    front = Sheet(book, "Watchlist", rewrite, style.POSITIVE)
    raw = front.raw
    status, why = f"BASKETSTATUS({BASKET})", f"BASKETWHY({BASKET})"
    front.front("Watchlist", "One basket in depth", status, why, LAST_COLUMN, look, OUTSIDE)
    front.widen(0, 0, 1.5)
    front.heads(HEADLINE - 2, HEADINGS, look, indented=(12,))
    _headline(front, look)
    _sentence(front, look)
    _refresh(front, look)
    raw.set_row(FIRST - 4, 8)
    write_panel(front, look, book)
    write_names(front, look, FIRST, SEATS, EXAMPLES)
    _table(front, look)
    raw.freeze_panes(HEADLINE + 1, 0)
    front.page(FIRST + SEATS - 1, LAST_COLUMN)
    raw.activate()
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _headline(sheet: Sheet, look: Look) -> None:
    raw, cell, shares, signed = sheet.raw, look.cell, BLOCK.column("N"), BLOCK.column("O")
    raw.set_row(HEADLINE, 28)
    share = cell(num_format=style.SHARE, align="center")
    millions = cell(num_format=style.MILLIONS, align="right")
    line = HEADLINE + 1
    for column in (2, 3, 13, 17):
        raw.write_blank(HEADLINE, column, None, cell())
    sheet.text(HEADLINE, 1, "Weighted mean", cell(size=11, bold=True))
    for column, value, form in (
        (4, f"BASKETCOVERAGE({BASKET})", share),
        (5, marks.usable(STATUS)[1:], share),
        (6, f"BASKETBREADTH({BASKET})", share),
        (7, f"BASKETGEX({BASKET})", cell(num_format=style.MILLIONS, align="right", bold=True, size=12)),
        (8, f"BASKETDEX({BASKET})", cell(num_format=style.BILLIONS, align="right")),
        (9, f"BASKETVEX({BASKET})", millions),
        (10, f"BASKETCHEX({BASKET})", millions),
        (11, f'IF(COUNT({signed})=0,"",SUM({signed}))', cell(num_format=style.SIGNED_SHARE, align="right")),
        (12, marks.arrow(f"BASKETREGIME({BASKET})"), cell(bold=True, size=11, indent=1)),
        (14, marks.since(SINCE)[1:], cell(num_format=style.MOMENT, align="left")),
        (15, f"BASKETASOF({BASKET})", cell(size=9, num_format=style.MOMENT, align="right")),
        (
            16,
            marks.age(GEX, STATUS, BASKET)[1:],
            cell(num_format=style.MINUTES, align="right", colour=style.MUTED),
        ),
        (18, f"BASKETCOUNT({BASKET})", cell(align="left")),
        (19, f'IF(COUNT({shares})=0,"",MAX({shares}))', cell(num_format=style.SHARE, align="right")),
    ):
        asks = "BASKET" in value and column != 16
        sheet.formula(HEADLINE, column, after_refresh(value) if asks else f"={value}", form)
    whole = (HEADLINE, 1, HEADLINE, LAST_COLUMN)
    marks.errors(raw, look, whole, f"B{line}")
    for column in (7, 12):
        marks.regimes(raw, look, (HEADLINE, column, HEADLINE, column), GEX.partition("!")[2], AGE)
    marks.bars(raw, (HEADLINE, 11, HEADLINE, 11))
    marks.low(raw, look, (HEADLINE, 4, HEADLINE, 5), f"E{line}")
    marks.old(raw, look, whole, AGE)


def _sentence(sheet: Sheet, look: Look) -> None:
    """Which names are missing, or why there is no figure: amber where there is something to say."""
    missing = f"BASKETMISSING({BASKET})"
    said = f'IF(ISNUMBER({GEX}),IF(LEN({missing})>0,"No data: "&{missing},""),BASKETWHY({BASKET}))'
    sheet.raw.set_row(SENTENCE, 18)
    bold = look(size=10, bold=True, colour=style.WARNING_TEXT)
    sheet.formula(SENTENCE, 1, after_refresh(f'IFERROR({said},"")'), bold)
    area = (SENTENCE, 0, SENTENCE, LAST_COLUMN)
    marks.rule(sheet.raw, area, f"LEN($B${SENTENCE + 1})>0", look.change(bg_color=style.WARNING))


def _refresh(sheet: Sheet, look: Look) -> None:
    sheet.raw.set_row(REFRESH, 20)
    sheet.text(REFRESH, 1, "Refresh", look.cell(bold=True))
    sheet.raw.write_number(REFRESH, 2, 1, look.cell(bg_color=style.EDITABLE, align="right", bold=True))
    sheet.text(REFRESH, 4, WHAT_IT_COSTS, look(size=9, italic=True, colour=style.MUTED))


def _table(sheet: Sheet, look: Look) -> None:
    """The names' own figures, as Detail has them, with a word for the regime."""
    sheet.text(FIRST - 3, TABLE, "Each name", look(size=11, bold=True))
    sheet.heads(FIRST - 2, TABLE_HEADINGS, look, indented=(12,))
    for seat in range(SEATS):
        row, theirs = FIRST + seat, BLOCK.first + seat + 1
        named = f"LEN(Detail!$A${theirs})>0"
        texts = (
            (0, f'Detail!$B${theirs}&""', look.cell(bold=True)),
            (8, _regime(theirs), look.cell(bold=True, indent=1)),
        )
        numbers = (
            (i, _number(f"Detail!${chr(ord('B') + i)}${theirs}"), look.cell(num_format=number, align="right"))
            for i, number in enumerate(NUMBERS, 1)
        )
        for column, value, form in (*texts, *numbers):
            sheet.formula(row, TABLE + column, f'=IF({named},{value},"")', form)
    last, r = FIRST + SEATS - 1, FIRST + 1
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(sheet.raw, (FIRST, TABLE, last, TABLE + 8), f'$M{r}="no data"', amber)
    for column in (7, 12):
        marks.regimes(sheet.raw, look, (FIRST, column, last, column), f"$H{r}")


def _number(cell: str) -> str:
    return f'IF(ISNUMBER({cell}),{cell},"")'


def _regime(row: int) -> str:
    return f'IF(ISNUMBER(Detail!$E${row}),{marks.arrow(f"Detail!$J${row}")},Detail!$J${row}&"")'
