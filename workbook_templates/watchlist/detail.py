"""The sheet Detail: the basket's table, the order of the names by their share, and what is asked once."""

from __future__ import annotations

from workbook_templates import days, marks
from workbook_templates import look as style
from workbook_templates.block import HEADINGS, LAST, TABLE, TABLE_WIDTH, write_block
from workbook_templates.levels import write_table
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.watchlist.layout import (
    BASKET,
    BESIDE,
    BLOCK,
    DAYS,
    DRAWN,
    FIRST_DETAIL,
    LEVELS,
    NAMES,
    PAST,
    SEATS,
    SHOWN,
    TRIGGER,
    after_refresh,
)

HEADS_BESIDE: tuple[Heading, ...] = (
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
    *(
        (PAST.start + place, *heading)
        for place, heading in enumerate(
            (
                (2, "", "", "left"),
                (11, "PERCENTILE", "net GEX", "right"),
                (9, "Z", "net GEX", "right"),
                (11, "PERCENTILE", "balance", "right"),
                (9, "Z", "balance", "right"),
                (9, "DAYS", "before", "right"),
                (2, "", "", "left"),
            )
        )
    ),
    *days.headings(PAST.at("at")),
)
LAST_COLUMN = HEADS_BESIDE[-1][0]


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes the table with the names' shares and their order, and a line of what is asked once."""
    raw = sheet.raw
    sheet.band("Detail", "What Watchlist and its chart read.", LAST_COLUMN, look, first=2)
    raw.set_row(2, 8)
    sheet.heads(FIRST_DETAIL - 2, (*HEADINGS, *HEADS_BESIDE), look, indented=(9,))
    asked = after_refresh(f"BASKET({BASKET})").removeprefix("=")
    write_block(sheet, look, BLOCK, asked, '"Watchlist"')
    quiet = {"size": 9, "colour": style.MUTED}
    share = look(num_format=style.SHARE, align="right", **quiet)
    for place in range(SHOWN):
        row, found = FIRST_DETAIL + place, place + 1
        sheet.formula(
            row, BESIDE.at("chart"), f'=IFERROR({BLOCK.ranked(found, "symbol")}&"","")', look(**quiet)
        )
        for column, bound in (("plus", "MAX"), ("minus", "MIN")):
            sheet.formula(
                row, BESIDE.at(column), f"=IFERROR({bound}({BLOCK.ranked(found, 'signed')},0),0)", share
            )
    text, moment = look(**quiet), look(num_format=style.MOMENT, align="left", **quiet)
    sheet.spill(
        FIRST_DETAIL, BESIDE.at("regime"), after_refresh(f"BASKETSINCE({BASKET})"), [(text, moment, text)]
    )
    refresh = f'=IF(ISERROR(BASKETREFRESH({NAMES},{TRIGGER})),"ready","ready")'
    sheet.formula(FIRST_DETAIL, BESIDE.at("refresh"), refresh, text)
    sheet.formula(FIRST_DETAIL, BESIDE.at("status"), after_refresh(f"BASKETSTATUS({BASKET})"), text)
    write_table(sheet, look, LEVELS, after_refresh(f'IF({LEVELS.blank},"",GEXLEVELS({LEVELS.symbol}))'))
    _past(sheet, look)
    last = FIRST_DETAIL + SEATS - 1
    marks.padding(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH))
    once = (FIRST_DETAIL, BESIDE.at("regime"), FIRST_DETAIL, BESIDE.at("status"))
    marks.errors(raw, look, once)
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(last, LAST, pages=0)


def _past(sheet: Sheet, look: Look) -> None:
    """Where the basket stands among its days, and the days."""
    small = {"size": 9, "colour": style.MUTED}
    right = {"align": "right", **small}
    share, score = look(num_format="0.0%", **right), look(num_format=style.SIGNED, **right)
    asked = after_refresh(f"BASKETPERCENTILE({BASKET},{DAYS})")
    ranks = (share, score, share, score, look(num_format="0", **right))
    sheet.spill(FIRST_DETAIL, PAST.at("percentile"), asked, [ranks])
    days.write_days(sheet, look, PAST, after_refresh(f"BASKETHISTORY({BASKET},{DRAWN},TRUE)"))
    marks.errors(sheet.raw, look, (FIRST_DETAIL, PAST.at("percentile"), FIRST_DETAIL, PAST.at("days")))
