"""The sheet Positions, which people edit."""

from __future__ import annotations

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.book.contents import ADV, BOOK_VALUE, POSITIONS
from workbook_templates.book.layout import BOOK_VALUE as VALUE
from workbook_templates.book.layout import DETAIL, FIRST_POSITION, GROSS, OUTSIDE, SEATS, VALUE_ROW
from workbook_templates.book.layout import POSITIONS as COLUMNS
from workbook_templates.columns import Row
from workbook_templates.look import Look
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (1, 9, "SYMBOL", "", "left"),
    (2, 11, "SIZE", "− for a short", "right"),
    (3, 8, "IN", "$, % or shares", "center"),
    (4, 8.5, "ADV", "$ m, if known", "right"),
    (5, 9, "PRICE", "$", "right"),
    (6, 6, "SIDE", "", "center"),
    (7, 11, "MONEY", "$", "right"),
    (8, 11, "NET", "of the name, $", "right"),
    (9, 8.5, "OF MONEY", "gross", "right"),
    (10, 9.5, "OWN GEX", "$ m per 1 %", "right"),
    (11, 9, "OF ADV", "GEX ÷ volume", "right"),
    (12, 10.3, "OF EXPOSURE", "|net × GEX|", "right"),
    (13, 9.5, "DIFFERENCE", "points", "right"),
    (14, 10, "REGIME", "sign of GEX", "center"),
    (15, 27, "NOTE", "", "left"),
)
LAST_COLUMN = HEADINGS[-1][0]
UNITS = ("$", "%", "shares")
NO_ADV = '" ADV is no number above 0: not counted."'


def write_positions(sheet: Sheet, look: Look) -> None:
    """Writes the list of positions, and what each is in money and in exposure."""
    raw = sheet.raw
    sheet.band(
        "Positions",
        f"Edit symbols, sizes and what they are in, up to {SEATS} rows, and average daily volumes if you like. Negative "
        "sizes are shorts; per cent are of the book value; the rows of one name are netted.",
        LAST_COLUMN,
        look,
    )
    sheet.notice(2, OUTSIDE, LAST_COLUMN, look)
    raw.set_row(VALUE_ROW, 20)
    raw.set_row(VALUE_ROW + 1, 8)
    sheet.widen(0, 0, 1.5)
    sheet.text(VALUE_ROW, 1, "Value, $", look.cell(bold=True))
    editable = {"bg_color": style.EDITABLE, "num_format": style.DOLLARS, "align": "right"}
    raw.write_number(VALUE_ROW, 2, BOOK_VALUE, look.cell(bold=True, **editable))
    hint = "of the book, of which per cent are taken: 12.5 is 12.5 %"
    sheet.text(VALUE_ROW, 3, hint, look(size=9, colour=style.MUTED, indent=1))
    sheet.heads(FIRST_POSITION - 2, HEADINGS, look, indented=(COLUMNS.at("note"),))
    for seat in range(SEATS):
        _typed(sheet, look, seat)
        _made_of_it(sheet, look, seat)
    first, last, at = FIRST_POSITION, FIRST_POSITION + SEATS - 1, COLUMNS.at
    its = COLUMNS.row(first)
    allowed = {
        "validate": "list",
        "source": list(UNITS),
        "error_title": "What the size is in",
        "error_message": "$, % or shares.",
    }
    raw.data_validation(first, at("unit"), last, at("unit"), allowed)
    for name in ("gex", "regime"):
        marks.regimes(raw, look, (first, at(name), last, at(name)), its.gex)
    difference, note = ((first, at(name), last, at(name)) for name in ("difference", "note"))
    marks.bars(raw, difference, 25, (style.NEUTRAL_BAR, style.NEUTRAL_BAR))
    amber = look.change(bg_color=style.WARNING, font_color=style.WARNING_TEXT)
    marks.rule(raw, note, f'LEFT({its.note},11)="Not counted"', amber)
    pale = look.change(bg_color=style.PALE_WARNING, font_color=style.WARNING_TEXT)
    marks.rule(raw, note, f"LEN({its.note})>0", pale)
    raw.freeze_panes(first, 0)
    sheet.page(last, LAST_COLUMN, pages=0)


def _typed(sheet: Sheet, look: Look, seat: int) -> None:
    row, cell = FIRST_POSITION + seat, look.cell
    looks = (
        cell(bg_color=style.EDITABLE, num_format="@", bold=True),
        cell(bg_color=style.EDITABLE, num_format='#,##0.##;"−"#,##0.##;0', align="right"),
        cell(bg_color=style.EDITABLE, align="center"),
        cell(bg_color=style.EDITABLE, num_format="#,##0", align="right"),
    )
    sheet.raw.set_row(row, 20)
    values = (
        (*POSITIONS[seat], ADV.get(POSITIONS[seat][0])) if seat < len(POSITIONS) else (None,) * len(looks)
    )
    for column, (value, form) in enumerate(zip(values, looks, strict=True), 1):
        sheet.raw.write(row, column, value, form)


