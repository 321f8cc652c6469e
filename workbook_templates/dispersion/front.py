"""The dispersion sheet: an index against its members."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.dispersion.contents import HOW_TO_READ, NOTES
from workbook_templates.dispersion.layout import (
    BLOCK,
    FIRST_ROW,
    FIRST_SHOWN,
    INDEX,
    MEAN,
    MEMBERS,
    OUTSIDE,
    SHOWN,
)
from workbook_templates.dispersion.members import write_detail, write_members
from workbook_templates.dispersion.volatility import contribution, write_volatility
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
        f"IFERROR(BASKETSTATUS({MEMBERS}),Detail!$AB${BLOCK.first + 1})",  # else of the index: the same source
        f"BASKETWHY({MEMBERS})",
        LAST_COLUMN,
        look,
        OUTSIDE,
    )
    sheet.widen(0, 0, 1.5)
    sheet.heads(FIRST_ROW - 2, HEADINGS, look, indented=(8, 14))
    _basket(sheet, look, FIRST_ROW, f'="Index: "&{INDEX}', INDEX)
    _basket(sheet, look, FIRST_ROW + 1, '="Members, weighted mean"', MEMBERS)
    _sums(sheet, look, FIRST_ROW + 2)
    first, last, r = FIRST_ROW, FIRST_ROW + 2, FIRST_ROW + 1
    marks.errors(raw, look, (first, 2, last, LAST_COLUMN), f"C{r}")
    marks.regimes(raw, look, (first, 2, last - 1, 2), f"$C{r}", f"$N{r}")
    marks.regimes(raw, look, (last, 2, last, 2), f"$C${last + 1}", f"$N${last}")
    marks.regimes(raw, look, (first, 6, last - 1, 6), f"$C{r}", f"$N{r}")
    marks.bars(raw, (first + 1, 8, first + 1, 8))
    marks.low(raw, look, (first, 11, last, 12), f"L{r}")
    marks.old(raw, look, (first, 1, last - 1, LAST_COLUMN), f"$N{r}")
    marks.old(raw, look, (last, 1, last, LAST_COLUMN), f"$N${last}")  # the sums are as old as the mean
    _sentences(sheet, look, last + 1)
    write_volatility(sheet, look)

    sheet.text(FIRST_SHOWN - 3, 1, f"The {SHOWN} members with the largest shares", look(size=11, bold=True))
    sheet.heads(FIRST_SHOWN - 2, COMPARED, look, indented=(8,))
    for place in range(SHOWN):
        _shown(sheet, look, place)
    first, last, r = FIRST_SHOWN, FIRST_SHOWN + SHOWN - 1, FIRST_SHOWN + 1
    marks.regimes(raw, look, (first, 2, last, 2), f"$C{r}")
    marks.regimes(raw, look, (first, 6, last, 6), f"$C{r}")
    marks.rule(raw, (first, 7, last, 7), f'$H{r}="against"', look.change(bold=True, font_color=style.INK))
    marks.bars(raw, (first, 8, last, 8), 0.5)

    rows = f"${BLOCK.first + 1}:${{0}}${BLOCK.first + SHOWN}"
    series = tuple(
        Series(name, f"Detail!${letter}{rows.format(letter)}", colour)
        for name, letter, colour in (
            ("Positive", "V", style.POSITIVE),
            ("Negative", "W", style.NEGATIVE),
        )
    )
    title, names = "Signed share of gross", f"Detail!$U{rows.format('U')}"
    chart = bar_chart(book, title, names, series, {"num_format": "0%;−0%;0%"})
    chart.set_size({"width": sheet.across(12, LAST_COLUMN) - 10, "height": 440})
    raw.insert_chart(FIRST_SHOWN - 3, 12, chart, {"object_position": 2, "x_offset": 10})
    raw.freeze_panes(FIRST_ROW, 0)
    sheet.page(last + 1, LAST_COLUMN)
    raw.activate()


def _basket(sheet: Sheet, look: Look, row: int, label: str, ours: str) -> None:
    index, r, cell = ours == INDEX, row + 1, look.cell
    line = BLOCK.first + 1 + row - FIRST_ROW
    status, value = f"Detail!$AB${line}", f"$C{r}"
    sheet.raw.set_row(row, 25)
    share = cell(num_format=style.SHARE, align="center")
    millions = cell(num_format=style.MILLIONS, align="right")
    bold = cell(num_format=style.MILLIONS, align="right", bold=True, size=11)
    asked = "SYMBOL" if index else "BASKET"
    for column, formula, form in (
        (1, label, cell(bold=True)),
        (2, f"={asked}GEX({ours})", bold),
        (3, f"={asked}DEX({ours})", cell(num_format=style.BILLIONS, align="right")),
        (4, f"={asked}VEX({ours})", millions),
        (5, f"={asked}CHEX({ours})", millions),
        (6, f"={marks.arrow(f'BASKETREGIME({ours})')}", cell(bold=True, align="center")),
        (
            7,
            marks.since(f"Detail!$Z${line}"),
            cell(size=9, num_format=style.MOMENT, align="center"),
        ),
        (
            8,
            '=""' if index else BLOCK.net_to_gross,
            cell(num_format=style.SIGNED_SHARE, align="right", indent=1),
        ),
        (9, '=""' if index else f"=BASKETBREADTH({ours})", share),
        (10, f"=BASKETCOUNT({ours})", cell(align="center")),
        (11, f"=BASKETCOVERAGE({ours})", share),
        (12, marks.usable(status), share),
        (
            13,
            marks.age(value, status, ours),
            cell(num_format=style.MINUTES, align="center", colour=style.MUTED),
        ),
        (
            14,
            f"=IF(ISNUMBER({value}),BASKETMISSING({ours}),BASKETWHY({ours}))",
            cell(size=8, indent=1, text_wrap=True),
        ),
    ):
        sheet.formula(row, column, formula, form)


def _sums(sheet: Sheet, look: Look, row: int) -> None:
    """The members' plain sums: a mean's regime, coverage and so on are not theirs."""
    sheet.raw.set_row(row, 25)
    sheet.text(row, 1, "Members, plain sum", look.cell(bold=True))
    formats = (style.MILLIONS, style.BILLIONS, style.MILLIONS, style.MILLIONS)
    looks = [look.cell(num_format=number, align="right") for number in formats]
    sheet.spill(row, 2, f"=BASKETTOTAL({MEMBERS})", [looks])
    for column in range(6, LAST_COLUMN + 1):
        sheet.raw.write_blank(row, column, None, look.cell())


def _sentences(sheet: Sheet, look: Look, row: int) -> None:
    """In words: do the regimes agree, and which members do not."""
    index, mean = f"$C${FIRST_ROW + 1}", f"$C${FIRST_ROW + 2}"
    label, other = f"$G${FIRST_ROW + 1}", f"$G${FIRST_ROW + 2}"
    known = f"AND(ISNUMBER({index}),ISNUMBER({mean}))"
    agree = f'IF(({index}<0)=({mean}<0),"The regimes agree","The regimes differ")'
    against, names = BLOCK.column("R"), BLOCK.column("M")
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
    weight = f'TEXT(100*SUM({BLOCK.column("S")}),"0")'
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

    def ranked(letter: str) -> str:
        return BLOCK.ranked(str(place + 1), letter)

    millions = look.cell(num_format=style.MILLIONS, **right)
    volatility = contribution(ranked("B"))
    for column, value, form in (
        (1, ranked("B"), look.cell(bold=True)),
        (2, ranked("E"), millions),
        (3, ranked("F"), look.cell(num_format=style.BILLIONS, **right)),
        (4, ranked("G"), millions),
        (5, ranked("H"), millions),
        (6, marks.arrow(ranked("J")), look.cell(align="center", bold=True)),
        (
            7,
            f'IF(ISNUMBER($C${FIRST_ROW + 1}),IF(LEN({ranked("R")})>0,"against","with"),"–")',
            look.cell(align="center", colour=style.MUTED),
        ),
        (8, ranked("O"), look.cell(num_format=style.SIGNED_SHARE_1, indent=1, **right)),
        (9, ranked("L"), look.cell(num_format="0.0%", align="center")),
        (10, volatility, look.cell(num_format="0.0%", **right)),
        (11, f"{volatility}/{MEAN}", look.cell(num_format=style.SHARE, **right)),
    ):
        sheet.formula(row, column, f'=IFERROR({value},"")', form)
