"""The sector scanner and its sheet Scanner: a row a sector, and two charts below."""

from __future__ import annotations

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_range_abs

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.scanner.contents import HOW_TO_READ, NOTES
from workbook_templates.scanner.detail import write_detail
from workbook_templates.scanner.layout import ALL, FIRST_SCANNER, NAME_COLUMN, SEATS, Sector, arguments_of
from workbook_templates.scanner.members import write_members
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 21, "SECTOR", "", "left"),
    (2, 34, "MEMBERS", "edit on Members", "left"),
    (3, 11, "NET GEX", "$ m per 1 %", "right"),
    (4, 10, "NET DEX", "$ bn", "right"),
    (5, 11, "NET VEX", "$ m per vol pt", "right"),
    (6, 11, "NET CHEX", "$ m per day", "right"),
    (7, 12, "REGIME", "sign of GEX", "center"),
    (8, 15, "SINCE", "flipped, New York", "center"),
    (9, 11, "BEFORE", "regime", "center"),
    (10, 13, "NET ÷ GROSS", "one-sidedness", "right"),
    (11, 9, "NEGATIVE", "names", "center"),
    (12, 9, "NEGATIVE", "weight", "center"),
    (13, 10, "TOP SHARE", "largest name", "center"),
    (14, 34, "DRIVERS", "share of |weight × GEX|, signed", "left"),
    (15, 9, "COVERAGE", "of weight", "center"),
    (16, 9, "USABLE OI", "open interest", "center"),
    (17, 8, "AGE", "minutes", "center"),
    (18, 15, "MISSING", "names", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]


def write_sector_scanner(book: Workbook, look: Look, rewrite: Rewrite) -> None:
    """Writes the workbook: Scanner, Members, Detail, Notes."""
    scanner = Sheet(book, "Scanner", rewrite, style.POSITIVE)
    members = Sheet(book, "Members", rewrite, style.WARNING)
    _write_scanner(scanner, look, book)
    write_members(members, look)
    write_detail(Sheet(book, "Detail", rewrite), look)
    write_notes(Sheet(book, "Notes", rewrite), look, NOTES)


def _write_scanner(sheet: Sheet, look: Look, book: Workbook) -> None:
    raw = sheet.raw
    everything = arguments_of(ALL[0].members, ALL[-1].members)
    sheet.front(
        "Sector scanner", "Dealer exposure by sector", f"BASKETSTATUS({everything})", LAST_COLUMN, look
    )
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_SCANNER - 2, HEADINGS, look, indented=(10, 14))
    for sector in ALL:
        _row(sheet, look, sector)

    first, last, r = ALL[0].scanner, ALL[-1].scanner, FIRST_SCANNER + 1
    marks.errors(raw, look, (first, 2, last, LAST_COLUMN), f"C{r}")
    marks.regimes(raw, look, (first, 3, last, 3), f"$D{r}", f"$R{r}")
    marks.regimes(raw, look, (first, 7, last, 7), f"$D{r}", f"$R{r}")
    marks.before(raw, look, (first, 9, last, 9), f"$J{r}", f"$R{r}")
    marks.bars(raw, (first, 10, last, 10))
    marks.low(raw, look, (first, 15, last, 16), f"P{r}")
    marks.old(raw, look, (first, 1, last, LAST_COLUMN), f"$R{r}")
    raw.set_row(last + 1, 20)
    sheet.text(last + 1, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))

    top = last + 3
    for column, width, title, letters, scale in (
        (1, 790, "Net GEX, $ m per 1 % move", "TU", {"num_format": "#,##0;−#,##0;0"}),
        (8, 1010, "Net ÷ gross: how one-sided", "VW", {"num_format": "0%;−0%;0%", "min": -1, "max": 1}),
    ):
        lines = f"${ALL[0].line + 1}:${{0}}${ALL[-1].line + 1}"
        series = tuple(
            Series(name, f"Detail!${letter}{lines.format(letter)}", colour)
            for name, letter, colour in zip(
                ("Positive", "Negative"), letters, (style.POSITIVE, style.NEGATIVE), strict=True
            )
        )
        chart = bar_chart(book, title, f"Detail!$S{lines.format('S')}", series, scale)
        chart.set_size({"width": width, "height": 400})
        raw.insert_chart(top, column, chart, {"object_position": 2})
    raw.freeze_panes(FIRST_SCANNER, 2)
    sheet.page(top + 20, LAST_COLUMN, (0, FIRST_SCANNER - 1))
    raw.activate()


def _row(sheet: Sheet, look: Look, sector: Sector) -> None:
    row, ours, block, cell = sector.scanner, sector.arguments, sector.block, look.cell
    value = f"$D${row + 1}"
    sheet.raw.set_row(row, 25)
    names = xl_range_abs(sector.members, NAME_COLUMN, sector.members, NAME_COLUMN + SEATS - 1)
    millions = cell(num_format=style.MILLIONS, align="right")
    bold = cell(num_format=style.MILLIONS, align="right", bold=True, size=11)
    share = cell(num_format=style.SHARE, align="center")
    small = cell(size=9, indent=1, text_wrap=True)
    moment = cell(size=9, num_format=style.MOMENT, align="center")
    age = cell(num_format=style.MINUTES, align="center", colour=style.MUTED)
    line = sector.line + 1
    drivers = "&".join(
        f'IFERROR({comma}{block.ranked(str(place), "Q")},"")'
        for place, comma in enumerate(("", '",  "&', '",  "&'), 1)
    )
    for column, formula, form in (
        (1, f"=Members!$B${sector.members + 1}", cell(size=11, bold=True)),
        (2, f'=_xlfn.TEXTJOIN("  ",TRUE,Members!{names})', cell(size=9, colour=style.MUTED)),
        (3, f"=BASKETGEX({ours})", bold),
        (4, f"=BASKETDEX({ours})", cell(num_format=style.BILLIONS, align="right")),
        (5, f"=BASKETVEX({ours})", millions),
        (6, f"=BASKETCHEX({ours})", millions),
        (7, f"={marks.arrow(f'BASKETREGIME({ours})')}", cell(bold=True, align="center")),
        (8, marks.since(f"Detail!$Z${line}"), moment),
        (9, marks.previous(f"Detail!$AA${line}"), cell(size=9, align="center")),
        (10, block.net_to_gross, cell(num_format=style.SIGNED_SHARE, align="right", indent=1)),
        (11, block.negative_names, cell(align="center")),
        (12, block.negative_weight, share),
        (13, block.top_share, share),
        (14, f"=IF(ISNUMBER({value}),{drivers},BASKETWHY({ours}))", small),
        (15, f"=BASKETCOVERAGE({ours})", share),
        (16, f"=Detail!$AB${line}", share),
        (17, marks.age(value, f"Detail!$AC${line}", ours), age),
        (18, f"=BASKETMISSING({ours})", cell(size=9, align="left", text_wrap=True, bold=True)),
    ):
        sheet.formula(row, column, formula, form)
