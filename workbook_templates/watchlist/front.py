"""The watchlist and its sheet Watchlist: one basket in depth."""

from __future__ import annotations

from functools import partial
from typing import Any

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import NUMBERS
from workbook_templates.days import bars
from workbook_templates.headline import Basket, Figure, headline
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
    FRONT,
    GEX,
    HEADLINE,
    HISTORY,
    LIST,
    OUTSIDE,
    OWN,
    PAST,
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
    _history(front, look)
    write_panel(front, look, book)
    write_names(front, look, LIST, EXAMPLES)
    _table(front, look)
    raw.freeze_panes(HEADLINE + 1, 0)
    front.page(FIRST + SEATS - 1, LAST_COLUMN)
    raw.activate()
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _headline(sheet: Sheet, look: Look) -> None:
    raw, at = sheet.raw, FRONT.at
    raw.set_row(HEADLINE, 28)
    for column in (2, 3, 13, 17):
        raw.write_blank(HEADLINE, column, None, look.cell())
    sheet.text(HEADLINE, at("label"), "Weighted mean", look.cell(size=11, bold=True))
    right: dict[str, Any] = {"align": "right"}
    left: dict[str, Any] = {"align": "left"}
    own: dict[str, Figure] = {
        "net_to_gross": (BLOCK.net_to_gross, {"num_format": style.SIGNED_SHARE, **right}),
        "since": (marks.shown(SINCE), {"num_format": style.MOMENT, **left}),
        "top": (BLOCK.top_share, {"num_format": style.SHARE, **right}),
    }
    differences = {
        "gex": {"size": 12},
        "regime": {"size": 10, "indent": 1, **left},
        "age": right,
        "count": left,
    }

    def asked_as(name: str, part: str) -> str:
        asks = "BASKET" in part and name != "age"
        return after_refresh(part).removeprefix("=") if asks else part

    headline(sheet, look, HEADLINE, FRONT, Basket(BASKET, STATUS, GEX), own, differences, asked_as)
    whole = (HEADLINE, 1, HEADLINE, LAST_COLUMN)
    marks.errors(raw, look, whole)
    for name in ("gex", "regime"):
        marks.regimes(raw, look, (HEADLINE, at(name), HEADLINE, at(name)), GEX.partition("!")[2], AGE)
    marks.bars(raw, (HEADLINE, at("net_to_gross"), HEADLINE, at("net_to_gross")))
    marks.low(raw, look, (HEADLINE, at("coverage"), HEADLINE, at("usable")))
    marks.old(raw, look, whole, AGE)


def _sentence(sheet: Sheet, look: Look) -> None:
    """Which names are missing, or why there is no figure: amber where there is something to say."""
    missing = f"BASKETMISSING({BASKET})"
    said = f'IF(ISNUMBER({GEX}),IF(LEN({missing})>0,"No data: "&{missing},""),BASKETWHY({BASKET}))'
    sheet.raw.set_row(SENTENCE, 18)
    bold = look(size=10, bold=True, colour=style.WARNING_TEXT)
    sheet.formula(SENTENCE, FRONT.at("label"), after_refresh(f'IFERROR({said},"")'), bold)
    area = (SENTENCE, 0, SENTENCE, LAST_COLUMN)
    marks.rule(
        sheet.raw, area, f"LEN({FRONT.fixed('label', SENTENCE)})>0", look.change(bg_color=style.WARNING)
    )


def _refresh(sheet: Sheet, look: Look) -> None:
    sheet.raw.set_row(REFRESH, 20)
    sheet.text(REFRESH, FRONT.at("label"), "Refresh", look.cell(bold=True))
    sheet.raw.write_number(
        REFRESH, FRONT.at("trigger"), 1, look.cell(bg_color=style.EDITABLE, align="right", bold=True)
    )
    sheet.text(REFRESH, 4, WHAT_IT_COSTS, look(size=9, italic=True, colour=style.MUTED))


def _history(sheet: Sheet, look: Look) -> None:
    """Whether today is unusual, and a bar for each of the days before."""
    percentile, z, balance, days = (PAST.cell(n) for n in ("percentile", "z", "balance_percentile", "days"))
    sheet.raw.set_row(HISTORY, 20)
    sheet.text(HISTORY, FRONT.at("label"), "Today", look.cell(bold=True))
    sheet.raw.write_blank(HISTORY, FRONT.at("trigger"), None, look.cell())
    score = f'IF(ISNUMBER({z})," (z "&IF({z}<0,"−","+")&ROUND(ABS({z}),1)&")","")'
    also = f'IF(ISNUMBER({balance}),", its balance above "&ROUND({balance}*100,0)&" % of them.",".")'
    unusual = (
        f'"Net GEX is above "&ROUND({percentile}*100,0)&" % of the "&{days}&" days before"&{score}&{also}'
    )
    few = f'{days}&IF({days}=1," day"," days")&" of history: five say whether today is unusual."'
    said = f'IF(ISNUMBER({percentile}),{unusual},IF(ISNUMBER({days}),{few},""))'
    sheet.formula(HISTORY, FRONT.at("coverage"), f"={said}", look(size=9, italic=True, colour=style.MUTED))
    sheet.formula(HISTORY, FRONT.at("since"), f"={bars(PAST)}", look(size=9, colour=style.MUTED))


def _table(sheet: Sheet, look: Look) -> None:
    """The names' own figures, as Detail has them, with a word for the regime."""
    sheet.text(FIRST - 3, TABLE, "Each name", look(size=11, bold=True))
    sheet.heads(FIRST - 2, TABLE_HEADINGS, look, indented=(12,))
    for seat in range(SEATS):
        row, theirs = FIRST + seat, partial(BLOCK.columns.cell, place=seat)
        named = f"LEN({theirs('basket')})>0"
        texts = (
            ("symbol", f'{theirs("symbol")}&""', look.cell(bold=True)),
            ("regime", _regime(theirs("gex"), theirs("regime")), look.cell(bold=True, indent=1)),
        )
        numbers = (
            (name, _number(theirs(name)), look.cell(num_format=number, align="right"))
            for name, number in zip(OWN.names.split()[1:-1], NUMBERS, strict=True)
        )
        for column, value, form in (*texts, *numbers):
            sheet.formula(row, OWN.at(column), f'=IF({named},{value},"")', form)
    last, its = FIRST + SEATS - 1, OWN.row(FIRST)
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(sheet.raw, (FIRST, TABLE, last, OWN.at("regime")), f'{its.regime}="no data"', amber)
    for name in ("gex", "regime"):
        marks.regimes(sheet.raw, look, (FIRST, OWN.at(name), last, OWN.at(name)), its.gex)


def _number(cell: str) -> str:
    return f'IF(ISNUMBER({cell}),{cell},"")'


def _regime(gex: str, regime: str) -> str:
    return f'IF(ISNUMBER({gex}),{marks.short(regime)},{regime}&"")'
