"""The sheet Detail: each position's own figures, names whose rows are netted, and the legs made of them."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS as TABLE_HEADINGS
from workbook_templates.block import TABLE, TABLE_WIDTH, looks_of_table
from workbook_templates.book.layout import (
    FIRST,
    FIRST_DETAIL,
    FIRST_POSITION,
    GROSS,
    KEY,
    LEGS,
    MONEY,
    NET,
    SEATS,
    detail,
    position,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

BESIDE: tuple[Heading, ...] = (
    (11, 10, "NAME", "", "left"),
    (12, 7, "FIRST", "of the name", "center"),
    (13, 14, "MONEY", "$", "right"),
    (14, 14, "NET", "of the name, $", "right"),
    (15, 15, "|NET| × GEX", "$ m × $ m", "right"),
    (16, 10, "LONG", "names", "left"),
    (17, 14, "", "$", "right"),
    (18, 10, "SHORT", "names", "left"),
    (19, 14, "", "$", "right"),
    (20, 10, "GROSS", "names", "left"),
    (21, 14, "", "$", "right"),
    (22, 7, "RANK", "", "center"),
    (23, 7, "CELLS", "filled", "center"),
    (24, 2, "", "", "left"),
    (25, 12, "LEG", "", "left"),
    (26, 100, "STATUS", "", "left"),
)
LAST_COLUMN = BESIDE[-1][0]


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes a basket of one name per position, for its price and figures, and what Book asks for."""
    raw = sheet.raw
    sheet.band(
        "Detail", "Each position's own figures, and the legs that Book asks for.", LAST_COLUMN, look, first=1
    )
    raw.set_row(2, 8)
    heads = ((0, 12, "POSITION", "", "left"), *TABLE_HEADINGS[TABLE : TABLE + TABLE_WIDTH], *BESIDE)
    sheet.heads(FIRST_DETAIL - 2, heads, look, indented=(9, 11, 16, 18, 20))
    for seat in range(SEATS):
        _seat(sheet, look, seat)
    for leg in LEGS:
        row, status = FIRST_DETAIL + leg.index, f"BASKETSTATUS({leg.arguments})"
        sheet.text(row, 25, leg.name, look(bold=True))
        sheet.formula(row, 26, f'=IF(SUM({detail(leg.weights)})>0,{status},"")', look(size=9))
    last, r = FIRST_DETAIL + SEATS - 1, FIRST_DETAIL + 1
    marks.errors(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH), f"B{r}")
    marks.errors(raw, look, (FIRST_DETAIL, 26, FIRST_DETAIL + GROSS.index, 26), f"AA{r}")
    raw.freeze_panes(FIRST_DETAIL, 1)
    sheet.page(last, 23, pages=0)


def _seat(sheet: Sheet, look: Look, seat: int) -> None:
    row, symbol, money = FIRST_DETAIL + seat, position("B", seat), position("G", seat)
    r, last = row + 1, FIRST_DETAIL + SEATS
    quiet, dollars = {"colour": style.MUTED}, '#,##0;"−"#,##0;'
    blank = f"LEN(TRIM({symbol}))=0"
    sheet.formula(row, 0, f'=IF({blank},"",{symbol})', look(colour=style.FAINT))
    sheet.spill(row, TABLE, f'=IF({blank},"",BASKET({symbol}))', [looks_of_table(look)])
    keys, net = f"${KEY}${FIRST_DETAIL + 1}:${KEY}${last}", f"${NET}{r}"
    # As BASKET writes it, so that nvda, $NVDA and NVDA are one name; made a text anew, as one out of a table equals none.
    name = f'IF(ISERROR($B{r}),UPPER(TRIM({symbol})),$B{r}&"")'
    above = f"${KEY}${FIRST_DETAIL + 1}:${KEY}{r}"
    together = f"SUMPRODUCT(--({keys}=${KEY}{r}),${MONEY}${FIRST_DETAIL + 1}:${MONEY}${last})"
    weighted = f'IF(ISNUMBER($E{r}),ABS({net})/1000000*$E{r}/1000000,"")'
    share, shares = position("K", seat), position("K")
    upto = f"{position('K', 0)}:{share.partition('!')[2]}"
    typed = f"COUNTA(Positions!$B${FIRST_POSITION + 1 + seat}:$D${FIRST_POSITION + 1 + seat})"
    number = {"align": "right", **quiet}
    for column, formula, form in (
        (11, f'IF(ISNUMBER({money}),{name},"")', look(indent=1, **quiet)),
        (12, f'IF(LEN(${KEY}{r})=0,"",IF(SUMPRODUCT(--({above}=${KEY}{r}))=1,1,0))', look(align="center", **quiet)),
        (13, f"IF(ISNUMBER({money}),{money},0)", look(num_format=dollars, **number)),
        (14, f"IF(${FIRST}{r}=1,{together},0)", look(num_format=dollars, **number)),
        (15, f'IF(${FIRST}{r}=1,{weighted},"")', look(num_format=style.SIGNED, **number)),
        (22, f'IF(ISNUMBER({share}),RANK({share},{shares})+COUNTIF({upto},{share})-1,"")', look(align="center", **quiet)),
        (23, typed, look(align="center", **quiet)),
    ):  # fmt: skip
        sheet.formula(row, column, f"={formula}", form)
    for leg in LEGS:
        column, held = 16 + 2 * leg.index, leg.member.format(net=net)
        known = f"IF(ISNUMBER({net}),{held},FALSE)"
        sheet.formula(row, column, f'=IF({known},${KEY}{r},"")', look(indent=1, **quiet))
        sheet.formula(row, column + 1, f"=IF({known},ABS({net}),0)", look(num_format="#,##0;;", **number))
