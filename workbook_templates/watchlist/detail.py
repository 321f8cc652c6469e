"""The sheet Detail: the order of the names by their share, and what Watchlist reads besides."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet
from workbook_templates.watchlist.layout import (
    BASKET,
    FIRST,
    FIRST_DETAIL,
    NAMES,
    SEATS,
    SHOWN,
    TRIGGER,
    after_refresh,
    detail,
)

HEADINGS: tuple[Heading, ...] = (
    (1, 12, "SYMBOL", "", "left"),
    (2, 10, "SHARE", "of gross", "right"),
    (3, 10, "SIGNED", "", "right"),
    (4, 8, "RANK", "", "center"),
    (5, 2, "", "", "left"),
    (6, 12, "CHART", "", "left"),
    (7, 10, "SHARE +", "", "right"),
    (8, 10, "SHARE −", "", "right"),
    (9, 2, "", "", "left"),
    (10, 16, "REGIME", "", "left"),
    (11, 16, "SINCE", "New York", "left"),
    (12, 16, "BEFORE", "", "left"),
    (13, 16, "REFRESH", "", "left"),
    (14, 2, "", "", "left"),
    (15, 110, "STATUS", "", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes the names' shares and their order, and a line of what is asked once."""
    raw = sheet.raw
    sheet.band("Detail", "What Watchlist and its chart read.", LAST_COLUMN, look, first=2)
    raw.set_row(2, 8)
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_DETAIL - 2, HEADINGS, look)
    quiet = {"size": 9, "colour": style.MUTED}
    share = {"num_format": style.SHARE, "align": "right", **quiet}
    for seat in range(SEATS):
        row, r, front = FIRST_DETAIL + seat, FIRST_DETAIL + seat + 1, FIRST + seat + 1
        upto = f"$C${FIRST_DETAIL + 1}:$C{r}"
        for column, value, form in (
            (1, f'Watchlist!$E{front}&""', look(**quiet)),
            (2, f"ABS(Watchlist!$L{front})", look(**share)),
            (3, f"Watchlist!$L{front}", look(**share | {"num_format": style.SIGNED_SHARE})),
            (4, f"RANK($C{r},{detail('C')})+COUNTIF({upto},$C{r})-1", look(align="center", **quiet)),
        ):
            sheet.formula(row, column, f'=IF(ISNUMBER(Watchlist!$L{front}),{value},"")', form)
    for place in range(SHOWN):
        row, found = FIRST_DETAIL + place, f"MATCH({place + 1},{detail('E')},0)"
        sheet.formula(row, 6, f'=IFERROR(INDEX({detail("B")},{found}),"")', look(**quiet))
        for column, bound in ((7, "MAX"), (8, "MIN")):
            signed = f"=IFERROR({bound}(INDEX({detail('D')},{found}),0),0)"
            sheet.formula(row, column, signed, look(**share))
    text, moment = look(**quiet), look(num_format=style.MOMENT, align="left", **quiet)
    sheet.spill(FIRST_DETAIL, 10, after_refresh(f"BASKETSINCE({BASKET})"), [(text, moment, text)])
    refresh = f'=IF(ISERROR(BASKETREFRESH({NAMES},{TRIGGER})),"ready","ready")'
    sheet.formula(FIRST_DETAIL, 13, refresh, text)
    sheet.formula(FIRST_DETAIL, 15, after_refresh(f"BASKETSTATUS({BASKET})"), text)
    marks.errors(raw, look, (FIRST_DETAIL, 10, FIRST_DETAIL, 15), f"K{FIRST_DETAIL + 1}")
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(FIRST_DETAIL + SEATS - 1, LAST_COLUMN, pages=0)
