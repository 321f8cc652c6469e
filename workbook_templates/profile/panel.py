"""The body of the sheet Profile: the two curves, the strikes and the levels of the one name."""

from __future__ import annotations

from xlsxwriter import Workbook

from workbook_templates import look as style
from workbook_templates import marks
from workbook_templates.charts import Mark, Series, bar_chart, curve_chart
from workbook_templates.levels import write_levels
from workbook_templates.look import Look
from workbook_templates.profile.layout import (
    BODY,
    BY_ITSELF,
    CHOSEN,
    CURVES,
    DRAWN,
    FIRST_LARGEST,
    FIRST_LEVEL,
    FIRST_STRIKE,
    LARGEST,
    LEVELS,
    MOVES,
    NO_STRIKES,
    PANEL,
    STRIKES,
    TOGETHER,
    Curve,
    detail,
)
from workbook_templates.profile.words import reason
from workbook_templates.sheet import Heading, Sheet

HEADINGS: tuple[Heading, ...] = (
    (PANEL, 0, "STRIKE", "", "left"),
    (PANEL + 1, 0, "NET GEX", "$ m per 1 %", "right"),
    (PANEL + 2, 0, "DISTANCE", "from the price", "right"),
)
CURVES_AT, STRIKES_AT = 4, 10
"""The columns of the charts: E and K."""
SCALE = ('"+"0%;"−"0%;0%', '#,##0,,;"−"#,##0,,;0')
UNIT = '"$ m per 1 % move; 0 % is the present price"'
ONE = f"UPPER(TRIM({CHOSEN}))"


def write_panel(sheet: Sheet, look: Look, book: Workbook) -> None:
    """Writes what stands on the right of the names."""
    title, quiet = look(size=11, bold=True), look(size=9, italic=True, colour=style.MUTED)
    all_there = (
        f'IF(COUNT({detail("S", STRIKES)})={STRIKES},"More than {STRIKES} strikes: the highest may be missing.",'
        f'"$ m per 1 %; the {DRAWN} largest strikes in the range")'
    )
    for row, column, heading, said in (
        (
            TOGETHER.title,
            CURVES_AT,
            '="Basket: net GEX over the move of all its names together"',
            reason(TOGETHER, UNIT),
        ),
        (
            BY_ITSELF.title,
            CURVES_AT,
            f'={ONE}&": net GEX over its own move"',
            reason(BY_ITSELF, UNIT),
        ),
        (
            BODY,
            STRIKES_AT,
            f'={ONE}&": GEX by strike"',
            f'=IF({BY_ITSELF.absent},"",IF(ISNUMBER({FIRST_STRIKE}),{all_there},{NO_STRIKES}))',
        ),
    ):
        sheet.formula(row, column, heading, title)
        sheet.formula(row + 1, column, said, quiet)
    for curve in CURVES:
        _curve(sheet, book, curve)
    _strikes(sheet, book)
    sheet.formula(BODY, PANEL, f'="Levels of "&{ONE}', title)
    write_levels(sheet, look, (FIRST_LEVEL, PANEL), LEVELS)
    sheet.text(FIRST_LARGEST - 3, PANEL, f"The {LARGEST} largest strikes", title)
    sheet.heads(FIRST_LARGEST - 2, HEADINGS, look)
    for place in range(LARGEST):
        _large(sheet, look, place)
    area = (FIRST_LARGEST, PANEL + 1, FIRST_LARGEST + LARGEST - 1, PANEL + 1)
    marks.regimes(sheet.raw, look, area, f"$R{FIRST_LARGEST + 1}")


def _curve(sheet: Sheet, book: Workbook, curve: Curve) -> None:
    first = curve.marks + 1

    def rows(letter: str) -> tuple[str, str, str]:
        cells = [f"${letter}${first + place}" for place in range(3)]
        return f"Detail!{cells[0]}:{cells[1]}", f"Detail!{cells[0]}", f"Detail!{cells[2]}"

    signs = (
        Series("Positive", curve.values(2), style.POSITIVE),
        Series("Negative", curve.values(3), style.NEGATIVE),
    )
    mark = Mark(rows("N"), rows("P"), f"Detail!$M${first}")
    chart = curve_chart(book, MOVES, signs, mark, SCALE)
    chart.set_size({"width": sheet.across(CURVES_AT, STRIKES_AT - 1), "height": 318})
    sheet.raw.insert_chart(curve.title + 2, CURVES_AT, chart, {"object_position": 2})


def _strikes(sheet: Sheet, book: Workbook) -> None:
    series = (
        Series("Calls", detail("AC", DRAWN), style.POSITIVE_BAR),
        Series("Puts", detail("AD", DRAWN), style.NEGATIVE_BAR),
    )
    chart = bar_chart(book, "", detail("AB", DRAWN), series, {"num_format": SCALE[1]}, legend=True)
    chart.set_size({"width": sheet.across(STRIKES_AT, PANEL - 2), "height": 686})
    sheet.raw.insert_chart(BODY + 2, STRIKES_AT, chart, {"object_position": 2})


def _large(sheet: Sheet, look: Look, place: int) -> None:
    row = FIRST_LARGEST + place
    found = f"MATCH({place + 1},{detail('AF', DRAWN)},0)"
    strike = f"INDEX({detail('AB', DRAWN)},{found})"
    price = f"$R${FIRST_LEVEL + 1}"
    for column, value, form in (
        (PANEL, strike, look.cell(num_format=style.PRICE, align="left", bold=True)),
        (
            PANEL + 1,
            f"INDEX({detail('AE', DRAWN)},{found})",
            look.cell(num_format=style.MILLIONS, align="right"),
        ),
        (
            PANEL + 2,
            f"{strike}/{price}-1",
            look.cell(num_format=style.SIGNED_SHARE_1, align="right", colour=style.MUTED),
        ),
    ):
        sheet.formula(row, column, f'=IFERROR({value},"")', form)
