"""The sheet Detail: each basket's status and reason as the functions give them, and the quota."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.status.layout import DETAIL, FIRST_DETAIL, FRONT, SEATS

HEADINGS: tuple[Heading, ...] = (
    (1, 19, "BASKET", "", "left"),
    (2, 110, "STATUS", "BASKETSTATUS", "left"),
    (3, 60, "WHY", "BASKETWHY", "left"),
    (4, 30, "MISSING", "BASKETMISSING", "left"),
    (5, 10, "FIGURES", "1: it has", "center"),
    (6, 2, "", "", "left"),
    (7, 30, "STATUS", "of the first", "left"),
    (8, 2, "", "", "left"),
    (9, 14, "PLAN", "BASKETQUOTA", "left"),
    (10, 12, "DEBITS", "a day", "right"),
    (11, 12, "USED", "", "right"),
    (12, 12, "LEFT", "", "right"),
    (13, 20, "RESETS", "", "left"),
    (14, 12, "SAVED", "", "right"),
    (15, 8, "CELLS", "filled", "center"),
)
LAST_COLUMN = HEADINGS[-1][0]


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes one line per basket, and beside them what Status says once."""
    raw = sheet.raw
    sheet.band("Detail", "What Status reads: the functions' own words.", LAST_COLUMN, look, first=2)
    raw.set_row(2, 8)
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_DETAIL - 2, HEADINGS, look)
    text = look(size=9, colour=style.MUTED, align="left")
    for seat in range(SEATS):
        row, symbols, named = FIRST_DETAIL + seat, FRONT.cell("symbols", seat), FRONT.cell("basket", seat)
        status = DETAIL.row(row).status
        for column, value, form in (
            ("basket", f'{named}&""', look(size=9, bold=True)),
            ("status", f"BASKETSTATUS({symbols})", text),
            ("why", f"BASKETWHY({symbols})", text),
            ("missing", f'IFERROR(BASKETMISSING({symbols}),"")', text),
            ("figures", f"IF(ISERROR({status}),0,1)", look(size=9, colour=style.MUTED, align="center")),
        ):
            sheet.formula(row, DETAIL.at(column), f'=IF(LEN(TRIM({symbols}))=0,"",{value})', form)
        typed = f"=COUNTA({named}:{symbols.partition('!')[2]})"
        sheet.formula(row, DETAIL.at("typed"), typed, look(size=9, colour=style.MUTED, align="center"))
    having = f"MATCH(1,{DETAIL.column('figures')},0)"
    first = f'=IFERROR(INDEX({DETAIL.column("status")},{having}),"")'
    sheet.formula(FIRST_DETAIL, DETAIL.at("first_status"), first, text)
    number = look(size=9, colour=style.MUTED, num_format=style.DOLLARS, align="right")
    sheet.spill(
        FIRST_DETAIL, DETAIL.at("plan"), "=BASKETQUOTA()", [(text, number, number, number, text, number)]
    )
    for area in (
        (FIRST_DETAIL, DETAIL.at("status"), FIRST_DETAIL + SEATS - 1, DETAIL.at("why")),
        (FIRST_DETAIL, DETAIL.at("plan"), FIRST_DETAIL, DETAIL.at("saved")),
    ):
        marks.errors(raw, look, area)
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(FIRST_DETAIL + SEATS - 1, LAST_COLUMN, pages=0)
