"""The book and its sheet Book: three legs and their net, and where the exposure sits compared with where the money sits."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.book.contents import HOW_TO_READ, NET_SAID, NOTES
from workbook_templates.book.detail import write_detail
from workbook_templates.book.layout import (
    FIRST_LEG,
    FIRST_SHOWN,
    GROSS,
    KEY,
    LEGS,
    LONG,
    NET,
    NET_ROW,
    OUTSIDE,
    RANK,
    SHORT,
    SHOWN,
    WEIGHTED,
    Leg,
    detail,
    position,
)
from workbook_templates.book.positions import side, write_positions
from workbook_templates.charts import Series, bar_chart
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.room import said
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 8, "LEG", "", "left"),
    (2, 11, "MONEY", "$", "right"),
    (3, 7, "NAMES", "netted", "center"),
    (4, 10.5, "MEAN GEX", "$ m per 1 %", "right"),
    (5, 10.3, "MEAN DEX", "$ bn", "right"),
    (6, 10, "MEAN VEX", "$ m per vol pt", "right"),
    (7, 10, "MEAN CHEX", "$ m per day", "right"),
    (8, 10.5, "REGIME", "sign of GEX", "center"),
    (9, 11, "NET ÷ GROSS", "one-sidedness", "right"),
    (10, 8.5, "COVERAGE", "of weight", "center"),
    (11, 8.5, "USABLE OI", "open interest", "center"),
    (12, 6, "AGE", "minutes", "center"),
    (13, 40, "MISSING", "names, or why there is no figure", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
COMPARED: tuple[Heading, ...] = (
    (1, 0, "NAME", "", "left"),
    (2, 0, "MONEY", "net, $", "right"),
    (3, 0, "SIDE", "", "center"),
    (4, 0, "OF MONEY", "gross", "right"),
    (5, 0, "OF EXPOSURE", "|net × GEX|", "right"),
    (6, 0, "DIFFERENCE", "points", "right"),
    (7, 0, "OWN GEX", "$ m per 1 %", "right"),
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
    out = f'COUNTIF({position("N")},"Not counted*")'
    not_counted = (
        f'IF({out}=0,"",{out}&" of the positions not counted: see the notes on the sheet Positions.")'
    )
    sheet.front(
        "Book",
        "The market's exposure in the names held",
        _status(),
        f"BASKETWHY({GROSS.arguments})",
        LAST_COLUMN,
        look,
        said(OUTSIDE, not_counted),
    )
    sheet.widen(0, 0, 1.5)
    sheet.heads(FIRST_LEG - 2, HEADINGS, look, indented=(9, 13))
    for leg in LEGS:
        _leg(sheet, look, leg)
    _net(sheet, look)
    first, last, r = FIRST_LEG, GROSS.row, FIRST_LEG + 1
    marks.errors(raw, look, (first, 2, last, LAST_COLUMN), f"C{r}")
    for column in (4, 8):
        marks.regimes(raw, look, (first, column, last, column), f"$E{r}", f"$M{r}")
    marks.bars(raw, (first, 9, last, 9))
    marks.low(raw, look, (first, 10, last, 11), f"K{r}")
    marks.old(raw, look, (first, 1, last, LAST_COLUMN), f"$M{r}")
    sheet.text(NET_ROW + 1, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))
    _write_compared(sheet, look, book)
    raw.freeze_panes(FIRST_LEG, 0)
    sheet.page(FIRST_SHOWN + SHOWN, LAST_COLUMN)
    raw.activate()


def _status() -> str:
    """Of all names; where one is none, of a leg that has figures of the same source."""
    either = (
        f'IF(LEN(IFERROR({LONG.status},""))>0,{LONG.status},IF(LEN({SHORT.status})>0,{SHORT.status},NA()))'
    )
    return f"IFERROR(BASKETSTATUS({GROSS.arguments}),{either})"


def _leg(sheet: Sheet, look: Look, leg: Leg) -> None:
    row, ours, cell = leg.row, leg.arguments, look.cell
    r, weights, weighted = row + 1, detail(leg.weights), detail(WEIGHTED)
    sheet.raw.set_row(row, 22)
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
            cell(size=8, indent=1, text_wrap=True),
        ),
    ):
        sheet.formula(row, column, f"={formula}", form)


def _net(sheet: Sheet, look: Look) -> None:
    """Long minus short: the sum of signed money × exposure over the gross money, of the names with data."""
    row, r, cell, net = NET_ROW, NET_ROW + 1, look.cell, detail(NET)
    sheet.raw.set_row(row, 22)
    sheet.text(row, 1, "Net", cell(size=11, bold=True))
    centred = cell(align="center", colour=style.MUTED)
    sheet.formula(row, 2, f"=SUM({net})", cell(num_format=style.DOLLARS, align="right"))
    sheet.formula(row, 3, f'=COUNTIF({detail(GROSS.weights)},">0")', cell(align="center"))
    for column, letter, number in (
        (5, "F", style.BILLIONS),
        (6, "G", style.MILLIONS),
        (7, "H", style.MILLIONS),
    ):
        own = detail(letter)
        flow = f"SUM(IF(ISNUMBER({own}),{net}*{own},0))/SUM(IF(ISNUMBER({own}),ABS({net}),0))"
        form = cell(num_format=number, align="right")
        sheet.spill(row, column, f'=IF($D{r}=0,"",IFERROR({flow},"–"))', [(form,)])
    for column in (4, 8, 9):
        sheet.formula(row, column, f'=IF($D{r}=0,"","–")', centred)
    for column in (10, 11, 12):
        sheet.raw.write_blank(row, column, None, centred)
    sheet.formula(row, 13, f'=IF($D{r}=0,"","{NET_SAID}")', cell(size=8, indent=1, colour=style.MUTED))


def _write_compared(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    title = f"Where the money sits, and where the exposure sits: the {SHOWN} names with the most exposure"
    sheet.text(FIRST_SHOWN - 3, 1, title, look(size=11, bold=True))
    sheet.heads(FIRST_SHOWN - 2, COMPARED, look)
    for place in range(SHOWN):
        _shown(sheet, look, place)
    first, last, r = FIRST_SHOWN, FIRST_SHOWN + SHOWN - 1, FIRST_SHOWN + 1
    marks.bars(raw, (first, 6, last, 6), 25, (style.NEUTRAL_BAR, style.NEUTRAL_BAR))
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
    chart.set_size({"width": sheet.across(9, LAST_COLUMN) - 25, "height": 428})
    raw.insert_chart(FIRST_SHOWN - 3, 9, chart, {"object_position": 2, "x_offset": 25})


def _shown(sheet: Sheet, look: Look, place: int) -> None:
    row, r = FIRST_SHOWN + place, FIRST_SHOWN + place + 1
    sheet.raw.set_row(row, 19)
    found = f"MATCH({place + 1},{detail(RANK)},0)"
    right = {"align": "right"}
    for column, area, form in (
        (1, detail(KEY), look.cell(bold=True)),
        (2, position("H"), look.cell(num_format=style.DOLLARS, **right)),
        (4, position("I"), look.cell(num_format="0.0%", **right)),
        (5, position("K"), look.cell(num_format="0.0%", **right)),
        (6, position("L"), look.cell(num_format=style.SIGNED, **right)),
        (7, position("J"), look.cell(num_format=style.MILLIONS, **right)),
        (8, position("M"), look.cell(align="center", bold=True)),
    ):
        sheet.formula(row, column, f'=IFERROR(INDEX({area},{found}),"")', form)
    sheet.formula(row, 3, f"={side(f'$C{r}')}", look.cell(align="center", colour=style.MUTED))
