"""The sheet Detail: each position's own figures, names whose rows are netted, and the legs made of them."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS as TABLE_HEADINGS
from workbook_templates.block import TABLE, TABLE_WIDTH, looks_of_table
from workbook_templates.book.layout import DETAIL, FIRST_DETAIL, FLOW_ROW, GROSS, LEGS, POSITIONS, SEATS
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
        sheet.text(row, DETAIL.at("leg"), leg.name, look(bold=True))
        asked = f'=IF(SUM({DETAIL.column(leg.weights)})>0,{status},"")'
        sheet.formula(row, DETAIL.at("status"), asked, look(size=9))
    label = look(bold=True)
    sheet.text(FLOW_ROW, DETAIL.at("leg"), "CHEX flow", label)
    flow = f'=BASKETFLOW({DETAIL.column(GROSS.names)},{DETAIL.column("net")},"CHEX")'
    sheet.spill(
        FLOW_ROW, DETAIL.at("status"), flow, [[look(num_format=style.SIGNED, align="left", size=9)] * 6]
    )
    last, statuses = FIRST_DETAIL + SEATS - 1, DETAIL.at("status")
    marks.errors(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH))
    marks.errors(raw, look, (FIRST_DETAIL, statuses, FIRST_DETAIL + GROSS.index, statuses))
    raw.freeze_panes(FIRST_DETAIL, 1)
    sheet.page(last, DETAIL.at("typed"), pages=0)


def _seat(sheet: Sheet, look: Look, seat: int) -> None:
    row, symbol, money = FIRST_DETAIL + seat, POSITIONS.cell("symbol", seat), POSITIONS.cell("money", seat)
    its, last = DETAIL.row(row), FIRST_DETAIL + SEATS - 1
    quiet, dollars = {"colour": style.MUTED}, '#,##0;"−"#,##0;'
    blank = f"LEN(TRIM({symbol}))=0"
    sheet.formula(row, DETAIL.at("position"), f'=IF({blank},"",{symbol})', look(colour=style.FAINT))
    sheet.spill(row, TABLE, f'=IF({blank},"",BASKET({symbol}))', [looks_of_table(look)])
    first_name = DETAIL.fixed("name", FIRST_DETAIL)
    names = f"{first_name}:{DETAIL.fixed('name', last)}"
    # As BASKET writes it, so that nvda, $NVDA and NVDA are one name; made a text anew, as one out of a table equals none.
    name = f'IF(ISERROR({its.symbol}),UPPER(TRIM({symbol})),{its.symbol}&"")'
    above = f"{first_name}:{its.name}"
    all_money = f"{DETAIL.fixed('money', FIRST_DETAIL)}:{DETAIL.fixed('money', last)}"
    together = f"SUMPRODUCT(--({names}={its.name}),{all_money})"
    weighted = f'IF(ISNUMBER({its.gex}),ABS({its.net})/1000000*{its.gex}/1000000,"")'
    share, shares = POSITIONS.cell("of_exposure", seat), POSITIONS.column("of_exposure")
    upto = f"{POSITIONS.cell('of_exposure')}:{share.partition('!')[2]}"
    typed = f"COUNTA({POSITIONS.cell('symbol', seat)}:{POSITIONS.cell('unit', seat).partition('!')[2]})"
    number = {"align": "right", **quiet}
    for column, formula, form in (
        ("name", f'IF(ISNUMBER({money}),{name},"")', look(indent=1, **quiet)),
        ("first", f'IF(LEN({its.name})=0,"",IF(SUMPRODUCT(--({above}={its.name}))=1,1,0))', look(align="center", **quiet)),
        ("money", f"IF(ISNUMBER({money}),{money},0)", look(num_format=dollars, **number)),
        ("net", f"IF({its.first}=1,{together},0)", look(num_format=dollars, **number)),
        ("weighted", f'IF({its.first}=1,{weighted},"")', look(num_format=style.SIGNED, **number)),
        ("rank", f'IF(ISNUMBER({share}),RANK({share},{shares})+COUNTIF({upto},{share})-1,"")', look(align="center", **quiet)),
        ("typed", typed, look(align="center", **quiet)),
    ):  # fmt: skip
        sheet.formula(row, DETAIL.at(column), f"={formula}", form)
    for leg in LEGS:
        held = leg.member.format(net=its.net)
        known = f"IF(ISNUMBER({its.net}),{held},FALSE)"
        sheet.formula(row, DETAIL.at(leg.names), f'=IF({known},{its.name},"")', look(indent=1, **quiet))
        form = look(num_format="#,##0;;", **number)
        sheet.formula(row, DETAIL.at(leg.weights), f"=IF({known},ABS({its.net}),0)", form)
