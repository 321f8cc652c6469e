"""The watchlist and its sheet Watchlist: one basket in depth."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS as TABLE_HEADINGS
from workbook_templates.block import TABLE as BLOCK_TABLE
from workbook_templates.block import TABLE_WIDTH, looks_of_table
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
    FIRST,
    GEX,
    HEADLINE,
    REFRESH,
    SEATS,
    SENTENCE,
    STATUS,
    TABLE,
    after_refresh,
    detail,
)
from workbook_templates.watchlist.panel import write_panel

HEADINGS: tuple[Heading, ...] = (
    (1, 13, "", "", "left"),
    (2, 10, "", "", "left"),
    (3, 2, "", "", "left"),
    (4, 11, "COVERAGE", "of weight", "center"),
    (5, 11, "USABLE OI", "open interest", "center"),
    (6, 11, "POSITIVE", "share of names", "center"),
    (7, 12, "NET GEX", "$ m per 1 %", "right"),
    (8, 11, "NET DEX", "$ bn", "right"),
    (9, 12, "NET VEX", "$ m per vol pt", "right"),
    (10, 12, "NET CHEX", "$ m per day", "right"),
    (11, 14, "NET ÷ GROSS", "one-sidedness", "right"),
    (12, 16, "REGIME", "sign of GEX", "left"),
    (13, 16, "SINCE", "flipped, New York", "left"),
    (14, 2, "", "", "left"),
    (15, 23, "BEFORE", "regime", "left"),
    (16, 15, "AS OF", "oldest, New York", "right"),
    (17, 12, "AGE", "minutes", "right"),
    (18, 2, "", "", "left"),
    (19, 11, "NAMES", "with data", "left"),
    (20, 13, "TOP SHARE", "largest name", "right"),
)
LAST_COLUMN = HEADINGS[-1][0]


def write_watchlist(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Watchlist, Detail, Notes."""
    front = Sheet(book, "Watchlist", rewrite, style.POSITIVE)
    raw = front.raw
    front.front(
        "Watchlist",
        "One basket in depth",
        f"BASKETSTATUS({BASKET})",
        f"BASKETWHY({BASKET})",
        LAST_COLUMN,
        look,
    )
    raw.set_column(0, 0, 1.5)
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
    raw, cell, shares = sheet.raw, look.cell, detail("C")
    raw.set_row(HEADLINE, 28)
    share = cell(num_format=style.SHARE, align="center")
    millions = cell(num_format=style.MILLIONS, align="right")
    moment, line = cell(num_format=style.MOMENT, align="left"), HEADLINE + 1
    for column in (2, 3, 14, 18):
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
        (
            11,
            f'IF(COUNT({detail("D")})=0,"",SUM({detail("D")}))',
            cell(num_format=style.SIGNED_SHARE, align="right"),
        ),
        (12, marks.arrow(f"BASKETREGIME({BASKET})"), cell(bold=True, size=12, indent=1)),
        (13, 'IFERROR(Detail!$L$6,"–")', moment),
        (15, f'IFERROR({marks.arrow("Detail!$M$6")},"–")', cell()),
        (16, f"BASKETASOF({BASKET})", cell(num_format=style.MOMENT, align="right")),
        (
            17,
            marks.age(GEX, STATUS, BASKET)[1:],
            cell(num_format=style.MINUTES, align="right", colour=style.MUTED),
        ),
        (19, f"BASKETCOUNT({BASKET})", cell(align="left")),
        (20, f'IF(COUNT({shares})=0,"",MAX({shares}))', cell(num_format=style.SHARE, align="right")),
    ):
        asks = "BASKET" in value and column != 17
        sheet.formula(HEADLINE, column, after_refresh(value) if asks else f"={value}", form)
    whole = (HEADLINE, 1, HEADLINE, LAST_COLUMN)
    marks.errors(raw, look, whole, f"B{line}")
    marks.regimes(raw, look, (HEADLINE, 7, HEADLINE, 7), GEX.partition("!")[2], AGE)
    marks.regimes(raw, look, (HEADLINE, 12, HEADLINE, 12), GEX.partition("!")[2], AGE)
    marks.before(raw, look, (HEADLINE, 15, HEADLINE, 15), f"$P${line}", AGE)
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
    """The names' own figures, spilled."""
    last, end, r = FIRST + SEATS - 1, TABLE + TABLE_WIDTH - 1, FIRST + 1
    sheet.text(FIRST - 3, TABLE, "Each name", look(size=11, bold=True))
    heads = (
        (column - BLOCK_TABLE + TABLE, 0, heading, unit, align)
        for column, _, heading, unit, align in TABLE_HEADINGS[BLOCK_TABLE : BLOCK_TABLE + TABLE_WIDTH]
    )
    sheet.heads(FIRST - 2, heads, look, indented=(12,))
    line = {"bottom": 1, "bottom_color": style.RULE}
    sheet.spill(FIRST, TABLE, after_refresh(f"BASKET({BASKET})"), [looks_of_table(look, **line)] * SEATS)
    area = (FIRST, TABLE, last, end)
    marks.padding(sheet.raw, look, area, f"E{r}")
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(sheet.raw, area, f'LEFT($M{r},7)="no data"', amber)
    for column in (7, 12):
        marks.regimes(sheet.raw, look, (FIRST, column, last, column), f"$H{r}")
