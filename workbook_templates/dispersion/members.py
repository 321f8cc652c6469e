"""The sheet Members, which people edit, and the sheet Detail behind it."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS, LAST, TABLE, TABLE_WIDTH, write_block
from workbook_templates.dispersion.contents import INDEX as EXAMPLE
from workbook_templates.dispersion.contents import MEMBERS as EXAMPLES
from workbook_templates.dispersion.layout import (
    BESIDE,
    BLOCK,
    FIRST_MEMBER,
    FRONT,
    INDEX,
    INDEX_ROW,
    MEMBERS,
    OUTSIDE,
    SEATS,
    SHOWN,
    TYPED,
)
from workbook_templates.dispersion.volatility import write_dispersion_table
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet


def write_members(sheet: Sheet, look: Look) -> None:
    """Writes the index and the list of its members."""
    raw, cell = sheet.raw, look.cell
    what = f"Edit the index, its members and their weights, up to {SEATS} names. A free row joins in when it is typed into."
    sheet.band("Members", what, 4, look)
    sheet.notice(2, OUTSIDE, 4, look)
    raw.set_row(INDEX_ROW, 20)
    raw.set_row(INDEX_ROW + 1, 8)
    sheet.widen(0, 0, 1.5)
    name = {"bg_color": style.EDITABLE, "num_format": "@", "bold": True}
    sheet.text(INDEX_ROW, 1, "Index", cell(bold=True))
    sheet.text(INDEX_ROW, 2, EXAMPLE, cell(**name, align="right"))
    hint = look(size=9, colour=style.MUTED, indent=1)
    sheet.text(INDEX_ROW, 3, "one symbol with options of its own, such as QQQ, SPY or SPX", hint)
    heads: tuple[Heading, ...] = (
        (1, 14, "MEMBER", "", "left"),
        (2, 12, "WEIGHT", "of the index", "right"),
        (3, 12, "OF WEIGHT", "", "right"),
        (4, 90, "NOTE", "", "left"),
    )
    sheet.heads(FIRST_MEMBER - 2, heads, look, indented=(4,))
    first, last = FIRST_MEMBER, FIRST_MEMBER + SEATS - 1
    weight = cell(bg_color=style.EDITABLE, align="right")
    weights = f"{TYPED.fixed('weight', first)}:{TYPED.fixed('weight', last)}"
    for seat in range(SEATS):
        row, its = first + seat, TYPED.row(first + seat)
        raw.set_row(row, 17)
        if seat < len(EXAMPLES):
            sheet.text(row, 1, EXAMPLES[seat][0], cell(**name))
            raw.write_number(row, 2, EXAMPLES[seat][1], weight)
        else:
            raw.write_blank(row, 1, None, cell(**name))
            raw.write_blank(row, 2, None, weight)
        share = f'IF(AND(ISTEXT({its.member}),ISNUMBER({its.weight}),SUM({weights})>0),{its.weight}/SUM({weights}),"")'
        sheet.formula(
            row, TYPED.at("share"), f"={share}", cell(num_format="0.0%", align="right", colour=style.MUTED)
        )
        note = (
            f'=IF(LEN(TRIM({its.member}))=0,IF(ISBLANK({its.weight}),"","A weight without a name: clear it."),'
            f'IF(ISNUMBER({its.weight}),"","No weight: the name weighs nothing."))'
        )
        sheet.formula(row, TYPED.at("note"), note, cell(size=9, indent=1))
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    noted = TYPED.at("note")
    marks.rule(raw, (first, noted, last, noted), f'{TYPED.row(first).note}<>""', amber)
    raw.freeze_panes(first, 0)
    sheet.page(last, 4)


HEADS_BESIDE: tuple[Heading, ...] = (
    (17, 12, "AGAINST", "the index", "left"),
    (18, 10, "WEIGHT", "against", "right"),
    (19, 2, "", "", "left"),
    (20, 12, "CHART", "", "left"),
    (21, 10, "SHARE +", "", "right"),
    (22, 10, "SHARE −", "", "right"),
    (23, 2, "", "", "left"),
    (24, 16, "REGIME", "", "left"),
    (25, 16, "SINCE", "New York", "left"),
    (26, 16, "BEFORE", "", "left"),
    (27, 100, "STATUS", "", "left"),
    (28, 2, "", "", "left"),
    (29, 26, "DISPERSION", "", "left"),
    (30, 12, "VALUE", "", "right"),
    (31, 12, "MEMBER", "", "left"),
)


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes the members' table, and beside it what Dispersion reads."""
    raw = sheet.raw
    sheet.band("Detail", "The members' table, and what Dispersion and its chart read.", 31, look, first=2)
    raw.set_row(2, 8)
    sheet.heads(BLOCK.first - 2, (*HEADINGS, *HEADS_BESIDE), look, indented=(9, 17))
    write_block(sheet, look, BLOCK, f"BASKET({MEMBERS})", '"Members"')
    last = BLOCK.first + BLOCK.rows - 1
    quiet = {"colour": style.MUTED}
    for row in range(BLOCK.first, last + 1):
        its, of_index = BLOCK.columns.row(row), FRONT.cell("gex")
        known = f"AND(ISNUMBER({its.gex}),ISNUMBER({of_index}))"
        against = f'=IF({known},IF(({its.gex}<0)<>({of_index}<0),{its.symbol},""),"")'
        sheet.formula(row, BESIDE.at("against"), against, look(indent=1, **quiet))
        weight = f'=IF(LEN({BESIDE.row(row).against})>0,{its.known_weight},"")'
        sheet.formula(row, BESIDE.at("weight"), weight, look(num_format="0.0%", align="right", **quiet))
    for place in range(SHOWN):
        row, small = BLOCK.first + place, {"size": 9, **quiet}
        named = BLOCK.ranked(place + 1, "symbol")
        sheet.formula(row, BESIDE.at("chart"), f'=IFERROR({named},"")', look(**small))
        for column, bound in (("plus", "MAX"), ("minus", "MIN")):
            signed = f"=IFERROR({bound}({BLOCK.ranked(place + 1, 'signed')},0),0)"
            sheet.formula(
                row, BESIDE.at(column), signed, look(num_format=style.SHARE, align="right", **small)
            )
    text, moment = look(size=9, **quiet), look(size=9, num_format=style.MOMENT, align="left", **quiet)
    for line, arguments in enumerate((INDEX, MEMBERS)):
        sheet.spill(
            BLOCK.first + line, BESIDE.at("regime"), f"=BASKETSINCE({arguments})", [(text, moment, text)]
        )
        sheet.formula(BLOCK.first + line, BESIDE.at("status"), f"=BASKETSTATUS({arguments})", text)
    write_dispersion_table(sheet, look)
    marks.padding(raw, look, (BLOCK.first, TABLE, last, TABLE_WIDTH))
    asked = (BLOCK.first, BESIDE.at("regime"), BLOCK.first + 1, BESIDE.at("status"))
    marks.errors(raw, look, asked)
    raw.freeze_panes(BLOCK.first, 2)
    sheet.page(last, LAST, pages=0)
