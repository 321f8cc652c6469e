"""The dispersion sheet: an index against its members."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.dispersion.contents import HOW_TO_READ, NOTES
from workbook_templates.dispersion.layout import (
    BESIDE,
    BLOCK,
    FIRST_ROW,
    FIRST_SHOWN,
    FRONT,
    INDEX,
    MEAN,
    MEMBERS,
    OUTSIDE,
    SHOWN,
    SHOWN_COLUMNS,
)
from workbook_templates.dispersion.members import write_detail, write_members
from workbook_templates.dispersion.volatility import contribution, write_volatility
from workbook_templates.headline import SHARE, Basket, Figure, headline
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 22.5, "", "", "left"),
    (2, 9, "NET GEX", "$ m per 1 %", "right"),
    (3, 9.5, "NET DEX", "$ bn", "right"),
    (4, 9.5, "NET VEX", "$ m per vol pt", "right"),
    (5, 9.7, "NET CHEX", "$ m per day", "right"),
    (6, 10.3, "REGIME", "sign of GEX", "center"),
    (7, 11.5, "SINCE", "flipped, New York", "center"),
    (8, 11.9, "NET ÷ GROSS", "one-sidedness", "right"),
    (9, 8.3, "POSITIVE", "of names", "center"),
    (10, 8.3, "NAMES", "with data", "center"),
    (11, 8.3, "COVERAGE", "of weight", "center"),
    (12, 8.3, "USABLE OI", "open interest", "center"),
    (13, 6, "AGE", "minutes", "center"),
    (14, 19, "MISSING", "names, or why no figure", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
COMPARED: tuple[Heading, ...] = (
    (1, 0, "MEMBER", "", "left"),
    (2, 0, "OWN GEX", "$ m per 1 %", "right"),
    (3, 0, "OWN DEX", "$ bn", "right"),
    (4, 0, "OWN VEX", "$ m per vol pt", "right"),
    (5, 0, "OWN CHEX", "$ m per day", "right"),
    (6, 0, "REGIME", "sign of GEX", "center"),
    (7, 0, "INDEX", "with or against", "center"),
    (8, 0, "SIGNED SHARE", "of gross", "right"),
    (9, 0, "WEIGHT", "with data", "center"),
    (10, 0, "VOLATILITY", "× weight", "right"),
    (11, 0, "SHARE", "of the mean", "right"),
)
LISTED = 130
"""Letters of the names in the sentence; Detail has all of them."""


def write_dispersion(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Dispersion, Members, Detail, Notes."""
    front = Sheet(book, "Dispersion", rewrite, style.POSITIVE)
    members = Sheet(book, "Members", rewrite, style.WARNING)
    _write_front(front, look, book)
    write_members(members, look)
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _write_front(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    sheet.front(
        "Dispersion",
        "An index against its members",
        f"IFERROR(BASKETSTATUS({MEMBERS}),{BESIDE.cell('status')})",  # else of the index: the same source
        f"BASKETWHY({MEMBERS})",
        LAST_COLUMN,
        look,
        OUTSIDE,
    )
    sheet.widen(0, 0, 1.5)
    sheet.heads(FIRST_ROW - 2, HEADINGS, look, indented=(8, 14))
    _basket(sheet, look, FIRST_ROW, f'"Index: "&{INDEX}', INDEX)
    _basket(sheet, look, FIRST_ROW + 1, '"Members, weighted mean"', MEMBERS)
    _sums(sheet, look, FIRST_ROW + 2)
    first, last, at = FIRST_ROW, FIRST_ROW + 2, FRONT.at
    its = FRONT.row(first)
    marks.errors(raw, look, (first, at("gex"), last, LAST_COLUMN))
    marks.regimes(raw, look, (first, at("gex"), last - 1, at("gex")), its.gex, its.age)
    # The sums are as old as the mean.
    sum_gex, mean_age = FRONT.fixed("gex", last), FRONT.fixed("age", last - 1)
    marks.regimes(raw, look, (last, at("gex"), last, at("gex")), sum_gex, mean_age)
    marks.regimes(raw, look, (first, at("regime"), last - 1, at("regime")), its.gex, its.age)
    marks.bars(raw, (first + 1, at("net_to_gross"), first + 1, at("net_to_gross")))
    marks.low(raw, look, (first, at("coverage"), last, at("usable")))
    marks.old(raw, look, (first, 1, last - 1, LAST_COLUMN), its.age)
    marks.old(raw, look, (last, 1, last, LAST_COLUMN), mean_age)
    _sentences(sheet, look, last + 1)
    write_volatility(sheet, look)

    sheet.text(FIRST_SHOWN - 3, 1, f"The {SHOWN} members with the largest shares", look(size=11, bold=True))
    sheet.heads(FIRST_SHOWN - 2, COMPARED, look, indented=(8,))
    for place in range(SHOWN):
        _shown(sheet, look, place)
    first, last, at = FIRST_SHOWN, FIRST_SHOWN + SHOWN - 1, SHOWN_COLUMNS.at
    its = SHOWN_COLUMNS.row(first)
    for name in ("gex", "regime"):
        marks.regimes(raw, look, (first, at(name), last, at(name)), its.gex)
    bold = look.change(bold=True, font_color=style.INK)
    marks.rule(raw, (first, at("against"), last, at("against")), f'{its.against}="against"', bold)
    marks.bars(raw, (first, at("signed"), last, at("signed")), 0.5)

    series = (
        Series("Positive", BESIDE.column("plus", SHOWN), style.POSITIVE),
        Series("Negative", BESIDE.column("minus", SHOWN), style.NEGATIVE),
    )
    title, names = "Signed share of gross", BESIDE.column("chart", SHOWN)
    chart = bar_chart(book, title, names, series, {"num_format": "0%;−0%;0%"})
    chart.set_size({"width": sheet.across(12, LAST_COLUMN) - 10, "height": 440})
    raw.insert_chart(FIRST_SHOWN - 3, 12, chart, {"object_position": 2, "x_offset": 10})
    raw.freeze_panes(FIRST_ROW, 0)
    sheet.page(last + 1, LAST_COLUMN)
    raw.activate()


def _basket(sheet: Sheet, look: Look, row: int, label: str, ours: str) -> None:
    place, of_index = row - FIRST_ROW, ours == INDEX
    sheet.raw.set_row(row, 25)
    basket = Basket(
        ours,
        BESIDE.cell("status", place),
        FRONT.row(row).gex,
        "SYMBOL" if of_index else "BASKET",
    )
    signed = {"num_format": style.SIGNED_SHARE, "align": "right", "indent": 1}
    own: dict[str, Figure] = {
        "label": (label, {"bold": True}),
        "since": (
            marks.shown(BESIDE.cell("since", place)),
            {"size": 9, "num_format": style.MOMENT, "align": "center"},
        ),
        "net_to_gross": ('""' if of_index else BLOCK.net_to_gross, signed),
    }
    if of_index:
        own["breadth"] = ('""', SHARE)
    headline(sheet, look, row, FRONT, basket, own)


def _sums(sheet: Sheet, look: Look, row: int) -> None:
    """The members' plain sums: a mean's regime, coverage and so on are not theirs."""
    sheet.raw.set_row(row, 25)
    sheet.text(row, 1, "Members, plain sum", look.cell(bold=True))
    formats = (style.MILLIONS, style.BILLIONS, style.MILLIONS, style.MILLIONS)
    looks = [look.cell(num_format=number, align="right") for number in formats]
    sheet.spill(row, FRONT.at("gex"), f"=BASKETTOTAL({MEMBERS})", [looks])
    for column in range(FRONT.at("regime"), LAST_COLUMN + 1):
        sheet.raw.write_blank(row, column, None, look.cell())


def _sentences(sheet: Sheet, look: Look, row: int) -> None:
    """In words: do the regimes agree, and which members do not."""
    index, mean = (FRONT.fixed("gex", FIRST_ROW + place) for place in range(2))
    label, other = (FRONT.fixed("regime", FIRST_ROW + place) for place in range(2))
    known = f"AND(ISNUMBER({index}),ISNUMBER({mean}))"
    agree = f'IF(({index}<0)=({mean}<0),"The regimes agree","The regimes differ")'
    against, names = BESIDE.column("against"), BLOCK.column("weighted_gex")
    sheet.raw.set_row(row, 8)
    sheet.raw.set_row(row + 1, 18)
    sheet.formula(
        row + 1,
        1,
        f'=IF({known},{agree}&": the index "&{label}&", its members "&{other}&".","")',
        look(size=11, bold=True),
    )
    count = f"SUMPRODUCT(--(LEN({against})>0))"
    every = f'_xlfn.TEXTJOIN(", ",TRUE,{against})'
    listed = f'IF(LEN({every})>{LISTED},LEFT({every},{LISTED})&" …",{every})'
    weight = f'TEXT(100*SUM({BESIDE.column("weight")}),"0")'
    sheet.formula(
        row + 2,
        1,
        f'=IF({known},{count}&" of "&COUNT({names})&" members, with "&{weight}&" % of the weight, are against the index"'
        f'&IF({count}=0,".",": "&{listed}&"."),"")',
        look(size=10),
    )
    sheet.raw.set_row(row + 2, 18)
    sheet.text(row + 3, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))