def _made_of_it(sheet: Sheet, look: Look, seat: int) -> None:
    row, cell = FIRST_POSITION + seat, look.cell
    its = COLUMNS.row(row)
    price, gex, regime = (DETAIL.cell(name, seat) for name in ("price", "gex", "regime"))
    blank = f"LEN(TRIM({its.symbol}))=0"
    money = (
        f'IF({its.unit}="shares",IF(ISNUMBER({its.price}),{its.size}*{its.price},""),'
        f'IF({its.unit}="%",IF(ISNUMBER({VALUE}),{its.size}/100*{VALUE},""),IF({its.unit}="$",{its.size},"")))'
    )
    all_money, weighted = f"SUM({DETAIL.column(GROSS.weights)})", DETAIL.column("weighted")
    exposure = f'(SUMIF({weighted},">0")-SUMIF({weighted},"<0"))'
    mine, net, first = (DETAIL.cell(name, seat) for name in ("weighted", "net", "first"))
    difference = (
        f"AND(ISNUMBER({its.of_money}),ISNUMBER({its.of_exposure})),100*({its.of_exposure}-{its.of_money})"
    )
    has_volume = f"ISNUMBER({its.adv}),{its.adv}>0"
    right, quiet = {"align": "right"}, {"align": "right", "colour": style.MUTED}
    share, centred = cell(num_format="0.0%", **right), cell(align="center", colour=style.MUTED)
    dollars = cell(num_format=style.DOLLARS, **right)
    for column, formula, form in (
        ("price", f'IF(ISNUMBER({price}),{price},"")', cell(num_format=style.PRICE, **quiet)),
        ("side", f'IF(ISNUMBER({its.money}),{side(its.money)},"")', centred),
        ("money", f'IF(OR({blank},NOT(ISNUMBER({its.size}))),"",{money})', dollars),
        ("net", f'IF({first}=1,{net},"")', dollars),
        ("of_money", f'IF(ISNUMBER({its.net}),IF({all_money}>0,ABS({its.net})/{all_money},0),"")', share),
        ("gex", f'IF(ISNUMBER({gex}),{gex},"")', cell(num_format=style.MILLIONS, **right)),
        (
            "of_adv",
            f'IF(AND(ISNUMBER({its.gex}),{has_volume}),{its.gex}/({its.adv}*1000000),"")',
            cell(num_format=style.SIGNED_SHARE_1, **right),
        ),
        ("of_exposure", f'IF(ISNUMBER({mine}),IF({exposure}>0,ABS({mine})/{exposure},0),"")', share),
        ("difference", f'IF({difference},"")', cell(num_format=style.SIGNED, **right)),
        ("regime", f'IF(ISNUMBER({its.gex}),{marks.short(regime)},"")', cell(align="center", bold=True)),
        ("note", _note(its, seat), cell(size=8, indent=1, text_wrap=True)),
    ):
        sheet.formula(row, COLUMNS.at(column), f"={formula}", form)


def _note(its: Row, seat: int) -> str:
    """Why a row is in no leg, why its name has no figure, or that it is netted with others."""
    no_unit = "AND(" + ",".join(f'{its.unit}<>"{unit}"' for unit in UNITS) + ")"
    key, first = DETAIL.cell("name", seat), DETAIL.cell("first", seat)
    rows = f"SUMPRODUCT(--({DETAIL.column('name')}={key}))"
    where = f'IF({first}=1,"Netted with the other rows of this name.","In the net of "&{key}&" above.")'
    wrong = (
        f'IF(AND(ISNUMBER({its.adv}),{its.adv}>0),IF({first}=1,""," ADV counts in its first row."),{NO_ADV})'
    )
    netted = f'TRIM(IF(LEN({key})=0,"",IF({rows}>1,{where},""))&IF(LEN({its.adv})=0,"",{wrong}))'
    no_price = f'IF({its.unit}="shares","Not counted: no price. ","")'
    return (
        f'IF(LEN(TRIM({its.symbol}))=0,IF(ISBLANK({its.size}),"","Not counted: no symbol."),'
        f'IF(NOT(ISNUMBER({its.size})),"Not counted: the size is not a number.",'
        f'IF({no_unit},"Not counted: say $, % or shares.",'
        f'IF(AND({its.unit}="%",NOT(ISNUMBER({VALUE}))),"Not counted: no book value.",'
        f"IF(ISNUMBER({its.gex}),{netted},{no_price}&BASKETWHY({its.symbol}))))))"
    )


def side(money: str) -> str:
    """The formula's part that says on which side money is, which must be a number."""
    return f'IF(ISNUMBER({money}),IF({money}>0,"long",IF({money}<0,"short","–")),"")'
