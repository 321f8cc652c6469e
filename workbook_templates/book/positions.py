"""The sheet Positions, which people edit, and the sheet Detail behind it."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.block import HEADINGS as TABLE_HEADINGS
from workbook_templates.block import TABLE, TABLE_WIDTH, looks_of_table
from workbook_templates.book.contents import BOOK_VALUE, POSITIONS
from workbook_templates.book.layout import FIRST_DETAIL, FIRST_POSITION, GROSS, LEGS, SEATS, detail, position
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 14, "SYMBOL", "", "left"),
    (2, 15, "SIZE", "− for a short", "right"),
    (3, 9, "IN", "$, % or shares", "center"),
    (4, 11, "PRICE", "$", "right"),
    (5, 9, "SIDE", "", "center"),
    (6, 15, "MONEY", "$", "right"),
    (7, 11, "OF MONEY", "gross", "right"),
    (8, 13, "DEALER GEX", "$ m per 1 %", "right"),
    (9, 13, "OF EXPOSURE", "|money × GEX|", "right"),
    (10, 17, "EXPOSURE − MONEY", "points", "right"),
    (11, 13, "REGIME", "sign of GEX", "center"),
    (12, 56, "NOTE", "", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
UNITS = ("$", "%", "shares")


def write_positions(sheet: Sheet, look: Look) -> None:
    """Writes the list of positions, and what each is in money and in exposure."""
    raw = sheet.raw
    sheet.band(
        "Positions",
        "Edit symbols, sizes and what they are in. Negative sizes are shorts; per cent are of the book value.",
        LAST_COLUMN,
        look,
    )
    raw.set_row(2, 8)
    raw.set_row(3, 20)
    raw.set_row(4, 8)
    raw.set_column(0, 0, 1.5)
    sheet.text(3, 1, "Book value, $", look.cell(bold=True))
    editable = {"bg_color": style.EDITABLE, "num_format": style.DOLLARS, "align": "right"}
    raw.write_number(3, 2, BOOK_VALUE, look.cell(bold=True, **editable))
    sheet.text(
        3, 3, "of which per cent are taken: 12.5 is 12.5 %", look(size=9, colour=style.MUTED, indent=1)
    )
    sheet.heads(FIRST_POSITION - 2, HEADINGS, look, indented=(12,))
    for seat in range(SEATS):
        _seat(sheet, look, seat)
    first, last, r = FIRST_POSITION, FIRST_POSITION + SEATS - 1, FIRST_POSITION + 1
    raw.data_validation(
        first,
        3,
        last,
        3,
        {
            "validate": "list",
            "source": list(UNITS),
            "error_title": "What the size is in",
            "error_message": "$, % or shares.",
        },
    )
    marks.regimes(raw, look, (first, 8, last, 8), f"$I{r}")
    marks.regimes(raw, look, (first, 11, last, 11), f"$I{r}")
    marks.bars(raw, (first, 10, last, 10), 0.25, (style.NEUTRAL_BAR, style.NEUTRAL_BAR))
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(raw, (first, 12, last, 12), f'$M{r}<>""', amber)
    raw.freeze_panes(FIRST_POSITION, 0)
    sheet.page(last, LAST_COLUMN, pages=0)


def _seat(sheet: Sheet, look: Look, seat: int) -> None:
    row = FIRST_POSITION + seat
    r, raw, cell = row + 1, sheet.raw, look.cell
    raw.set_row(row, 17)
    name = cell(bg_color=style.EDITABLE, num_format="@", bold=True)
    size = cell(bg_color=style.EDITABLE, num_format='#,##0.##;"−"#,##0.##;0', align="right")
    unit = cell(bg_color=style.EDITABLE, align="center")
    if seat < len(POSITIONS):
        symbol, held, of = POSITIONS[seat]
        sheet.text(row, 1, symbol, name)
        raw.write_number(row, 2, held, size)
        sheet.text(row, 3, of, unit)
    else:
        for column, form in enumerate((name, size, unit), 1):
            raw.write_blank(row, column, None, form)
    blank, price, gex = f"LEN(TRIM($B{r}))=0", detail("D", seat), detail("E", seat)
    money = (
        f'IF($D{r}="shares",IF(ISNUMBER($E{r}),$C{r}*$E{r},""),'
        f'IF($D{r}="%",IF(ISNUMBER($C$4),$C{r}/100*$C$4,""),IF($D{r}="$",$C{r},"")))'
    )
    all_money, weighted = f"SUM({detail('R')})", detail("L")
    exposure = f'(SUMIF({weighted},">0")-SUMIF({weighted},"<0"))'
    mine = detail("L", seat)
    no_unit = "AND(" + ",".join(f'$D{r}<>"{unit}"' for unit in UNITS) + ")"
    note = (
        f'IF({blank},IF(ISBLANK($C{r}),"","Not counted: no symbol."),'
        f'IF(NOT(ISNUMBER($C{r})),"Not counted: the size is not a number.",'
        f'IF({no_unit},"Not counted: say $, % or shares.",'
        f'IF(AND($D{r}="%",NOT(ISNUMBER($C$4))),"Not counted: no book value.",'
        f'IF(ISNUMBER($I{r}),"",IF($D{r}="shares","Not counted: no price. ","")&BASKETWHY($B{r}))))))'
    )
    right = {"align": "right"}
    quiet = {"align": "right", "colour": style.MUTED}
    for column, formula, form in (
        (4, f'IF(ISNUMBER({price}),{price},"")', cell(num_format=style.PRICE, **quiet)),
        (
            5,
            f'IF(ISNUMBER($G{r}),IF($G{r}>0,"long",IF($G{r}<0,"short","–")),"")',
            cell(align="center", colour=style.MUTED),
        ),
        (6, f'IF(OR({blank},NOT(ISNUMBER($C{r}))),"",{money})', cell(num_format=style.DOLLARS, **right)),
        (7, f'IF(ISNUMBER($G{r}),IF({all_money}>0,ABS($G{r})/{all_money},0),"")', cell(num_format="0.0%", **right)),
        (8, f'IF(ISNUMBER({gex}),{gex},"")', cell(num_format=style.MILLIONS, **right)),
        (9, f'IF(ISNUMBER({mine}),IF({exposure}>0,ABS({mine})/{exposure},0),"")', cell(num_format="0.0%", **right)),
        (10, f'IF(ISNUMBER($J{r}),$J{r}-$H{r},"")', cell(num_format=style.SIGNED_SHARE_1, **right)),
        (11, f'IF(ISNUMBER($I{r}),IF($I{r}<0,"▼ negative","▲ positive"),"")', cell(align="center", bold=True)),
        (12, note, cell(size=9, indent=1)),
    ):  # fmt: skip
        sheet.formula(row, column, f"={formula}", form)


BESIDE: tuple[Heading, ...] = (
    (11, 15, "|MONEY| × GEX", "$ m × $ m", "right"),
    (12, 10, "LONG", "names", "left"),
    (13, 14, "", "$", "right"),
    (14, 10, "SHORT", "names", "left"),
    (15, 14, "", "$", "right"),
    (16, 10, "GROSS", "names", "left"),
    (17, 14, "", "$", "right"),
    (18, 7, "RANK", "", "center"),
    (19, 2, "", "", "left"),
    (20, 12, "LEG", "", "left"),
    (21, 100, "STATUS", "", "left"),
)


def write_detail(sheet: Sheet, look: Look) -> None:
    """Writes a basket of one name a position, for its price and figures, and the legs made of them."""
    raw = sheet.raw
    sheet.band("Detail", "Each position's own figures, and the legs that Book asks for.", 21, look, first=1)
    raw.set_row(2, 8)
    heads = ((0, 12, "POSITION", "", "left"), *TABLE_HEADINGS[TABLE : TABLE + TABLE_WIDTH], *BESIDE)
    sheet.heads(FIRST_DETAIL - 2, heads, look, indented=(9, 12, 14, 16))
    for seat in range(SEATS):
        row, symbol, money = FIRST_DETAIL + seat, position("B", seat), position("G", seat)
        faint, quiet = look(colour=style.FAINT), look(colour=style.MUTED, indent=1)
        sheet.formula(row, 0, f'=IF(LEN(TRIM({symbol}))=0,"",{symbol})', faint)
        asked = f'=IF(LEN(TRIM({symbol}))=0,"",BASKET({symbol}))'
        sheet.spill(row, TABLE, asked, [looks_of_table(look)])
        dollars = look(colour=style.MUTED, num_format="#,##0;;", align="right")
        own = detail("E", seat)
        weighted = f'=IF(AND(ISNUMBER({money}),ISNUMBER({own})),ABS({money})/1000000*{own}/1000000,"")'
        sheet.formula(row, 11, weighted, look(colour=style.MUTED, num_format=style.SIGNED, align="right"))
        for leg in LEGS:
            column, held = 12 + 2 * leg.index, leg.member.format(money=money)
            sheet.formula(row, column, f'=IF(ISNUMBER({money}),IF({held},{symbol},""),"")', quiet)
            sheet.formula(row, column + 1, f"=IF(ISNUMBER({money}),IF({held},ABS({money}),0),0)", dollars)
        share, shares = position("J", seat), position("J")
        upto = f"{position('J', 0)}:{share.partition('!')[2]}"
        rank = f'=IF(ISNUMBER({share}),RANK({share},{shares})+COUNTIF({upto},{share})-1,"")'
        sheet.formula(row, 18, rank, look(colour=style.MUTED, align="center"))
    for leg in LEGS:
        row = FIRST_DETAIL + leg.index
        sheet.text(row, 20, leg.name, look(bold=True))
        sheet.formula(
            row, 21, f'=IF(SUM({detail(leg.weights)})>0,BASKETSTATUS({leg.arguments}),"")', look(size=9)
        )
    last = FIRST_DETAIL + SEATS - 1
    marks.errors(raw, look, (FIRST_DETAIL, TABLE, last, TABLE_WIDTH), f"B{FIRST_DETAIL + 1}")
    marks.errors(raw, look, (FIRST_DETAIL, 21, FIRST_DETAIL + GROSS.index, 21), f"V{FIRST_DETAIL + 1}")
    raw.freeze_panes(FIRST_DETAIL, 1)
    sheet.page(last, 18, pages=0)
