"""The book and its sheet Book: three legs, and where the exposure sits compared with where the money sits."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.book.contents import HOW_TO_READ, NOTES
from workbook_templates.book.layout import (
    FIRST_LEG,
    FIRST_SHOWN,
    GROSS,
    LEGS,
    SHOWN,
    Leg,
    detail,
    position,
)
from workbook_templates.book.positions import write_detail, write_positions
from workbook_templates.charts import Series, bar_chart
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 15, "LEG", "", "left"),
    (2, 15, "MONEY", "$", "right"),
    (3, 11, "POSITIONS", "counted", "center"),
    (4, 13, "DEALER GEX", "$ m per 1 %", "right"),
    (5, 13, "DEALER DEX", "$ bn", "right"),
    (6, 15, "DEALER VEX", "$ m per vol pt", "right"),
    (7, 13, "DEALER CHEX", "$ m per day", "right"),
    (8, 13, "REGIME", "sign of GEX", "center"),
    (9, 14, "NET ÷ GROSS", "one-sidedness", "right"),
    (10, 11, "COVERAGE", "of weight", "center"),
    (11, 11, "USABLE OI", "open interest", "center"),
    (12, 9, "AGE", "minutes", "center"),
    (13, 46, "MISSING", "names, or why there is no figure", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
COMPARED: tuple[Heading, ...] = (
    (1, 0, "NAME", "", "left"),
    (2, 0, "MONEY", "$", "right"),
    (3, 0, "SIDE", "", "center"),
    (4, 0, "OF MONEY", "gross", "right"),
    (5, 0, "OF EXPOSURE", "|money × GEX|", "right"),
    (6, 0, "EXPOSURE − MONEY", "points", "right"),
    (7, 0, "DEALER GEX", "own, $ m per 1 %", "right"),
    (8, 0, "REGIME", "sign of GEX", "center"),
)


def write_book(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Book, Positions, Detail, Notes."""
    front = Sheet(book, "Book", rewrite, style.POSITIVE)
    positions = Sheet(book, "Positions", rewrite, style.WARNING)
    _write_front(front, look, book)
    write_positions(positions, look)
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _write_front(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    sheet.front(
        "Book",
        "The market's dealer exposure in the names held",
        f"BASKETSTATUS({GROSS.arguments})",
        f"BASKETWHY({GROSS.arguments})",
        LAST_COLUMN,
        look,
    )
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_LEG - 2, HEADINGS, look, indented=(9, 13))
    for leg in LEGS:
        _leg(sheet, look, leg)
    first, last, r = FIRST_LEG, GROSS.row, FIRST_LEG + 1
    marks.errors(raw, look, (first, 2, last, LAST_COLUMN), f"C{r}")
    marks.regimes(raw, look, (first, 4, last, 4), f"$E{r}", f"$M{r}")
    marks.regimes(raw, look, (first, 8, last, 8), f"$E{r}", f"$M{r}")
    marks.bars(raw, (first, 9, last, 9))
    marks.low(raw, look, (first, 10, last, 11), f"K{r}")
    marks.old(raw, look, (first, 1, last, LAST_COLUMN), f"$M{r}")

    notes = position("M")
    out = f'COUNTIF({notes},"Not counted*")'
    sheet.formula(
        last + 1,
        1,
        f'=IF({out}=0,"",{out}&" of the positions not counted: see the notes on the sheet Positions.")',
        look(size=10, bold=True, colour=style.WARNING_TEXT),
    )
    whole = (last + 1, 0, last + 1, LAST_COLUMN)
    marks.rule(raw, whole, f'$B${last + 2}<>""', look.change(bg_color=style.WARNING))
    sheet.text(last + 2, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))

    title = f"Where the money sits, and where the exposure sits: the {SHOWN} positions with the most exposure"
    sheet.text(FIRST_SHOWN - 3, 1, title, look(size=11, bold=True))
    sheet.heads(FIRST_SHOWN - 2, COMPARED, look)
    for place in range(SHOWN):
        _shown(sheet, look, place)
    first, last, r = FIRST_SHOWN, FIRST_SHOWN + SHOWN - 1, FIRST_SHOWN + 1
    marks.bars(raw, (first, 6, last, 6), 0.25, (style.NEUTRAL_BAR, style.NEUTRAL_BAR))
    marks.regimes(raw, look, (first, 7, last, 8), f"$H{r}")

    rows = f"${r}:${{0}}${last + 1}"
    series = tuple(
        Series(name, f"Book!${letter}{rows.format(letter)}", colour)
        for name, letter, colour in (
            ("Share of the money", "E", style.NEUTRAL_BAR),
            ("Share of the exposure", "F", style.INK),
        )
    )
    chart = bar_chart(
        book,
        "Share of money, share of exposure",
        f"Book!$B{rows.format('B')}",
        series,
        {"num_format": "0%", "min": 0},
        stacked=False,
        legend=True,
    )
    chart.set_size({"width": 620, "height": 428})
    raw.insert_chart(FIRST_SHOWN - 3, 9, chart, {"object_position": 2, "x_offset": 25})
    raw.freeze_panes(FIRST_LEG, 0)
    sheet.page(last + 1, LAST_COLUMN)
    raw.activate()


