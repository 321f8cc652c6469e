"""The sheet Detail: the two curves, their marks, the strikes of the one name, and what is asked once."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.levels import write_table
from workbook_templates.look import Look
from workbook_templates.profile.layout import (
    BASKET,
    BY_ITSELF,
    CHOSEN,
    COLUMNS,
    DRAWN,
    FIRST_DETAIL,
    FIRST_STATUS,
    FIRST_STRIKE,
    HIGH,
    IN_ORDER,
    LEAST,
    LEVELS,
    LOW,
    NAMED,
    NAMES,
    NO_STRIKES,
    POINTS,
    PRICE,
    STRIKES,
    TOGETHER,
    Curve,
    after_basket,
)
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 9, "MOVE", "", "right"),
    (2, 11, "BASKET", "move", "right"),
    (3, 12, "NET GEX", "$ m per 1 %", "right"),
    (4, 11, "ABOVE 0", "$ m", "right"),
    (5, 11, "BELOW 0", "$ m", "right"),
    (6, 2, "", "", "left"),
    (7, 11, "ONE NAME", "price", "right"),
    (8, 12, "NET GEX", "$ m per 1 %", "right"),
    (9, 11, "ABOVE 0", "$ m", "right"),
    (10, 11, "BELOW 0", "$ m", "right"),
    (11, 2, "", "", "left"),
    (12, 22, "MARK", "", "left"),
    (13, 9, "MOVE", "", "right"),
    (14, 11, "HEIGHT", "$ m", "right"),
    (15, 11, "SHOWN", "$ m", "right"),
    (16, 2, "", "", "left"),
    (17, 2, "", "", "left"),
    (18, 11, "STRIKE", "one name", "right"),
    (19, 11, "CALLS", "$ m per 1 %", "right"),
    (20, 11, "PUTS", "$ m per 1 %", "right"),
    (21, 11, "NET GEX", "$ m per 1 %", "right"),
    (22, 11, "CALLS", "open interest", "right"),
    (23, 11, "PUTS", "open interest", "right"),
    (24, 2, "", "", "left"),
    (25, 8, "PLACE", "", "center"),
    (26, 11, "STRIKE", "drawn", "right"),
    (27, 11, "CHART", "", "right"),
    (28, 11, "CALLS", "$ m", "right"),
    (29, 11, "PUTS", "$ m", "right"),
    (30, 11, "NET GEX", "$ m", "right"),
    (31, 8, "RANK", "", "center"),
    (32, 2, "", "", "left"),
    (33, 22, "ASKED ONCE", "", "left"),
    (34, 40, "", "", "left"),
    (35, 34, "", "", "left"),
    (36, 40, "", "", "left"),
    (37, 10, "", "", "left"),
    (38, 2, "", "", "left"),
    *LEVELS.headings,
)
LAST_COLUMN = HEADINGS[-1][0]
LAST = FIRST_DETAIL + POINTS - 1
_WHOLE = COLUMNS.column("strike", STRIKES)
_NET = COLUMNS.column("net", STRIKES)


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes what Profile and its charts read."""
    raw = sheet.raw
    sheet.band("Detail", "What Profile and its charts read.", LAST_COLUMN, look, first=2)
    raw.set_row(2, 8)
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_DETAIL - 2, HEADINGS, look)
    for place in range(POINTS):
        move = f"=IF({IN_ORDER}=1,{LOW}+({HIGH}-{LOW})*{place}/{POINTS - 1},0)"
        form = look(num_format=style.SIGNED_SHARE_1, align="right", colour=style.MUTED)
        sheet.formula(FIRST_DETAIL + place, COLUMNS.at("move"), move, form)
    reach = f'"GEX",1+{LOW},1+{HIGH},{POINTS}'
    for curve, asked in (
        (TOGETHER, f"=IF(OR({TOGETHER.absent},{IN_ORDER}=0),NA(),BASKETPROFILE({BASKET},{reach}))"),
        # After the strikes: BASKETWHY tells the latest reason, and each is to stand above its own chart.
        (
            BY_ITSELF,
            f"=IF(AND(ISTEXT({NO_STRIKES}),NOT({BY_ITSELF.absent}),{IN_ORDER}=1),GEXPROFILE({CHOSEN},{reach}),NA())",
        ),
    ):
        _curve(sheet, look, curve, asked)
        _mark(sheet, look, curve)
    _strikes(sheet, look)
    _drawn(sheet, look)
    _once(sheet, look)
    marks.padding(raw, look, (FIRST_DETAIL, 1, FIRST_DETAIL + STRIKES - 1, LAST_COLUMN))
    raw.freeze_panes(FIRST_DETAIL, 2)
    sheet.page(LAST, LAST_COLUMN, pages=0)


