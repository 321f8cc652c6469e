"""The sheet Detail: the betas, both sides' ladders, clocks, roll-offs and strikes, and what is asked once."""

from __future__ import annotations

from xlsxwriter.format import Format

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.hedge.layout import (
    BETAS,
    BOTH,
    BUCKETS,
    COLUMNS,
    DETAIL_HEADINGS,
    FIRST_DETAIL,
    IN_ORDER,
    INDEX_NAME,
    LIST,
    MOVE,
    NAMES,
    NEAREST,
    OF_BASKET,
    OF_INDEX,
    RUNGS,
    SEATS,
    TENORS,
    TICKS,
    TO_CLOSE,
    WEIGHTS,
    Side,
    after_baskets,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Sheet

LAST_COLUMN = DETAIL_HEADINGS[-1][0]
LADDER_FORMATS = (style.SIGNED_SHARE_1, style.SIGNED_SHARE_1, "0.00", style.MILLIONS)
MEASURES = (style.MILLIONS, style.BILLIONS, style.MILLIONS, style.MILLIONS)
"""Formats of GEX, DEX, VEX and CHEX."""


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes what Hedge and its charts read."""
    raw = sheet.raw
    sheet.band("Detail", "What Hedge and its charts read.", LAST_COLUMN, look, first=3)
    raw.set_row(2, 16)
    raw.set_column(0, 0, 1.5)
    sheet.heads(FIRST_DETAIL - 2, DETAIL_HEADINGS, look)
    _betas(sheet, look)
    for side, title in zip(BOTH, ("The basket", "The index"), strict=True):
        sheet.text(2, side.at("move"), title, look(bold=True))
        _ladder(sheet, look, side)
        _clock(sheet, look, side)
        _expiries(sheet, look, side)
        _strikes(sheet, look, side)
    _drawn(sheet, look)
    _once(sheet, look)
    marks.padding(raw, look, (FIRST_DETAIL, 1, FIRST_DETAIL + BUCKETS - 1, LAST_COLUMN))
    raw.freeze_panes(FIRST_DETAIL, 3)
    sheet.page(FIRST_DETAIL + BUCKETS - 1, LAST_COLUMN, pages=0)


def _right(look: Look, number: str, **more: object) -> Format:
    return look(num_format=number, align="right", **more)


def _betas(sheet: Sheet, look: Look) -> None:
    for seat in range(SEATS):
        name, typed = LIST.cell("name", seat), LIST.cell("beta", seat)
        used = f'=IF(LEN(TRIM({name}))=0,"",IF(LEN({typed})=0,1,{typed}))'
        sheet.formula(FIRST_DETAIL + seat, COLUMNS.at("beta"), used, look(align="right"))
    none = f"OR({OF_BASKET.absent},{OF_INDEX.absent})"
    asked = after_baskets(f"IF({none},NA(),BASKETBETA({INDEX_NAME},{NAMES},{WEIGHTS}))")
    quiet = _right(look, style.CORRELATION, colour=style.MUTED)
    sheet.spill(FIRST_DETAIL, COLUMNS.at("implied"), asked, [(quiet,)] * SEATS)


def _asked(side: Side, call: str) -> str:
    return after_baskets(f"IF({side.absent},NA(),{call})")


def _ladder(sheet: Sheet, look: Look, side: Side) -> None:
    betas = f",,,{side.betas}" if side.betas else ""
    looks = [_right(look, number) for number in LADDER_FORMATS]
    asked = _asked(side, f"BASKETLADDER({side.whole}{betas})")
    sheet.spill(FIRST_DETAIL, side.at("move"), asked, [looks] * (TO_CLOSE + 1))
    quiet = _right(look, style.MILLIONS, colour=style.MUTED)
    for place in range(RUNGS):  # the largest move on top, as strikes lie
        row, rung = FIRST_DETAIL + place, RUNGS - 1 - place
        move, buy = side.cell("move", rung), side.cell("buy", rung)
        named = f'=IF(ISNUMBER({move}),IF({move}=0,"no move",{marks.signed_percent(move)}),"")'
        sheet.formula(row, side.at("rung"), named, look(align="right", colour=style.MUTED))
        for column, bound in (("plus", "MAX"), ("minus", "MIN")):
            sheet.formula(row, side.at(column), f"=IF(ISNUMBER({buy}),{bound}({buy},0),0)", quiet)


def _clock(sheet: Sheet, look: Look, side: Side) -> None:
    looks = (look(), _right(look, "0.00"), _right(look, style.MILLIONS))
    sheet.spill(FIRST_DETAIL, side.at("until"), _asked(side, f"CHARMCLOCK({side.whole})"), [looks] * TICKS)
    for place in range(TICKS):  # made a text anew: one out of a table equals none
        until = side.cell("until", place)
        sheet.formula(
            FIRST_DETAIL + place,
            side.at("key"),
            f'=IF(ISTEXT({until}),{until}&"","")',
            look(colour=style.MUTED),
        )


def _expiries(sheet: Sheet, look: Look, side: Side) -> None:
    shares = [_right(look, "0.0%")] * 2
    looks = (look(), *(_right(look, number) for number in MEASURES), *shares)
    asked = _asked(side, f"BASKETEXPIRIES({side.weighted})")
    sheet.spill(FIRST_DETAIL, side.at("expires"), asked, [looks] * TENORS)


def _strikes(sheet: Sheet, look: Look, side: Side) -> None:
    numbers = (style.SIGNED_SHARE_1, style.MILLIONS, style.MILLIONS, *MEASURES)
    looks = (*(_right(look, number) for number in numbers), look(indent=1))
    asked = _asked(side, f"BASKETSTRIKES({side.weighted})")
    sheet.spill(FIRST_DETAIL, side.at("strike"), asked, [looks] * BUCKETS)
    moves, walls = side.column("strike", BUCKETS), side.column("wall", BUCKETS)
    quiet = look(align="center", colour=style.MUTED)
    for column, value in (
        ("per_cent", f'IF(ISNUMBER({moves}),ROUND(100*{moves},0),"")'),
        ("call_wall", f'IF(ISTEXT({walls}),IF(ISNUMBER(FIND("call wall",{walls})),1,0),0)'),
        ("put_wall", f'IF(ISTEXT({walls}),IF(ISNUMBER(FIND("put wall",{walls})),1,0),0)'),
    ):
        sheet.spill(FIRST_DETAIL, side.at(column), f"={value}", [(quiet,)] * BUCKETS)


def _drawn(sheet: Sheet, look: Look) -> None:
    """The basket's strikes near the prices, the highest on top, as they stand in the chart."""
    quiet = _right(look, style.MILLIONS, colour=style.MUTED)
    for place, step in enumerate(range(NEAREST, -NEAREST - 1, -1)):
        row = FIRST_DETAIL + place
        sign = "" if step == 0 else "−" if step < 0 else "+"
        sheet.text(row, COLUMNS.at("bucket"), f"{sign}{abs(step)} %", look(align="right", colour=style.MUTED))
        found = f"MATCH({step},{OF_BASKET.column('per_cent', BUCKETS)},0)"
        for name in ("calls", "puts"):
            value = f"INDEX({OF_BASKET.column(name, BUCKETS)},{found})"
            sheet.formula(row, COLUMNS.at(f"drawn_{name}"), f"=IFERROR({value},0)", quiet)


def _once(sheet: Sheet, look: Look) -> None:
    text = look(size=9, colour=style.MUTED, align="left")
    number = look(size=9, num_format=style.MILLIONS, align="left")
    in_order = f"IF(ISNUMBER({MOVE}),IF(AND({MOVE}>0,{MOVE}*MAX(1,{BETAS})<1),1,0),0)"
    statuses = ",".join(f"ISERROR({side.status})" for side in BOTH)
    answers = [
        ("names", f"SUMPRODUCT(--(LEN(TRIM({NAMES}))>0))", text),
        ("size of the move in order", in_order, text),
        ("betas that are no number", f"SUMPRODUCT(ISTEXT({BETAS})*(LEN({BETAS})>0))", text),
        *(
            (f"status of the {side.name}", f'IF({side.absent},"",BASKETSTATUS({side.weighted}))', text)
            for side in BOTH
        ),
        ("baskets asked for", f"IF(OR({statuses}),1,1)", text),
    ]
    for side in BOTH:
        betas = f",,,{side.betas}" if side.betas else ""
        for way, move in (("down", f"-{MOVE}"), ("up", MOVE)):
            hedge = f"BASKETHEDGE({side.whole},,{move}{betas})"
            wanted = f'IF({side.absent},"",IF({IN_ORDER}=0,"",IFERROR({hedge},"")))'
            answers.append((f"{side.name}: the move {way}", wanted, number))
    for row, (what, value, form) in enumerate(answers, start=FIRST_DETAIL):
        sheet.text(row, COLUMNS.at("asked"), what, text)
        formula = after_baskets(value) if "BASKETHEDGE" in value else f"={value}"
        sheet.formula(row, COLUMNS.at("answer"), formula, form)
