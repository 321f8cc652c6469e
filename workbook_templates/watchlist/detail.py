"""The sheet Detail: the basket's table, the order of the names by their share, and what is asked once."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS, LAST, TABLE, TABLE_WIDTH, write_block
from workbook_templates.levels import write_table
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.watchlist.layout import (
    BASKET,
    BLOCK,
    FIRST_DETAIL,
    LEVELS,
    NAMES,
    SEATS,
    SHOWN,
    TRIGGER,
    after_refresh,
)

BESIDE: tuple[Heading, ...] = (
    (17, 2, "", "", "left"),
    (18, 12, "CHART", "", "left"),
    (19, 10, "SHARE +", "", "right"),
    (20, 10, "SHARE −", "", "right"),
    (21, 2, "", "", "left"),
    (22, 16, "REGIME", "", "left"),
    (23, 16, "SINCE", "New York", "left"),
    (24, 16, "BEFORE", "", "left"),
    (25, 16, "REFRESH", "", "left"),
    (26, 2, "", "", "left"),
    (27, 110, "STATUS", "", "left"),
    (28, 2, "", "", "left"),
    *LEVELS.headings,
)
LAST_COLUMN = BESIDE[-1][0]


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes the table with the names' shares and their order, and a line of what is asked once."""
    raw = sheet.raw
    sheet.band("Detail", "What Watchlist and its chart read.", LAST_COLUMN, look, first=2)
    raw.set_row(2, 8)
    sheet.heads(FIRST_DETAIL - 2, (*HEADINGS, *BESIDE), look, indented=(9,))
    asked = after_refresh(f"BASKET({BASKET})").removeprefix("=")
    write_block(sheet, look, BLOCK, asked, '"Watchlist"')
    quiet = {"size": 9, "colour": style.MUTED}
    share = look(num_format=style.SHARE, align="right", **quiet)
    for place in range(SHOWN):
        row, found = FIRST_DETAIL + place, str(place + 1)
        sheet.formula(row, 18, f'=IFERROR({BLOCK.ranked(found, "B")}&"","")', look(**quiet))
        for column, bound in ((19, "MAX"), (20, "MIN")):
            sheet.formula(row, column, f"=IFERROR({bound}({BLOCK.ranked(found, 'O')},0),0)", share)
    text, moment = look(**quiet), look(num_format=style.MOMENT, align="left", **quiet)
    sheet.spill(FIRST_DETAIL, 22, after_refresh(f"BASKETSINCE({BASKET})"), [(text, moment, text)])
    refresh = f'=IF(ISERROR(BASKETREFRESH({NAMES},{TRIGGER})),"ready","ready")'
    sheet.formula(FIRST_DETAIL, 25, refresh, text)
    sheet.formula(FIRST_DETAIL, 27, after_refresh(f"BASKETSTATUS({BASKET})"), text)
    write_table(sheet, look, LEVELS, after_refresh(f'IF({LEVELS.blank},"",GEXLEVELS({LEVELS.symbol}))'))
    last, r = FIRST_DETAIL + SEATS - 1, FIRST_DETAIL + 1
    marks.padding(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH), f"B{r}")
    marks.errors(raw, look, (FIRST_DETAIL, 22, FIRST_DETAIL, 27), f"W{r}")
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(last, LAST, pages=0)