def _curve(sheet: Sheet, look: Look, curve: Curve, asked: str) -> None:
    across = look(num_format=style.PRICE, align="right")
    net = look(num_format=style.MILLIONS, align="right")
    part = look(num_format=style.MILLIONS, align="right", colour=style.MUTED)
    sheet.spill(FIRST_DETAIL, COLUMNS.at(curve.name), asked, [(across, net)] * POINTS)
    values = curve.values()
    for part_of, sign in (("above", ">=0"), ("below", "<0")):
        # With a neighbour of the other sign, so that the two lines meet. What is not drawn is #N/A: of a text Excel draws 0.
        beside = [curve.values(shift=shift) for shift in (-1, 0, 1)]
        near = "+".join(f"ISNUMBER({cells})*({cells}{sign})" for cells in beside)
        shown = f"=IF(ISNUMBER({values}),IF({near}>0,{values},NA()),NA())"
        sheet.spill(FIRST_DETAIL, COLUMNS.at(f"{curve.name}_{part_of}"), shown, [(part,)] * POINTS)


def _mark(sheet: Sheet, look: Look, curve: Curve) -> None:
    """The flip as a line from top to bottom and a dot on zero; nowhere where it is not in the range."""
    first, small = curve.marks, {"size": 9, "colour": style.MUTED}
    flip, values = curve.front("flip_move"), curve.values()
    known = ",".join(f"ISNUMBER({cell})" for cell in (flip, LOW, HIGH))
    inside = f"IF(AND({known}),AND({flip}>={LOW},{flip}<={HIGH}),FALSE)"
    at = marks.signed_percent(flip) if curve is TOGETHER else f"ROUND({curve.front('flip')},2)"
    doubt = f'IF({curve.trusted},"",", in doubt")'
    sheet.formula(first, COLUMNS.at("mark"), f'=IF(ISNUMBER({flip}),"flip "&{at}&{doubt},"")', look(**small))
    number = {"align": "right", **small}
    for row, height in enumerate((f"MAX({values},0)", f"MIN({values},0)", "0")):
        at = f"=IF(ISNUMBER({flip}),{flip},0)"
        sheet.formula(
            first + row, COLUMNS.at("mark_move"), at, look(num_format=style.SIGNED_SHARE_1, **number)
        )
        known = f"=IF({curve.known},{height},0)"
        sheet.formula(first + row, COLUMNS.at("height"), known, look(num_format=style.MILLIONS, **number))
    heights = f"{COLUMNS.fixed('height', first)}:{COLUMNS.fixed('height', first + 2)}"
    shown = f"=IF({inside},IF({curve.known},{heights},NA()),NA())"
    sheet.spill(first, COLUMNS.at("shown"), shown, [(look(num_format=style.MILLIONS, **number),)] * 3)


def _strikes(sheet: Sheet, look: Look) -> None:
    def right(number: str) -> object:
        return look(num_format=number, align="right")

    looks = (style.PRICE, *[style.MILLIONS] * 3, *[style.DOLLARS] * 2)
    asked = after_basket(f"IF({BY_ITSELF.absent},NA(),GEXSTRIKES({CHOSEN}))")
    sheet.spill(
        FIRST_DETAIL, COLUMNS.at("strike"), asked, [tuple(right(number) for number in looks)] * STRIKES
    )