def _shown(sheet: Sheet, look: Look, place: int) -> None:
    row, right = FIRST_SHOWN + place, {"align": "right"}
    sheet.raw.set_row(row, 19)

    def ranked(name: str) -> str:
        return BLOCK.ranked(place + 1, name)

    millions = look.cell(num_format=style.MILLIONS, **right)
    volatility = contribution(ranked("symbol"))
    against = BLOCK.beside(place + 1, BESIDE.column("against"))
    of_index = FRONT.fixed("gex", FIRST_ROW)
    for column, value, form in (
        ("member", ranked("symbol"), look.cell(bold=True)),
        ("gex", ranked("gex"), millions),
        ("dex", ranked("dex"), look.cell(num_format=style.BILLIONS, **right)),
        ("vex", ranked("vex"), millions),
        ("chex", ranked("chex"), millions),
        ("regime", marks.short(ranked("regime")), look.cell(align="center", bold=True)),
        (
            "against",
            f'IF(ISNUMBER({of_index}),IF(LEN({against})>0,"against","with"),"–")',
            look.cell(align="center", colour=style.MUTED),
        ),
        ("signed", ranked("signed"), look.cell(num_format=style.SIGNED_SHARE_1, indent=1, **right)),
        ("weight", ranked("known_weight"), look.cell(num_format="0.0%", align="center")),
        ("volatility", volatility, look.cell(num_format="0.0%", **right)),
        ("share", f"{volatility}/{MEAN}", look.cell(num_format=style.SHARE, **right)),
    ):
        sheet.formula(row, SHOWN_COLUMNS.at(column), f'=IFERROR({value},"")', form)
