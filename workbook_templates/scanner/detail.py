"""The sheet Detail: each sector's table, and beside it what Scanner and its charts read."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS, LAST, TABLE, TABLE_WIDTH, write_block
from workbook_templates.look import Look
from workbook_templates.scanner.layout import ALL, FIRST_DETAIL, SEATS, Sector
from workbook_templates.sheet import Sheet

BESIDE = (
    (17, 2, "", "", "left"),
    (18, 19, "CHART", "", "left"),
    (19, 9, "GEX +", "$ m", "right"),
    (20, 9, "GEX −", "$ m", "right"),
    (21, 13, "NET ÷ GROSS +", "", "right"),
    (22, 13, "NET ÷ GROSS −", "", "right"),
    (23, 2, "", "", "left"),
    (24, 16, "REGIME", "", "left"),
    (25, 16, "SINCE", "New York", "left"),
    (26, 16, "BEFORE", "", "left"),
    (27, 10, "USABLE OI", "", "right"),
    (28, 90, "STATUS", "", "left"),
)


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes a block a sector, and a line a sector beside them."""
    sheet.band("Detail", "Each sector's table, and what Scanner and its charts read from it.", 28, look)
    sheet.raw.set_row(2, 8)
    sheet.heads(FIRST_DETAIL - 2, (*HEADINGS, *BESIDE), look, indented=(9,))
    for sector in ALL:
        write_block(sheet, look, sector.block, sector.arguments, f"Members!$B${sector.members + 1}")
        _line(sheet, look, sector)
    last = FIRST_DETAIL + SEATS * len(ALL) - 1
    marks.padding(sheet.raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH), f"B{FIRST_DETAIL + 1}")
    beside = (FIRST_DETAIL, 24, ALL[-1].line, 28)
    marks.errors(sheet.raw, look, beside, f"Y{FIRST_DETAIL + 1}")
    sheet.raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(last, LAST, (0, FIRST_DETAIL - 1))


def _line(sheet: Sheet, look: Look, sector: Sector) -> None:
    row, source = sector.line, sector.scanner + 1
    small = {"size": 9, "colour": style.MUTED}
    sheet.formula(row, 18, f"=Members!$B${sector.members + 1}", look(**small))
    for column, scanner, bound, unit, number in (
        (19, "D", "MAX", "/1000000", "0.0"),
        (20, "D", "MIN", "/1000000", "0.0"),
        (21, "K", "MAX", "", style.SHARE),
        (22, "K", "MIN", "", style.SHARE),
    ):
        cell = f"Scanner!${scanner}${source}"
        right = look(num_format=number, align="right", **small)
        sheet.formula(row, column, f"=IF(ISNUMBER({cell}),{bound}({cell},0){unit},0)", right)
    text, moment = look(**small), look(num_format=style.MOMENT, align="left", **small)
    sheet.spill(row, 24, f"=BASKETSINCE({sector.arguments})", [(text, moment, text)])
    share = look(num_format=style.SHARE, align="right", **small)
    sheet.formula(row, 27, marks.usable(f"$AC{row + 1}"), share)
    sheet.formula(row, 28, f"=BASKETSTATUS({sector.arguments})", look(**small))