def _leg(sheet: Sheet, look: Look, leg: Leg) -> None:
    row, ours, cell = leg.row, leg.arguments, look.cell
    r, weights, weighted = row + 1, detail(leg.weights), detail("L")
    sheet.raw.set_row(row, 25)
    up, down = (f'SUMIFS({weighted},{weights},">0",{weighted},"{sign}0")' for sign in "><")
    millions = cell(num_format=style.MILLIONS, align="right")
    share = cell(num_format=style.SHARE, align="center")

    def held(value: str, otherwise: str = '""') -> str:
        return f"IF($D{r}=0,{otherwise},{value})"

    sheet.text(row, 1, leg.name, cell(size=11, bold=True))
    for column, formula, form in (
        (2, f"SUM({weights})", cell(num_format=style.DOLLARS, align="right")),
        (3, f'COUNTIF({weights},">0")', cell(align="center")),
        (4, held(f"BASKETGEX({ours})"), cell(num_format=style.MILLIONS, align="right", bold=True, size=11)),
        (5, held(f"BASKETDEX({ours})"), cell(num_format=style.BILLIONS, align="right")),
        (6, held(f"BASKETVEX({ours})"), millions),
        (7, held(f"BASKETCHEX({ours})"), millions),
        (8, held(marks.arrow(f"BASKETREGIME({ours})"), '"–"'), cell(bold=True, align="center")),
        (
            9,
            f'IF({up}-{down}>0,({up}+{down})/({up}-{down}),"")',
            cell(num_format=style.SIGNED_SHARE, align="right", indent=1),
        ),
        (10, held(f"BASKETCOVERAGE({ours})"), share),
        (11, held(marks.usable(leg.status)[1:]), share),
        (
            12,
            marks.age(f"$E{r}", leg.status, ours)[1:],
            cell(num_format=style.MINUTES, align="center", colour=style.MUTED),
        ),
        (
            13,
            held(f"IF(ISNUMBER($E{r}),BASKETMISSING({ours}),BASKETWHY({ours}))", '"no position"'),
            cell(size=9, indent=1, text_wrap=True),
        ),
    ):
        sheet.formula(row, column, f"={formula}", form)


def _shown(sheet: Sheet, look: Look, place: int) -> None:
    row = FIRST_SHOWN + place
    sheet.raw.set_row(row, 19)
    found = f"MATCH({place + 1},{detail('S')},0)"
    right = {"align": "right"}
    for column, letter, form in (
        (1, "B", look.cell(bold=True)),
        (2, "G", look.cell(num_format=style.DOLLARS, **right)),
        (3, "F", look.cell(align="center", colour=style.MUTED)),
        (4, "H", look.cell(num_format="0.0%", **right)),
        (5, "J", look.cell(num_format="0.0%", **right)),
        (6, "K", look.cell(num_format=style.SIGNED_SHARE_1, **right)),
        (7, "I", look.cell(num_format=style.MILLIONS, **right)),
        (8, "L", look.cell(align="center", bold=True)),
    ):
        sheet.formula(row, column, f'=IFERROR(INDEX({position(letter)},{found}),"")', form)
