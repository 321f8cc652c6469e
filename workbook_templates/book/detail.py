"""The sheet Detail: each position's own figures, names whose rows are netted, and the legs made of them."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS as TABLE_HEADINGS
from workbook_templates.block import TABLE, TABLE_WIDTH, looks_of_table
from workbook_templates.book.layout import (
    DETAIL,
    FIRST_DETAIL,
    FLOWS,
    GROSS,
    LEGS,
    LONG,
    POSITIONS,
    SEATS,
    SHORT,
    TICKS,
    Leg,
)
from workbook_templates.book.words import to_close
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

BESIDE: tuple[Heading, ...] = tuple(
    (DETAIL.at("name") + place, *heading)
    for place, heading in enumerate(
        (
            (10, "NAME", "", "left"),
            (7, "FIRST", "of the name", "center"),
            (14, "MONEY", "$", "right"),
            (14, "NET", "of the name, $", "right"),
            (15, "|NET| × GEX", "$ m × $ m", "right"),
            (10, "LONG", "names", "left"),
            (14, "", "$", "right"),
            (10, "SHORT", "names", "left"),
            (14, "", "$", "right"),
            (10, "GROSS", "names", "left"),
            (14, "", "$", "right"),
            (15, "ADV", "of the name, $", "right"),
            (11, "OF NET DEX", "$ bn", "right"),
            (11, "OF NET VEX", "$ m per vol pt", "right"),
            (11, "OF NET CHEX", "$ m per day", "right"),
            (7, "RANK", "", "center"),
            (7, "CELLS", "filled", "center"),
            (2, "", "", "left"),
            (12, "LEG", "", "left"),
            (100, "STATUS", "", "left"),
            (14, "WITH FIGURES", "$", "right"),
            (12, "TO CLOSE", "dealers buy, $ m", "right"),
            (2, "", "", "left"),
            (8, "FLOW", "of the book", "left"),
            *((10, title, "$ m", "right") for title in ("NET", "LONG", "SHORT", "GROSS", "DEALERS")),
            (10, "OF ADV", "net, a day's volume", "right"),
            *(
                (width, title, unit, align)
                for title in ("LONG UNTIL", "SHORT UNTIL")
                for width, title, unit, align in (
                    (2, "", "", "left"),
                    (17, title, "New York", "left"),
                    (8, "HOURS", "from now", "right"),
                    (12, "BUY", "dealers, $ m", "right"),
                )
            ),
        )
    )
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
    sheet.heads(
        FIRST_DETAIL - 2,
        heads,
        look,
        indented=[9, *(DETAIL.at(name) for name in ("name", *(leg.names for leg in LEGS)))],
    )
    for seat in range(SEATS):
        _seat(sheet, look, seat)
    for leg in LEGS:
        _leg(sheet, look, leg)
    _flows(sheet, look)
    last, statuses = FIRST_DETAIL + SEATS - 1, DETAIL.at("status")
    marks.errors(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH))
    marks.errors(raw, look, (FIRST_DETAIL, statuses, FIRST_DETAIL + GROSS.index, statuses))
    raw.freeze_panes(FIRST_DETAIL, 1)
    sheet.page(last, DETAIL.at("typed"), pages=0)


def _leg(sheet: Sheet, look: Look, leg: Leg) -> None:
    """A leg's status, its money with figures, and what dealers buy of it until the close."""
    row, money, gex = FIRST_DETAIL + leg.index, DETAIL.column(leg.weights), DETAIL.column("gex")
    right = {"align": "right", "size": 9}
    sheet.text(row, DETAIL.at("leg"), leg.name, look(bold=True))
    sheet.formula(
        row, DETAIL.at("status"), f'=IF(SUM({money})>0,BASKETSTATUS({leg.arguments}),"")', look(size=9)
    )
    covered = f'=SUMIF({gex},">=0",{money})+SUMIF({gex},"<0",{money})'
    sheet.formula(row, DETAIL.at("covered"), covered, look(num_format=style.DOLLARS, **right))
    if leg is GROSS:
        found = to_close()
    else:
        hours, buys = (DETAIL.column(f"{leg.names}_{name}", TICKS) for name in ("hours", "buy"))
        found = f"IF({leg.covered}=0,0,{_at_close(hours, buys)})"
        looks = (look(size=9), look(num_format="0.00", **right), look(num_format=style.MILLIONS, **right))
        asked = f'=IF({leg.covered}=0,"",CHARMCLOCK({leg.arguments}))'
        sheet.spill(FIRST_DETAIL, DETAIL.at(f"{leg.names}_until"), asked, [looks] * TICKS)
    sheet.formula(row, DETAIL.at("close"), f"={found}", look(num_format=style.MILLIONS, **right))


def _flows(sheet: Sheet, look: Look) -> None:
    """BASKETFLOW's table, and the moment of the close."""
    names, column = DETAIL.column(GROSS.names), DETAIL.column
    right = {"align": "right", "size": 9}
    looks = [*[look(num_format=style.MILLIONS, **right)] * 5, look(num_format=style.SIGNED_SHARE_2, **right)]
    for place, measure in enumerate(FLOWS):
        sheet.text(FIRST_DETAIL + place, DETAIL.at("flow"), measure.upper(), look(bold=True))
    asked = f'BASKETFLOW({names},{column("net")},"ALL",{column("adv")})'
    sheet.spill(
        FIRST_DETAIL, DETAIL.at("flow_net"), f'=IF({GROSS.covered}=0,"",{asked})', [looks] * len(FLOWS)
    )
    until = '""'
    for leg in (SHORT, LONG):
        hours, texts = (column(f"{leg.names}_{name}", TICKS) for name in ("hours", "until"))
        until = f'IF(COUNT({hours})>1,INDEX({texts},COUNT({hours})-1)&"",{until})'
    row = FIRST_DETAIL + len(LEGS)
    sheet.text(row, DETAIL.at("leg"), "Close", look(bold=True))
    sheet.formula(row, DETAIL.at("status"), f"={until}", look(size=9))


def _at_close(hours: str, column: str) -> str:
    """The formula's part that reads the row of the close out of CHARMCLOCK, which is the one before the last."""
    return f'IF(COUNT({hours})>1,INDEX({column},COUNT({hours})-1),"")'


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
    typed = f"COUNTA({POSITIONS.cell('symbol', seat)}:{POSITIONS.cell('adv', seat).partition('!')[2]})"
    adv = POSITIONS.cell("adv", seat)
    volume = f"IF(ISNUMBER({adv}),IF({adv}>0,{adv}*1000000,0),0)"
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
    counts = f"LEN({its.gross})>0"
    sheet.formula(row, DETAIL.at("adv"), f"=IF({counts},{volume},0)", look(num_format="#,##0;;", **number))
    for measure, form in zip(FLOWS, (style.BILLIONS, style.MILLIONS, style.MILLIONS), strict=True):
        own = getattr(its, measure)
        part = f'=IF({counts},IF(ISNUMBER({own}),{its.net}*{own}/{GROSS.covered},""),"")'
        sheet.formula(row, DETAIL.at(f"part_{measure}"), part, look(num_format=form, **number))
    for leg in LEGS:
        held = leg.member.format(net=its.net)
        known = f"IF(ISNUMBER({its.net}),{held},FALSE)"
        sheet.formula(row, DETAIL.at(leg.names), f'=IF({known},{its.name},"")', look(indent=1, **quiet))
        form = look(num_format="#,##0;;", **number)
        sheet.formula(row, DETAIL.at(leg.weights), f"=IF({known},ABS({its.net}),0)", form)
