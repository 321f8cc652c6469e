"""The template hedge and its sheet Hedge: what dealers must trade in a basket, beside its index."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.headline import MILLIONS, SHARE, Basket, Figure, headline
from workbook_templates.hedge import contents, words
from workbook_templates.hedge.detail import write_detail
from workbook_templates.hedge.layout import (
    ALONE,
    BASKET,
    BODY,
    BOTH,
    FIRST,
    FRONT,
    HEADLINE,
    INDEX_NAME,
    LIST,
    NAMED,
    OUTSIDE,
    SEATS,
    SENTENCES,
    TICKS,
    TO_CLOSE,
    Side,
)
from workbook_templates.hedge.layout import COLUMNS as DETAIL
from workbook_templates.hedge.panel import write_panel
from workbook_templates.look import Look
from workbook_templates.names import write_names
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 8, "", "", "left"),
    (2, 8.7, "NET GEX", "$ m per 1 %", "right"),
    (3, 10.2, "REGIME", "sign of GEX", "center"),
    (4, 8, "BALANCE", "net ÷ gross", "right"),
    (5, 0.7, "", "", "left"),
    (6, 12.5, "DOWN", "by the move, $ m", "right"),
    (7, 9.5, "UP", "the same, $ m", "right"),
    (8, 9.5, "CLOSE", "until it, $ m", "right"),
    (9, 0.7, "", "", "left"),
    (10, 9.5, "WEEKEND", "over it, $ m", "right"),
    (11, 7.5, "0DTE", "of gross", "right"),
    (12, 7.5, "7 DAYS", "rolled off", "right"),
    (13, 7.5, "30 DAYS", "rolled off", "right"),
    (14, 0.7, "", "", "left"),
    (15, 12.5, "AS OF", "oldest, New York", "right"),
    (16, 9, "AGE", "minutes", "right"),
    (17, 9, "NAMES", "with data", "right"),
    (18, 9, "COVERAGE", "of weight", "right"),
    (19, 9, "USABLE OI", "open interest", "right"),
)
LAST_COLUMN = HEADINGS[-1][0]
LIST_HEADINGS: tuple[Heading, ...] = (
    (LIST.at("beta"), 0, "BETA", "edit; blank: 1", "right"),
    (LIST.at("implied"), 0, "IMPLIED", "beta", "right"),
)


def write_hedge(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Hedge, Detail, Notes."""
    front = Sheet(book, "Hedge", rewrite, style.POSITIVE)
    raw = front.raw
    status, why = (
        f"IF({NAMED}=0,{function}({INDEX_NAME}),{function}({BASKET}))"
        for function in ("BASKETSTATUS", "BASKETWHY")
    )
    front.front("Hedge", "What dealers must trade", status, why, LAST_COLUMN, look, OUTSIDE)
    front.widen(0, 0, 1.5)
    front.heads(HEADLINE - 2, HEADINGS, look)
    front.text(HEADLINE, 1, "Basket", look.cell(size=11, bold=True))
    form = look.cell(size=11, bold=True, bg_color=style.EDITABLE, num_format="@")
    front.text(ALONE, 1, contents.INDEX, form)
    for side in BOTH:
        _line(front, look, side)
    _marks(front, look)
    _sentences(front, look)
    write_panel(front, look, book)
    _move(front, look)
    _names(front, look)
    for row in range(BODY + 1, FIRST + SEATS):
        raw.set_row(row, 17)
    raw.freeze_panes(ALONE + 1, 0)
    front.page(FIRST + SEATS - 1, LAST_COLUMN)
    raw.activate()
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, contents.NOTES)


