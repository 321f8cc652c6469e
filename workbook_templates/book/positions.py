"""The sheet Positions, which people edit."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.book.contents import BOOK_VALUE, POSITIONS
from workbook_templates.book.layout import (
    FIRST,
    FIRST_POSITION,
    GROSS,
    KEY,
    NET,
    OUTSIDE,
    SEATS,
    WEIGHTED,
    detail,
)
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 9, "SYMBOL", "", "left"),
    (2, 11, "SIZE", "− for a short", "right"),
    (3, 9, "IN", "$, % or shares", "center"),
    (4, 9, "PRICE", "$", "right"),
    (5, 6, "SIDE", "", "center"),
    (6, 11, "MONEY", "$", "right"),
    (7, 11, "NET", "of the name, $", "right"),
    (8, 8.5, "OF MONEY", "gross", "right"),
    (9, 9.5, "OWN GEX", "$ m per 1 %", "right"),
    (10, 10.3, "OF EXPOSURE", "|net × GEX|", "right"),
    (11, 10, "DIFFERENCE", "points", "right"),
    (12, 10.5, "REGIME", "sign of GEX", "center"),
    (13, 37.5, "NOTE", "", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
UNITS = ("$", "%", "shares")


def write_positions(sheet: Sheet, look: Look) -> None:
    """Writes the list of positions, and what each is in money and in exposure."""
    raw = sheet.raw
    sheet.band(
        "Positions",
        f"Edit symbols, sizes and what they are in, up to {SEATS} rows. Negative sizes are shorts; per cent are of the book "
        "value; the rows of one name are netted.",
        LAST_COLUMN,
        look,
    )
    sheet.notice(2, OUTSIDE, LAST_COLUMN, look)
    raw.set_row(3, 20)
    raw.set_row(4, 8)
    sheet.widen(0, 0, 1.5)
    sheet.text(3, 1, "Value, $", look.cell(bold=True))
    editable = {"bg_color": style.EDITABLE, "num_format": style.DOLLARS, "align": "right"}
    raw.write_number(3, 2, BOOK_VALUE, look.cell(bold=True, **editable))
    hint = "of the book, of which per cent are taken: 12.5 is 12.5 %"
    sheet.text(3, 3, hint, look(size=9, colour=style.MUTED, indent=1))
    sheet.heads(FIRST_POSITION - 2, HEADINGS, look, indented=(13,))
    for seat in range(SEATS):
        _typed(sheet, look, seat)
        _made_of_it(sheet, look, seat)
    first, last, r = FIRST_POSITION, FIRST_POSITION + SEATS - 1, FIRST_POSITION + 1
    allowed = {
        "validate": "list",
        "source": list(UNITS),
        "error_title": "What the size is in",
        "error_message": "$, % or shares.",
    }
    raw.data_validation(first, 3, last, 3, allowed)
    for column in (9, 12):
        marks.regimes(raw, look, (first, column, last, column), f"$J{r}")
    marks.bars(raw, (first, 11, last, 11), 25, (style.NEUTRAL_BAR, style.NEUTRAL_BAR))
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(raw, (first, 13, last, 13), f'LEFT($N{r},11)="Not counted"', amber)
    pale = look.change(bg_color=style.PALE_WARNING, font_color=style.WARNING_TEXT)
    marks.rule(raw, (first, 13, last, 13), f"LEN($N{r})>0", pale)
    raw.freeze_panes(first, 0)
    sheet.page(last, LAST_COLUMN, pages=0)


def _typed(sheet: Sheet, look: Look, seat: int) -> None:
    row, cell = FIRST_POSITION + seat, look.cell
    looks = (
        cell(bg_color=style.EDITABLE, num_format="@", bold=True),
        cell(bg_color=style.EDITABLE, num_format='#,##0.##;"−"#,##0.##;0', align="right"),
        cell(bg_color=style.EDITABLE, align="center"),
    )
    sheet.raw.set_row(row, 20)
    for column, form in enumerate(looks, 1):
        value = POSITIONS[seat][column - 1] if seat < len(POSITIONS) else None
        sheet.raw.write(row, column, value, form)


def _made_of_it(sheet: Sheet, look: Look, seat: int) -> None:
    row, cell = FIRST_POSITION + seat, look.cell
    r, price, gex = row + 1, detail("D", seat), detail("E", seat)
    blank = f"LEN(TRIM($B{r}))=0"
    money = (
        f'IF($D{r}="shares",IF(ISNUMBER($E{r}),$C{r}*$E{r},""),'
        f'IF($D{r}="%",IF(ISNUMBER($C$4),$C{r}/100*$C$4,""),IF($D{r}="$",$C{r},"")))'
    )
    all_money, weighted = f"SUM({detail(GROSS.weights)})", detail(WEIGHTED)
    exposure = f'(SUMIF({weighted},">0")-SUMIF({weighted},"<0"))'
    mine, net = detail(WEIGHTED, seat), detail(NET, seat)
    right, quiet = {"align": "right"}, {"align": "right", "colour": style.MUTED}
    share, centred = cell(num_format="0.0%", **right), cell(align="center", colour=style.MUTED)
    for column, formula, form in (
        (4, f'IF(ISNUMBER({price}),{price},"")', cell(num_format=style.PRICE, **quiet)),
        (5, f'IF(ISNUMBER($G{r}),{side(f"$G{r}")},"")', centred),
        (6, f'IF(OR({blank},NOT(ISNUMBER($C{r}))),"",{money})', cell(num_format=style.DOLLARS, **right)),
        (7, f'IF({detail(FIRST, seat)}=1,{net},"")', cell(num_format=style.DOLLARS, **right)),
        (8, f'IF(ISNUMBER($H{r}),IF({all_money}>0,ABS($H{r})/{all_money},0),"")', share),
        (9, f'IF(ISNUMBER({gex}),{gex},"")', cell(num_format=style.MILLIONS, **right)),
        (10, f'IF(ISNUMBER({mine}),IF({exposure}>0,ABS({mine})/{exposure},0),"")', share),
        (11, f'IF(AND(ISNUMBER($I{r}),ISNUMBER($K{r})),100*($K{r}-$I{r}),"")', cell(num_format=style.SIGNED, **right)),
        (12, f'IF(ISNUMBER($J{r}),{marks.sign_of(f"$J{r}")},"")', cell(align="center", bold=True)),
        (13, _note(r, seat), cell(size=8, indent=1, text_wrap=True)),
    ):  # fmt: skip
        sheet.formula(row, column, f"={formula}", form)


def _note(r: int, seat: int) -> str:
    """Why a row is in no leg, why its name has no figure, or that it is netted with others."""
    no_unit = "AND(" + ",".join(f'$D{r}<>"{unit}"' for unit in UNITS) + ")"
    key = detail(KEY, seat)
    rows = f"SUMPRODUCT(--({detail(KEY)}={key}))"
    where = f'IF({detail(FIRST, seat)}=1,"Netted with the other rows of this name.","In the net of "&{key}&" above.")'
    netted = f'IF(LEN({key})=0,"",IF({rows}>1,{where},""))'
    return (
        f'IF(LEN(TRIM($B{r}))=0,IF(ISBLANK($C{r}),"","Not counted: no symbol."),'
        f'IF(NOT(ISNUMBER($C{r})),"Not counted: the size is not a number.",'
        f'IF({no_unit},"Not counted: say $, % or shares.",'
        f'IF(AND($D{r}="%",NOT(ISNUMBER($C$4))),"Not counted: no book value.",'
        f'IF(ISNUMBER($J{r}),{netted},IF($D{r}="shares","Not counted: no price. ","")&BASKETWHY($B{r}))))))'
    )


def side(money: str) -> str:
    """The formula's part that says on which side money is, which must be a number."""
    return f'IF(ISNUMBER({money}),IF({money}>0,"long",IF({money}<0,"short","–")),"")'
