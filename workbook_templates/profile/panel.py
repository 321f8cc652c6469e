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
    COLUMNS,
    CURVES,
    DRAWN,
    FIRST_DETAIL,
    FIRST_LARGEST,
    FIRST_LEVEL,
    FIRST_STRIKE,
    LARGEST,
    LEVELED,
    LEVELS,
    MOVES,
    NO_STRIKES,
    PANEL,
    PRICE,
    STRIKES,
    TOGETHER,
    Curve,
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
        f'IF(COUNT({COLUMNS.column("strike", STRIKES)})={STRIKES},"More than {STRIKES} strikes: the highest may be missing.",'
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
    net = LEVELED.at("price")
    area = (FIRST_LARGEST, net, FIRST_LARGEST + LARGEST - 1, net)
    marks.regimes(sheet.raw, look, area, LEVELED.row(FIRST_LARGEST).price)


def _curve(sheet: Sheet, book: Workbook, curve: Curve) -> None:
    first = curve.marks - FIRST_DETAIL

    def rows(name: str) -> tuple[str, str, str]:
        return COLUMNS.column(name, 2, first), COLUMNS.cell(name, first), COLUMNS.cell(name, first + 2)

    signs = (
        Series("Positive", curve.values("above"), style.POSITIVE),
        Series("Negative", curve.values("below"), style.NEGATIVE),
    )
    mark = Mark(rows("mark_move"), rows("shown"), COLUMNS.cell("mark", first))
    chart = curve_chart(book, MOVES, signs, mark, SCALE)
    chart.set_size({"width": sheet.across(CURVES_AT, STRIKES_AT - 1), "height": 318})
    sheet.raw.insert_chart(curve.title + 2, CURVES_AT, chart, {"object_position": 2})


def _strikes(sheet: Sheet, book: Workbook) -> None:
    series = (
        Series("Calls", COLUMNS.column("drawn_calls", DRAWN), style.POSITIVE_BAR),
        Series("Puts", COLUMNS.column("drawn_puts", DRAWN), style.NEGATIVE_BAR),
    )
    chart = bar_chart(book, "", COLUMNS.column("chart", DRAWN), series, {"num_format": SCALE[1]}, legend=True)
    chart.set_size({"width": sheet.across(STRIKES_AT, PANEL - 2), "height": 686})
    sheet.raw.insert_chart(BODY + 2, STRIKES_AT, chart, {"object_position": 2})


def _large(sheet: Sheet, look: Look, place: int) -> None:
    row = FIRST_LARGEST + place
    found = f"MATCH({place + 1},{COLUMNS.column('rank', DRAWN)},0)"
    strike = f"INDEX({COLUMNS.column('chart', DRAWN)},{found})"
    price = PRICE.partition("!")[2]
    for column, value, form in (
        (PANEL, strike, look.cell(num_format=style.PRICE, align="left", bold=True)),
        (
            PANEL + 1,
            f"INDEX({COLUMNS.column('drawn_net', DRAWN)},{found})",
            look.cell(num_format=style.MILLIONS, align="right"),
        ),
        (
            PANEL + 2,
            f"{strike}/{price}-1",
            look.cell(num_format=style.SIGNED_SHARE_1, align="right", colour=style.MUTED),
        ),
    ):
        sheet.formula(row, column, f'=IFERROR({value},"")', form)