def _line(sheet: Sheet, look: Look, side: Side) -> None:
    sheet.raw.set_row(side.row, 28)
    for column in (5, 9, 14):
        sheet.raw.write_blank(side.row, column, None, look.cell())
    right, share = {"align": "right"}, {**SHARE, "align": "right"}
    balance = f"BASKETBALANCE({side.weighted})"
    weekend = f'MATCH("over a weekend",{side.column("key", TICKS)},0)'
    own: dict[str, Figure] = {
        "balance": (marks.shown(balance), {"num_format": style.SIGNED_SHARE, **right}),
        **{
            name: (marks.shown(cell), {**MILLIONS, "bold": True})
            for name, cell in zip(("down", "up"), side.moved, strict=True)
        },
        "to_close": (marks.shown(side.cell("buy", TO_CLOSE)), MILLIONS),
        "weekend": (f'IFERROR(INDEX({side.column("clock", TICKS)},{weekend}),"–")', MILLIONS),
        "zero_dte": (marks.shown(side.cell("share")), share),
        "week": (marks.shown(side.cell("rolled", 1)), share),
        "month": (marks.shown(side.cell("rolled", 2)), share),
    }
    basket = Basket(side.weighted, side.status, side.front("gex"))
    differences = dict.fromkeys(("age", "count", "coverage", "usable"), right)

    def asked_as(name: str, part: str) -> str:
        return f'IF({side.absent},"",{part})'

    headline(sheet, look, side.row, FRONT, basket, own, differences, asked_as)


def _marks(sheet: Sheet, look: Look) -> None:
    raw, its, at = sheet.raw, FRONT.row(HEADLINE), FRONT.at
    marks.errors(raw, look, (HEADLINE, at("gex"), ALONE, LAST_COLUMN))
    for name in ("gex", "regime", "down", "up", "to_close", "weekend"):
        of = its.gex if name == "regime" else getattr(its, name)
        marks.regimes(raw, look, (HEADLINE, at(name), ALONE, at(name)), of, its.age)
    marks.low(raw, look, (HEADLINE, at("coverage"), ALONE, at("usable")))
    marks.old(raw, look, (HEADLINE, 1, ALONE, LAST_COLUMN), its.age)


def _sentences(sheet: Sheet, look: Look) -> None:
    raw = sheet.raw
    raw.set_row(SENTENCES - 1, 8)
    bold, plain = look(size=11, bold=True), look(size=10)
    quiet = look(size=9, italic=True, colour=style.MUTED)
    warning = look(size=10, bold=True, colour=style.WARNING_TEXT)
    sheet.formula(SENTENCES, 1, words.sentence(), bold)
    sheet.formula(SENTENCES + 1, 1, words.more(), plain)
    sheet.text(SENTENCES + 2, 1, contents.HOW_TO_READ, quiet)
    sheet.formula(SENTENCES + 3, 1, words.doubts(), warning)
    for row in range(SENTENCES, SENTENCES + 4):
        raw.set_row(row, 18)
    said = f"LEN({FRONT.fixed('label', SENTENCES + 3)})>0"
    area = (SENTENCES + 3, 0, SENTENCES + 3, LAST_COLUMN)
    marks.rule(raw, area, said, look.change(bg_color=style.WARNING))


def _move(sheet: Sheet, look: Look) -> None:
    sheet.text(BODY, 1, "Move of the index", look(size=11, bold=True))
    sheet.text(BODY + 1, 1, "Size", look.cell(bold=True))
    form = look.cell(bg_color=style.EDITABLE, align="right", bold=True, num_format="0.0%")
    sheet.raw.write_number(BODY + 1, 2, contents.MOVE, form)


def _names(sheet: Sheet, look: Look) -> None:
    raw, examples = sheet.raw, contents.NAMES
    write_names(sheet, look, LIST, [(name, weight) for name, weight, _ in examples])
    sheet.heads(FIRST - 2, LIST_HEADINGS, look)
    typed = look.cell(bg_color=style.EDITABLE, align="right")
    implied = look.cell(num_format=style.CORRELATION, align="right", colour=style.MUTED)
    for seat in range(SEATS):
        row, its = FIRST + seat, LIST.row(FIRST + seat)
        if seat < len(examples):
            raw.write_number(row, LIST.at("beta"), examples[seat][2], typed)
        else:
            raw.write_blank(row, LIST.at("beta"), None, typed)
        beta = marks.shown(DETAIL.cell("implied", seat))
        sheet.formula(row, LIST.at("implied"), f'=IF(LEN(TRIM({its.name}))=0,"",{beta})', implied)
    its = LIST.row(FIRST)
    wrong = f"OR(ISTEXT({its.beta}),AND(LEN(TRIM({its.name}))=0,LEN({its.beta})>0))"
    area = (FIRST, LIST.at("beta"), FIRST + SEATS - 1, LIST.at("beta"))
    marks.rule(raw, area, wrong, look.change(bg_color=style.WARNING))