def _drawn(sheet: Sheet, look: Look) -> None:
    """The strikes in the range with the largest net GEX either way, the highest first, as they stand in the chart."""
    quiet = {"colour": style.MUTED, "align": "right"}
    price, millions = look(num_format=style.PRICE, **quiet), look(num_format=style.MILLIONS, **quiet)
    first, last = FIRST_DETAIL, FIRST_DETAIL + DRAWN - 1
    chosen = _of_strikes(f"(ABS({_NET})-{LEAST}>=0)", _WHOLE)
    places = f"{COLUMNS.fixed('place', first)}:{COLUMNS.fixed('place', last)}"
    sheet.spill(
        FIRST_DETAIL, COLUMNS.at("drawn"), f"=IFERROR(LARGE({chosen},{places}),NA())", [(price,)] * DRAWN
    )
    for place in range(DRAWN):
        row, its = FIRST_DETAIL + place, COLUMNS.row(FIRST_DETAIL + place)
        sheet.raw.write_number(row, COLUMNS.at("place"), place + 1, look(align="center", colour=style.FAINT))
        sheet.formula(row, COLUMNS.at("chart"), f'=IFERROR({its.drawn},"")', price)
        for name in ("calls", "puts", "net"):
            found = f"INDEX({COLUMNS.column(name, STRIKES)},MATCH({its.drawn},{_WHOLE},0))"
            sheet.formula(row, COLUMNS.at(f"drawn_{name}"), f"=IFERROR({found},0)", millions)
        net, top = f"ABS({its.drawn_net})", COLUMNS.fixed("drawn_net", first)
        larger = f"SUMPRODUCT(--(ABS({top}:{COLUMNS.fixed('drawn_net', last)})>{net}))"
        rank = f"{larger}+SUMPRODUCT(--(ABS({top}:{its.drawn_net})={net}))"
        sheet.formula(
            row,
            COLUMNS.at("rank"),
            f'=IF(ISNUMBER({its.chart}),{rank},"")',
            look(align="center", colour=style.MUTED),
        )


def _of_strikes(condition: str, value: str) -> str:
    """The part of an array formula that has a value of the strikes in the range, a text for others: LARGE passes over it."""
    inside = f"({_WHOLE}>={PRICE}*(1+{LOW}))*({_WHOLE}<={PRICE}*(1+{HIGH}))"
    return f'IF(ISNUMBER({_WHOLE}),IF({inside}*{condition},{value},""),"")'


def _once(sheet: Sheet, look: Look) -> None:
    text, number = (
        look(size=9, colour=style.MUTED, align="left"),
        look(size=9, num_format=style.MILLIONS, align="left"),
    )
    in_order = f"IF(AND(ISNUMBER({LOW}),ISNUMBER({HIGH})),IF(AND({LOW}>-1,{LOW}<{HIGH}),1,0),0)"
    for row, (what, value) in enumerate(
        (
            ("names", f"SUMPRODUCT(--(LEN(TRIM({NAMES}))>0))"),
            ("range in order", in_order),
            ("least net GEX drawn", ""),
            ("flip of the basket", ""),
            ("status of the basket", f'IF({NAMED}=0,"",BASKETSTATUS({BASKET}))'),
            ("status of the one name", f'IF({BY_ITSELF.absent},"",BASKETSTATUS({CHOSEN}))'),
            ("baskets asked for", f"IF(ISERROR({FIRST_STATUS}),1,1)"),
            (
                "why there are no strikes",
                f'IF(OR({BY_ITSELF.absent},ISNUMBER({FIRST_STRIKE})),"",{marks.why(CHOSEN, "No strikes yet.", "GEXSTRIKES")})',
            ),
        ),
        start=FIRST_DETAIL,
    ):
        sheet.text(row, COLUMNS.at("asked"), what, text)
        if value:
            sheet.formula(row, COLUMNS.at("answer"), f"={value}", text)
    sizes = _of_strikes("1", f"ABS({_NET})")
    sheet.spill(FIRST_DETAIL + 2, COLUMNS.at("answer"), f"=IFERROR(LARGE({sizes},{DRAWN}),0)", [(number,)])
    flip = f"=IF({NAMED}=0,NA(),BASKETFLIP({BASKET}))"
    move = look(size=9, num_format=style.SIGNED_SHARE_1, align="left", colour=style.MUTED)
    sheet.spill(FIRST_DETAIL + 3, COLUMNS.at("answer"), flip, [(move, text, text, text)])
    write_table(sheet, look, LEVELS, after_basket(f'IF({LEVELS.blank},"",GEXLEVELS({LEVELS.symbol}))'))
