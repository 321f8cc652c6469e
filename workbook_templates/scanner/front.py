"""The sector scanner and its sheet Scanner: one row per sector in the chosen order, and two charts below."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Series, bar_chart
from workbook_templates.headline import REGIME
from workbook_templates.look import Look
from workbook_templates.notes import write_notes
from workbook_templates.room import said
from workbook_templates.scanner.contents import AS_TYPED, HOW_TO_READ, NOTES, ORDERS
from workbook_templates.scanner.detail import at_place, write_detail
from workbook_templates.scanner.layout import (
    CHARTED,
    EVERYTHING,
    FIRST_DETAIL,
    FIRST_SCANNER,
    FRONT,
    LINES,
    OUTSIDE,
    ROOM,
    line,
)
from workbook_templates.scanner.members import write_members
from workbook_templates.sheet import Heading, Rewrite, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 18, "SECTOR", "", "left"),
    (2, 9, "NET GEX", "$ m per 1 %", "right"),
    (3, 10, "REGIME", "sign of GEX", "center"),
    (4, 10.2, "NET ÷ GROSS", "one-sidedness", "right"),
    (5, 8, "COVERAGE", "of weight", "center"),
    (6, 8.5, "USABLE OI", "open interest", "center"),
    (7, 5.5, "AGE", "minutes", "center"),
    (8, 7.5, "NEGATIVE", "names", "center"),
    (9, 8, "NET DEX", "$ bn", "right"),
    (10, 9, "NET VEX", "$ m per vol pt", "right"),
    (11, 8.5, "NET CHEX", "$ m per day", "right"),
    (12, 12.5, "SINCE", "New York", "center"),
    (13, 8.5, "TODAY", "percentile", "center"),
    (14, 8, "MISSING", "names", "left"),
    (15, 23.5, "DRIVERS", "share of |weight × GEX|, signed", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
LAST = FIRST_SCANNER + ROOM - 1
FITS = 26
"""Letters of missing names that fit into the cell."""


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
    attention = said(OUTSIDE, _first_that_fails())
    # One bad ticker takes the status from all: the first sector with a figure has one of the same source.
    first = f"INDEX({line('status')},MATCH(0,{line('fails')},0))"
    status = f"IFERROR(BASKETSTATUS({EVERYTHING}),{first})"
    sheet.front("Sector scanner", "", status, f"BASKETWHY({EVERYTHING})", LAST_COLUMN, look, attention)
    _order(sheet, look)
    sheet.widen(0, 0, 1.5)
    sheet.heads(FIRST_SCANNER - 2, HEADINGS, look, indented=(4, 15))
    for place in range(ROOM):
        _row(sheet, look, place)
    _marks(sheet, look)
    raw.set_row(LAST + 1, 20)
    sheet.text(LAST + 1, 1, HOW_TO_READ, look(size=9, italic=True, colour=style.MUTED))
    _charts(sheet, book, LAST + 3)
    raw.freeze_panes(FIRST_SCANNER, 0)
    raw.set_zoom(90)  # the drivers are in sight in a window 1600 pixels wide
    sheet.page(LAST + 24, LAST_COLUMN)
    raw.activate()


def _first_that_fails() -> str:
    """The formula's part that says of the first sector without a figure why, and how many more there are."""
    fails = line("fails")
    first = f"MATCH(1,{fails},0)"
    reason = f"INDEX({line('drivers')},{first})"
    more = f'IF(SUM({fails})>1," ("&(SUM({fails})-1)&" more without a figure)","")'
    return f'IFERROR(IF(LEN({reason})=0,"",INDEX({line("sector")},{first})&": "&{reason}&{more}),"")'


def _order(sheet: Sheet, look: Look) -> None:
    dark = {"bg_color": style.BAND, "colour": style.BAND_TEXT}
    sheet.text(0, LAST_COLUMN - 1, "Order by  ", look(align="right", **dark))
    pale = look(bg_color=style.EDITABLE, bold=True, border=1, border_color=style.BAND, indent=1)
    sheet.text(0, LAST_COLUMN, AS_TYPED, pale)
    allowed = {
        "validate": "list",
        "source": list(ORDERS),
        "error_title": "Order",
        "error_message": "One of the orders in the list.",
    }
    sheet.raw.data_validation(0, LAST_COLUMN, 0, LAST_COLUMN, allowed)


def _row(sheet: Sheet, look: Look, place: int) -> None:
    cell, row = look.cell, FIRST_SCANNER + place
    sheet.raw.set_row(row, 24)
    millions = cell(num_format=style.MILLIONS, align="right")
    share = cell(num_format=style.SHARE, align="center")
    missing = at_place(place, "missing")
    listed = f'LEN({missing})-LEN(SUBSTITUTE({missing},",",""))+1'
    for what, form in (
        ("sector", cell(bold=True, shrink=True)),
        ("gex", cell(num_format=style.MILLIONS, align="right", bold=True)),
        ("regime", cell(**REGIME)),
        ("net_to_gross", cell(num_format=style.SIGNED_SHARE, align="right", indent=1)),
        ("coverage", share),
        ("usable", share),
        ("age", cell(num_format=style.MINUTES, align="center", colour=style.MUTED)),
        ("negative", cell(align="center")),
        ("dex", cell(num_format=style.BILLIONS, align="right")),
        ("vex", millions),
        ("chex", millions),
        ("drivers", cell(size=8, indent=1, text_wrap=True)),
    ):
        sheet.formula(row, FRONT.at(what), f"={at_place(place, what)}", form)
    moment = at_place(place, "since")
    nothing = f'IF({line("place", FIRST_DETAIL + place)}=0,"","–")'
    since = cell(size=8, num_format=style.MOMENT, align="center")
    sheet.formula(row, FRONT.at("since"), f"=IF(ISNUMBER({moment}),{moment},{nothing})", since)
    rank = at_place(place, "percentile")
    unusual = f'ROUND(100*{rank},0)&" %"&CHAR(10)&{at_place(place, "bars")}'
    lines = cell(size=8, align="center", text_wrap=True)
    sheet.formula(row, FRONT.at("today"), f"=IF(ISNUMBER({rank}),{unusual},{nothing})", lines)
    short = f'=IF(LEN({missing})>{FITS},{listed}&" names: see Detail",{missing})'
    sheet.formula(row, FRONT.at("missing"), short, cell(size=8, align="left", text_wrap=True, bold=True))


def _marks(sheet: Sheet, look: Look) -> None:
    raw, first, at, its = sheet.raw, FIRST_SCANNER, FRONT.at, FRONT.row(FIRST_SCANNER)
    marks.errors(raw, look, (first, at("gex"), LAST, LAST_COLUMN))
    for name in ("gex", "regime"):
        marks.regimes(raw, look, (first, at(name), LAST, at(name)), its.gex, its.age)
    marks.bars(raw, (first, at("net_to_gross"), LAST, at("net_to_gross")))
    marks.low(raw, look, (first, at("coverage"), LAST, at("usable")))
    marks.old(raw, look, (first, 1, LAST, LAST_COLUMN), its.age)


def _charts(sheet: Sheet, book: Workbook, top: int) -> None:
    """Shares, which compare between sectors; dollars of unlike names do not."""
    scale = {"num_format": "0%;0%;0%", "min": -1, "max": 1}

    def area(what: str) -> str:
        return LINES.column(what, CHARTED)

    for first, last, title, (positive, negative), number in (
        (1, 7, "Net ÷ gross", ("one_sided", "other_sided"), "0%;−0%;0%"),
        (
            8,
            15,
            "Weight in negative (left) and positive gamma",
            ("in_positive", "in_negative"),
            "0%;0%;0%",
        ),
    ):
        series = (
            Series("Positive", area(positive), style.POSITIVE),
            Series("Negative", area(negative), style.NEGATIVE),
        )
        said = f"{title}: the first {CHARTED} in this order"
        chart = bar_chart(book, said, area("label"), series, scale | {"num_format": number})
        chart.set_size({"width": sheet.across(first, last), "height": 400})
        sheet.raw.insert_chart(top, first, chart, {"object_position": 2})
